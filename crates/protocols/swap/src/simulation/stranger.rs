//! A counterparty that keeps to nothing: it knows all, is never down, its transactions come first, and it
//! takes whatever it can get.

use rand::{Rng as _, rngs::StdRng};

use super::{
    chain::Act,
    world::{Letter, World},
};
use crate::{Leg, Message, Role, Secret, test_values};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Locks {
    Never,
    Less,
    AtOnce,
    Late,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reveals {
    Never,
    AtOnce,
    /// So that the claim is in the last block before the refund may be.
    InTheLastBlock,
    /// Against the refund.
    AfterExpiry,
    /// To the responder alone.
    Privately,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "what it does and what it has got"
)]
pub(super) struct Stranger {
    pub(super) role: Role,
    locks: Locks,
    lock_at: u64,
    reveals: Reveals,
    takes_back: bool,
    claims: bool,
    talks: f64,
    knows_secret: bool,
    may_claim_together: bool,
    may_refund_together: bool,
    pub(super) letters: Vec<Letter>,
}

impl Stranger {
    pub(super) fn new(role: Role, now: u64, until: u64, margin: u64, rng: &mut StdRng) -> Self {
        let locks = match rng.random_range(0..10) {
            0 => Locks::Never,
            1 => Locks::Less,
            2..5 => Locks::Late,
            _ => Locks::AtOnce,
        };
        let reveals = match rng.random_range(0..12) {
            0 => Reveals::Never,
            1..3 => Reveals::AtOnce,
            3..7 => Reveals::InTheLastBlock,
            7..11 => Reveals::AfterExpiry,
            _ => Reveals::Privately,
        };
        let lock_at = match locks {
            // About when there is just time, or just none, to claim.
            Locks::Late => until.saturating_sub(rng.random_range(0..margin)).max(now),
            _ => now,
        };
        Self {
            role,
            locks,
            lock_at,
            reveals,
            takes_back: rng.random_bool(0.9),
            claims: rng.random_bool(0.9),
            talks: [0.0, 0.02, 0.2][rng.random_range(0..3)],
            knows_secret: role == Role::Initiator,
            may_claim_together: false,
            may_refund_together: false,
            letters: Vec::new(),
        }
    }

    pub(super) fn act(&mut self, world: &mut World) {
        self.read();
        let (ours, theirs) = (self.role.locks(), self.role.claims());
        for leg in Leg::BOTH {
            let chain = world.chains.of(leg);
            let shown = chain.spend().is_some_and(|(_, act, _)| act == Act::Claim);
            self.knows_secret |= shown || chain.is_waiting(Act::Claim);
        }
        let other_has_locked = self.role == Role::Initiator || world.chains.first.lock().is_some();
        if world.now >= self.lock_at && other_has_locked {
            match self.locks {
                Locks::Never => {}
                Locks::Less => world.submit_first(ours, Act::LockLess),
                Locks::AtOnce | Locks::Late => world.submit_first(ours, Act::Lock),
            }
        }
        if world.chains.of(theirs).lock().is_some() && self.shows_secret(world) {
            world.submit_first(theirs, Act::Claim);
        }
        if self.may_claim_together {
            world.submit_first(theirs, Act::ClaimTogether);
        }
        let chain = world.chains.of(ours);
        if self.takes_back && chain.expiry.has_come(&chain.head(0)) {
            world.submit_first(ours, Act::Refund);
        }
        if self.may_refund_together {
            world.submit_first(ours, Act::RefundTogether);
        }
        if world.rng.random_bool(self.talks) {
            self.talk(world);
        }
    }

    fn shows_secret(&self, world: &mut World) -> bool {
        if self.role == Role::Responder {
            return self.knows_secret && self.claims;
        }
        let chain = &world.chains.second;
        let has_come = chain.expiry.has_come(&chain.head(0));
        match self.reveals {
            Reveals::Never => false,
            Reveals::AtOnce => true,
            Reveals::InTheLastBlock => has_come || world.next_block_expires(Leg::Second),
            Reveals::AfterExpiry => has_come,
            Reveals::Privately => {
                let secret = test_values::secret();
                world.send(Role::Responder, Letter::Whispers(secret));
                false
            }
        }
    }

    fn read(&mut self) {
        for letter in std::mem::take(&mut self.letters) {
            match letter {
                Letter::Says(Message::AsksToClaim { secret }) => {
                    self.knows_secret |= secret.is_some();
                }
                Letter::Says(Message::ConsentsToRefund) => self.may_refund_together = true,
                Letter::Cosigned => self.may_claim_together = true,
                Letter::Says(_) | Letter::Whispers(_) => {}
            }
        }
    }

    /// Whatever may confuse the other.
    fn talk(&self, world: &mut World) {
        let secret = match world.rng.random_range(0..3) {
            0 => None,
            1 => Some(Secret::from_bytes([0xbd; 32])),
            _ => self.knows_secret.then(test_values::secret),
        };
        let says = match world.rng.random_range(0..5) {
            0 => Letter::Says(Message::ReadyToCosign),
            1 => Letter::Says(Message::AsksForRefund),
            2 => Letter::Says(Message::ConsentsToRefund),
            3 => Letter::Whispers(Secret::from_bytes([0xbd; 32])),
            _ => {
                // Whoever makes the secret shows it by this.
                let secret = secret
                    .filter(|_| self.role == Role::Responder || self.reveals != Reveals::Never);
                Letter::Says(Message::AsksToClaim { secret })
            }
        };
        world.send(self.role.other(), says);
    }
}
