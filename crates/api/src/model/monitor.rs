use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{LightClientRef, Time};

impl From<causeway_monitor::MonitorStatus> for MonitorReport {
    fn from(status: causeway_monitor::MonitorStatus) -> Self {
        Self {
            routes: status.routes.into_iter().map(WatchedRoute::from).collect(),
        }
    }
}

impl From<causeway_monitor::GuardedRoute> for WatchedRoute {
    fn from(route: causeway_monitor::GuardedRoute) -> Self {
        let time = |time: causeway_engine::UnixMillis| Time::from_millis(time.as_millis());
        let ends = [route.route.a, route.route.b].map(|end| LightClientRef {
            chain: end.chain,
            client: end.client.to_string(),
        });
        let changes = route.changes.into_iter().map(|change| SeenChange {
            what: change.what,
            seen_at: time(change.seen_at),
        });
        Self {
            ends: ends.into(),
            compared: route.compared.map(Into::into),
            compared_at: route.compared_at.map(time),
            blind: route.blind,
            blind_since: route.blind_since.map(time),
            is_blind_for_long: route.is_blind_for_long,
            assets: route.assets,
            open_packets: route.open_packets,
            incident: route.incident,
            warnings: route.warnings,
            frozen: route.frozen,
            paused: route.paused,
            outflows: route.outflows,
            pause_problem: route.pause_problem,
            changes: changes.collect(),
        }
    }
}

/// What the node's monitor knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MonitorReport {
    /// Every route that is watched.
    pub routes: Vec<WatchedRoute>,
}

/// A route as the monitor sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WatchedRoute {
    /// The light clients at its ends.
    #[schema(min_items = 2, max_items = 2)]
    pub ends: Vec<LightClientRef>,
    /// The heights at which both ends were compared last.
    pub compared: Option<[u64; 2]>,
    /// When that was.
    pub compared_at: Option<Time>,
    /// Why the ends cannot be compared, if they cannot.
    pub blind: Option<String>,
    /// Since when.
    pub blind_since: Option<Time>,
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SeenChange {
    /// What happened, where.
    pub what: String,
    /// When the monitor saw it.
    pub seen_at: Time,
}
