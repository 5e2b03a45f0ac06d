//! Every metric of a node, described once: for `/metrics` itself, and for the table in `ops/METRICS.md`.

use causeway_relayer::ClientEnd;
use causeway_types::ChainId;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram};

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    Summary,
}

impl Kind {
    #[cfg(test)]
    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Summary => "summary",
        }
    }
}

use Kind::{Counter, Gauge, Summary};

type Described = (&'static str, Kind, &'static [&'static str], &'static str);

/// Name, kind, labels, meaning; in the order of the table.
const METRICS: &[Described] = &[
    (
        "causeway_uptime_seconds",
        Gauge,
        &[],
        "Time since the node started.",
    ),
    (
        "causeway_problems",
        Gauge,
        &[],
        "What keeps something from moving, as the status tells it; 0 is well.",
    ),
    (
        "causeway_chain_head_height",
        Gauge,
        &["chain"],
        "The newest block.",
    ),
    (
        "causeway_chain_final_height",
        Gauge,
        &["chain"],
        "The newest final block.",
    ),
    (
        "causeway_endpoint_healthy",
        Gauge,
        &["chain", "url"],
        "1 where an endpoint serves, 0 where it does not.",
    ),
    (
        "causeway_packets",
        Gauge,
        &["phase"],
        "Packets that are in this phase of their lives.",
    ),
    (
        "causeway_packet_events_total",
        Counter,
        &["chain", "event"],
        "Packet events seen on the routes that are served.",
    ),
    (
        "causeway_foreign_packets_total",
        Counter,
        &["chain"],
        "Packet events seen on other routes.",
    ),
    (
        "causeway_contradictions_total",
        Counter,
        &[],
        "Chains that contradict each other or themselves; any is an alarm.",
    ),
    (
        "causeway_messages_waiting",
        Gauge,
        &["chain", "client"],
        "Messages to a light client that have not arrived yet.",
    ),
    (
        "causeway_messages_submitted_total",
        Counter,
        &["client", "message"],
        "Messages that got into a block.",
    ),
    (
        "causeway_messages_refused_total",
        Counter,
        &["client"],
        "Messages that a chain refused; they are tried again ever more rarely.",
    ),
    (
        "causeway_lane_stalls_total",
        Counter,
        &["client"],
        "Batches that could not be carried through no fault of their messages.",
    ),
    (
        "causeway_batch_seconds",
        Summary,
        &["client"],
        "Time of a batch, from claim to block.",
    ),
    (
        "causeway_attestors_reachable",
        Gauge,
        &["chain", "client"],
        "Members of a light client's committee that answer.",
    ),
    (
        "causeway_attestors_needed",
        Gauge,
        &["chain", "client"],
        "Members of a light client's committee that must sign.",
    ),
    (
        "causeway_attestations_total",
        Counter,
        &["outcome"],
        "What this node's attestor answered.",
    ),
    (
        "causeway_unreadable_events_total",
        Counter,
        &["chain"],
        "Packet events of the router that cannot be read.",
    ),
    (
        "causeway_sequence_gaps_total",
        Counter,
        &["client"],
        "Sequences that a source passed over.",
    ),
    (
        "causeway_packets_stuck",
        Gauge,
        &["client", "reason"],
        "Packets that wait longer than they should, by what they wait for.",
    ),
    (
        "causeway_client_frozen",
        Gauge,
        &["chain", "client"],
        "1 where a light client is frozen, 0 where it is not.",
    ),
    (
        "causeway_client_attestor_set",
        Gauge,
        &["chain", "client"],
        "The number of the attestor set that a light client trusts.",
    ),
    (
        "causeway_attestor_contradictions_total",
        Counter,
        &["client"],
        "Attestors that contradict themselves; any is an alarm.",
    ),
    (
        "causeway_agreement_failures_total",
        Counter,
        &["chain"],
        "Questions on which too few endpoints agree.",
    ),
    (
        "causeway_endpoint_wrong_answers_total",
        Counter,
        &["chain", "endpoint"],
        "Answers of an endpoint that the others contradict.",
    ),
    (
        "causeway_leads",
        Gauge,
        &["of"],
        "1 where this replica leads, 0 where another does.",
    ),
    (
        "causeway_swaps",
        Gauge,
        &["first", "second", "role", "phase"],
        "Swaps under way, by the chains of their legs, our role and their phase.",
    ),
    (
        "causeway_swaps_ended_total",
        Counter,
        &["outcome"],
        "Swaps of the store that have ended: `exchanged`, `refunded`, `cancelled` or `lost`.",
    ),
    (
        "causeway_swaps_attention",
        Gauge,
        &["advice"],
        "What about swaps needs a person.",
    ),
    (
        "causeway_swap_expiry_seconds",
        Gauge,
        &["chain"],
        "At least so long until the first lock of ours that is not spent can be taken back; negative once it can, NaN where there is none.",
    ),
    (
        "causeway_swap_expiry_blocks",
        Gauge,
        &["chain"],
        "The same in blocks, where it is blocks that count.",
    ),
    (
        "causeway_swap_head_height",
        Gauge,
        &["chain"],
        "The newest block of a chain that is swapped on, as it was read last.",
    ),
    (
        "causeway_swap_told_height",
        Gauge,
        &["chain"],
        "The newest block that swaps were told of.",
    ),
    (
        "causeway_swap_told_age_seconds",
        Gauge,
        &["chain"],
        "How old that block is.",
    ),
    (
        "causeway_swap_balance",
        Gauge,
        &["chain", "asset"],
        "What can be locked of an asset, in its smallest unit, fees left out.",
    ),
    (
        "causeway_swap_tasks",
        Gauge,
        &["lane"],
        "What is still to be done for swaps, on a chain or in talking to others.",
    ),
    (
        "causeway_swap_tasks_failing",
        Gauge,
        &["lane"],
        "How much of it has failed and is tried again.",
    ),
    (
        "causeway_swap_failures_total",
        Counter,
        &["lane"],
        "Attempts at it that failed.",
    ),
    (
        "causeway_swap_signatures_total",
        Counter,
        &["what", "event"],
        "Signatures under a claim or a refund that other parties were `asked` for, that we `got`, and that were `given` to them.",
    ),
    (
        "causeway_swap_signatures_unanswered",
        Gauge,
        &["what"],
        "Those that are still waited for.",
    ),
    (
        "causeway_swaps_watched",
        Gauge,
        &[],
        "Swaps, ours and those of others, whose locks are looked out for.",
    ),
    (
        "causeway_swap_wards",
        Gauge,
        &[],
        "Swaps of others that are watched over and are not over.",
    ),
    (
        "causeway_swap_leads",
        Gauge,
        &[],
        "1 where this replica works on the swaps, 0 where another does.",
    ),
    (
        "causeway_monitor_broken",
        Gauge,
        &["route"],
        "1 where more is minted than locked.",
    ),
    (
        "causeway_monitor_blind",
        Gauge,
        &["route"],
        "1 where the monitor cannot compare a route.",
    ),
    (
        "causeway_monitor_comparisons_total",
        Counter,
        &["route"],
        "Comparisons of both ends of a route.",
    ),
    (
        "causeway_monitor_pause_failures_total",
        Counter,
        &["chain"],
        "Attempts to pause a route that failed.",
    ),
    (
        "causeway_alert",
        Gauge,
        &["name", "subject", "severity"],
        "1 while an alert lasts.",
    ),
    (
        "causeway_alert_deliveries_total",
        Counter,
        &["outcome"],
        "Deliveries to the webhook.",
    ),
    (
        "causeway_spans_dropped_total",
        Counter,
        &[],
        "Spans of packets that could not wait for the collector.",
    ),
    (
        "causeway_grpc_requests_total",
        Counter,
        &["method"],
        "Requests to the gRPC service.",
    ),
];

/// Describes the metrics, and begins the counters of what may never happen at zero, so that a
/// dashboard shows them and a rate of them has a beginning.
pub(super) fn begin<'a>(
    chains: impl Iterator<Item = &'a ChainId>,
    clients: impl Iterator<Item = ClientEnd>,
) {
    for (name, kind, _, help) in METRICS {
        match kind {
            Counter => describe_counter!(*name, *help),
            Gauge => describe_gauge!(*name, *help),
            Summary => describe_histogram!(*name, *help),
        }
    }
    counter!("causeway_contradictions_total").increment(0);
    counter!("causeway_spans_dropped_total").increment(0);
    for chain in chains {
        counter!("causeway_foreign_packets_total", "chain" => chain.to_string()).increment(0);
    }
    for client in clients {
        let client = client.to_string();
        counter!("causeway_messages_refused_total", "client" => client.clone()).increment(0);
        counter!("causeway_lane_stalls_total", "client" => client).increment(0);
    }
}

#[cfg(test)]
mod tests {
    use std::{fmt::Write as _, fs, path::Path};

    use super::*;

    /// What is not in the table cannot be looked up; what is no longer exported misleads.
    #[test]
    fn the_table_of_metrics_is_what_the_program_describes() {
        let mut expected =
            String::from("| Metric | Kind | Labels | Meaning |\n|---|---|---|---|\n");
        for (name, kind, labels, help) in METRICS {
            let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
            let (kind, labels) = (kind.name(), labels.join(", "));
            writeln!(expected, "| `{name}` | {kind} | {labels} | {help} |").unwrap();
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ops/METRICS.md");
        let text = fs::read_to_string(&path).unwrap();
        let start = text.find("| Metric |").expect("a table of metrics");
        let table: String = text[start..]
            .lines()
            .take_while(|line| line.starts_with('|'))
            .fold(String::new(), |table, line| table + line + "\n");
        assert_eq!(
            table, expected,
            "put this table into ops/METRICS.md:\n{expected}"
        );
        // Of those about swaps it is also said what to do when they move.
        let advice = &text[start + table.len()..];
        for (name, ..) in METRICS {
            let is_explained = advice.contains(&format!("`{name}`"));
            let about_swaps = name.starts_with("causeway_swap");
            assert!(is_explained || !about_swaps, "{name}: what is to be done?");
        }
    }
}
