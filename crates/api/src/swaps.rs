//! Swaps as people see them: both legs, their confirmations, and the time that is left.

use causeway_swap::{Advice, Amount, Effect, Expiry, Leg, Phase, Role, Spend};
use causeway_swap_service::{Record, SignedOffer, Trouble};
use causeway_types::{AssetId, Timestamp};

use crate::{
    amount::format_amount,
    api::{AssetBook, AssetFacts},
    model::{
        self, Offer, Price, SpentHow, Swap, SwapAmount, SwapLeg, SwapMoment, SwapRole, SwapTrouble,
        Time, WhichLeg,
    },
};

/// A swap of ours, as it stands `now`. `facts` says what assets are called, as far as it is known.
pub fn show_swap(
    record: &Record,
    troubles: Vec<Trouble>,
    book: &dyn AssetBook,
    facts: &dyn Fn(&AssetId) -> Option<AssetFacts>,
    now: Timestamp,
) -> Swap {
    let terms = record.terms();
    let role = record.swap.role();
    let phase = record.swap.phase();
    let amount = |leg: Leg| {
        let terms = terms.legs.of(leg);
        show_amount(&terms.asset, terms.amount, book, facts)
    };
    let legs = Leg::BOTH.map(|which| leg(record, which, amount(which), book, now));
    let waiting_for = (!phase.is_settled()).then(|| waiting(phase, &legs));
    let story = record.story.iter().map(|moment| SwapMoment {
        at: moment.at.into(),
        status: moment.phase.name().to_owned(),
    });
    let troubles = troubles.into_iter().map(|trouble| SwapTrouble {
        what: trouble.what,
        attempts: trouble.attempts,
        error: trouble.error,
    });
    Swap {
        id: record.id().to_string(),
        status: phase.name().to_owned(),
        done: phase.is_settled(),
        role: match role {
            Role::Initiator => SwapRole::Initiator,
            Role::Responder => SwapRole::Responder,
        },
        peer: record.peer.id.to_string(),
        gives: amount(role.locks()),
        gets: amount(role.claims()),
        legs: legs.into(),
        waiting_for,
        advice: record.swap.wanted().iter().filter_map(advise_of).collect(),
        // What is still tried for the other party's sake after that is none of ours.
        troubles: troubles.filter(|_| !phase.is_settled()).collect(),
        story: story.collect(),
    }
}

/// An amount of an asset that may not be known by name.
pub(crate) fn show_amount(
    asset: &AssetId,
    amount: Amount,
    book: &dyn AssetBook,
    facts: &dyn Fn(&AssetId) -> Option<AssetFacts>,
) -> SwapAmount {
    let text = match facts(asset) {
        Some(facts) => {
            let whole = alloy_primitives::U256::from(amount.units());
            let whole = format_amount(whole, facts.decimals);
            let chain = book.chain_name(asset.chain());
            format!("{whole} {} on {chain}", facts.symbol)
        }
        None => format!("{} of {asset}", amount.units()),
    };
    SwapAmount {
        asset: asset.to_string(),
        amount: amount.units().to_string(),
        text,
    }
}

/// An offer of ours.
pub(crate) fn show_offer(
    maker: &str,
    signed: &SignedOffer,
    book: &dyn AssetBook,
    facts: &dyn Fn(&AssetId) -> Option<AssetFacts>,
) -> Offer {
    let offer = &signed.offer;
    let amount = |amount| show_amount(&offer.gives, amount, book, facts);
    let price = offer.price.to_string();
    let (wanted, given) = price.split_once('/').unwrap_or((&price, "1"));
    Offer {
        id: signed.id.0.to_string(),
        maker: maker.to_owned(),
        least: amount(offer.least),
        most: amount(offer.most),
        wants: offer.wants.to_string(),
        price: Price {
            wanted: wanted.to_owned(),
            given: given.to_owned(),
        },
        until: offer.until.into(),
    }
}

fn leg(
    record: &Record,
    leg: Leg,
    amount: SwapAmount,
    book: &dyn AssetBook,
    now: Timestamp,
) -> SwapLeg {
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
    let (blocks_left, seconds_left) = match terms.expiry {
        Expiry::Height(height) => {
            let blocks = height.saturating_sub(facts.head.height);
            let mean = timing.blocks().usual().saturating_mul(blocks);
            (Some(blocks), mean)
        }
        Expiry::Time(_) => {
            let earliest = timing.earliest(terms.expiry, &facts.head);
            (None, earliest.as_secs().saturating_sub(now.as_secs()))
        }
    };
    SwapLeg {
        leg: match leg {
            Leg::First => WhichLeg::First,
            Leg::Second => WhichLeg::Second,
        },
        chain: record.chain(leg).clone(),
        chain_name: book.chain_name(record.chain(leg)),
        ours: record.swap.role().locks() == leg,
        amount,
        lock: lock.map(|lock| lock.what.clone()),
        height: lock.map(|lock| lock.block.height),
        confirmations: if is_final { needed } else { depth },
        confirmations_needed: needed,
        is_final,
        spent: facts.spent().map(|spend| match spend {
            Spend::Claim => SpentHow::Claimed,
            Spend::Refund => SpentHow::Refunded,
            Spend::Unknown => SpentHow::Spent,
        }),
        spent_is_final: facts.settled().is_some(),
        expires: match terms.expiry {
            Expiry::Height(height) => model::Expiry::Height(height),
            Expiry::Time(time) => model::Expiry::Time(Time::from(time)),
        },
        blocks_left,
        seconds_left,
    }
}

/// How a lock was spent, in one word.
pub const fn spend_name(spent: SpentHow) -> &'static str {
    match spent {
        SpentHow::Claimed => "claimed",
        SpentHow::Refunded => "refunded",
        SpentHow::Spent => "spent",
    }
}

fn waiting(phase: Phase, [first, second]: &[SwapLeg; 2]) -> String {
    let depth = |leg: &SwapLeg| {
        format!(
            "confirmations of the lock on {}: {} of {}",
            leg.chain_name, leg.confirmations, leg.confirmations_needed
        )
    };
    match phase {
        Phase::Negotiated | Phase::Lock1Intent if first.lock.is_none() => {
            format!("the lock on {}", first.chain_name)
        }
        Phase::Negotiated | Phase::Lock1Intent => depth(first),
        Phase::Lock1Final | Phase::Lock2Intent if second.lock.is_none() => {
            format!("the lock on {}", second.chain_name)
        }
        Phase::Lock1Final | Phase::Lock2Intent => depth(second),
        Phase::Lock2Final | Phase::RevealIntent => format!("the claim on {}", second.chain_name),
        Phase::Claim1Intent => format!("the claim on {}", first.chain_name),
        Phase::Refunding => {
            let ours = if first.ours { first } else { second };
            format!(
                "the refund on {}, possible in {}",
                ours.chain_name,
                ours.left()
            )
        }
        _ => "nothing more".to_owned(),
    }
}

impl SwapLeg {
    /// The time until the lock can be taken back, in words.
    pub fn left(&self) -> String {
        let span = std::time::Duration::from_secs(self.seconds_left);
        let span = humantime::format_duration(span);
        match self.blocks_left {
            Some(blocks) => format!("{blocks} blocks, about {span}"),
            None => span.to_string(),
        }
    }
}

/// What a person can do about it, if it is for a person.
fn advise_of(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Advise { advice, leg, until } => Some(advise(*advice, *leg, *until)),
        _ => None,
    }
}

/// What a person can do about it.
pub fn advise(advice: Advice, leg: Leg, until: Expiry) -> String {
    match advice {
        Advice::WrongLock => format!(
            "what was presented as the lock of the {leg} is another: nothing is locked or shown for it; the other party can take it back from {until} on"
        ),
        Advice::DuplicateLock => format!(
            "the {leg} was locked twice: only the first is looked after; whoever made the second can take it back from {until} on"
        ),
        Advice::FinalBlockGone => format!(
            "the chain of the {leg} has taken back a block that counted as final: ask for more confirmations there, and look at this swap until {until}"
        ),
        Advice::UnknownSpend => {
            format!("the lock of the {leg} was spent in a way that cannot be explained: look at it")
        }
        Advice::ClaimIsLate => format!(
            "our claim of the {leg} is not in a block and can be raced from {until} on: see that nodes take it, and raise fee_cap if fees are high"
        ),
        Advice::BothLegsLost => {
            format!(
                "the {leg} did not come to us although ours is gone: an assumption in [swaps] did not hold"
            )
        }
    }
}
