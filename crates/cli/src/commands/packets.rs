//! `causeway packets`: what the node's store knows of packets, and what an operator does about them.

mod change;
mod list;
mod story;

use std::{fmt, path::Path};

use causeway_engine::{EffectView, Engine, Process};
use causeway_relayer::{FactTx, PacketMachine, PacketRecord};
use causeway_types::ChainId;
use clap::{Args, Subcommand};
use serde::Serialize;

use self::{
    change::{RetryArgs, SkipArgs},
    list::ListArgs,
    story::ShowArgs,
};
use crate::{config, failure::Failure, output::Output, store::busy};

/// The arguments of `causeway packets`.
#[derive(Debug, Args)]
#[command(after_help = "\
Reads and changes the store of the configuration, whether its node runs or not.

Examples:
  causeway packets list --stuck
  causeway packets show eip155:31337/attest-31338-on-31337/1
  causeway packets retry --all-failed")]
pub(crate) struct PacketsArgs {
    #[command(subcommand)]
    command: PacketsCommand,
}

#[derive(Debug, Subcommand)]
enum PacketsCommand {
    /// List packets, newest first
    List(ListArgs),
    /// Show one packet: its life, its messages and why they wait, its payloads and transactions
    Show(ShowArgs),
    /// Try again at once what waits after failures, or what was skipped
    Retry(RetryArgs),
    /// Hold back the delivery that a packet waits for
    Skip(SkipArgs),
}

#[derive(Serialize)]
struct PacketLine {
    packet: String,
    phase: String,
    from: ChainId,
    to: ChainId,
    timeout: u64,
    done: bool,
    facts: Vec<FactTx>,
}

impl From<Process<PacketRecord>> for PacketLine {
    fn from(process: Process<PacketRecord>) -> Self {
        let record = process.state;
        Self {
            packet: process.key,
            phase: process.phase,
            timeout: record.life.packet().timeout.as_secs(),
            from: record.src,
            to: record.dst,
            done: process.done,
            facts: record.facts,
        }
    }
}

impl fmt::Display for PacketLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<13} {} → {}", self.phase, self.packet, self.to)
    }
}

/// Runs `causeway packets`.
pub(crate) async fn execute(args: PacketsArgs, path: &Path, output: Output) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    match args.command {
        PacketsCommand::List(args) => output.print(&list::list(&args, &loaded).await?),
        PacketsCommand::Show(args) => output.print(&story::show(&args, &loaded).await?),
        PacketsCommand::Retry(args) => output.print(&change::retry(args, &loaded).await?),
        PacketsCommand::Skip(args) => output.print(&change::skip(args, &loaded).await?),
    }
    Ok(())
}

/// A packet that the store must know.
async fn known(engine: &Engine, packet: &str) -> Result<Process<PacketRecord>, Failure> {
    let process = engine
        .process::<PacketMachine>(packet)
        .await
        .map_err(|e| store(&e))?;
    process.ok_or_else(|| {
        Failure::usage(
            "PACKET",
            format!("the store knows no packet {packet:?}"),
            "name it as `causeway packets list` does: CHAIN/CLIENT/SEQUENCE of its source",
        )
    })
}

/// What kind of message an effect carries: `receive`, `acknowledge` or `timeout`.
fn message_of(effect: &EffectView) -> &str {
    effect.body["message"]["message"]
        .as_str()
        .unwrap_or("message")
}

fn store(error: &(dyn std::error::Error + 'static)) -> Failure {
    busy(error).unwrap_or_else(|| {
        Failure::failed("store", error)
            .at("store")
            .remedy("check that the store is this node's own and whole")
    })
}
