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
    burst::Senders,
    ceiling, gas, peer,
    report::{mebibytes, per, rate, sustained},
    say::Progress,
    watch::{Sight, Sightings, watch},
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

/// How packets come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// All at once.
    Burst,
    /// All at once, while the relayer is down; it is started when the last one is in a block.
    Backlog,
    /// Each only when the one before it has arrived.
    Sequential,
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
    /// How they come.
    pub load: Load,
    /// Transfers in one transaction of a user, unless the load is sequential.
    pub per_send: usize,
    /// Keys that the relayer sends with on each chain.
    pub signers: usize,
    /// Whether to measure the CLI relayer on the same chains afterwards.
    pub peer: bool,
}

/// Starts a network of two chains, five attestors of which three must sign, and one relayer; puts
/// the load on it; and measures.
pub async fn relay(options: &RelayOptions) -> Result<Report> {
    let progress = Progress::begin();
    let mut network_options = NetworkOptions::new(options.causeway.clone(), options.dir.clone());
    network_options.block_time = match options.blocks {
        Blocks::Every(interval) => Some(interval),
        Blocks::Auto => None,
    };
    (network_options.attestors, network_options.threshold) = (5, 3);
    network_options.signers = options.signers;
    let mut network = Network::start_chains(network_options).await?;
    let playground = Playground::deploy(&network).await?;
    network.start_nodes().await?;
    let mut senders = Senders::prepare(&network.a, &network.b, playground.token).await?;
    warm_up(&network, &mut senders).await?;
    progress.say("two chains, five attestors and a relayer are up");

    let sequential = options.load == Load::Sequential;
    let mut report = Report {
        blocks: match options.blocks {
            Blocks::Every(interval) => format!("{}s", interval.as_secs_f64()),
            Blocks::Auto => "auto".to_owned(),
        },
        n: options.n,
        sequential,
        backlog: options.load == Load::Backlog,
        per_send: if sequential { 1 } else { options.per_send },
        signers: options.signers,
        ..Report::default()
    };
    let (at_src, at_dst) = (watch(&network.a).await?, watch(&network.b).await?);
    if options.load == Load::Backlog {
        network.stop_relayer().await?;
    }
    let before = Cpu::of(&mut network)?;
    let sent = if sequential {
        one_by_one(options, &mut senders, &at_dst).await?
    } else {
        all_at_once(options, &mut senders).await?
    };
    progress.say(&format!("{} packets are sent", sent.len()));
    let mut began = sent.values().min().copied();
    if options.load == Load::Backlog {
        began = Some(Instant::now());
        network.start_relayer().await?;
    }
    settle(&sent, &at_src, &at_dst, &progress).await;
    measure(&mut report, &sent, began, &at_src, &at_dst);
    let used = Cpu::of(&mut network)?.since(&before);
    let milliseconds = |time: Duration| per(time.as_secs_f64() * 1000.0, options.n);
    report.cpu_ms_per_packet = milliseconds(used.relayer);
    report.cpu_attestors_ms_per_packet = milliseconds(used.attestors);
    report.cpu_chains_ms_per_packet = milliseconds(used.chains);
    let relayer = network.relayer().context("no relayer runs")?;
    report.rss_mb = mebibytes(relayer.rss_bytes()?);
    report.rss_peak_mb = mebibytes(relayer.peak_rss_bytes()?);

    network.stop_relayer().await?;
    progress.say("measuring gas, with the relayer stopped");
    gas::measure(&network, &mut senders, &mut report).await?;
    if !sequential {
        progress.say("measuring what the destination takes of deliveries made beforehand");
        ceiling::measure(&network, &mut senders, &at_dst, &mut report).await?;
    }
    if options.peer {
        let peer = peer::measure(&network, &options.dir, options.blocks, &report, &progress);
        report.peer = Some(peer.await?);
    }
    network.stop().await?;
    progress.say("done");
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

/// Multiples of the golden ratio fall evenly on the unit interval, however many they are.
pub(crate) const GOLDEN: f64 = 0.618_033_988_749_895;

/// Each packet is handed over at another moment between two blocks, all moments alike: users do not
/// wait for a block to pass, and whoever always came just after one would always wait longest.
async fn one_by_one(
    options: &RelayOptions,
    senders: &mut Senders,
    at_dst: &Sightings,
) -> Result<Broadcast> {
    let mut sent = Broadcast::new();
    let mut share: f64 = 0.0;
    for _ in 0..options.n {
        if let Blocks::Every(interval) = options.blocks {
            share = (share + GOLDEN).fract();
            tokio::time::sleep(interval.mul_f64(share)).await;
        }
        let prepared = [senders.sign(None, 1)?];
        let handed_over = senders.broadcast(&prepared).await?;
        let (packets, _) = senders.sent(&prepared[0]).await?;
        for (packet, at) in packets.iter().zip(handed_over) {
            let sequence = packet.sequence.get();
            sent.insert(sequence, at);
            let deadline = Instant::now() + PATIENCE;
            while !at_dst.get().received.contains_key(&sequence) {
                ensure!(
                    Instant::now() < deadline,
                    "packet {sequence} was not delivered"
                );
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
    Ok(sent)
}

async fn all_at_once(options: &RelayOptions, senders: &mut Senders) -> Result<Broadcast> {
    let prepared = senders.sign_all(options.n, options.per_send)?;
    let handed_over = senders.broadcast(&prepared).await?;
    let mut sent = Broadcast::new();
    for (prepared, at) in prepared.iter().zip(handed_over) {
        let (packets, _) = senders.sent(prepared).await?;
        sent.extend(packets.iter().map(|packet| (packet.sequence.get(), at)));
    }
    Ok(sent)
}

/// Waits until every packet is acknowledged, or nothing has happened for a long time.
async fn settle(sent: &Broadcast, at_src: &Sightings, at_dst: &Sightings, progress: &Progress) {
    let (mut before, mut since, mut said) = (0, Instant::now(), Instant::now());
    loop {
        let acknowledged = at_src.get().acknowledged.len();
        // A packet of somebody else's may be among them, so the last look is at each.
        if acknowledged >= sent.len() {
            let seen = at_src.get();
            if sent
                .keys()
                .all(|sequence| seen.acknowledged.contains_key(sequence))
            {
                return;
            }
        }
        let received = at_dst.get().received.len();
        if acknowledged + received > before {
            (before, since) = (acknowledged + received, Instant::now());
        } else if since.elapsed() > PATIENCE {
            return;
        }
        if said.elapsed() > Duration::from_secs(5) {
            said = Instant::now();
            progress.say(&format!(
                "{received} delivered, {acknowledged} acknowledged"
            ));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn measure(
    report: &mut Report,
    sent: &Broadcast,
    began: Option<Instant>,
    at_src: &Sightings,
    at_dst: &Sightings,
) {
    let (src, dst) = (at_src.get(), at_dst.get());
    let ours = |seen: &BTreeMap<u64, Sight>| -> Vec<(u64, Sight)> {
        let ours = sent.keys().filter_map(|seq| Some((*seq, *seen.get(seq)?)));
        ours.collect()
    };
    let (received, acknowledged) = (ours(&dst.received), ours(&src.acknowledged));
    report.delivered = received.len();
    report.acknowledged = acknowledged.len();
    report.lost = sent.len() - received.len();
    report.duplicated = dst.duplicated;
    report.packets_per_s = rate_since(began, &received);
    report.acknowledged_per_s = rate_since(began, &acknowledged);
    report.sustained_per_s = sustained(received.iter().map(|(_, s)| (s.height, s.block_at)));
    let took = |(seq, sight): &(u64, Sight)| Some(sight.at - *sent.get(seq)?);
    report.latencies(received.iter().filter_map(took).collect());
    let added = |(seq, sight): &(u64, Sight)| {
        let pooled = dst.pooled.get(&sight.tx)?;
        Some(pooled.saturating_duration_since(src.sent.get(seq)?.block_at))
    };
    report.overheads(received.iter().filter_map(added).collect());
}

/// Arrivals per second until the last.
fn rate_since(began: Option<Instant>, arrivals: &[(u64, Sight)]) -> f64 {
    let last = arrivals.iter().map(|(_, sight)| sight.at).max();
    match (began, last) {
        (Some(first), Some(last)) if last > first => rate(arrivals.len(), last - first),
        _ => 0.0,
    }
}

/// Processor time used so far.
#[derive(Clone, Copy, Default)]
struct Cpu {
    relayer: Duration,
    attestors: Duration,
    chains: Duration,
}

impl Cpu {
    /// Of a relayer that does not run, none.
    fn of(network: &mut Network) -> Result<Self> {
        Ok(Self {
            relayer: network
                .relayer()
                .map(|relayer| relayer.cpu_time())
                .transpose()?
                .unwrap_or_default(),
            attestors: network.attestors_cpu_time()?,
            chains: network.a.anvil.cpu_time()? + network.b.anvil.cpu_time()?,
        })
    }

    fn since(self, before: &Self) -> Self {
        Self {
            relayer: self.relayer.saturating_sub(before.relayer),
            attestors: self.attestors.saturating_sub(before.attestors),
            chains: self.chains.saturating_sub(before.chains),
        }
    }
}
