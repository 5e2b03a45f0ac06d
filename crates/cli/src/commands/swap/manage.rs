//! Our own swaps: list, show, go on, take back.

use std::fmt;

use causeway_swap::SwapId;
use causeway_swap_service::{Ledger, Record};
use clap::Args;
use serde::Serialize;

use super::{
    by_prefix, failed,
    follow::{self, Running},
    view::SwapView,
};
use crate::{
    config::LoadedConfig,
    failure::Failure,
    output::Output,
    store::{open_existing, open_to_read},
    swaps,
};

/// The arguments of `causeway swap list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway swap list
  causeway swap list --open --json")]
pub(super) struct ListArgs {
    /// Only swaps in which something of ours is at stake
    #[arg(long)]
    open: bool,
}

/// The arguments of `causeway swap show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway swap show 0x7b21
  causeway swap show 0x7b21 --json")]
pub(super) struct ShowArgs {
    /// The swap: its id, or how that begins
    #[arg(value_name = "ID")]
    swap: String,
}

/// The arguments of `causeway swap resume`.
#[derive(Debug, Args)]
#[command(after_help = "\
Goes on with all open swaps, and tells of those that are named, or of all.

Examples:
  causeway swap resume
  causeway swap resume 0x7b21 --json")]
pub(super) struct ResumeArgs {
    /// The swap: its id, or how that begins; all that are open by default
    #[arg(value_name = "ID")]
    swap: Option<String>,
}

/// The arguments of `causeway swap refund`.
#[derive(Debug, Args)]
#[command(after_help = "\
Ends a swap as far as that is safe: what is not locked yet is not locked any more, and what we locked
comes back at once if the other party agrees, else when its time lock ends. Once the secret is out,
claiming is what is safe, and goes on.

Examples:
  causeway swap refund 0x7b21")]
pub(super) struct RefundArgs {
    /// The swap: its id, or how that begins
    #[arg(value_name = "ID")]
    swap: String,
}

#[derive(Serialize)]
struct Line {
    swap: String,
    phase: &'static str,
    settled: bool,
    role: String,
    gives: String,
    gets: String,
    peer: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let swap = super::offers::short(&self.swap);
        write!(
            f,
            "{swap}  {:<13} {} for {}",
            self.phase, self.gives, self.gets
        )
    }
}

pub(super) async fn find(ledger: &Ledger, text: &str) -> Result<Record, Failure> {
    let all = ledger
        .records(false)
        .await
        .map_err(|error| failed(&error))?;
    let named = all
        .into_iter()
        .map(|record| (record.id().to_string(), record));
    by_prefix(text, "ID", named, "look at `causeway swap list`")
}

/// Runs `causeway swap list`.
pub(super) async fn list(
    args: ListArgs,
    loaded: &LoadedConfig,
    output: Output,
) -> Result<(), Failure> {
    let ledger = Ledger::new(open_to_read(loaded).await?);
    let assets = swaps::assets(loaded)?;
    let records = ledger.records(args.open).await;
    for record in records.map_err(|error| failed(&error))? {
        let role = record.swap.role();
        let show = async |leg| {
            let terms = record.terms().legs.of(leg);
            let info = assets.info(&terms.asset).await?;
            Ok::<_, Failure>(info.show(terms.amount))
        };
        let phase = record.swap.phase();
        output.print(&Line {
            swap: record.id().to_string(),
            phase: phase.name(),
            settled: phase.is_settled(),
            role: role.to_string(),
            gives: show(role.locks()).await?,
            gets: show(role.claims()).await?,
            peer: record.peer.id.to_string(),
        });
    }
    Ok(())
}

/// Runs `causeway swap show`.
pub(super) async fn show(
    args: ShowArgs,
    loaded: &LoadedConfig,
    output: Output,
) -> Result<(), Failure> {
    let ledger = Ledger::new(open_to_read(loaded).await?);
    let record = find(&ledger, &args.swap).await?;
    let assets = swaps::assets(loaded)?;
    let troubles = ledger.troubles(record.id()).await;
    let troubles = troubles.map_err(|error| failed(&error))?;
    output.print(&SwapView::of(&record, troubles, &assets).await?);
    Ok(())
}

/// Runs `causeway swap resume`.
pub(super) async fn resume(
    args: ResumeArgs,
    loaded: &LoadedConfig,
    output: Output,
) -> Result<(), Failure> {
    let ledger = Ledger::new(open_existing(loaded).await?);
    let wanted: Vec<SwapId> = if let Some(text) = &args.swap {
        let record = find(&ledger, text).await?;
        let resumed = ledger.go_on(record.id()).await;
        resumed.map_err(|error| failed(&error))?;
        vec![record.id()]
    } else {
        let open = ledger.records(true).await.map_err(|error| failed(&error))?;
        open.iter().map(Record::id).collect()
    };
    if wanted.is_empty() {
        // So that a timer may run this.
        if !output.is_json() {
            eprintln!("no swap is open; `causeway swap list` shows those that are settled");
        }
        return Ok(());
    }
    let others = "it goes on with all open swaps; `causeway swap list` shows how far they are";
    go_through(loaded, &wanted, others, output).await
}

/// Runs `causeway swap refund`.
pub(super) async fn refund(
    args: RefundArgs,
    loaded: &LoadedConfig,
    output: Output,
) -> Result<(), Failure> {
    let ledger = Ledger::new(open_existing(loaded).await?);
    let record = find(&ledger, &args.swap).await?;
    let phase = record.swap.phase();
    if phase.is_settled() {
        return Err(Failure::usage(
            "ID",
            format!("the swap is settled, as {phase}: there is nothing to take back"),
            "`causeway swap list --open` shows the others",
        ));
    }
    let stopped = ledger.stop(record.id()).await;
    stopped.map_err(|error| failed(&error))?;
    let others =
        "it has been told to end the swap, and does so; `causeway swap show` shows how far it is";
    go_through(loaded, &[record.id()], others, output).await
}

async fn go_through(
    loaded: &LoadedConfig,
    swaps: &[SwapId],
    if_others_work: &str,
    output: Output,
) -> Result<(), Failure> {
    let running = Running::start(loaded, if_others_work).await?;
    let outcome = follow::until_settled(&running, swaps, output).await;
    running.stop().await?;
    outcome
}
