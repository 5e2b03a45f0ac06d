//! What every command that sends a packet shares: its arguments, and sending.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use alloy::primitives::Bytes;
use causeway_ibc::ClientId;
use causeway_ibc_evm::{Account, SendError, Sent, Tracker};
use causeway_types::{ChainId, Timestamp};
use clap::Args;

use super::watch::Watch;
use crate::{
    config::LoadedConfig,
    failure::{Exit, Failure, chain_of},
    keys::KeyArgs,
    network::{Direction, Side, find_chain, find_route},
    progress::Progress,
};

/// IBC v2 lets no packet live longer.
const LONGEST_TIMEOUT: Duration = Duration::from_hours(24);

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
    pub(super) timeout: Duration,
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
        // Not the faster of two failures, but the source's: the same mistake gets the same answer.
        let (source, destination) = tokio::join!(Side::open(config, from), Side::open(config, to));
        let (source, destination) = (source?, destination?);
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

/// A chain that could not be asked.
pub(crate) fn chain_failure(error: &dyn std::error::Error) -> Failure {
    Failure::failed("chain", chain_of(error))
        .remedy("check that the endpoints are reachable, and try again")
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
