//! The relayer as a whole.

use std::{collections::BTreeMap, sync::Arc};

use causeway_engine::{Engine, EngineError, Machine};
use causeway_types::ChainId;
use thiserror::Error;
use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    attestations::Committees,
    carrier::Carrier,
    host::HostError,
    observer::Observer,
    packet::{PacketMachine, lane},
    route::{ClientEnd, Route, Routes},
    status::{ChainWatch, LaneStatus, LaneWatch, RelayerStatus, RouteStatus},
};

/// How a relayer works.
#[derive(Clone, Debug)]
pub struct RelayerConfig {
    /// Messages in one batch, at most.
    pub batch: usize,
    /// Batches in flight per light client, at most.
    pub in_flight: usize,
    /// Names this relayer among those that share its database. The same name after a restart takes
    /// up its own work at once.
    pub owner: String,
}

impl Default for RelayerConfig {
    fn default() -> Self {
        Self { batch: 50, in_flight: 8, owner: "relayer".to_owned() }
    }
}

/// Why a relayer stopped.
#[derive(Debug, Error)]
pub enum RelayerError {
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A chain did what it must never do.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A part of the relayer ended by a defect of its own.
    #[error("a part of the relayer crashed; its log says where")]
    Crashed,
}

/// Serves any number of routes.
pub struct Relayer {
    engine: Engine,
    routes: Arc<Routes>,
    committees: Committees,
    config: RelayerConfig,
    chains: BTreeMap<ChainId, ChainWatch>,
    lanes: BTreeMap<ClientEnd, LaneWatch>,
}

impl Relayer {
    /// A relayer over these routes, with its state in the engine's database.
    pub fn new(engine: Engine, routes: Routes, committees: Committees, config: RelayerConfig) -> Self {
        let chains =
            routes.hosts().map(|host| (host.chain().clone(), ChainWatch::default())).collect();
        let lanes = routes.ends().map(|(end, _)| (end.clone(), LaneWatch::default())).collect();
        Self { engine, routes: Arc::new(routes), committees, config, chains, lanes }
    }

    /// Relays until stopped, then finishes what is in flight.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), RelayerError> {
        self.engine.release(&self.config.owner).await?;
        let mut parts: JoinSet<Result<(), RelayerError>> = JoinSet::new();
        let mut finals = BTreeMap::new();
        for host in self.routes.hosts() {
            let (sender, receiver) = watch::channel(None);
            finals.insert(host.chain().clone(), receiver);
            let observer = Observer {
                engine: self.engine.clone(),
                host: host.clone(),
                routes: self.routes.clone(),
                final_block: sender,
                chain: self.chains.get(host.chain()).cloned().unwrap_or_default(),
            };
            parts.spawn(observer.run(stop.clone()));
        }
        for (end, there) in self.routes.ends() {
            let (Some(host), Some(counterparty)) =
                (self.routes.host(&end.chain), finals.get(&there.chain))
            else {
                continue;
            };
            let carrier = Carrier {
                engine: self.engine.clone(),
                host: host.clone(),
                end: end.clone(),
                counterparty: counterparty.clone(),
                committees: self.committees.clone(),
                config: self.config.clone(),
                lane: self.lanes.get(end).cloned().unwrap_or_default(),
                client: Mutex::new(None),
            };
            parts.spawn(Arc::new(carrier).run(stop.clone()));
        }
        let mut outcome = Ok(());
        while let Some(ended) = parts.join_next().await {
            let ended = ended.map_err(|_| RelayerError::Crashed).and_then(|part| part);
            if ended.is_err() {
                stop.cancel();
                outcome = outcome.and(ended);
            }
        }
        outcome
    }

    /// What the relayer is doing now.
    pub async fn status(&self) -> Result<RelayerStatus, EngineError> {
        let waiting: BTreeMap<String, u64> =
            self.engine.lanes().await?.into_iter().map(|lane| (lane.lane, lane.open)).collect();
        let routes = self.routes.routes().iter();
        Ok(RelayerStatus {
            chains: self.chains.iter().map(|(chain, watch)| watch.status(chain)).collect(),
            routes: routes.map(|route| self.route_status(route, &waiting)).collect(),
            packets: self.engine.counts(PacketMachine::KIND).await?.into_iter().collect(),
        })
    }

    fn route_status(&self, route: &Route, waiting: &BTreeMap<String, u64>) -> RouteStatus {
        let lane_status = |end: &ClientEnd| LaneStatus {
            client: end.clone(),
            waiting: waiting.get(&lane(end)).copied().unwrap_or(0),
            problem: self.lanes.get(end).and_then(LaneWatch::problem),
        };
        RouteStatus {
            route: route.clone(),
            lanes: vec![lane_status(&route.a), lane_status(&route.b)],
        }
    }
}
