//! A running node: the services that the configuration asks for, over one store and one set of
//! chains. This is the one place where kinds of chains and of services are matched.

mod api;
mod clients;
mod conditions;
mod guard;
mod probe;
mod report;
mod status;
mod swaps;
mod wiring;

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use alloy::primitives::Address;
use causeway_alerts::Alerts;
use causeway_attestor::Attestor;
use causeway_engine::{Engine, UnixMillis};
use causeway_evm::EvmChain;
use causeway_monitor::Monitor;
use causeway_relayer::{ClientEnd, PacketMachine, Relayer};
use causeway_swap_service::SwapService;
use causeway_types::ChainId;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub(crate) use status::Shown;

use self::{
    clients::ClientBook,
    conditions::{Conditions, Limits},
    probe::AttestorProbe,
    swaps::SwapDesk,
};
use crate::{
    config::Config,
    failure::{Failure, chain_of},
    network::client_end,
};

/// How often the node looks for what is wrong.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How long changes are kept for those who ask what they have missed.
const CHANGES_KEPT: Duration = Duration::from_hours(24);
/// How many of them are forgotten in one unit, and how soon there is another.
const CHANGES_AT_ONCE: usize = 5_000;
const TIDY_AGAIN: Duration = Duration::from_secs(60);

/// Everything that runs in the process.
pub(crate) struct Node {
    config: Config,
    started: Instant,
    engine: Engine,
    chains: BTreeMap<ChainId, EvmChain>,
    /// The light client at every end of the routes.
    clients: ClientBook,
    relayer: Option<Arc<Relayer>>,
    attestor: Option<Arc<Attestor>>,
    monitor: Option<Arc<Monitor>>,
    swaps: Option<SwapDesk>,
    alerts: Alerts,
    limits: Limits,
    /// Who pays for transactions, by service.
    signers: Vec<(&'static str, Address)>,
    probe: AttestorProbe,
}

impl Node {
    /// The attestor, if this node attests.
    pub(crate) fn attestor(&self) -> Option<&Arc<Attestor>> {
        self.attestor.as_ref()
    }

    /// The swaps, if this node swaps.
    pub(crate) fn swaps(&self) -> Option<&Arc<SwapService>> {
        self.swaps.as_ref().map(SwapDesk::service)
    }

    /// The chains it follows.
    pub(crate) fn chains(&self) -> impl Iterator<Item = &ChainId> {
        self.chains.keys()
    }

    /// The light clients of its routes.
    pub(crate) fn ends(&self) -> impl Iterator<Item = ClientEnd> {
        self.route_ends().map(|(end, _)| client_end(end))
    }

    /// Why the node cannot do its work yet; empty when it can.
    pub(crate) fn unready(&self) -> Vec<String> {
        let silent = |chain: &&EvmChain| chain.watch_head().borrow().is_none();
        let silent = self.chains.values().filter(silent);
        let mut unready: Vec<String> = silent
            .map(|chain| format!("no block of {} was seen yet", chain.id()))
            .collect();
        if self
            .monitor
            .as_ref()
            .is_some_and(|monitor| !monitor.is_ready())
        {
            unready.push("the monitor has not compared every route yet".to_owned());
        }
        unready
    }

    /// Works until stopped, then finishes what is in flight.
    pub(crate) async fn run(&self, stop: CancellationToken) -> Result<(), Failure> {
        if let Some(attestor) = &self.attestor
            && let Err(error) = attestor.look_for_gaps().await
        {
            warn!(%error, "nothing is attested yet");
        }
        let (relayed, watched, swapped, told, (), ()) = tokio::join!(
            self.relay(&stop),
            self.watch(&stop),
            self.swap(&stop),
            self.tell(&stop),
            self.watch_clients(stop.clone()),
            self.keep_house(&stop)
        );
        self.engine.close().await;
        relayed.and(watched).and(swapped).and(told)
    }

    async fn relay(&self, stop: &CancellationToken) -> Result<(), Failure> {
        let Some(relayer) = &self.relayer else {
            stop.cancelled().await;
            return Ok(());
        };
        let outcome = relayer.run(stop.clone()).await;
        stop.cancel();
        outcome.map_err(|error| failed("relayer", &error))
    }

    async fn watch(&self, stop: &CancellationToken) -> Result<(), Failure> {
        let Some(monitor) = &self.monitor else {
            stop.cancelled().await;
            return Ok(());
        };
        let outcome = monitor.run(stop.clone()).await;
        stop.cancel();
        outcome.map_err(|error| failed("monitor", &error))
    }
}

impl Node {
    async fn swap(&self, stop: &CancellationToken) -> Result<(), Failure> {
        let Some(swaps) = &self.swaps else {
            stop.cancelled().await;
            return Ok(());
        };
        let work = async {
            let outcome = swaps.service().run(stop.clone()).await;
            stop.cancel();
            outcome
        };
        let (outcome, ()) = tokio::join!(work, swaps.keep_asking(stop));
        outcome.map_err(|error| failed("swaps", &error))
    }

    /// Brings an older store up to date, and forgets changes that nobody asks for any more.
    async fn keep_house(&self, stop: &CancellationToken) {
        let work = async {
            match self.engine.retag::<PacketMachine>().await {
                Ok(0) => {}
                Ok(packets) => info!(packets, "packets can be found by what they are about"),
                Err(error) => warn!(%error, "packets cannot be found by what they are about"),
            }
            loop {
                let end = UnixMillis::now().minus(CHANGES_KEPT);
                if let Err(error) = self.engine.prune_feed(end, CHANGES_AT_ONCE).await {
                    warn!(%error, "old changes cannot be forgotten");
                }
                tokio::time::sleep(TIDY_AGAIN).await;
            }
        };
        stop.run_until_cancelled(work).await;
    }

    /// Looks for what is wrong, and tells of it.
    async fn tell(&self, stop: &CancellationToken) -> Result<(), Failure> {
        let mut conditions = Conditions::new(self.limits);
        let look = async {
            loop {
                match self.status().await {
                    Ok(status) => {
                        let found = conditions.look(self, &status).await;
                        if let Err(error) = self.alerts.observe(found).await {
                            warn!(%error, "alerts cannot be kept");
                        }
                    }
                    Err(failure) => warn!(%failure, "the node does not know its own state"),
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let (sent, _) = tokio::join!(
            self.alerts.run(stop.clone()),
            stop.run_until_cancelled(look)
        );
        stop.cancel();
        sent.map_err(|error| failed("alerts", &error))
    }
}

fn failed(service: &'static str, error: &dyn std::error::Error) -> Failure {
    Failure::failed(service, chain_of(error))
        .remedy("the log says what led to it; what was begun is kept and taken up again")
}
