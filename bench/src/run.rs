//! One run: a network, a load, and what came of it.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use causeway_ibc_evm::Tracker;
use causeway_localnet::{Network, NetworkOptions, Playground, roles};

use crate::{
    Report,
    burst::{Prepared, Senders},
    gas,
    report::{mebibytes, per, rate},
    watch::{Sightings, watch},
};

/// How long nothing may arrive before the rest counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// How blocks come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// At this interval.
    Every(Duration),
    /// One for every transaction, at once.
    Auto,
}

/// What to measure.
#[derive(Clone, Debug)]
pub struct RelayOptions {
    /// The `causeway` binary.
    pub causeway: PathBuf,
    /// Where the network keeps its files.
    pub dir: PathBuf,
    /// How blocks come.
    pub blocks: Blocks,
    /// How many packets.
    pub n: usize,
    /// Whether each packet waits for the one before it.
    pub sequential: bool,
}

/// Starts a network of two chains, five attestors of which three must sign, and one relayer; puts
/// the load on it; and measures.
pub async fn relay(options: &RelayOptions) -> Result<Report> {
    let mut network_options = NetworkOptions::new(options.causeway.clone(), options.dir.clone());
    network_options.block_time = match options.blocks {
        Blocks::Every(interval) => Some(interval),
        Blocks::Auto => None,
    };
    (network_options.attestors, network_options.threshold) = (5, 3);
    let mut network = Network::start_chains(network_options).await?;
    let playground = Playground::deploy(&network).await?;
    network.start_nodes().await?;
    let mut senders = Senders::prepare(&network.a, &network.b, playground.token).await?;
    warm_up(&network, &mut senders).await?;

    let mut report = Report {
        blocks: match options.blocks {
            Blocks::Every(interval) => format!("{}s", interval.as_secs_f64()),
            Blocks::Auto => "auto".to_owned(),
        },
        n: options.n,
        sequential: options.sequential,
        ..Report::default()
    };
    let (at_src, at_dst) = (watch(&network.a).await?, watch(&network.b).await?);
    let cpu_before = network.relayer().context("no relayer runs")?.cpu_time()?;
    let broadcast = if options.sequential {
        one_by_one(options.n, &mut senders, &at_dst).await?
    } else {
        all_at_once(options.n, &mut senders).await?
    };
    settle(&broadcast, &at_src, &at_dst).await;
    measure(&mut report, &broadcast, &at_src, &at_dst);
    let relayer = network.relayer().context("no relayer runs")?;
    let cpu = relayer.cpu_time()?.saturating_sub(cpu_before);
    report.cpu_ms_per_packet = per(cpu.as_secs_f64() * 1000.0, options.n);
    report.rss_mb = mebibytes(relayer.rss_bytes()?);

    network.stop_relayer().await?;
    gas::measure(&network, &mut senders, &mut report).await?;
    network.stop().await?;
    Ok(report)
}

/// The first transfer deploys the escrow and the voucher; the load is to find them there.
async fn warm_up(network: &Network, senders: &mut Senders) -> Result<()> {
    let at_src = Tracker::begin(&network.a.chain, network.a.contracts.router).await?;
    let alice = network.a.account(roles::ALICE);
    let sent = alice.transfer(senders.order()).await?;
    at_src.concluded(&sent.packet, PATIENCE).await?;
    senders.refresh_nonces().await
}

/// When the packet of each sequence was handed to the source chain.
type Broadcast = BTreeMap<u64, Instant>;

async fn one_by_one(n: usize, senders: &mut Senders, at_dst: &Sightings) -> Result<Broadcast> {
    let mut broadcast = Broadcast::new();
    for _ in 0..n {
        let prepared = [senders.sign(None)?];
        let handed_over = senders.broadcast(&prepared).await?;
        let (packet, _) = senders.sent(&prepared[0]).await?;
        let sequence = packet.sequence.get();
        broadcast.extend(handed_over.first().map(|at| (sequence, *at)));
        let deadline = Instant::now() + PATIENCE;
        while !at_dst.received.get().contains_key(&sequence) {
            ensure!(
                Instant::now() < deadline,
                "packet {sequence} was not delivered"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    Ok(broadcast)
}

async fn all_at_once(n: usize, senders: &mut Senders) -> Result<Broadcast> {
    let prepared: Vec<Prepared> = (0..n).map(|_| senders.sign(None)).collect::<Result<_>>()?;
    let handed_over = senders.broadcast(&prepared).await?;
    let mut broadcast = Broadcast::new();
    for (prepared, at) in prepared.iter().zip(handed_over) {
        broadcast.insert(senders.sent(prepared).await?.0.sequence.get(), at);
    }
    Ok(broadcast)
}

/// Waits until every packet is acknowledged, or nothing has happened for a long time.
async fn settle(broadcast: &Broadcast, at_src: &Sightings, at_dst: &Sightings) {
    let (mut before, mut since) = (0, Instant::now());
    loop {
        let acknowledged = at_src.acknowledged.get();
        if broadcast
            .keys()
            .all(|sequence| acknowledged.contains_key(sequence))
        {
            return;
        }
        let seen = acknowledged.len() + at_dst.received.get().len();
        if seen > before {
            (before, since) = (seen, Instant::now());
        } else if since.elapsed() > PATIENCE {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn measure(report: &mut Report, broadcast: &Broadcast, at_src: &Sightings, at_dst: &Sightings) {
    let (received, acknowledged) = (at_dst.received.get(), at_src.acknowledged.get());
    let ours = |times: &BTreeMap<u64, Instant>| -> Vec<(Instant, Instant)> {
        broadcast
            .iter()
            .filter_map(|(seq, sent)| Some((*sent, *times.get(seq)?)))
            .collect()
    };
    let (delivered, acknowledged) = (ours(&received), ours(&acknowledged));
    report.delivered = delivered.len();
    report.acknowledged = acknowledged.len();
    report.lost = broadcast.len() - delivered.len();
    report.packets_per_s = rate_of(&delivered);
    report.acknowledged_per_s = rate_of(&acknowledged);
    report.latencies(
        delivered
            .into_iter()
            .map(|(sent, seen)| seen - sent)
            .collect(),
    );
}

/// Arrivals per second between the first broadcast and the last arrival.
fn rate_of(arrivals: &[(Instant, Instant)]) -> f64 {
    let first = arrivals.iter().map(|(sent, _)| *sent).min();
    let last = arrivals.iter().map(|(_, seen)| *seen).max();
    match (first, last) {
        (Some(first), Some(last)) if last > first => rate(arrivals.len(), last - first),
        _ => 0.0,
    }
}
