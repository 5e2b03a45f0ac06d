//! What both parties share: time, two chains, letters that are late or lost, and chance.

use std::collections::BTreeMap;

use rand::{Rng as _, rngs::StdRng};

use super::chain::{Act, Chain};
use crate::{Amount, Expiry, Leg, Message, PerLeg, Role, Secret, Terms};

/// What a party sends to the other outside the chains.
#[derive(Clone, Debug)]
pub(super) enum Letter {
    Says(Message),
    /// The secret, or what claims to be.
    Whispers(Secret),
    /// The other half of a signature under a claim.
    Cosigned,
}

pub(super) struct World {
    pub(super) rng: StdRng,
    pub(super) now: u64,
    pub(super) chains: PerLeg<Chain>,
    pub(super) terms: Terms,
    pub(super) mail: Vec<(u64, Role, Letter)>,
    pub(super) loses_mail: f64,
    /// How often blocks are replaced, and by how many more than the assumptions allow at most.
    pub(super) reorganises: f64,
    pub(super) too_deep: usize,
    pub(super) seen: BTreeMap<&'static str, u64>,
}

impl World {
    pub(super) fn count(&mut self, what: &'static str) {
        *self.seen.entry(what).or_insert(0) += 1;
    }

    pub(super) fn submit(&mut self, leg: Leg, act: Act) {
        let now = self.now;
        self.chains.of_mut(leg).submit(act, now, false);
    }

    /// Broadcasts something that miners take at once and before all others.
    pub(super) fn submit_first(&mut self, leg: Leg, act: Act) {
        let now = self.now;
        self.chains.of_mut(leg).submit(act, now, true);
    }

    pub(super) fn send(&mut self, to: Role, letter: Letter) {
        if !self.rng.random_bool(self.loses_mail) {
            let at = self.now + self.rng.random_range(0..600);
            self.mail.push((at, to, letter));
        }
    }

    /// The name and the amount of a leg's lock.
    pub(super) fn lock_of(&self, leg: Leg, act: Act) -> (String, Amount) {
        let agreed = self.terms.legs.of(leg).amount;
        let amount = match act {
            Act::LockLess => Amount::new(agreed.units() - 1),
            _ => agreed,
        };
        (format!("lock of the {leg}"), amount)
    }

    /// Whether the refund could be in the block after the next.
    pub(super) fn next_block_expires(&self, leg: Leg) -> bool {
        let chain = self.chains.of(leg);
        match chain.expiry {
            Expiry::Height(height) => chain.head(0).height + 1 >= height,
            Expiry::Time(time) => {
                let slot = chain.timing.blocks().usual();
                chain.next_at + slot >= time.as_secs()
            }
        }
    }

    /// Makes the blocks that are due now.
    pub(super) fn mine(&mut self) {
        for leg in Leg::BOTH {
            let chain = self.chains.of_mut(leg);
            if chain.next_at > self.now {
                continue;
            }
            let mut depth = 0;
            if self.rng.random_bool(self.reorganises) {
                let confirmations = usize::try_from(chain.timing.confirmations()).unwrap();
                depth = self.rng.random_range(0..confirmations + self.too_deep);
                if self.rng.random_bool(0.5) {
                    depth = chain.replaceable_lock().unwrap_or(depth);
                }
                if depth >= confirmations {
                    *self.seen.entry("a reorganisation too deep").or_insert(0) += 1;
                } else if depth > 0 {
                    *self.seen.entry("a reorganisation").or_insert(0) += 1;
                }
            }
            if chain.is_waiting(Act::Claim) && chain.is_waiting(Act::Refund) {
                *self
                    .seen
                    .entry("a block between claim and refund")
                    .or_insert(0) += 1;
            }
            chain.mine(depth, &mut self.rng);
        }
    }
}
