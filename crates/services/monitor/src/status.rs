//! What a monitor knows, for people and for alerts.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use causeway_engine::UnixMillis;
use causeway_relayer::Route;
use serde::{Deserialize, Serialize};

/// The most changes that are kept for people to look at.
const CHANGES: usize = 32;

/// A monitor at one moment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct MonitorStatus {
    /// Every route that is watched.
    pub routes: Vec<GuardedRoute>,
}

/// A route as the monitor sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GuardedRoute {
    /// The route.
    pub route: Route,
    /// The heights at which both ends were compared last.
    pub compared: Option<(u64, u64)>,
    /// When that was, in milliseconds since the Unix epoch.
    pub compared_at: Option<UnixMillis>,
    /// Why the ends cannot be compared, if they cannot.
    pub blind: Option<String>,
    /// Since when, in milliseconds since the Unix epoch.
    pub blind_since: Option<UnixMillis>,
    /// Whether that is for longer than the monitor's patience.
    pub is_blind_for_long: bool,
    /// How many tokens are watched.
    pub assets: usize,
    /// How many packets are not over.
    pub open_packets: usize,
    /// Why the route was ordered to pause; empty when there is no incident.
    pub incident: Vec<String>,
    /// What is wrong and no reason to pause.
    pub warnings: Vec<String>,
    /// Which light clients are frozen.
    pub frozen: Vec<String>,
    /// Which contracts are paused.
    pub paused: Vec<String>,
    /// Tokens of which much has left lately.
    pub outflows: Vec<String>,
    /// Why an order to pause could not be carried out, if it could not.
    pub pause_problem: Option<String>,
    /// Changes of code, roles, clients and pauses since the monitor started, the newest last.
    pub changes: Vec<SeenChange>,
}

/// A change of what a route rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenChange {
    /// What happened, where.
    pub what: String,
    /// When the monitor saw it, in milliseconds since the Unix epoch.
    pub seen_at: UnixMillis,
}

/// Where a watcher notes what it knows.
#[derive(Clone)]
pub(crate) struct RouteWatch(Arc<Mutex<GuardedRoute>>);

impl RouteWatch {
    pub(crate) fn new(route: Route) -> Self {
        Self(Arc::new(Mutex::new(GuardedRoute {
            route,
            compared: None,
            compared_at: None,
            blind: None,
            blind_since: None,
            is_blind_for_long: false,
            assets: 0,
            open_packets: 0,
            incident: Vec::new(),
            warnings: Vec::new(),
            frozen: Vec::new(),
            paused: Vec::new(),
            outflows: Vec::new(),
            pause_problem: None,
            changes: Vec::new(),
        })))
    }

    pub(crate) fn note(&self) -> MutexGuard<'_, GuardedRoute> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn status(&self) -> GuardedRoute {
        self.note().clone()
    }

    /// The ends could not be compared; says since when.
    pub(crate) fn blind(&self, why: &str, now: UnixMillis) -> UnixMillis {
        let mut route = self.note();
        route.blind = Some(why.to_owned());
        *route.blind_since.get_or_insert(now)
    }
}

impl GuardedRoute {
    pub(crate) fn changed(&mut self, what: String, seen_at: UnixMillis) {
        if self.changes.len() == CHANGES {
            self.changes.remove(0);
        }
        self.changes.push(SeenChange { what, seen_at });
    }
}
