//! `cargo xtask bench` runs this.

use std::{path::PathBuf, time::Duration};

use anyhow::{Result, bail};
use causeway_bench::{Blocks, RelayOptions, relay};
use clap::{Parser, Subcommand};
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
        /// Print only the JSON object.
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

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| "error".into()))
        .with_writer(std::io::stderr)
        .init();
    let Command::Relay {
        blocks,
        n,
        sequential,
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
        sequential,
    };
    if !json {
        println!("{n} packets, blocks {blocks}, on two chains with 3-of-5 attestation …");
    }
    let report = relay(&options).await?;
    println!("{}", serde_json::to_string(&report)?);
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
