//! `causeway transfers`: what has arrived and is held for a guardian to look at.

use std::{
    fmt,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use alloy::primitives::Address;
use causeway_ibc_evm::{GuardOrder, HeldStatus, HeldTransfer, Safeguards};
use causeway_types::{ChainId, Timestamp};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::{
    crossing::chain_failure,
    guard::{ActorArgs, carry_out},
};
use crate::{
    config,
    failure::Failure,
    network::{Side, find_chain},
    output::Output,
};

/// How long the way back may take: the longest that IBC v2 allows, less a minute for the clocks.
const RETURN_TIMEOUT: u64 = 24 * 60 * 60 - 60;

/// The arguments of `causeway transfers`.
#[derive(Debug, Args)]
#[command(after_help = "\
Large transfers can be held when they arrive; see `causeway limits set --hold-from`. After the delay
anybody may release them; until then a guardian may veto them, and the administrator decides.

Examples:
  causeway transfers held --on beta
  causeway transfers release 3 --on beta --key alice
  causeway transfers veto 3 --on beta --key guardian
  causeway transfers return 3 --on beta --key admin")]
pub(crate) struct TransfersArgs {
    #[command(subcommand)]
    command: TransfersCommand,
}

#[derive(Debug, Subcommand)]
enum TransfersCommand {
    /// List what is held or vetoed on a chain
    Held(HeldArgs),
    /// Pay out what was held for long enough, or, as the administrator, what was vetoed
    Release(ReleaseArgs),
    /// Stop a held transfer
    Veto(VetoArgs),
    /// Send what was vetoed back to its sender
    Return(ReturnArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway transfers held --on beta
  causeway transfers held --on beta --all --json")]
struct HeldArgs {
    /// Chain to look at: its name or CAIP-2 id
    #[arg(long, value_name = "CHAIN")]
    on: String,
    /// Also what was released or sent back
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway transfers release 3 --on beta --key alice
  causeway transfers release 3 --on beta --key env:ADMIN_KEY --json")]
struct ReleaseArgs {
    /// Its id, as the list names it
    id: u64,
    #[command(flatten)]
    actor: ActorArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Needs a key with the guardian's role.

Examples:
  causeway transfers veto 3 --on beta --key guardian
  causeway transfers veto 3 --on beta --key env:GUARDIAN_KEY --json")]
struct VetoArgs {
    /// Its id, as the list names it
    id: u64,
    #[command(flatten)]
    actor: ActorArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Needs the administrator's key. If it does not get back in time, it is vetoed as before.

Examples:
  causeway transfers return 3 --on beta --key admin
  causeway transfers return 3 --on beta --key env:ADMIN_KEY --json")]
struct ReturnArgs {
    /// Its id, as the list names it
    id: u64,
    #[command(flatten)]
    actor: ActorArgs,
}

/// Runs `causeway transfers`.
pub(crate) async fn execute(
    args: TransfersArgs,
    path: &Path,
    output: Output,
) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    match args.command {
        TransfersCommand::Held(args) => {
            let chain = find_chain(&loaded.config, "--on", &args.on)?;
            let side = Side::open(&loaded.config, chain).await?;
            let all = read(&side).await?;
            let shown = all
                .into_iter()
                .filter(|transfer| args.all || is_open(transfer));
            output.print(&HeldList {
                chain: chain.id.clone(),
                transfers: shown.map(HeldLine::from).collect(),
            });
            Ok(())
        }
        TransfersCommand::Release(ReleaseArgs { id, actor }) => {
            let (side, account) = actor.open(&loaded).await?;
            let transfer = find(&side, id).await?;
            let order = match transfer.status {
                HeldStatus::Vetoed => GuardOrder::ReleaseVetoed(id),
                HeldStatus::Held => {
                    let head = side
                        .chain
                        .head()
                        .await
                        .map_err(|error| chain_failure(&error))?;
                    if head.timestamp.max(now()) < transfer.release_at {
                        return Err(too_early(&transfer));
                    }
                    GuardOrder::Release(id)
                }
                status => return Err(over(id, status)),
            };
            carry_out(&side, &account, &order, "released", output).await
        }
        TransfersCommand::Veto(VetoArgs { id, actor }) => {
            let (side, account) = actor.open(&loaded).await?;
            match find(&side, id).await?.status {
                HeldStatus::Held => {
                    carry_out(&side, &account, &GuardOrder::Veto(id), "vetoed", output).await
                }
                status => Err(over(id, status)),
            }
        }
        TransfersCommand::Return(ReturnArgs { id, actor }) => {
            let (side, account) = actor.open(&loaded).await?;
            match find(&side, id).await?.status {
                HeldStatus::Vetoed => {
                    let head = side
                        .chain
                        .head()
                        .await
                        .map_err(|error| chain_failure(&error))?;
                    let timeout = head.timestamp.plus_secs(RETURN_TIMEOUT);
                    let order = GuardOrder::ReturnVetoed { id, timeout };
                    carry_out(&side, &account, &order, "returned", output).await
                }
                HeldStatus::Held => Err(Failure::failed("not-vetoed", "it was not vetoed")
                    .at("id")
                    .remedy("veto it first, as a guardian")),
                status => Err(over(id, status)),
            }
        }
    }
}

async fn read(side: &Side) -> Result<Vec<HeldTransfer>, Failure> {
    let safeguards = Safeguards::new(side.chain.provider(), &side.contracts);
    let all = safeguards.held_transfers().await;
    all.map_err(|error| chain_failure(&error))
}

async fn find(side: &Side, id: u64) -> Result<HeldTransfer, Failure> {
    let mut all = read(side).await?.into_iter();
    all.find(|transfer| transfer.id == id).ok_or_else(|| {
        let message = format!("no transfer {id} was ever held on {}", side.label);
        Failure::usage("id", message, "see `causeway transfers held --all`")
    })
}

fn is_open(transfer: &HeldTransfer) -> bool {
    matches!(transfer.status, HeldStatus::Held | HeldStatus::Vetoed)
}

fn now() -> Timestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::from_secs(now.unwrap_or_default().as_secs())
}

fn too_early(transfer: &HeldTransfer) -> Failure {
    let (id, at) = (transfer.id, time(transfer.release_at));
    Failure::failed("held", format!("transfer {id} is held until {at}"))
        .at("id")
        .remedy("release it then; anybody may")
}

fn over(id: u64, status: HeldStatus) -> Failure {
    let message = format!("transfer {id} is {} already", word(status));
    Failure::failed("not-held", message)
        .at("id")
        .remedy("see `causeway transfers held --all`")
}

fn word(status: HeldStatus) -> &'static str {
    match status {
        HeldStatus::Held => "held",
        HeldStatus::Vetoed => "vetoed",
        HeldStatus::Released => "released",
        HeldStatus::Returned => "returned",
    }
}

fn time(time: Timestamp) -> humantime::Rfc3339Timestamp {
    // A chain may claim any time; the text ends with the year 9999.
    let seconds = std::time::Duration::from_secs(time.as_secs().min(253_402_300_799));
    humantime::format_rfc3339_seconds(UNIX_EPOCH.checked_add(seconds).unwrap_or(UNIX_EPOCH))
}

#[derive(Serialize)]
struct HeldLine {
    id: u64,
    status: &'static str,
    token: Address,
    /// In the token's smallest units.
    amount: String,
    receiver: Address,
    sender: String,
    client: String,
    release_at: u64,
}

impl From<HeldTransfer> for HeldLine {
    fn from(transfer: HeldTransfer) -> Self {
        Self {
            id: transfer.id,
            status: word(transfer.status),
            token: transfer.token,
            amount: transfer.amount.to_string(),
            receiver: transfer.receiver,
            sender: transfer.sender,
            client: transfer.client,
            release_at: transfer.release_at.as_secs(),
        }
    }
}

impl fmt::Display for HeldLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            status,
            token,
            amount,
            receiver,
            sender,
            client,
            release_at,
        } = self;
        let at = time(Timestamp::from_secs(*release_at));
        // The other chain's text may hold anything.
        let sender = sender.escape_debug();
        write!(
            f,
            "{id:<4} {status:<8} until {at}  {amount} units of {token} over {client}\n     from {sender} to {receiver}"
        )
    }
}

#[derive(Serialize)]
struct HeldList {
    chain: ChainId,
    transfers: Vec<HeldLine>,
}

impl fmt::Display for HeldList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.transfers.is_empty() {
            return write!(f, "nothing is held on {}", self.chain);
        }
        let lines: Vec<String> = self.transfers.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}
