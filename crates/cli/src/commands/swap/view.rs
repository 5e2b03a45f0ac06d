//! A swap as people see it: both legs, their confirmations, and the time that is left.

use std::{collections::BTreeMap, fmt, time::Duration};

use causeway_api::{
    model::{Swap, SwapLeg, SwapTrouble},
    show_swap, spend_name,
};
use causeway_swap::{Leg, Phase};
use causeway_swap_service::{Record, Trouble};
use causeway_types::Timestamp;
use serde::Serialize;

use crate::{failure::Failure, swaps::Assets};

/// A swap.
#[derive(Serialize)]
pub(super) struct SwapView {
    pub(super) swap: String,
    pub(super) phase: &'static str,
    pub(super) settled: bool,
    role: String,
    peer: String,
    gives: String,
    gets: String,
    legs: Vec<LegView>,
    /// What a person should know or do, the most pressing first.
    advice: Vec<String>,
    /// What could not be done so far, and is tried again.
    troubles: Vec<SwapTrouble>,
    story: Vec<StoryLine>,
    #[serde(skip)]
    waits: String,
}

/// One leg.
#[derive(Serialize)]
pub(super) struct LegView {
    leg: Leg,
    chain: String,
    /// Whether we lock it; the other one we claim.
    ours: bool,
    amount: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u64>,
    confirmations: u64,
    confirmations_needed: u64,
    is_final: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    spent: Option<&'static str>,
    spent_is_final: bool,
    expires: String,
    /// Until the lock can be taken back, as far as can be told.
    left: String,
}

#[derive(Serialize)]
struct StoryLine {
    at: Timestamp,
    phase: Phase,
}

/// Something that happened to a swap.
#[derive(Serialize)]
pub(super) struct Step {
    event: String,
    swap: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    leg: Option<Leg>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u64>,
    #[serde(skip)]
    text: String,
}

impl Step {
    /// What makes this step another than the others of its swap.
    pub(super) fn key(&self) -> String {
        format!("{}-{:?}-{:?}", self.event, self.leg, self.height)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl SwapView {
    /// The swap, with amounts as its assets write them.
    pub(super) async fn of(
        record: &Record,
        troubles: Vec<Trouble>,
        assets: &Assets,
    ) -> Result<Self, Failure> {
        let mut facts = BTreeMap::new();
        for leg in Leg::BOTH {
            let asset = &record.terms().legs.of(leg).asset;
            facts.insert(asset.clone(), assets.facts(asset).await?);
        }
        let known = |asset: &_| facts.get(asset).cloned();
        let swap = show_swap(record, troubles, assets, &known, now());
        Ok(Self::new(record, swap))
    }

    fn new(record: &Record, swap: Swap) -> Self {
        let legs = Leg::BOTH.into_iter().zip(swap.legs);
        Self {
            swap: swap.id,
            phase: record.swap.phase().name(),
            settled: swap.done,
            role: record.swap.role().to_string(),
            peer: swap.peer,
            gives: swap.gives.text,
            gets: swap.gets.text,
            legs: legs
                .map(|(leg, shown)| LegView::new(record, leg, shown))
                .collect(),
            advice: swap.advice,
            troubles: swap.troubles,
            story: record
                .story
                .iter()
                .map(|moment| StoryLine {
                    at: moment.at,
                    phase: moment.phase,
                })
                .collect(),
            waits: swap
                .waiting_for
                .unwrap_or_else(|| "nothing more".to_owned()),
        }
    }

    /// What is being waited for.
    pub(super) fn waiting_for(&self) -> String {
        self.waits.clone()
    }
}

impl fmt::Display for SwapView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "swap {}", self.swap)?;
        writeln!(
            f,
            "  {}: {} for {}, as {} with {}",
            self.phase, self.gives, self.gets, self.role, self.peer
        )?;
        for leg in &self.legs {
            writeln!(f, "  {leg}")?;
        }
        for moment in &self.story {
            writeln!(f, "  {}  {}", time(moment.at), moment.phase)?;
        }
        for trouble in &self.troubles {
            let SwapTrouble {
                what,
                attempts,
                error,
            } = trouble;
            writeln!(
                f,
                "  {what} failed {attempts} times, and is tried again: {error}"
            )?;
        }
        for advice in &self.advice {
            writeln!(f, "  ATTENTION: {advice}")?;
        }
        if !self.settled {
            writeln!(f, "  waiting for {}", self.waits)?;
        }
        Ok(())
    }
}

impl LegView {
    fn new(record: &Record, leg: Leg, shown: SwapLeg) -> Self {
        Self {
            leg,
            left: shown.left(),
            chain: shown.chain_name,
            ours: shown.ours,
            amount: shown.amount.text,
            lock: shown.lock,
            height: shown.height,
            confirmations: shown.confirmations,
            confirmations_needed: shown.confirmations_needed,
            is_final: shown.is_final,
            spent: shown.spent.map(spend_name),
            spent_is_final: shown.spent_is_final,
            expires: record.terms().legs.of(leg).expiry.to_string(),
        }
    }
}

impl fmt::Display for LegView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = if self.ours { "we lock" } else { "we claim" };
        write!(
            f,
            "{} on {}: {whose} {}; ",
            self.leg, self.chain, self.amount
        )?;
        match (&self.lock, self.spent) {
            (_, Some(spent)) if self.spent_is_final => write!(f, "{spent} for good"),
            (_, Some(spent)) => write!(f, "{spent}, in a block"),
            (None, None) => write!(f, "not locked"),
            (Some(lock), None) => write!(
                f,
                "locked at {lock}, {} of {} confirmations",
                self.confirmations, self.confirmations_needed
            ),
        }?;
        if !self.spent_is_final {
            write!(
                f,
                "; can be taken back from {} on, in {}",
                self.expires, self.left
            )?;
        }
        Ok(())
    }
}

/// What has happened, in order as far as there is one.
pub(super) fn steps(record: &Record, view: &SwapView) -> Vec<Step> {
    let swap = record.id().to_string();
    let step = |event: String, leg: Option<Leg>, height: Option<u64>, text: String| Step {
        event,
        swap: swap.clone(),
        leg,
        height,
        text,
    };
    let mut steps = vec![step(
        "agreed".to_owned(),
        None,
        None,
        format!(
            "agreed      swap {}: {} for {}",
            super::offers::short(&swap),
            view.gives,
            view.gets
        ),
    )];
    for leg in &view.legs {
        let facts = record.swap.facts().legs.of(leg.leg);
        let by = if leg.ours { "we" } else { "they" };
        if let Some(lock) = &facts.lock {
            let height = lock.block.height;
            let amount = &leg.amount;
            let text = format!(
                "locked      {} block {height}  {by} locked {amount}",
                leg.chain
            );
            steps.push(step("locked".to_owned(), Some(leg.leg), Some(height), text));
            if lock.is_final {
                let text = format!(
                    "final       {} block {height}  {}",
                    leg.chain,
                    confirmations(leg.confirmations_needed)
                );
                steps.push(step(
                    "lock_final".to_owned(),
                    Some(leg.leg),
                    Some(height),
                    text,
                ));
            }
        }
        if let Some(spend) = &facts.spend {
            let height = spend.block.height;
            let how = leg.spent.unwrap_or("spent");
            let text = format!("{how:<11} {} block {height}", leg.chain);
            steps.push(step(how.to_owned(), Some(leg.leg), Some(height), text));
            if spend.is_final {
                let text = format!("final       {} block {height}  {how} for good", leg.chain);
                steps.push(step(
                    format!("{how}_final"),
                    Some(leg.leg),
                    Some(height),
                    text,
                ));
            }
        }
    }
    // What fails once is mostly a matter of moments.
    for trouble in view.troubles.iter().filter(|trouble| trouble.attempts > 2) {
        let text = format!("failed      {}: {}", trouble.what, trouble.error);
        let event = format!("{}_failed", trouble.what);
        steps.push(step(event, None, None, text));
    }
    for advice in &view.advice {
        let text = format!("ATTENTION   {advice}");
        steps.push(step(advice.clone(), None, None, text));
    }
    steps
}

fn confirmations(count: u64) -> String {
    match count {
        1 => "1 confirmation".to_owned(),
        _ => format!("{count} confirmations"),
    }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_secs(since.map_or(0, |since| since.as_secs()))
}

fn time(at: Timestamp) -> String {
    let moment = std::time::UNIX_EPOCH + Duration::from_secs(at.as_secs());
    humantime::format_rfc3339_seconds(moment).to_string()
}
