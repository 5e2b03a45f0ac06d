//! What a node says of itself at `/v1/status`, and how `causeway status` shows it.

use std::{collections::BTreeMap, fmt, time::Duration};

use causeway_alerts::Condition;
use causeway_monitor::{GuardedRoute, MonitorStatus};
use causeway_swap::Amount;
use causeway_swap_service::SwapsStatus;
use causeway_types::{AssetId, ChainId};
use serde::{Deserialize, Serialize};

/// A node at one moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NodeStatus {
    /// The program's version.
    pub(crate) version: String,
    /// Seconds since the node started.
    pub(crate) uptime_seconds: u64,
    /// Whether it relays.
    pub(crate) relays: bool,
    /// The address it attests with, if it attests.
    pub(crate) attests_as: Option<String>,
    /// The chains it follows.
    pub(crate) chains: Vec<ChainReport>,
    /// The routes it serves.
    pub(crate) routes: Vec<RouteReport>,
    /// The attestors its relayer asks.
    pub(crate) attestors: Vec<AttestorReport>,
    /// The alerts that fire.
    #[serde(default)]
    pub(crate) alerts: Vec<Condition>,
    /// What its monitor knows, if it watches.
    #[serde(default)]
    pub(crate) monitor: Option<MonitorStatus>,
    /// Packets by phase.
    pub(crate) packets: BTreeMap<String, u64>,
    /// Its swaps, if it swaps.
    #[serde(default)]
    pub(crate) swaps: Option<SwapsReport>,
    /// What may mean that money is being stolen.
    #[serde(default)]
    pub(crate) alarms: Vec<String>,
    /// What keeps something from moving, most urgent first; empty when all is well.
    pub(crate) problems: Vec<String>,
}

/// A chain as the node sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ChainReport {
    pub(crate) id: ChainId,
    pub(crate) name: Option<String>,
    pub(crate) head: Option<u64>,
    pub(crate) final_height: Option<u64>,
    /// Blocks between the head and the newest final block.
    pub(crate) lag: Option<u64>,
    /// The rule that makes a block final.
    pub(crate) finality: String,
    /// How many endpoints must agree before anything is signed.
    pub(crate) agreement: usize,
    pub(crate) endpoints: Vec<EndpointReport>,
    /// What it said last that cannot be true with what is known.
    #[serde(default)]
    pub(crate) contradiction: Option<String>,
    pub(crate) problem: Option<String>,
}

/// One endpoint, without its credentials.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EndpointReport {
    pub(crate) url: String,
    pub(crate) healthy: bool,
    pub(crate) head: Option<u64>,
    pub(crate) latency_ms: Option<u64>,
    pub(crate) problem: Option<String>,
}

/// A route: its two light clients.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RouteReport {
    pub(crate) clients: Vec<ClientReport>,
}

/// One light client, what it asks one to believe, and how messages toward it fare.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ClientReport {
    pub(crate) chain: ChainId,
    pub(crate) client: String,
    /// The kind of light client.
    pub(crate) kind: String,
    /// What must be trusted for it to be right, in one line.
    pub(crate) trust: String,
    /// How many attestors must sign.
    pub(crate) threshold: u8,
    /// Who may sign.
    pub(crate) members: Vec<String>,
    /// Which set of attestors that is; 0 if it cannot be replaced.
    #[serde(default)]
    pub(crate) set_number: u64,
    /// Whether misbehaviour was proven, so that it believes nothing any more.
    #[serde(default)]
    pub(crate) frozen: bool,
    /// How many of them answer this node; unknown where it asks none.
    pub(crate) reachable: Option<usize>,
    /// Messages that have not arrived yet.
    pub(crate) waiting: u64,
    /// Why nothing moves, if nothing does.
    pub(crate) problem: Option<String>,
}

/// An attestor as the node reaches it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AttestorReport {
    pub(crate) url: String,
    pub(crate) address: Option<String>,
    /// The light clients it signs for.
    pub(crate) clients: Vec<String>,
    pub(crate) problem: Option<String>,
}

/// The swaps of a node, what there is to swap with, and what is offered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SwapsReport {
    /// The key that other parties know us by.
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) status: SwapsStatus,
    pub(crate) wallets: Vec<WalletReport>,
    /// Empty where nothing is offered.
    pub(crate) offers: Vec<OfferReport>,
}

/// What there is of an asset.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WalletReport {
    pub(crate) chain: ChainId,
    pub(crate) asset: AssetId,
    /// Where it is sent to.
    pub(crate) address: Option<String>,
    /// What can be locked, in smallest units, fees left out; unknown until the chain has answered.
    pub(crate) balance: Option<Amount>,
    /// The same in whole units.
    pub(crate) shown: Option<String>,
    pub(crate) problem: Option<String>,
}

/// What is offered, in smallest units of what is given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OfferReport {
    pub(crate) gives: AssetId,
    pub(crate) wants: AssetId,
    /// What a whole unit costs now, in whole units; unknown until its source has answered.
    pub(crate) price: Option<String>,
    pub(crate) least: Amount,
    pub(crate) most: Amount,
    /// The most that may be at stake.
    pub(crate) inventory: Option<Amount>,
    /// Agreed on in swaps and not locked yet.
    pub(crate) promised: Amount,
    /// Agreed on or locked, and neither claimed nor taken back.
    pub(crate) at_stake: Amount,
    /// The limits in whole units.
    pub(crate) shown: String,
    /// What is promised and at stake in whole units.
    pub(crate) stake_shown: String,
    pub(crate) problem: Option<String>,
}

impl fmt::Display for NodeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for alarm in &self.alarms {
            writeln!(f, "ALARM      {alarm}")?;
        }
        let up = humantime::format_duration(Duration::from_secs(self.uptime_seconds));
        write!(f, "node       {}, up {up}", self.version)?;
        if self.relays {
            f.write_str(", relays")?;
        }
        if let Some(address) = &self.attests_as {
            write!(f, ", attests as {address}")?;
        }
        for chain in &self.chains {
            write!(f, "\n\n{chain}")?;
        }
        for route in &self.routes {
            write!(f, "\n\n{route}")?;
        }
        if !self.attestors.is_empty() {
            f.write_str("\n")?;
        }
        for attestor in &self.attestors {
            write!(f, "\nattestor   {attestor}")?;
        }
        if self.relays {
            let phases = self
                .packets
                .iter()
                .map(|(phase, count)| format!("{count} {phase}"));
            let phases: Vec<String> = phases.collect();
            let phases = if phases.is_empty() {
                "none yet".to_owned()
            } else {
                phases.join(", ")
            };
            write!(f, "\n\npackets    {phases}")?;
        }
        let guarded = self.monitor.iter().flat_map(|monitor| &monitor.routes);
        for route in guarded {
            write!(f, "\n\nmonitor    {}", watched(route))?;
        }
        if let Some(swaps) = &self.swaps {
            write!(f, "\n\n{swaps}")?;
        }
        for problem in &self.problems {
            write!(f, "\nproblem    {problem}")?;
        }
        if self.problems.is_empty() && self.alarms.is_empty() {
            f.write_str("\nproblems   none")
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for SwapsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = &self.status;
        let phases = status.phases.iter();
        let phases: Vec<_> = phases
            .map(|(phase, count)| format!("{count} {phase}"))
            .collect();
        let phases = if phases.is_empty() {
            "none yet".to_owned()
        } else {
            phases.join(", ")
        };
        write!(f, "swaps      {phases}")?;
        if status.wards > 0 {
            write!(f, "; {} of others watched over", status.wards)?;
        }
        if !status.leads {
            f.write_str("; another process works on them")?;
        }
        write!(f, "\n           known to others as {}", self.id)?;
        for chain in &status.chains {
            let height =
                |height: Option<u64>| height.map_or("unknown".to_owned(), |h| h.to_string());
            let (head, told) = (height(chain.head), height(chain.told));
            write!(
                f,
                "\n           {}: head {head}, told up to {told}",
                chain.chain
            )?;
            if let Some(age) = chain.told_age_secs {
                write!(f, ", {age} s old")?;
            }
            if let Some(next) = chain.next_expiry {
                write!(f, "; our next lock there expires in {} s", next.seconds)?;
            }
        }
        for wallet in &self.wallets {
            let there = match (&wallet.shown, &wallet.problem) {
                (Some(shown), _) => shown.as_str(),
                (None, Some(problem)) => problem.as_str(),
                (None, None) => "not known yet",
            };
            let address = wallet.address.as_deref().unwrap_or("no address");
            write!(f, "\nwallet     {address}: {there}")?;
        }
        for offer in &self.offers {
            let price = match (&offer.price, &offer.problem) {
                (Some(price), _) => format!("{price} for each"),
                (None, Some(problem)) => format!("not offered: {problem}"),
                (None, None) => "its price is not known yet".to_owned(),
            };
            write!(
                f,
                "\noffer      {}, {price}; {}",
                offer.shown, offer.stake_shown
            )?;
        }
        Ok(())
    }
}

fn watched(route: &GuardedRoute) -> String {
    let ends = format!("{} and {}", route.route.a.chain, route.route.b.chain);
    let paused = if route.paused.is_empty() {
        ""
    } else {
        ", paused"
    };
    match route.compared {
        None => format!("{ends}: not compared yet"),
        Some((a, b)) => {
            let (tokens, packets) = (route.assets, route.open_packets);
            format!(
                "{ends}: compared at {a} and {b}, {tokens} tokens, {packets} packets on their way{paused}"
            )
        }
    }
}

impl fmt::Display for ChainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self
            .name
            .as_ref()
            .map_or(String::new(), |name| format!("{name}, "));
        let height = |height: Option<u64>| height.map_or("unknown".to_owned(), |h| h.to_string());
        let (head, last) = (height(self.head), height(self.final_height));
        write!(f, "chain      {name}{}: head {head}, final {last}", self.id)?;
        if let Some(lag) = self.lag {
            write!(f, " ({lag} behind)")?;
        }
        let (k, n) = (self.agreement, self.endpoints.len());
        write!(
            f,
            "; final by {}; {k} of {n} endpoints must agree",
            self.finality
        )?;
        for endpoint in &self.endpoints {
            let health = if endpoint.healthy {
                "healthy"
            } else {
                "unhealthy"
            };
            write!(f, "\n           {} {health}", endpoint.url)?;
            if let Some(latency) = endpoint.latency_ms {
                write!(f, ", {latency} ms")?;
            }
            if let (false, Some(problem)) = (endpoint.healthy, &endpoint.problem) {
                write!(f, ": {problem}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for RouteReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ends: Vec<&str> = self
            .clients
            .iter()
            .map(|client| client.chain.as_str())
            .collect();
        write!(f, "route      {}", ends.join(" and "))?;
        for client in &self.clients {
            write!(
                f,
                "\n           {} on {}: {}",
                client.client, client.chain, client.kind
            )?;
            if client.frozen {
                f.write_str(", FROZEN")?;
            }
            if let Some(reachable) = client.reachable {
                let n = client.members.len();
                write!(
                    f,
                    ", {reachable} of {n} attestors answer, {} must sign",
                    client.threshold
                )?;
            }
            write!(
                f,
                ", {} waiting\n           trust: {}",
                client.waiting, client.trust
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for AttestorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.address, &self.problem) {
            (Some(address), _) => write!(f, "{} {address}", self.url),
            (None, Some(problem)) => write!(f, "{} does not help: {problem}", self.url),
            (None, None) => f.write_str(&self.url),
        }
    }
}
