//! `cargo xtask bench` runs this.

use std::{path::PathBuf, time::Duration};

use anyhow::{Result, bail};
use causeway_bench::{Blocks, Load, RelayOptions, relay};
use clap::{Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

/// Measurements on real local chains.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Carry ERC-20 transfers from one chain to the other, and measure.
    Relay {
        /// How blocks come: an interval such as 1s or 500ms, or auto for one per transaction.
        #[arg(long, default_value = "1s")]
        blocks: String,
        /// How many packets.
        #[arg(long, default_value_t = 200)]
        n: usize,
        /// Send each packet only when the one before it has arrived.
        #[arg(long)]
        sequential: bool,
        /// Send all packets while the relayer is down, then start it.
        #[arg(long, conflicts_with = "sequential")]
        backlog: bool,
        /// Transfers in one transaction of a user, so that the source's blocks hold enough of them.
        #[arg(long, default_value_t = 50)]
        per_send: usize,
        /// Keys that the relayer sends with on each chain.
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=5))]
        signers: u8,
        /// Measure another relayer on the same chains afterwards, installed from npm into
        /// `~/.cache/causeway`: the public CLI relayer.
        #[arg(long)]
        peer: Option<PeerName>,
        /// Print the JSON object in one line.
        #[arg(long)]
        json: bool,
        /// The causeway binary, which `cargo xtask bench` builds and names.
        #[arg(long, env = causeway_localnet::CAUSEWAY_VARIABLE)]
        causeway: PathBuf,
        /// Where the network keeps its files; a temporary directory by default.
        #[arg(long)]
        dir: Option<PathBuf>,
    },
}

/// Relayers that can be measured beside ours.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum PeerName {
    /// The command-line tool `@hyperlane-xyz/cli`.
    Hyperlane,
}

/// What is logged unless `RUST_LOG` says otherwise. That connections break when a run stops its chains
/// is no news.
const QUIET: &str = "error,alloy_pubsub=off,alloy_transport_ws=off";

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| QUIET.into()))
        .with_writer(std::io::stderr)
        .init();
    let Command::Relay {
        blocks,
        n,
        sequential,
        backlog,
        per_send,
        signers,
        peer,
        json,
        causeway,
        dir,
    } = Arguments::parse().command;
    let temporary = tempfile::tempdir()?;
    let dir = dir.unwrap_or_else(|| temporary.path().to_owned());
    let options = RelayOptions {
        causeway,
        dir,
        blocks: parse_blocks(&blocks)?,
        n,
        load: match (sequential, backlog) {
            (true, _) => Load::Sequential,
            (_, true) => Load::Backlog,
            _ => Load::Burst,
        },
        per_send,
        signers: usize::from(signers),
        peer: peer.is_some(),
    };
    let report = relay(&options).await?;
    if json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{}", serde_json::to_string_pretty(&report)?);
    }
    if report.lost > 0 {
        bail!("{} of {n} packets were lost", report.lost);
    }
    Ok(())
}

fn parse_blocks(text: &str) -> Result<Blocks> {
    if text == "auto" {
        return Ok(Blocks::Auto);
    }
    match humantime::parse_duration(text) {
        Ok(interval) if interval >= Duration::from_millis(100) => Ok(Blocks::Every(interval)),
        _ => bail!("--blocks {text}: expected auto or an interval of at least 100ms, such as 1s"),
    }
}
