//! What is decided: one file for each decision. What is decided for good changes the
//! intents; everything else only reads.

mod advise;
mod claim;
mod consent;
mod lock;
mod phase;
mod refund;
mod wake;

use causeway_types::Timestamp;

use super::{Effect, LegFacts, Swap};
use crate::{ChainTiming, Head, Leg, PerLeg};

impl Swap {
    /// Decides what nothing takes back. Claiming comes before giving up.
    pub(super) fn intend(&mut self) {
        if self.intents.claim.is_none() && self.may_begin_claim() {
            self.intents.claim = Some(self.now);
            // A wish to end the swap that came before is over: ending it now takes a new one.
            self.facts.stopped = false;
        }
        self.intents.lock |= self.may_lock();
        self.intents.give_up |= self.may_give_up();
        self.intents.refund |= matches!(self.refund(), Some(Effect::Refund { .. }));
    }

    /// What is to be done, as long as facts, intents and time are what they are.
    pub(super) fn wants(&self) -> Vec<Effect> {
        let one_each = [
            self.publish_lock(),
            self.claim(),
            self.cosign_claim(),
            self.refund(),
            self.consent_to_refund(),
        ];
        one_each
            .into_iter()
            .flatten()
            .chain(self.advise())
            .collect()
    }

    /// What is known of the leg that we lock.
    fn ours(&self) -> &LegFacts {
        self.facts.legs.of(self.role.locks())
    }

    /// What is known of the leg that we claim.
    fn theirs(&self) -> &LegFacts {
        self.facts.legs.of(self.role.claims())
    }

    fn chain(&self, leg: Leg) -> ChainTiming {
        *self.timing.legs.of(leg)
    }

    pub(in crate::life) fn heads(&self) -> PerLeg<Head> {
        PerLeg {
            first: self.facts.legs.first.head,
            second: self.facts.legs.second.head,
        }
    }

    fn has_expired(&self, leg: Leg) -> bool {
        let head = &self.facts.legs.of(leg).head;
        self.terms.legs.of(leg).expiry.has_come(head)
    }

    /// lo(T) of the leg.
    fn earliest_expiry(&self, leg: Leg) -> Timestamp {
        let head = &self.facts.legs.of(leg).head;
        self.chain(leg)
            .earliest(self.terms.legs.of(leg).expiry, head)
    }

    /// hi(T) of the leg.
    fn latest_expiry(&self, leg: Leg) -> Timestamp {
        let head = &self.facts.legs.of(leg).head;
        self.chain(leg).latest(self.terms.legs.of(leg).expiry, head)
    }

    /// Whether the secret can be shown safely, by the time that is left.
    fn is_in_time_to_reveal(&self) -> bool {
        self.timing
            .check_before_reveal(&self.terms.expiries(), &self.heads(), self.now)
            .is_ok()
    }
}
