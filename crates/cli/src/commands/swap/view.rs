//! A swap as people see it: both legs, their confirmations, and the time that is left.

use std::{fmt, time::Duration};

use causeway_swap::{Effect, Expiry, Leg, Phase, Spend};
use causeway_swap_service::{Record, Trouble};
use causeway_types::Timestamp;
use serde::Serialize;

use crate::{
    failure::Failure,
    swaps::{AssetInfo, Assets, advise},
};

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
    legs: [LegView; 2],
    /// What a person should know or do, the most pressing first.
    advice: Vec<String>,
    /// What could not be done so far, and is tried again.
    troubles: Vec<Trouble>,
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
        let now = now();
        let terms = record.terms();
        let info = async |leg: Leg| assets.info(&terms.legs.of(leg).asset).await;
        let (first, second) = (info(Leg::First).await?, info(Leg::Second).await?);
        let role = record.swap.role();
        let show = |leg: Leg| {
            let info = match leg {
                Leg::First => &first,
                Leg::Second => &second,
            };
            info.show(terms.legs.of(leg).amount)
        };
        let leg = |leg: Leg, info: &AssetInfo| {
            LegView::of(record, leg, info, assets.chain_name(record.chain(leg)), now)
        };
        let phase = record.swap.phase();
        let mut view = Self {
            swap: record.id().to_string(),
            phase: phase.name(),
            settled: phase.is_settled(),
            role: role.to_string(),
            peer: record.peer.id.to_string(),
            gives: show(role.locks()),
            gets: show(role.claims()),
            legs: [leg(Leg::First, &first), leg(Leg::Second, &second)],
            advice: record.swap.wanted().iter().filter_map(advise_of).collect(),
            // What is still tried for the other party's sake after that is none of ours.
            troubles: if phase.is_settled() {
                Vec::new()
            } else {
                troubles
            },
            story: record
                .story
                .iter()
                .map(|moment| StoryLine {
                    at: moment.at,
                    phase: moment.phase,
                })
                .collect(),
            waits: String::new(),
        };
        view.waits = view.waiting(phase);
        Ok(view)
    }

    /// What is being waited for.
    pub(super) fn waiting_for(&self) -> String {
        self.waits.clone()
    }

    fn waiting(&self, phase: Phase) -> String {
        let [first, second] = &self.legs;
        let depth = |leg: &LegView| {
            format!(
                "confirmations of the lock on {}: {} of {}",
                leg.chain, leg.confirmations, leg.confirmations_needed
            )
        };
        match phase {
            Phase::Negotiated | Phase::Lock1Intent if first.lock.is_none() => {
                format!("the lock on {}", first.chain)
            }
            Phase::Negotiated | Phase::Lock1Intent => depth(first),
            Phase::Lock1Final | Phase::Lock2Intent if second.lock.is_none() => {
                format!("the lock on {}", second.chain)
            }
            Phase::Lock1Final | Phase::Lock2Intent => depth(second),
            Phase::Lock2Final | Phase::RevealIntent => format!("the claim on {}", second.chain),
            Phase::Claim1Intent => format!("the claim on {}", first.chain),
            Phase::Refunding => {
                let ours = if first.ours { first } else { second };
                format!("the refund on {}, possible in {}", ours.chain, ours.left)
            }
            _ => "nothing more".to_owned(),
        }
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
            let Trouble {
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
    fn of(record: &Record, leg: Leg, info: &AssetInfo, chain: String, now: Timestamp) -> Self {
        let terms = record.terms().legs.of(leg);
        let facts = record.swap.facts().legs.of(leg);
        let timing = record.swap.timing().legs.of(leg);
        let lock = facts.lock.as_ref();
        let needed = timing.confirmations();
        let depth = lock.map_or(0, |lock| {
            let above = facts.head.height.saturating_sub(lock.block.height);
            above.saturating_add(1).min(needed)
        });
        let is_final = facts.lock_is_final();
        let earliest = timing.earliest(terms.expiry, &facts.head);
        let left = match terms.expiry {
            Expiry::Height(height) => {
                let blocks = height.saturating_sub(facts.head.height);
                let mean = timing.blocks().usual().saturating_mul(blocks);
                format!("{blocks} blocks, about {}", span(mean))
            }
            Expiry::Time(_) => span(earliest.as_secs().saturating_sub(now.as_secs())),
        };
        Self {
            leg,
            chain,
            ours: record.swap.role().locks() == leg,
            amount: info.show(terms.amount),
            lock: lock.map(|lock| lock.what.clone()),
            height: lock.map(|lock| lock.block.height),
            confirmations: if is_final { needed } else { depth },
            confirmations_needed: needed,
            is_final,
            spent: facts.spent().map(spend_name),
            spent_is_final: facts.settled().is_some(),
            expires: terms.expiry.to_string(),
            left,
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
            let how = spend_name(spend.what);
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

const fn spend_name(spend: Spend) -> &'static str {
    match spend {
        Spend::Claim => "claimed",
        Spend::Refund => "refunded",
        Spend::Unknown => "spent",
    }
}

/// What a person can do about it, if it is for a person.
fn advise_of(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Advise { advice, leg, until } => Some(advise(*advice, *leg, *until)),
        _ => None,
    }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_secs(since.map_or(0, |since| since.as_secs()))
}

fn span(secs: u64) -> String {
    humantime::format_duration(Duration::from_secs(secs)).to_string()
}

fn time(at: Timestamp) -> String {
    let moment = std::time::UNIX_EPOCH + Duration::from_secs(at.as_secs());
    humantime::format_rfc3339_seconds(moment).to_string()
}
