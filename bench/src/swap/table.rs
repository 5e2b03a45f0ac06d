//! What a run measured, for people.

use std::fmt::Write as _;

use anyhow::Result;
use serde_json::Value;

use super::SwapReport;

/// What is aimed at: at most so much.
const TARGETS: [(&str, u64); 14] = [
    ("btc_coop_claim_vb", 99),
    ("btc_coop_refund_vb", 99),
    ("btc_script_claim_vb", 143),
    ("btc_script_refund_vb", 126),
    ("ltc_coop_claim_vb", 99),
    ("ltc_coop_refund_vb", 99),
    ("ltc_script_claim_vb", 143),
    ("ltc_script_refund_vb", 126),
    ("evm_lock_gas", 46_500),
    ("evm_claim_gas", 32_500),
    ("evm_refund_gas", 31_600),
    ("evm_batch_claim_gas", 9_700),
    ("erc20_lock_gas", 82_500),
    ("daemon.rss_peak_mb", 150),
];

/// Every number of the report beside what is aimed at and what somebody else takes.
pub(super) fn table(report: &SwapReport) -> Result<String> {
    let report = serde_json::to_value(report)?;
    let peer = report.get("peer");
    let mut table = String::new();
    let mut line = |name: &str, numbers: [&str; 3]| {
        let [ours, target, peer] = numbers;
        writeln!(table, "{name:24}{ours:>10}{target:>10}{peer:>10}")
    };
    line("", ["measured", "target", "peer"])?;
    let daemon = report.get("daemon").and_then(Value::as_object);
    let daemon = daemon.into_iter().flatten();
    let daemon = daemon.map(|(name, measured)| (format!("daemon.{name}"), measured));
    let all = report.as_object().into_iter().flatten();
    let all = all.map(|(name, measured)| (name.clone(), measured));
    for (name, measured) in all.chain(daemon) {
        let Some(measured) = measured.as_u64() else {
            continue;
        };
        let target = TARGETS.iter().find(|(of, _)| *of == name);
        let peer = peer
            .and_then(|peer| peer.get(&name))
            .and_then(Value::as_u64);
        let shown = |number: Option<u64>| number.map_or("–".to_owned(), |n| n.to_string());
        let (measured, peer) = (measured.to_string(), shown(peer));
        let target = shown(target.map(|(_, target)| *target));
        line(&name, [&measured, &target, &peer])?;
    }
    Ok(table)
}
