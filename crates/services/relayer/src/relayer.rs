//! The relayer as a whole.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use causeway_engine::{Engine, EngineError, Machine};
use causeway_types::ChainId;
use thiserror::Error;
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{
    attestations::Committees,
    carrier::Carrier,
    clock::Clock,
    host::HostError,
    leadership::Leadership,
    observer::{Observer, last_reading},
    overdue::{self, OverdueWatch},
    packet::{PacketMachine, lane},
    prosecutor::{Archive, Prosecutor},
    route::{ClientEnd, Route, Routes},
    status::{ChainWatch, LaneStatus, LaneWatch, RelayerStatus, RouteStatus},
};

/// How long what has ended stays in the database for people to look at. Packets stay for ever.
const KEEP: Duration = Duration::from_hours(7 * 24);

/// How long to wait before beginning is tried again.
const BEGIN_AGAIN: Duration = Duration::from_secs(1);

/// How often the database is swept, and how many rows of a sort go at once, so that nobody waits
/// long for the database.
const SWEEP: Duration = Duration::from_mins(10);
const SWEEP_ROWS: usize = 500;
const SWEEP_PAUSE: Duration = Duration::from_secs(1);

/// How a relayer works.
#[derive(Clone, Debug)]
pub struct RelayerConfig {
    /// Messages in one batch, at most.
    pub batch: usize,
    /// Batches in flight per light client, at most.
    pub in_flight: usize,
    /// Names this relayer among those that share its database: two that run at once must not have
    /// the same name. The same name after a restart takes up its own work at once.
    pub owner: String,
    /// A packet that has not come to its end after this long is an alarm.
    pub overdue_after: Duration,
    /// The directory in which evidence against attestors is kept, one file each; without one, it is
    /// only submitted.
    pub evidence: Option<std::path::PathBuf>,
}

impl Default for RelayerConfig {
    fn default() -> Self {
        Self {
            batch: 50,
            in_flight: 8,
            owner: "relayer".to_owned(),
            overdue_after: Duration::from_mins(10),
            evidence: None,
        }
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

impl RelayerError {
    /// Whether beginning again may help.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Engine(error) => error.is_transient(),
            Self::Host(error) => error.retry,
            Self::Crashed => false,
        }
    }
}

/// Serves any number of routes.
pub struct Relayer {
    engine: Engine,
    routes: Arc<Routes>,
    committees: Committees,
    config: RelayerConfig,
    clock: Clock,
    chains: BTreeMap<ChainId, ChainWatch>,
    lanes: BTreeMap<ClientEnd, LaneWatch>,
    overdue: OverdueWatch,
}

impl Relayer {
    /// A relayer over these routes, with its state in the engine's database.
    pub fn new(
        engine: Engine,
        routes: Routes,
        committees: Committees,
        config: RelayerConfig,
    ) -> Self {
        let chains = routes
            .hosts()
            .map(|host| (host.chain().clone(), ChainWatch::default()))
            .collect();
        let lanes = routes
            .ends()
            .map(|(end, _)| (end.clone(), LaneWatch::default()))
            .collect();
        let clock = Clock::default();
        Self {
            engine,
            routes: Arc::new(routes),
            committees,
            config,
            clock,
            chains,
            lanes,
            overdue: OverdueWatch::default(),
        }
    }

    /// The same relayer by another clock.
    #[cfg(test)]
    pub(crate) fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Relays until stopped, then finishes what is in flight.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), RelayerError> {
        let Some((observers, carriers)) = self.begin_sometime(&stop).await? else {
            return Ok(());
        };
        let mut parts: JoinSet<Result<(), RelayerError>> = JoinSet::new();
        for observer in observers {
            parts.spawn(observer.run(stop.clone()));
        }
        for carrier in carriers {
            parts.spawn(Arc::new(carrier).run(stop.clone()));
        }
        parts.spawn(overdue::watch(
            self.engine.clone(),
            self.clock.clone(),
            self.config.overdue_after,
            self.overdue.clone(),
            stop.clone(),
        ));
        if let Some(incoming) = self.committees.contradictions().take_evidence() {
            let prosecutor = Prosecutor {
                routes: self.routes.clone(),
                archive: self.config.evidence.clone().map(Archive::new),
                incoming,
            };
            parts.spawn(prosecutor.run(stop.clone()));
        }
        parts.spawn(sweep(self.engine.clone(), self.clock.clone(), stop.clone()));
        let mut outcome = Ok(());
        while let Some(ended) = parts.join_next().await {
            let ended = ended
                .map_err(|_| RelayerError::Crashed)
                .and_then(|part| part);
            if ended.is_err() {
                stop.cancel();
                outcome = outcome.and(ended);
            }
        }
        // Whoever shares the database need not wait for terms and claims to run out.
        for host in self.routes.hosts() {
            host.stand_down().await;
        }
        if let Err(error) = self.engine.release(&self.config.owner).await {
            warn!(%error, "claims are left to run out");
        }
        outcome
    }

    /// Begins as soon as the database can be used; `None` if stopped before.
    async fn begin_sometime(
        &self,
        stop: &CancellationToken,
    ) -> Result<Option<(Vec<Observer>, Vec<Carrier>)>, RelayerError> {
        loop {
            match self.begin().await {
                Ok(begun) => return Ok(Some(begun)),
                Err(error) if error.passes() => {
                    warn!(%error, "cannot begin");
                    tokio::select! {
                        () = stop.cancelled() => return Ok(None),
                        () = tokio::time::sleep(BEGIN_AGAIN) => {}
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes up the work where the database says it stands: an observer for every chain, a carrier
    /// for every light client.
    pub(crate) async fn begin(&self) -> Result<(Vec<Observer>, Vec<Carrier>), RelayerError> {
        self.engine.release(&self.config.owner).await?;
        let (mut observers, mut finals) = (Vec::new(), BTreeMap::new());
        for host in self.routes.hosts() {
            let known = last_reading(&self.engine, host.chain()).await?;
            let (sender, receiver) = watch::channel(known);
            finals.insert(host.chain().clone(), receiver);
            observers.push(Observer {
                engine: self.engine.clone(),
                leadership: Leadership::by_clock(
                    self.engine.clone(),
                    format!("observe/{}", host.chain()),
                    self.config.owner.clone(),
                    self.clock.clone(),
                ),
                host: host.clone(),
                routes: self.routes.clone(),
                clock: self.clock.clone(),
                final_block: sender,
                chain: self.chains.get(host.chain()).cloned().unwrap_or_default(),
            });
        }
        let mut carriers = Vec::new();
        for (end, there) in self.routes.ends() {
            let (Some(host), Some(counterparty)) =
                (self.routes.host(&end.chain), finals.get(&there.chain))
            else {
                continue;
            };
            carriers.push(Carrier {
                engine: self.engine.clone(),
                host: host.clone(),
                clock: self.clock.clone(),
                end: end.clone(),
                counterparty_chain: there.chain.clone(),
                counterparty: counterparty.clone(),
                committees: self.committees.clone(),
                config: self.config.clone(),
                lane: self.lanes.get(end).cloned().unwrap_or_default(),
                client: Mutex::new(None),
            });
        }
        Ok((observers, carriers))
    }

    /// What the relayer is doing now.
    pub async fn status(&self) -> Result<RelayerStatus, EngineError> {
        let waiting: BTreeMap<String, u64> = self
            .engine
            .lanes()
            .await?
            .into_iter()
            .map(|lane| (lane.lane, lane.open))
            .collect();
        let routes = self.routes.routes().iter();
        Ok(RelayerStatus {
            contradictions: self.committees.contradictions().told(),
            chains: self
                .chains
                .iter()
                .map(|(chain, watch)| watch.status(chain))
                .collect(),
            routes: routes
                .map(|route| self.route_status(route, &waiting))
                .collect(),
            packets: self
                .engine
                .counts(PacketMachine::KIND)
                .await?
                .into_iter()
                .collect(),
            overdue: self.overdue.get(),
        })
    }

    fn route_status(&self, route: &Route, waiting: &BTreeMap<String, u64>) -> RouteStatus {
        let lane_status = |end: &ClientEnd| {
            let waiting = waiting.get(&lane(end)).copied().unwrap_or(0);
            // What nobody waits for any more is no problem any more.
            let watch = self.lanes.get(end).filter(|_| waiting > 0);
            LaneStatus {
                client: end.clone(),
                waiting,
                problem: watch.and_then(LaneWatch::problem),
            }
        };
        RouteStatus {
            route: route.clone(),
            lanes: vec![lane_status(&route.a), lane_status(&route.b)],
        }
    }
}

/// Removes from the database what ended long ago and nothing needs any more.
async fn sweep(engine: Engine, clock: Clock, stop: CancellationToken) -> Result<(), RelayerError> {
    let mut pause = SWEEP_PAUSE;
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(pause) => {}
        }
        pause = match engine.prune(clock.now().minus(KEEP), SWEEP_ROWS).await {
            Ok(pruned) => {
                debug!(?pruned, "swept the database");
                if pruned.more { SWEEP_PAUSE } else { SWEEP }
            }
            Err(error) if error.is_transient() => {
                warn!(%error, "the database could not be swept");
                SWEEP
            }
            Err(error) => return Err(error.into()),
        };
    }
}
