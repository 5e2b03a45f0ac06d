//! How `causeway status` shows what a node says of itself at `/v1/status`.

use std::{fmt, time::Duration};

use causeway_api::model::{AttestorReport, Chain, NodeStatus, Route, SwapsReport, WatchedRoute};
use serde::Serialize;

/// Something that a node says, written for people.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Shown<'a, T>(pub(crate) &'a T);

impl fmt::Display for Shown<'_, NodeStatus> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(shown) = self;
        for alarm in &shown.alarms {
            writeln!(f, "ALARM      {alarm}")?;
        }
        let up = humantime::format_duration(Duration::from_secs(shown.uptime_seconds));
        write!(f, "node       {}, up {up}", shown.version)?;
        if shown.relays {
            f.write_str(", relays")?;
        }
        if let Some(address) = &shown.attests_as {
            write!(f, ", attests as {address}")?;
        }
        for chain in &shown.chains {
            write!(f, "\n\n{}", Shown(chain))?;
        }
        for route in &shown.routes {
            write!(f, "\n\n{}", Shown(route))?;
        }
        if !shown.attestors.is_empty() {
            f.write_str("\n")?;
        }
        for attestor in &shown.attestors {
            write!(f, "\nattestor   {}", Shown(attestor))?;
        }
        if shown.relays {
            let phases = shown
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
        let guarded = shown.monitor.iter().flat_map(|monitor| &monitor.routes);
        for route in guarded {
            write!(f, "\n\nmonitor    {}", watched(route))?;
        }
        if let Some(swaps) = &shown.swaps {
            write!(f, "\n\n{}", Shown(swaps))?;
        }
        for problem in &shown.problems {
            write!(f, "\nproblem    {problem}")?;
        }
        if shown.problems.is_empty() && shown.alarms.is_empty() {
            f.write_str("\nproblems   none")
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for Shown<'_, SwapsReport> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(shown) = self;
        let status = &shown.status;
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
        write!(f, "\n           known to others as {}", shown.id)?;
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
        for wallet in &shown.wallets {
            let there = match (&wallet.shown, &wallet.problem) {
                (Some(shown), _) => shown.as_str(),
                (None, Some(problem)) => problem.as_str(),
                (None, None) => "not known yet",
            };
            let address = wallet.address.as_deref().unwrap_or("no address");
            write!(f, "\nwallet     {address}: {there}")?;
        }
        for offer in &shown.offers {
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

/// The chains of a route.
pub(super) fn ends(route: &WatchedRoute) -> String {
    let chains: Vec<&str> = route.ends.iter().map(|end| end.chain.as_str()).collect();
    chains.join(" and ")
}

fn watched(route: &WatchedRoute) -> String {
    let ends = ends(route);
    let paused = if route.paused.is_empty() {
        ""
    } else {
        ", paused"
    };
    match route.compared {
        None => format!("{ends}: not compared yet"),
        Some([a, b]) => {
            let (tokens, packets) = (route.assets, route.open_packets);
            format!(
                "{ends}: compared at {a} and {b}, {tokens} tokens, {packets} packets on their way{paused}"
            )
        }
    }
}

impl fmt::Display for Shown<'_, Chain> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(shown) = self;
        let name = shown
            .name
            .as_ref()
            .map_or(String::new(), |name| format!("{name}, "));
        let height = |height: Option<u64>| height.map_or("unknown".to_owned(), |h| h.to_string());
        let (head, last) = (height(shown.head), height(shown.final_height));
        write!(
            f,
            "chain      {name}{}: head {head}, final {last}",
            shown.id
        )?;
        if let Some(lag) = shown.lag {
            write!(f, " ({lag} behind)")?;
        }
        let (k, n) = (shown.agreement, shown.endpoints.len());
        write!(
            f,
            "; final by {}; {k} of {n} endpoints must agree",
            shown.finality
        )?;
        for endpoint in &shown.endpoints {
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

impl fmt::Display for Shown<'_, Route> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(shown) = self;
        let ends: Vec<&str> = shown
            .clients
            .iter()
            .map(|client| client.chain.as_str())
            .collect();
        write!(f, "route      {}", ends.join(" and "))?;
        for client in &shown.clients {
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

impl fmt::Display for Shown<'_, AttestorReport> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(shown) = self;
        match (&shown.address, &shown.problem) {
            (Some(address), _) => write!(f, "{} {address}", shown.url),
            (None, Some(problem)) => write!(f, "{} does not help: {problem}", shown.url),
            (None, None) => f.write_str(&shown.url),
        }
    }
}
