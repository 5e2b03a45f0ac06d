//! Having swaps watched over, and watching over those of others.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use causeway_swap::SwapId;
use causeway_swap_service::{Ledger, Ward};
use clap::Args;
use serde::Serialize;

use super::{
    failed,
    follow::{Running, STOP_IT},
    manage::find,
    offers::short,
};
use crate::{
    config::LoadedConfig, failure::Failure, output::Output, progress::Progress, store::open_to_read,
};

/// How often the store is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// The arguments of `causeway swap delegate`.
#[derive(Debug, Args)]
#[command(after_help = "\
What is written lets a watchtower claim for us once the secret is out, and take back for us when a time
lock ends. It holds no key and no secret: all that can be done with it pays us. It knows the locks that
are there when it is made; make it again when there is another.

Examples:
  causeway swap delegate 0x7b21 --out watch.json")]
pub(super) struct DelegateArgs {
    /// The swap: its id, or how that begins
    #[arg(value_name = "ID")]
    swap: String,
    /// The file to write, for the watchtower
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// The arguments of `causeway swap tower`.
#[derive(Debug, Args)]
#[command(after_help = "\
Watches over swaps of others, from what `swap delegate` has written, until nothing is left to do for
them. Its own key pays for transactions on EVM chains. Files that were given once are kept in the store,
and are gone on with by `causeway run` with the same configuration.

Examples:
  causeway swap tower watch.json
  causeway swap tower one.json two.json --json")]
pub(super) struct TowerArgs {
    /// What parties have delegated
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Written {
    event: &'static str,
    swap: String,
    file: PathBuf,
    claims: bool,
    refunds: bool,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match (self.claims, self.refunds) {
            (true, true) => "to claim and to take back",
            (true, false) => "to claim",
            (false, _) => "to take back",
        };
        write!(
            f,
            "written     {}, {what} in {}",
            self.file.display(),
            short(&self.swap)
        )
    }
}

#[derive(Serialize)]
struct Watching {
    event: &'static str,
    swap: String,
}

impl fmt::Display for Watching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<11} {}", self.event, short(&self.swap))
    }
}

/// Runs `causeway swap delegate`.
pub(super) async fn delegate(
    args: DelegateArgs,
    loaded: &LoadedConfig,
    output: Output,
) -> Result<(), Failure> {
    let ledger = Ledger::new(open_to_read(loaded).await?);
    let record = find(&ledger, &args.swap).await?;
    let phase = record.swap.phase();
    if phase.is_settled() {
        return Err(Failure::usage(
            "ID",
            format!("the swap is settled, as {phase}: there is nothing to watch over"),
            "`causeway swap list --open` shows the others",
        ));
    }
    let opened = Running::look_on(loaded).await?;
    let ward = opened.service.delegate(record.id()).await;
    opened.lanes.close().await;
    let ward = ward.map_err(|error| failed(&error))?;
    let text =
        serde_json::to_string_pretty(&ward).map_err(|error| Failure::failed("swap", error))?;
    fs::write(&args.out, text).map_err(|error| {
        Failure::usage(
            "--out",
            format!("{} cannot be written: {error}", args.out.display()),
            "name a file in a directory that is there",
        )
    })?;
    output.print(&Written {
        event: "written",
        swap: record.id().to_string(),
        file: args.out,
        claims: ward.claim.is_some(),
        refunds: ward.refund.is_some(),
    });
    Ok(())
}

/// Runs `causeway swap tower`.
pub(super) async fn tower(
    args: TowerArgs,
    loaded: &LoadedConfig,
    output: Output,
) -> Result<(), Failure> {
    let wards = args.files.iter().map(|file| read(file));
    let wards: Vec<Ward> = wards.collect::<Result<_, _>>()?;
    let running = Running::start(loaded, STOP_IT).await?;
    let outcome = watch(&running, wards, output).await;
    running.stop().await?;
    outcome
}

fn read(file: &Path) -> Result<Ward, Failure> {
    let wrong = |error: &dyn fmt::Display| {
        Failure::usage(
            "FILE",
            format!(
                "{} is not what a party has delegated: {error}",
                file.display()
            ),
            "name a file that `causeway swap delegate` has written",
        )
    };
    let text = fs::read_to_string(file).map_err(|error| wrong(&error))?;
    serde_json::from_str(&text).map_err(|error| wrong(&error))
}

async fn watch(running: &Running, wards: Vec<Ward>, output: Output) -> Result<(), Failure> {
    let progress = Progress::new(output);
    let mut watched: Vec<SwapId> = Vec::new();
    for ward in wards {
        let swap = running.service().watch_over(ward).await;
        let swap = swap.map_err(|error| failed(&error))?;
        progress.step(&Watching {
            event: "watching",
            swap: swap.to_string(),
        });
        watched.push(swap);
    }
    progress.waiting("a secret, or a time lock to end");
    while !watched.is_empty() {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = tokio::signal::ctrl_c() => {
                return Err(Failure::failed("interrupted", "nobody watches now")
                    .remedy("run it again with the same files, or `causeway run`"));
            }
        }
        let open = running.service().ledger().watches(true).await;
        let open = open.map_err(|error| failed(&error))?;
        watched.retain(|swap| {
            let is_open = open.iter().any(|watch| watch.ward.swap() == *swap);
            if !is_open {
                progress.step(&Watching {
                    event: "over",
                    swap: swap.to_string(),
                });
            }
            is_open
        });
    }
    Ok(())
}
