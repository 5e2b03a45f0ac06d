//! What a maker's node takes for many swaps at once: memory, processor time, and how long they take.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use causeway_engine::Engine;
use causeway_local_bitcoin::NodeKind;
use causeway_localnet::{Network, NetworkOptions, Party, SwapOptions, Swaps};
use causeway_swap::Amount;
use causeway_swap_service::{Ledger, MakerClient, Record};
use serde::Serialize;

use super::taker::Taker;
use crate::say::Progress;

/// So much is got of ether in one swap, in wei, and of coins, in satoshis.
const ETHER: u128 = 40_000_000_000_000_000;
const COINS: u128 = 100_000_000;
/// What the id of a chain of coins begins with.
const COINS_NAMESPACE: &str = "bip122";
/// How often both parties are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Longer than swaps take whose locks do not expire.
const PATIENCE: Duration = Duration::from_mins(8);

/// What to measure of a maker's node.
#[derive(Clone, Debug)]
pub struct DaemonOptions {
    /// The `causeway` binary.
    pub causeway: PathBuf,
    /// How many swaps, half of them each way.
    pub swaps: usize,
}

/// What was measured of a maker's node.
#[derive(Clone, Debug, Serialize)]
pub struct DaemonReport {
    /// How many swaps were begun, all as fast as they could be.
    pub swaps: usize,
    /// How many of them are settled for both parties.
    pub settled: usize,
    /// How many of those came to nothing.
    pub refunded: usize,
    /// How many claims of coins there were, of both parties; each could be signed by both.
    pub coin_claims: usize,
    /// For how many of those both had signed; the others went by script.
    pub signed_together: usize,
    /// The most memory that the node held.
    pub rss_peak_mb: u64,
    /// The node's processor time for one swap, from before the first offer was asked for.
    pub cpu_ms_per_swap: u64,
    /// From the first offer until both parties had settled all.
    pub seconds: u64,
}

/// Starts the chains and the maker's node, and takes offers of it.
pub(super) async fn measure(options: &DaemonOptions, progress: &Progress) -> Result<DaemonReport> {
    let dir = tempfile::tempdir()?;
    let causeway = options.causeway.clone();
    let network = NetworkOptions::new(causeway, dir.path().to_owned());
    let network = Network::start_chains(network).await?;
    let swap_options = SwapOptions {
        // A coin for each lock: change of what is not in a block yet can be spent, but not endlessly.
        rewards: u64::try_from(options.swaps / 2)? + 10,
        ..SwapOptions::new(NodeKind::Litecoin)
    };
    let mut swaps = Swaps::start(&network, swap_options).await?;
    let measured = with_maker(options, &network, &mut swaps, dir.path(), progress).await;
    let log = || std::fs::read_to_string(dir.path().join("maker.log")).unwrap_or_default();
    measured.with_context(|| {
        let log = log();
        let lines: Vec<_> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(30)..].join("\n");
        format!("the maker's log ends with\n{tail}")
    })
}

async fn with_maker(
    options: &DaemonOptions,
    network: &Network,
    swaps: &mut Swaps,
    dir: &Path,
    progress: &Progress,
) -> Result<DaemonReport> {
    let taker = Taker::start(network, swaps, dir).await?;
    let maker = MakerClient::new(swaps.maker_url().parse()?)?;
    let store = swaps.config_path(Party::Maker).with_extension("db");
    let store = Engine::open_to_read(&format!("sqlite://{}", store.display())).await?;
    let of_maker = Ledger::new(store);
    let node = swaps.maker().context("no maker runs")?;
    let (cpu_before, began) = (node.cpu_time()?, Instant::now());
    let gets = |chain: &str| {
        let of_ether = chain.starts_with("eip155");
        Amount::new(if of_ether { ETHER } else { COINS })
    };
    taker.take(&maker, options.swaps / 2, gets).await?;
    let all = began.elapsed().as_secs_f64();
    progress.say(&format!(
        "{} swaps are begun after {all:.1} s",
        options.swaps
    ));
    let (settled, refunded) = loop {
        taker.ensure_working()?;
        let (count, settled, refunded) = taker.count().await?;
        let seconds = began.elapsed().as_secs();
        progress.say(&format!(
            "{settled} of {count} are settled for the taker after {seconds} s"
        ));
        let is_late = began.elapsed() > PATIENCE;
        if settled == count || is_late {
            let maker_open = of_maker.records(true).await?.len();
            if maker_open == 0 || is_late {
                break (settled.min(count - maker_open), refunded);
            }
        }
        tokio::time::sleep(LOOK).await;
    };
    let seconds = began.elapsed().as_secs();
    let node = swaps.maker().context("no maker runs")?;
    node.ensure_running()?;
    let cpu = node.cpu_time()?.saturating_sub(cpu_before);
    let count = u128::try_from(options.swaps)?;
    let all = [taker.records().await?, of_maker.records(false).await?].concat();
    let claims_coins =
        |record: &&Record| record.chain(record.swap.role().claims()).namespace() == COINS_NAMESPACE;
    let coin_claims: Vec<_> = all.iter().filter(claims_coins).collect();
    let is_signed = |record: &&&Record| record.claim.is_some();
    let report = DaemonReport {
        swaps: options.swaps,
        settled,
        refunded,
        coin_claims: coin_claims.len(),
        signed_together: coin_claims.iter().filter(is_signed).count(),
        rss_peak_mb: node.peak_rss_bytes()?.div_ceil(1 << 20),
        cpu_ms_per_swap: u64::try_from(cpu.as_millis() / count.max(1))?,
        seconds,
    };
    ensure!(
        taker.count().await?.0 == options.swaps,
        "not all swaps were begun"
    );
    taker.stop().await?;
    Ok(report)
}
