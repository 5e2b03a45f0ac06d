//! The status as Prometheus gauges, beside what the services count themselves.

use causeway_api::model::NodeStatus;
use causeway_attestor::Attestor;
use metrics::{counter, gauge};

use super::{levels::Levels, swap_metrics};

/// Brings the gauges up to date; called when somebody scrapes.
#[allow(clippy::cast_precision_loss)] // Prometheus knows no other number than the double.
pub(super) fn observe(status: &NodeStatus, attestor: Option<&Attestor>, levels: &Levels) {
    gauge!("causeway_uptime_seconds").set(status.uptime_seconds as f64);
    gauge!("causeway_problems").set(status.problems.len() as f64);
    for chain in &status.chains {
        let id = chain.id.to_string();
        if let Some(head) = chain.head {
            gauge!("causeway_chain_head_height", "chain" => id.clone()).set(head as f64);
        }
        if let Some(last) = chain.final_height {
            gauge!("causeway_chain_final_height", "chain" => id.clone()).set(last as f64);
        }
        for endpoint in &chain.endpoints {
            let healthy = if endpoint.healthy { 1.0 } else { 0.0 };
            let url = endpoint.url.clone();
            gauge!("causeway_endpoint_healthy", "chain" => id.clone(), "url" => url).set(healthy);
        }
    }
    for client in status.routes.iter().flat_map(|route| &route.clients) {
        let (chain, name) = (client.chain.to_string(), client.client.clone());
        gauge!("causeway_messages_waiting", "chain" => chain.clone(), "client" => name.clone())
            .set(client.waiting as f64);
        if let Some(reachable) = client.reachable {
            let threshold = f64::from(client.threshold);
            gauge!("causeway_attestors_reachable", "chain" => chain.clone(), "client" => name.clone())
                .set(reachable as f64);
            gauge!("causeway_attestors_needed", "chain" => chain, "client" => name).set(threshold);
        }
    }
    let packets = status.packets.iter();
    let packets = packets.map(|(phase, count)| (vec![("phase", phase.clone())], *count as f64));
    levels.set("causeway_packets", 0.0, packets);
    if let Some(report) = &status.swaps {
        swap_metrics::observe(report, levels);
    }
    for (outcome, count) in attestor
        .iter()
        .flat_map(|attestor| attestor.stats().outcomes())
    {
        counter!("causeway_attestations_total", "outcome" => outcome).absolute(count);
    }
}
