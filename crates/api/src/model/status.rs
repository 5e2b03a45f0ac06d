use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Alert, AttestorReport, Chain, MonitorReport, Route, SwapsReport};

/// A node at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NodeStatus {
    /// The program's version.
    pub version: String,
    /// Seconds since the node started.
    pub uptime_seconds: u64,
    /// Whether it relays.
    pub relays: bool,
    /// Its swaps, if it swaps.
    pub swaps: Option<SwapsReport>,
    /// The address it attests with, if it attests.
    pub attests_as: Option<String>,
    /// The chains it follows.
    pub chains: Vec<Chain>,
    /// The routes it serves.
    pub routes: Vec<Route>,
    /// The attestors its relayer asks.
    pub attestors: Vec<AttestorReport>,
    /// The alerts that fire.
    pub alerts: Vec<Alert>,
    /// What its monitor knows, if it watches.
    pub monitor: Option<MonitorReport>,
    /// Packets by status.
    pub packets: BTreeMap<String, u64>,
    /// What may mean that money is being stolen.
    pub alarms: Vec<String>,
    /// What keeps something from moving, most urgent first; empty when all is well.
    pub problems: Vec<String>,
}
