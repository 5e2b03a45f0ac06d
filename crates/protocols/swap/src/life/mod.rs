//! The life of a swap, as one party lives it.
//!
//! Two chains, the other party and a person tell what happened; time passes. A life keeps facts (what
//! was seen and heard, which chains may take back) apart from intents (what we have decided and may have
//! acted on, which nothing takes back). What is to be done follows from both, from the terms and from the
//! time, and from nothing else: whatever crashed, whoever repeats, the same facts and intents ask for the
//! same effects.

mod decide;
mod effect;
mod facts;
mod input;
mod learn;
mod phase;
#[cfg(test)]
mod tests;

use causeway_types::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use self::{
    effect::{Advice, Effect, Transition},
    facts::{Facts, LegFacts, Said, Seen, Spend},
    input::{Input, Message, SpentBy, WrongLock},
    phase::Phase,
};
use crate::{HashLock, Head, PerLeg, Role, Secret, Shortfall, SwapTiming, Terms, TermsError};

/// All that one party knows and has decided about one swap, as a value to be stored.
///
/// It holds the secret; a store of swaps is as private as one of keys. A swap [that is
/// settled](Phase::is_settled) may be put away once the blocks that settled it are beyond doubt; until
/// then inputs may still come and reopen it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swap {
    terms: Terms,
    role: Role,
    timing: SwapTiming,
    facts: Facts,
    intents: Intents,
    now: Timestamp,
    wanted: Vec<Effect>,
}

/// What was decided, for good: each may have been acted on as soon as it was stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intents {
    /// Our leg is to be locked. From here on its lock may appear at any time.
    pub lock: bool,
    /// Since when the other leg is to be claimed. To the initiator that is the moment when the secret
    /// counts as shown, for ever.
    pub claim: Option<Timestamp>,
    /// Our leg is to be taken back.
    pub refund: bool,
    /// The other leg was given up with our signature: we never lock, or never show the secret.
    pub give_up: bool,
}

/// Why a swap does not begin.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BeginError {
    /// The terms make no sense.
    #[error(transparent)]
    Terms(#[from] TermsError),
    /// The initiator's secret does not open the locks.
    #[error("the secret opens {found} (expected {expected})")]
    WrongSecret {
        /// The lock of the terms.
        expected: HashLock,
        /// The lock that the secret opens.
        found: HashLock,
    },
    /// It is too late for these terms.
    #[error(transparent)]
    Time(#[from] Shortfall),
}

impl Swap {
    /// Begins a swap whose terms both parties have signed, as the party who made the secret.
    ///
    /// # Errors
    /// When the terms make no sense, when the secret is another, or when it is too late by now.
    pub fn initiate(
        terms: Terms,
        secret: Secret,
        timing: SwapTiming,
        heads: PerLeg<Head>,
        now: Timestamp,
    ) -> Result<Transition, BeginError> {
        let (expected, found) = (terms.hash_lock, secret.hash_lock());
        if expected != found {
            return Err(BeginError::WrongSecret { expected, found });
        }
        Self::begin(terms, Role::Initiator, Some(secret), timing, heads, now)
    }

    /// Begins a swap whose terms both parties have signed, as the party who learns the secret.
    ///
    /// # Errors
    /// When the terms make no sense, or when it is too late by now.
    pub fn respond(
        terms: Terms,
        timing: SwapTiming,
        heads: PerLeg<Head>,
        now: Timestamp,
    ) -> Result<Transition, BeginError> {
        Self::begin(terms, Role::Responder, None, timing, heads, now)
    }

    fn begin(
        terms: Terms,
        role: Role,
        secret: Option<Secret>,
        timing: SwapTiming,
        heads: PerLeg<Head>,
        now: Timestamp,
    ) -> Result<Transition, BeginError> {
        terms.check()?;
        timing.check_at_acceptance(&terms.expiries(), &heads, now)?;
        let facts = Facts {
            legs: PerLeg {
                first: LegFacts::new(heads.first),
                second: LegFacts::new(heads.second),
            },
            secret,
            secret_is_out: false,
            said: Said::default(),
            stopped: false,
        };
        let swap = Self {
            terms,
            role,
            timing,
            facts,
            intents: Intents::default(),
            now,
            wanted: Vec::new(),
        };
        let heads = PerLeg {
            first: Some(heads.first),
            second: Some(heads.second),
        };
        Ok(swap.handle(now, Input::Clock { heads }))
    }

    /// Takes in one input at a moment of our clock, and says what is to be done because of it.
    ///
    /// Nothing is an error here: a stranger's message or a chain's surprise changes nothing, or becomes
    /// [`Effect::Advise`]. Repeats change nothing.
    #[must_use]
    pub fn handle(mut self, now: Timestamp, input: Input) -> Transition {
        self.now = now;
        self.learn(input);
        self.intend();
        let wanted = self.wants();
        let effects = wanted
            .iter()
            .filter(|effect| !self.wanted.contains(effect))
            .cloned()
            .collect();
        let keys: Vec<_> = wanted.iter().map(Effect::key).collect();
        let cancel = self
            .wanted
            .iter()
            .map(Effect::key)
            .filter(|key| !keys.contains(key))
            .collect();
        self.wanted = wanted;
        Transition {
            effects,
            cancel,
            wake: self.wake(),
            next: self,
        }
    }

    /// Everything that must be made to happen now; whoever resumes after a crash starts here.
    pub fn wanted(&self) -> &[Effect] {
        &self.wanted
    }

    /// What was agreed on.
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Who we are.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// What is assumed about time.
    pub const fn timing(&self) -> &SwapTiming {
        &self.timing
    }

    /// What was seen and heard.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// What was decided.
    pub const fn intents(&self) -> &Intents {
        &self.intents
    }
}
