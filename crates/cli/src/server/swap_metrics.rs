//! What is measured of swaps.

use causeway_api::model::SwapsReport;
use causeway_swap::{Advice, Phase};
use causeway_swap_service::{SwapChainStatus, SwapsStatus};
use metrics::{counter, gauge};

use super::levels::Levels;

/// How swaps end, and in which phases they have.
const OUTCOMES: [(&str, &[Phase]); 4] = [
    ("exchanged", &[Phase::Claim2Final, Phase::Done]),
    ("refunded", &[Phase::Refunded]),
    ("cancelled", &[Phase::Cancelled]),
    ("lost", &[Phase::Lost]),
];

/// Begins the counters of what may never happen.
pub(super) fn begin(status: &SwapsStatus) {
    for what in ["claim", "refund"] {
        for event in ["asked", "got", "given"] {
            counter!("causeway_swap_signatures_total", "what" => what, "event" => event)
                .increment(0);
        }
    }
    for lane in &status.lanes {
        counter!("causeway_swap_failures_total", "lane" => lane.lane.clone()).increment(0);
    }
}

/// Brings everything about swaps up to date.
#[allow(clippy::cast_precision_loss)] // Prometheus knows no other number than the double.
pub(super) fn observe(report: &SwapsReport, levels: &Levels) {
    let status = &report.status;
    begin(status);
    let under_way = status.under_way.iter().map(|alike| {
        let labels = vec![
            ("first", alike.first.to_string()),
            ("second", alike.second.to_string()),
            ("role", alike.role.to_string()),
            ("phase", alike.phase.name().to_owned()),
        ];
        (labels, alike.swaps as f64)
    });
    levels.set("causeway_swaps", 0.0, under_way);
    for (outcome, phases) in OUTCOMES {
        let ended = phases.iter().filter_map(|phase| status.phases.get(phase));
        counter!("causeway_swaps_ended_total", "outcome" => outcome).absolute(ended.sum());
    }
    for advice in Advice::ALL {
        let found = status.attention.iter();
        let found = found.filter(|found| found.advice == advice).count();
        gauge!("causeway_swaps_attention", "advice" => advice.name()).set(found as f64);
    }
    gauge!("causeway_swap_leads").set(f64::from(u8::from(status.leads)));
    gauge!("causeway_swaps_watched").set(status.watched as f64);
    gauge!("causeway_swap_wards").set(status.wards as f64);
    for (what, unanswered) in [
        ("claim", status.claims_unanswered),
        ("refund", status.refunds_unanswered),
    ] {
        gauge!("causeway_swap_signatures_unanswered", "what" => what).set(unanswered as f64);
    }
    for lane in &status.lanes {
        let name = lane.lane.clone();
        gauge!("causeway_swap_tasks", "lane" => name.clone()).set(lane.waiting as f64);
        gauge!("causeway_swap_tasks_failing", "lane" => name).set(lane.failing as f64);
    }
    for chain in &status.chains {
        observe_chain(chain);
    }
    // Where nothing of ours is locked there is no time left either, and no alarm about it.
    let expiries = || {
        status
            .chains
            .iter()
            .filter_map(|c| Some((c, c.next_expiry?)))
    };
    let of = |chain: &SwapChainStatus| vec![("chain", chain.chain.to_string())];
    let seconds = expiries().map(|(chain, next)| (of(chain), next.seconds as f64));
    levels.set("causeway_swap_expiry_seconds", f64::NAN, seconds);
    let blocks = expiries().filter_map(|(chain, next)| Some((of(chain), next.blocks? as f64)));
    levels.set("causeway_swap_expiry_blocks", f64::NAN, blocks);
    for wallet in &report.wallets {
        if let Some(balance) = wallet.balance {
            let (chain, asset) = (wallet.chain.to_string(), wallet.asset.to_string());
            gauge!("causeway_swap_balance", "chain" => chain, "asset" => asset)
                .set(balance.units() as f64);
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn observe_chain(chain: &SwapChainStatus) {
    let id = chain.chain.to_string();
    if let Some(head) = chain.head {
        gauge!("causeway_swap_head_height", "chain" => id.clone()).set(head as f64);
    }
    if let Some(told) = chain.told {
        gauge!("causeway_swap_told_height", "chain" => id.clone()).set(told as f64);
    }
    if let Some(age) = chain.told_age_secs {
        gauge!("causeway_swap_told_age_seconds", "chain" => id).set(age as f64);
    }
}
