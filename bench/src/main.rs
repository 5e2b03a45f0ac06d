//! `cargo xtask bench` runs this.

use std::{path::PathBuf, time::Duration};

use anyhow::{Result, bail};
use causeway_bench::{Blocks, DaemonOptions, Load, RelayOptions, SwapOptions, relay, swap};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;
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
    Relay(RelayArguments),
    /// Lock, claim and refund on real Bitcoin, Litecoin and EVM chains, and measure what each
    /// transaction takes: virtual bytes as the nodes reckon them, gas from the receipts.
    ///
    /// The public contracts of Boltz are measured on the same EVM chain; they are installed from npm into
    /// `~/.cache/causeway`, once. Progress and a table go to standard error, one JSON object to standard
    /// output.
    Swap(SwapArguments),
}

#[derive(Args)]
struct RelayArguments {
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
}

#[derive(Args)]
struct SwapArguments {
    /// Leave out the contracts of Boltz.
    #[arg(long)]
    no_peer: bool,
    /// Measure a maker's node that makes many swaps at once, half of them each way, as well.
    #[arg(long)]
    daemon: bool,
    /// How many swaps that are.
    #[arg(long, default_value_t = 200, requires = "daemon")]
    n: usize,
    /// The causeway binary, which `cargo xtask bench` builds and names.
    #[arg(long, env = causeway_localnet::CAUSEWAY_VARIABLE, required_if_eq("daemon", "true"))]
    causeway: Option<PathBuf>,
    /// Print the JSON object in one line.
    #[arg(long)]
    json: bool,
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
    match Arguments::parse().command {
        Command::Relay(arguments) => measure_relay(arguments).await,
        Command::Swap(arguments) => {
            let causeway = arguments.causeway.filter(|_| arguments.daemon);
            let options = SwapOptions {
                peer: !arguments.no_peer,
                daemon: causeway.map(|causeway| DaemonOptions {
                    causeway,
                    swaps: arguments.n,
                }),
            };
            print(&swap(&options).await?, arguments.json)
        }
    }
}

async fn measure_relay(arguments: RelayArguments) -> Result<()> {
    let temporary = tempfile::tempdir()?;
    let dir = arguments.dir.unwrap_or_else(|| temporary.path().to_owned());
    let options = RelayOptions {
        causeway: arguments.causeway,
        dir,
        blocks: parse_blocks(&arguments.blocks)?,
        n: arguments.n,
        load: match (arguments.sequential, arguments.backlog) {
            (true, _) => Load::Sequential,
            (_, true) => Load::Backlog,
            _ => Load::Burst,
        },
        per_send: arguments.per_send,
        signers: usize::from(arguments.signers),
        peer: arguments.peer.is_some(),
    };
    let report = relay(&options).await?;
    print(&report, arguments.json)?;
    if report.lost > 0 {
        bail!("{} of {} packets were lost", report.lost, options.n);
    }
    Ok(())
}

fn print(report: &impl Serialize, in_one_line: bool) -> Result<()> {
    if in_one_line {
        println!("{}", serde_json::to_string(report)?);
    } else {
        println!("{}", serde_json::to_string_pretty(report)?);
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
