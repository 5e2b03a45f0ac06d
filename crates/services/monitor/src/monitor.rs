//! The monitor as a whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use alloy::primitives::Address;
use causeway_engine::{Engine, EngineError};
use causeway_evm::EvmChain;
use causeway_ibc_evm::{IbcContracts, SharedLane};
use causeway_relayer::{ClientEnd, Route};
use causeway_types::ChainId;
use thiserror::Error;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    asset::Ends,
    outflow::OutflowLimit,
    pauser::Pauser,
    reader::{EndReader, ReadError},
    status::{MonitorStatus, RouteWatch},
    watcher::RouteWatcher,
};

/// How a monitor judges.
#[derive(Clone, Debug)]
pub struct MonitorConfig {
    /// How long a route may be unreadable before that counts as a failure.
    pub patience: Duration,
    /// Whether a route that cannot be read for so long is paused.
    pub pause_when_blind: bool,
    /// The tokens, by chain and address, whose shortfall pauses a route. Of others it is only told:
    /// a stranger's token can say what it likes about the escrow's balance. All tokens if `None`.
    pub tokens: Option<BTreeSet<(ChainId, Address)>>,
    /// What counts as an unusual outflow; nothing if `None`.
    pub outflow: Option<OutflowLimit>,
    /// Names this monitor among those that share its database.
    pub owner: String,
}

impl Default for MonitorConfig {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(60),
            pause_when_blind: false,
            tokens: None,
            outflow: Some(OutflowLimit {
                window: Duration::from_secs(3600),
                percent: 50,
            }),
            owner: "monitor".to_owned(),
        }
    }
}

/// A chain that a monitor watches, through endpoints of its own.
#[derive(Clone)]
pub struct WatchedChain {
    /// The chain.
    pub chain: EvmChain,
    /// The contracts on it.
    pub contracts: IbcContracts,
    /// The height from which packets are read at first: no packet may be older.
    pub start: u64,
    /// Where transactions that pause are sent; `None` if the monitor only tells.
    pub lane: Option<Arc<SharedLane>>,
}

/// Why a monitor cannot begin, or stopped.
#[derive(Debug, Error)]
pub enum MonitorError {
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A chain cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A route names a chain that is not watched.
    #[error("the chain {0} of a route is not watched")]
    UnknownChain(ChainId),
    /// A part of the monitor ended by a defect of its own.
    #[error("a part of the monitor crashed; its log says where")]
    Crashed,
}

/// Watches any number of routes.
pub struct Monitor {
    engine: Engine,
    chains: BTreeMap<ChainId, WatchedChain>,
    routes: Vec<(Route, RouteWatch)>,
    config: MonitorConfig,
}

impl Monitor {
    /// A monitor over these routes, with its state in the engine's database.
    pub fn new(
        engine: Engine,
        chains: Vec<WatchedChain>,
        routes: Vec<Route>,
        config: MonitorConfig,
    ) -> Result<Self, MonitorError> {
        let chains: BTreeMap<_, _> = chains
            .into_iter()
            .map(|watched| (watched.chain.id().clone(), watched))
            .collect();
        for end in routes.iter().flat_map(|route| [&route.a, &route.b]) {
            if !chains.contains_key(&end.chain) {
                return Err(MonitorError::UnknownChain(end.chain.clone()));
            }
        }
        let routes = routes
            .into_iter()
            .map(|route| (route.clone(), RouteWatch::new(route)))
            .collect();
        Ok(Self {
            engine,
            chains,
            routes,
            config,
        })
    }

    /// Watches until stopped.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), MonitorError> {
        self.engine.release(&self.config.owner).await?;
        let mut parts: JoinSet<Result<(), MonitorError>> = JoinSet::new();
        for (route, watch) in &self.routes {
            let (watcher, stop) = (self.watcher(route, watch), stop.clone());
            parts.spawn(async move { Ok(watcher.run(stop).await?) });
        }
        for watched in self.chains.values() {
            let (pauser, stop) = (self.pauser(watched), stop.clone());
            parts.spawn(async move { Ok(pauser.run(stop).await?) });
        }
        let mut outcome = Ok(());
        while let Some(ended) = parts.join_next().await {
            let ended = ended
                .map_err(|_| MonitorError::Crashed)
                .and_then(|part| part);
            if ended.is_err() {
                stop.cancel();
                outcome = outcome.and(ended);
            }
        }
        if let Err(error) = self.engine.release(&self.config.owner).await {
            warn!(%error, "claims are left to run out");
        }
        outcome
    }

    fn watcher(&self, route: &Route, watch: &RouteWatch) -> RouteWatcher {
        let end = |end: &ClientEnd| {
            let watched = &self.chains[&end.chain];
            let client = end.client.clone();
            EndReader::new(watched.chain.clone(), watched.contracts, client)
        };
        let start = |end: &ClientEnd| self.chains[&end.chain].start;
        RouteWatcher {
            engine: self.engine.clone(),
            name: route_name(route),
            ends: Ends {
                a: end(&route.a),
                b: end(&route.b),
            },
            start: Ends {
                a: start(&route.a),
                b: start(&route.b),
            },
            config: self.config.clone(),
            watch: watch.clone(),
        }
    }

    fn pauser(&self, watched: &WatchedChain) -> Pauser {
        let id = watched.chain.id();
        let of_chain = |route: &Route| [&route.a, &route.b].iter().any(|end| end.chain == *id);
        let routes = self.routes.iter().filter(|(route, _)| of_chain(route));
        Pauser {
            engine: self.engine.clone(),
            chain: watched.chain.clone(),
            lane: watched.lane.clone(),
            owner: self.config.owner.clone(),
            routes: routes
                .map(|(route, watch)| (route_name(route), watch.clone()))
                .collect(),
        }
    }

    /// Whether every route was compared at least once.
    pub fn is_ready(&self) -> bool {
        self.routes
            .iter()
            .all(|(_, watch)| watch.note().compared.is_some())
    }

    /// What the monitor knows now.
    pub fn status(&self) -> MonitorStatus {
        let routes = self.routes.iter();
        MonitorStatus {
            routes: routes.map(|(_, watch)| watch.status()).collect(),
        }
    }
}

/// Names a route in the store.
fn route_name(route: &Route) -> String {
    format!("{}~{}", route.a, route.b)
}
