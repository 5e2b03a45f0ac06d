//! What every command that sends a packet shares: its arguments, and watching the packet arrive.

use std::{
    fmt,
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use alloy::primitives::{B256, Bytes};
use causeway_evm::EvmChain;
use causeway_ibc::{Acknowledgement, ClientId, Packet};
use causeway_ibc_evm::{Account, SeenOn, SendError, Sent, TrackError, Tracker};
use causeway_relayer::EventKind;
use causeway_types::{ChainId, Timestamp};
use clap::Args;
use serde::Serialize;

use crate::{
    config::{self, LoadedConfig},
    failure::{Exit, Failure},
    keys::KeyArgs,
    network::{Direction, Side, find_chain, find_route},
    progress::Progress,
};

/// IBC v2 lets no packet live longer.
const LONGEST_TIMEOUT: Duration = Duration::from_hours(24);
/// What is waited beyond the packet's own time: a refund must be proven first.
const REFUND_PATIENCE: Duration = Duration::from_mins(10);

/// The arguments of every command that sends a packet.
#[derive(Debug, Args)]
pub(crate) struct CrossingArgs {
    /// Chain to send from: its name or CAIP-2 id
    #[arg(long, value_name = "CHAIN")]
    from: String,
    /// Chain to send to: its name or CAIP-2 id
    #[arg(long, value_name = "CHAIN")]
    to: String,
    /// The source's client, where several routes lead there
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// How long the destination may take it; afterwards it is refunded (at most 24h)
    #[arg(long, value_name = "TIME", default_value = "10m")]
    timeout: String,
    /// Note to the receiving application
    #[arg(long, default_value = "")]
    memo: String,
    /// Return as soon as it is sent
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    key: KeyArgs,
}

/// A crossing whose every argument was found good; nothing is sent yet.
pub(crate) struct Crossing {
    pub(crate) source: Side,
    pub(crate) destination: Side,
    pub(crate) direction: Direction,
    pub(crate) account: Account,
    pub(crate) memo: String,
    timeout: Duration,
    no_wait: bool,
}

impl CrossingArgs {
    /// The destination, before anything is asked over the network.
    pub(crate) fn destination(&self, loaded: &LoadedConfig) -> Result<ChainId, Failure> {
        Ok(find_chain(&loaded.config, "--to", &self.to)?.id.clone())
    }

    /// Checks everything that can be checked, cheapest first, and connects.
    pub(crate) async fn open(&self, loaded: &LoadedConfig) -> Result<Crossing, Failure> {
        let config = &loaded.config;
        let from = find_chain(config, "--from", &self.from)?;
        let to = find_chain(config, "--to", &self.to)?;
        let timeout = parse_timeout(&self.timeout)?;
        let client = self.client.as_deref().map(parse_client).transpose()?;
        let direction = find_route(config, &loaded.path, from, to, client.as_ref())?;
        let key = self.key.open()?;
        let (source, destination) =
            tokio::try_join!(Side::open(config, from), Side::open(config, to))?;
        let account = source.account(key);
        let (memo, no_wait) = (self.memo.clone(), self.no_wait);
        Ok(Crossing {
            source,
            destination,
            direction,
            account,
            memo,
            timeout,
            no_wait,
        })
    }
}

/// Reads the configuration for a command that sends.
pub(crate) fn load(path: &Path) -> Result<LoadedConfig, Failure> {
    Ok(config::load(path)?)
}

fn parse_client(text: &str) -> Result<ClientId, Failure> {
    text.parse().map_err(|error| {
        Failure::usage(
            "--client",
            error,
            "use the client's id as `causeway status` shows it",
        )
    })
}

fn parse_timeout(text: &str) -> Result<Duration, Failure> {
    let refuse = |message: String, remedy: &str| Err(Failure::usage("--timeout", message, remedy));
    match humantime::parse_duration(text) {
        Err(_) => refuse(
            format!("{text:?} is no duration"),
            "write a number with its unit, such as 10m or 2h",
        ),
        Ok(timeout) if timeout > LONGEST_TIMEOUT => refuse(
            format!("{text} is more than the 24 hours that IBC v2 allows"),
            "choose 24h or less",
        ),
        Ok(timeout) if timeout < Duration::from_secs(1) => refuse(
            format!("{text} is over before anything can arrive"),
            "choose at least 1s",
        ),
        Ok(timeout) => Ok(timeout),
    }
}

/// A step of a crossing.
#[derive(Serialize)]
pub(crate) struct Step {
    event: &'static str,
    chain: ChainId,
    #[serde(skip_serializing_if = "Option::is_none")]
    tx: Option<B256>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gas: Option<u64>,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Bytes>,
    #[serde(skip)]
    label: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<13} {:<8} {:>6.1} s",
            self.event, self.label, self.seconds
        )?;
        if let Some(gas) = self.gas {
            write!(f, "  {gas:>9} gas")?;
        }
        if let Some(tx) = self.tx {
            write!(f, "  {tx}")?;
        }
        self.result
            .as_ref()
            .map_or(Ok(()), |result| write!(f, "\n{:<13} {result}", "result"))
    }
}

impl Crossing {
    /// When the packet is to time out. Idle chains stand still, so the later of the source's last
    /// block and the wall clock counts.
    pub(crate) async fn deadline(&self) -> Result<Timestamp, Failure> {
        let head = self
            .source
            .chain
            .head()
            .await
            .map_err(|error| chain_failure(&error))?;
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        Ok(Timestamp::from_secs(head.timestamp.as_secs().max(wall))
            .plus_secs(self.timeout.as_secs()))
    }

    /// Sends, and watches the packet until its sender knows what became of it. `read` makes the
    /// application's own result of a successful acknowledgement.
    pub(crate) async fn carry_out(
        &self,
        progress: &Progress,
        broadcast: impl AsyncFnOnce() -> Result<Sent, SendError>,
        read: impl Fn(&[Bytes]) -> Option<Bytes>,
        explain: impl Fn(SendError) -> Failure,
    ) -> Result<(), Failure> {
        let begin = |side: &Side| {
            let (chain, router) = (side.chain.clone(), side.contracts.router);
            async move {
                Tracker::begin(&chain, router)
                    .await
                    .map_err(|error| chain_failure(&error))
            }
        };
        let (on_source, on_destination) =
            tokio::try_join!(begin(&self.source), begin(&self.destination))?;
        progress.waiting(format!("sending on {}", self.source.label));
        let started = Instant::now();
        let sent = broadcast().await.map_err(explain)?;
        let watch = Watch {
            crossing: self,
            progress,
            started,
            packet: &sent.packet,
        };
        watch.step(
            "sent",
            &self.source,
            Some((sent.tx, sent.height, sent.gas_used)),
            None,
        );
        if self.no_wait {
            return Ok(());
        }
        watch
            .until_known(&sent, &on_source, &on_destination, read)
            .await
    }
}

struct Watch<'a> {
    crossing: &'a Crossing,
    progress: &'a Progress,
    started: Instant,
    packet: &'a Packet,
}

impl Watch<'_> {
    fn step(
        &self,
        event: &'static str,
        side: &Side,
        seen: Option<(B256, u64, u64)>,
        result: Option<Bytes>,
    ) {
        self.progress.step(&Step {
            event,
            chain: side.chain.id().clone(),
            tx: seen.map(|(tx, _, _)| tx),
            height: seen.map(|(_, height, _)| height),
            gas: seen.map(|(_, _, gas)| gas),
            seconds: (self.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
            sequence: (event == "sent").then(|| self.packet.sequence.get()),
            result,
            label: side.label.clone(),
        });
    }

    async fn until_known(
        &self,
        sent: &Sent,
        on_source: &Tracker,
        on_destination: &Tracker,
        read: impl Fn(&[Bytes]) -> Option<Bytes>,
    ) -> Result<(), Failure> {
        let Crossing {
            source,
            destination,
            timeout,
            ..
        } = self.crossing;
        let patience = *timeout + REFUND_PATIENCE;
        let finality = wait_final(&source.chain, sent.height);
        let received = on_destination.received(self.packet, patience);
        let concluded = on_source.concluded(self.packet, patience);
        tokio::pin!(finality, received, concluded);
        let (mut is_final, mut is_received) = (false, false);
        self.progress
            .waiting(format!("until {} calls it final", source.label));
        let conclusion = loop {
            tokio::select! {
                () = &mut finality, if !is_final && !is_received => {
                    is_final = true;
                    self.step("final", source, None, None);
                    self.progress.waiting(format!("for delivery on {}", destination.label));
                }
                seen = &mut received, if !is_received => {
                    is_received = true;
                    if let Ok(seen) = seen {
                        self.step("delivered", destination, Some(place(&seen)), None);
                        self.progress.waiting(format!("for the acknowledgement on {}", source.label));
                    }
                }
                seen = &mut concluded => break seen,
            }
        };
        let conclusion = conclusion.map_err(|error| self.unknown(&error))?;
        self.conclude(&conclusion, read)
    }

    fn conclude(
        &self,
        conclusion: &SeenOn,
        read: impl Fn(&[Bytes]) -> Option<Bytes>,
    ) -> Result<(), Failure> {
        let source = &self.crossing.source;
        let refused = Acknowledgement::universal_error();
        match &conclusion.kind {
            EventKind::Acknowledged { acks } if acks != refused.app_acknowledgements() => {
                self.step("acknowledged", source, Some(place(conclusion)), read(acks));
                Ok(())
            }
            EventKind::Acknowledged { .. } => {
                self.step("refunded", source, Some(place(conclusion)), None);
                let label = &self.crossing.destination.label;
                Err(Failure::new(
                    Exit::NotDelivered,
                    "refused",
                    format!("the application on {label} refused it, and what was sent is refunded"),
                )
                .remedy("check the receiver or the call; the destination's transaction shows why"))
            }
            _ => {
                self.step("refunded", source, Some(place(conclusion)), None);
                let time = humantime::format_duration(self.crossing.timeout);
                Err(Failure::new(
                    Exit::NotDelivered,
                    "timed-out",
                    format!("it was not delivered within {time}, and what was sent is refunded"),
                )
                .remedy("see `causeway status` for what held it up, then send again"))
            }
        }
    }

    fn unknown(&self, error: &TrackError) -> Failure {
        let (client, sequence) = (&self.packet.source_client, self.packet.sequence);
        Failure::new(
            Exit::NotDelivered,
            "unknown",
            format!("packet {sequence} of {client} is sent, but what became of it is not known: {error}"),
        )
        .remedy(format!(
            "it will still be delivered or refunded; look with `causeway packets show {}/{client}/{sequence}`",
            self.crossing.source.chain.id()
        ))
    }
}

fn place(seen: &SeenOn) -> (B256, u64, u64) {
    (seen.tx, seen.height, seen.gas_used)
}

/// Waits until the chain calls this height final. A chain that does not answer is asked again: this
/// only informs, the outcome is watched for elsewhere.
async fn wait_final(chain: &EvmChain, height: u64) {
    let mut heads = chain.watch_head();
    loop {
        heads.borrow_and_update();
        if chain
            .final_block()
            .await
            .is_ok_and(|block| block.height >= height)
        {
            return;
        }
        let _ = tokio::time::timeout(Duration::from_secs(1), heads.changed()).await;
    }
}

/// A chain that could not be asked.
pub(crate) fn chain_failure(error: &dyn std::error::Error) -> Failure {
    Failure::failed("chain", error).remedy("check that the endpoints are reachable, and try again")
}

/// Why nothing was sent, in the words of the command line.
pub(crate) fn send_failure(error: &SendError) -> Failure {
    match error {
        SendError::UnknownToken { .. } => Failure::usage(
            "--token",
            error,
            "check the address and the chain; the chain's own coin is called native",
        ),
        SendError::AmountAboveBalance { .. } => Failure::usage("--amount", error, "send less"),
        SendError::Refused { .. } => Failure::failed("refused", error)
            .remedy("nothing was sent; the reason is the contract's own"),
        SendError::NotMined { .. } | SendError::NoPacket(_) => {
            Failure::new(Exit::NotDelivered, "unknown", error)
        }
        _ => chain_failure(error),
    }
}
