//! Starts a local network and takes the tour of it; `cargo xtask up` runs this.

mod directory;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use causeway_local_bitcoin::NodeKind;
use causeway_localnet::{
    Network, NetworkOptions, Playground, SwapOptions, Swaps, dev_key_hex, roles, say, swap_hints,
    swap_tour, tour,
};
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::directory::Directory;

/// What is logged unless `RUST_LOG` says otherwise: the chains' connections break when the chains
/// are stopped, which nobody needs to be told.
const QUIET: &str = "error,alloy_pubsub=off,alloy_transport_ws=off";

/// How often the running network is looked after.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

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
        /// Where configurations, databases and logs go; cleared first if a network left it.
        #[arg(long, default_value = ".causeway")]
        dir: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| QUIET.into()))
        .with_writer(std::io::stderr)
        .init();
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    let Command::Up {
        once,
        causeway,
        dir,
    } = command;
    let causeway = causeway
        .canonicalize()
        .with_context(|| format!("there is no causeway binary at {}", causeway.display()))?;
    let dir = Directory::take(&dir)?;
    tokio::select! {
        outcome = up(once, &causeway, dir.path()) => outcome,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.context("cannot listen for Ctrl-C")?;
            // Everything that was started ends with the values that own it.
            println!("\nStopped.");
            if once {
                bail!("interrupted before the tour was over");
            }
            Ok(())
        }
    }
}

async fn up(once: bool, causeway: &Path, dir: &Path) -> Result<()> {
    let started = Instant::now();
    let mut options = NetworkOptions::new(causeway.to_owned(), dir.to_owned());
    options.usual_ports = true;
    say::step(
        "two chains, contracts on both, a light client on each, and a third without contracts",
        "anvil, one block a second; Litecoin Core",
    );
    let mut network = Network::start_chains(options).await?;
    for side in [&network.a, &network.b] {
        let (id, url) = (side.id(), side.anvil.http_url());
        let router = side.contracts.router;
        say::fact(side.name, format!("{id}  {url}  router {router}"));
    }
    let playground = Playground::deploy(&network).await?;
    network.start_nodes().await?;
    network.start_monitor().await?;
    say::fact(
        "nodes",
        "3 attestors, any 2 of which must sign; 1 relayer; 1 monitor, which pauses what is broken",
    );
    let mut swaps = Swaps::start(&network, SwapOptions::new(NodeKind::Litecoin)).await?;
    say::fact(
        "litecoin",
        format!(
            "{}  {}  a block every 2 s",
            swaps.coins().network().chain_id(),
            swaps.coins().url()
        ),
    );
    say::fact(
        "maker",
        format!("{}  swaps ether and litecoin", swaps.maker_url()),
    );
    say::fact("page", network.page_url());
    say::fact(
        "ready after",
        format!("{:.1} s", started.elapsed().as_secs_f64()),
    );
    if let Err(error) = tour(&mut network, &playground).await {
        say::failure(&error, &network.user_config().with_extension("log"));
        bail!("not every step happened");
    }
    if let Err(error) = swap_tour(&swaps).await {
        say::failure(&error, &network.dir().join("maker.log"));
        bail!("not every step happened");
    }
    println!(
        "\n✓ every step happened, in {:.0} s",
        started.elapsed().as_secs_f64()
    );
    if once {
        swaps.stop().await?;
        return network.stop().await;
    }
    try_next(&network, &playground, &swaps, causeway);
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        network.ensure_running()?;
        swaps
            .maker()
            .map_or(Ok(()), causeway_localnet::Node::ensure_running)?;
    }
}

fn try_next(network: &Network, playground: &Playground, swaps: &Swaps, causeway: &Path) {
    let programs = causeway.parent().unwrap_or(causeway).display();
    let config = network.user_config();
    let key = dev_key_hex(roles::ALICE);
    let alice = network.b.account(roles::ALICE).address();
    let Playground { token, counter } = playground;
    let transfer = "causeway transfer --from alpha --to beta";
    println!("\nThe network stays up until Ctrl-C. All that happens on it is shown at\n");
    println!(
        "  {}  (and the maker's swaps at {}/)",
        network.page_url(),
        swaps.maker_url()
    );
    println!("\nIn another terminal, begin with\n");
    println!("  export PATH='{programs}':\"$PATH\"");
    println!("  export CAUSEWAY_CONFIG='{}'", config.display());
    println!("  export CAUSEWAY_KEY={key}   # Alice's, a test key that everybody knows");
    println!("\nand then try\n");
    println!("  causeway status");
    println!("  causeway packets list");
    println!("  {transfer} --token {token} --amount 12.5 --receiver {alice}");
    println!("  {transfer} --token native --amount 0.1 --receiver {alice}");
    println!(
        "  causeway transfer --from beta --to alpha --token voucher:native --amount 0.1 --receiver {alice}"
    );
    println!(
        "  causeway call --from alpha --to beta --target {counter} --signature 'increment(uint256)' --args 1"
    );
    println!("  less '{}'", config.with_extension("log").display());
    println!("\nor swap, as the taker of the tour\n");
    for hint in swap_hints(swaps) {
        println!("  {hint}");
    }
}
