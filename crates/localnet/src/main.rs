//! Starts a local network and takes the tour of it; `cargo xtask up` runs this.

use std::{path::PathBuf, time::Instant};

use anyhow::{Context, Result};
use causeway_localnet::{Network, NetworkOptions, Playground, say, tour};
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// Real local chains with Causeway between them.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start two chains, attestors and a relayer, take the tour, and leave the network running.
    Up {
        /// Stop everything after the tour; the exit code says whether every step happened.
        #[arg(long)]
        once: bool,
        /// The causeway binary.
        #[arg(long)]
        causeway: PathBuf,
        /// Where configurations, databases and logs go.
        #[arg(long, default_value = ".causeway")]
        dir: PathBuf,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| "error".into()))
        .with_writer(std::io::stderr)
        .init();
    let Command::Up {
        once,
        causeway,
        dir,
    } = Arguments::parse().command;
    tokio::select! {
        outcome = up(once, causeway, dir) => outcome,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.context("cannot listen for Ctrl-C")?;
            // Everything that was started ends with the values that own it.
            println!("\nStopped.");
            Ok(())
        }
    }
}

async fn up(once: bool, causeway: PathBuf, dir: PathBuf) -> Result<()> {
    // A tour begins on fresh chains, so what an earlier one left would only mislead.
    if dir.exists() {
        std::fs::remove_dir_all(&dir).with_context(|| format!("cannot clear {}", dir.display()))?;
    }
    let mut options = NetworkOptions::new(causeway.clone(), dir);
    options.usual_ports = true;
    let started = Instant::now();
    say::step(
        "two chains, contracts on both, a light client on each",
        "anvil, one block a second",
    );
    let mut network = Network::start_chains(options).await?;
    for side in [&network.a, &network.b] {
        say::fact(
            side.name,
            format!(
                "{}  {}  router {}",
                side.id(),
                side.anvil.http_url(),
                side.contracts.router
            ),
        );
    }
    let playground = Playground::deploy(&network).await?;
    network.start_nodes().await?;
    say::fact("nodes", "3 attestors, any 2 of which must sign; 1 relayer");
    say::fact(
        "ready after",
        format!("{:.1} s", started.elapsed().as_secs_f64()),
    );
    tour(&mut network, &playground).await?;
    println!(
        "\n✓ every step happened, in {:.0} s",
        started.elapsed().as_secs_f64()
    );
    if once {
        return network.stop().await;
    }
    try_next(&network, &playground, &causeway);
    std::future::pending().await
}

fn try_next(network: &Network, playground: &Playground, causeway: &std::path::Path) {
    let (config, causeway) = (network.user_config(), causeway.display().to_string());
    let base = format!("{causeway} --config {}", config.display());
    println!("\nThe network stays up until Ctrl-C. Try, in another terminal:\n");
    println!(
        "  export CAUSEWAY_KEY={}   # Alice, a public test key",
        causeway_localnet::dev_key_hex(causeway_localnet::roles::ALICE)
    );
    println!("  {base} status");
    println!("  {base} packets list");
    println!(
        "  {base} transfer --from alpha --to beta --token {} --amount 12.5 --receiver {} --key env:CAUSEWAY_KEY",
        playground.token,
        network.b.account(causeway_localnet::roles::BOB).address()
    );
    println!(
        "  {base} transfer --from alpha --to beta --token native --amount 0.1 --receiver {} --key env:CAUSEWAY_KEY",
        network.b.account(causeway_localnet::roles::BOB).address()
    );
    println!(
        "  {base} call --from alpha --to beta --target {} --signature 'increment(uint256)' --args 1 --key env:CAUSEWAY_KEY",
        playground.counter
    );
    println!("  less {}", network.dir().join("relayer.log").display());
}
