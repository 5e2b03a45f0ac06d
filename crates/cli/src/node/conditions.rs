//! What is wrong with the node and its surroundings, from what it says of itself.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, U256};
use causeway_alerts::{AlertName, Condition};
use causeway_api::model::{Chain, NodeStatus, Time, WatchedRoute};
use causeway_engine::{EffectFilter, Engine, UnixMillis};
use causeway_swap_service::SwapChainStatus;
use causeway_types::ChainId;
use tracing::debug;

use super::{Node, swaps};
use crate::amount::format_amount;

/// How long a change of governance stays an alert.
const CHANGE_LASTS: Duration = Duration::from_hours(1);

/// Balances and backlogs change slowly, and asking costs.
const SLOW: Duration = Duration::from_secs(30);

/// The decimals of the coins that pay for gas on EVM chains.
const COIN_DECIMALS: u8 = 18;

/// From when on something is wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) low_balance: U256,
    pub(super) stuck_after: Duration,
    pub(super) stalled_after: Duration,
}

/// Looks for what is wrong, and remembers what it takes to see that.
pub(super) struct Conditions {
    limits: Limits,
    /// The newest head of every chain, and since when.
    heads: BTreeMap<ChainId, (u64, Instant)>,
    /// The same of what swaps were told.
    told: BTreeMap<ChainId, (u64, Instant)>,
    slow: Vec<Condition>,
    slow_at: Option<Instant>,
}

impl Conditions {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            heads: BTreeMap::new(),
            told: BTreeMap::new(),
            slow: Vec::new(),
            slow_at: None,
        }
    }

    /// Everything that is wrong now.
    pub(super) async fn look(&mut self, node: &Node, status: &NodeStatus) -> Vec<Condition> {
        if self.slow_at.is_none_or(|at| at.elapsed() >= SLOW) {
            self.slow = balances(node, self.limits.low_balance).await;
            self.slow
                .extend(stuck(&node.engine, self.limits.stuck_after).await);
            self.slow_at = Some(Instant::now());
        }
        let mut found = self.slow.clone();
        found.extend(status.chains.iter().flat_map(chain));
        for chain in &status.chains {
            found.extend(self.stalled(chain, Instant::now()));
        }
        if let Some(report) = &status.swaps {
            found.extend(swaps::conditions(report, self.limits.low_balance));
            for chain in &report.status.chains {
                found.extend(self.untold(chain, Instant::now()));
            }
        }
        let clients = status.routes.iter().flat_map(|route| &route.clients);
        for client in clients {
            let subject = format!("{} on {}", client.client, client.chain);
            let missing = client
                .reachable
                .filter(|reachable| *reachable < usize::from(client.threshold));
            if let Some(reachable) = missing {
                let summary = format!(
                    "{reachable} attestors answer, {} must sign",
                    client.threshold
                );
                found.push(Condition::new(
                    AlertName::AttestorsMissing,
                    &subject,
                    summary,
                ));
            }
            if client.frozen {
                let summary = "its attestors contradicted themselves; it believes nothing any more";
                found.push(Condition::new(AlertName::ClientFrozen, &subject, summary));
            }
            if let Some(problem) = &client.problem {
                found.push(Condition::new(AlertName::LaneStalled, subject, problem));
            }
        }
        // Frozen clients come first among the alarms, and were told of above.
        let frozen = status.routes.iter().flat_map(|route| &route.clients);
        let frozen = frozen.filter(|client| client.frozen).count();
        let others: Vec<_> = status.alarms.iter().skip(frozen).cloned().collect();
        if !others.is_empty() {
            let summary = others.join("; ");
            found.push(Condition::new(
                AlertName::Contradiction,
                "attestors",
                summary,
            ));
        }
        let now = Time::now();
        let guarded = status.monitor.iter().flat_map(|monitor| &monitor.routes);
        found.extend(guarded.flat_map(|route| guarded_route(route, now)));
        found
    }

    fn stalled(&mut self, chain: &Chain, now: Instant) -> Option<Condition> {
        let head = chain.head?;
        let still = still(&mut self.heads, &chain.id, head, now);
        (still > self.limits.stalled_after).then(|| {
            let summary = format!("no block after {head} for {} s", still.as_secs());
            Condition::new(AlertName::ChainStalled, chain.id.as_str(), summary)
        })
    }

    /// Whether swaps hear nothing of a chain any more: it stands, or cannot be followed.
    fn untold(&mut self, chain: &SwapChainStatus, now: Instant) -> Option<Condition> {
        let told = chain.told.unwrap_or_default();
        let still = still(&mut self.told, &chain.chain, told, now);
        let patience = Duration::from_secs(chain.patience_secs).max(self.limits.stalled_after);
        (still > patience).then(|| {
            let secs = still.as_secs();
            let summary = format!("swaps were told of no block after {told} for {secs} s");
            let subject = format!("{} for swaps", chain.chain);
            Condition::new(AlertName::ChainStalled, subject, summary)
        })
    }
}

/// For how long a height has stayed what it is.
fn still(
    heights: &mut BTreeMap<ChainId, (u64, Instant)>,
    chain: &ChainId,
    height: u64,
    now: Instant,
) -> Duration {
    let (known, since) = heights.entry(chain.clone()).or_insert((height, now));
    if *known != height {
        (*known, *since) = (height, now);
    }
    now.duration_since(*since)
}

fn chain(chain: &Chain) -> Vec<Condition> {
    let mut found = Vec::new();
    let healthy = chain.endpoints.iter().filter(|endpoint| endpoint.healthy);
    let healthy = healthy.count();
    if healthy < chain.agreement {
        let summary = format!("{healthy} endpoints answer, {} must agree", chain.agreement);
        found.push(Condition::new(
            AlertName::QuorumLost,
            chain.id.as_str(),
            summary,
        ));
    }
    for endpoint in chain.endpoints.iter().filter(|endpoint| !endpoint.healthy) {
        let subject = format!("{} of {}", endpoint.url, chain.id);
        let summary = endpoint.problem.clone();
        let summary = summary.unwrap_or_else(|| "it does not answer".to_owned());
        found.push(Condition::new(AlertName::EndpointDown, subject, summary));
    }
    if let Some(contradiction) = &chain.contradiction {
        found.push(Condition::new(
            AlertName::Contradiction,
            chain.id.as_str(),
            contradiction,
        ));
    }
    found
}

fn guarded_route(route: &WatchedRoute, now: Time) -> Vec<Condition> {
    let ends = route.ends.iter();
    let ends: Vec<_> = ends
        .map(|end| format!("{}/{}", end.chain, end.client))
        .collect();
    let subject = ends.join("~");
    let mut found = Vec::new();
    let mut tell = |name, what: &[String]| {
        if !what.is_empty() {
            found.push(Condition::new(name, &subject, what.join("; ")));
        }
    };
    tell(AlertName::RouteBroken, &route.incident);
    tell(AlertName::ClientFrozen, &route.frozen);
    tell(AlertName::RoutePaused, &route.paused);
    tell(AlertName::TokenShort, &route.warnings);
    tell(AlertName::UnusualOutflow, &route.outflows);
    let failed: Vec<String> = route.pause_problem.iter().cloned().collect();
    tell(AlertName::PauseFailed, &failed);
    let fresh = route
        .changes
        .iter()
        .filter(|change| now.since(change.seen_at) < CHANGE_LASTS);
    let changes: Vec<String> = fresh.map(|change| change.what.clone()).collect();
    tell(AlertName::GovernanceChanged, &changes);
    // Shortly blind is every monitor now and then.
    let blind: Vec<String> = route
        .blind
        .iter()
        .filter(|_| route.is_blind_for_long)
        .cloned()
        .collect();
    tell(AlertName::MonitorBlind, &blind);
    found
}

async fn balances(node: &Node, least: U256) -> Vec<Condition> {
    let mut found = Vec::new();
    for (service, address) in &node.signers {
        for chain in node.chains.values() {
            match chain.balance(*address).await {
                Ok(balance) if balance < least => {
                    found.push(low(service, *address, chain.id(), balance, least));
                }
                Ok(_) => {}
                Err(error) => debug!(chain = %chain.id(), %error, "balance is not known"),
            }
        }
    }
    found
}

fn low(service: &str, address: Address, chain: &ChainId, balance: U256, least: U256) -> Condition {
    let (has, needs) = (
        format_amount(balance, COIN_DECIMALS),
        format_amount(least, COIN_DECIMALS),
    );
    Condition::new(
        AlertName::LowBalance,
        format!("{service} {address} on {chain}"),
        format!("it has {has}, and less than {needs} is little"),
    )
}

/// The messages that have waited for too long, counted per light client.
async fn stuck(engine: &Engine, after: Duration) -> Vec<Condition> {
    let open = EffectFilter {
        lane_prefix: Some("relay/".to_owned()),
        open_only: true,
        limit: Some(1_000),
        ..EffectFilter::default()
    };
    let Ok(effects) = engine.effects(open).await else {
        return Vec::new();
    };
    let now = UnixMillis::now();
    let mut lanes: BTreeMap<String, (usize, Option<String>)> = BTreeMap::new();
    for effect in effects {
        if now.since(effect.created_at) > after {
            let lane = lanes.entry(effect.lane).or_default();
            lane.0 += 1;
            lane.1 = effect.last_error.or(lane.1.take());
        }
    }
    let tell = |(lane, (count, error)): (String, (usize, Option<String>))| {
        let client = lane.strip_prefix("relay/").unwrap_or(&lane);
        let reason = error.map_or(String::new(), |error| format!("; the last error: {error}"));
        let summary = format!("{count} messages wait for longer than {after:?}{reason}");
        Condition::new(AlertName::PacketsStuck, client, summary)
    };
    lanes.into_iter().map(tell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(head: u64) -> Chain {
        Chain {
            id: ChainId::eip155(1),
            name: None,
            kind: causeway_api::model::ChainKind::Evm,
            head: Some(head),
            final_height: None,
            lag: None,
            finality: String::new(),
            agreement: 2,
            endpoints: ["http://a", "http://b"]
                .map(|url| causeway_api::model::Endpoint {
                    url: url.to_owned(),
                    healthy: url.ends_with('a'),
                    head: None,
                    latency_ms: None,
                    problem: None,
                })
                .into(),
            router: None,
            contradiction: Some("received and refunded".to_owned()),
            problem: None,
        }
    }

    #[test]
    fn a_chain_without_quorum_and_with_a_contradiction_is_told_of() {
        let names: Vec<_> = chain(&report(1)).iter().map(|found| found.name).collect();
        assert_eq!(
            names,
            [
                AlertName::QuorumLost,
                AlertName::EndpointDown,
                AlertName::Contradiction
            ]
        );
    }

    #[test]
    fn a_chain_that_makes_no_blocks_is_told_of_until_it_does() {
        let mut conditions = Conditions::new(Limits {
            low_balance: U256::ZERO,
            stuck_after: Duration::ZERO,
            stalled_after: Duration::from_secs(10),
        });
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(conditions.stalled(&report(5), at(0)), None);
        assert_eq!(conditions.stalled(&report(5), at(9)), None);
        assert!(conditions.stalled(&report(5), at(11)).is_some());
        assert_eq!(conditions.stalled(&report(6), at(12)), None);
    }
}
