//! Watching over swaps of others who may be away: from data that can claim for them and take back for
//! them, and do nothing else.
//!
//! A watchtower learns the secret from a chain or not at all, so that it never decides whether a swap
//! happens; it only sees to it that what is decided comes to those it watches over.

use std::convert::Infallible;

use causeway_engine::{Machine, NewEffect, Step};
use causeway_swap::{
    HashLock, Head, Input, Leg, PerLeg, Role, Secret, SpentBy, SwapId, SwapTiming, Terms,
};
use causeway_types::{BlockRef, ChainId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    chain::{Lock, Spending},
    record::{CLOCK, Record, Task, lane},
};

/// What a party gives to a watchtower about one swap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ward {
    /// Numbers the party's keys.
    pub number: u32,
    /// What was agreed on.
    pub terms: Terms,
    /// Who the party is.
    pub role: Role,
    /// What the party assumes about time.
    pub timing: SwapTiming,
    /// The lock that the party claims.
    pub claim: Option<Delegated>,
    /// The lock that the party takes back.
    pub refund: Option<Delegated>,
}

/// A lock that somebody else may spend for a party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delegated {
    /// Where the lock is.
    pub at: String,
    /// What the chain's driver needs to spend it.
    pub data: String,
}

/// What a watchtower knows of a swap that it watches over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// What it was given.
    pub ward: Ward,
    /// Whether a block holds each lock, and what became of it.
    legs: PerLeg<LegSeen>,
    /// The secret, once a chain has shown it.
    secret: Option<Secret>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct LegSeen {
    head: Option<Head>,
    /// The block that the lock has gone from.
    lock_gone: bool,
    spent_in: Option<BlockRef>,
    is_final: bool,
}

/// What happens to a watch.
#[derive(Clone, Debug)]
pub(crate) enum Watched {
    /// It begins, or is given newer data.
    Begins(Box<Ward>),
    /// Something was seen.
    Saw(Input),
}

impl Ward {
    /// The name of the swap.
    pub fn swap(&self) -> SwapId {
        self.terms.id()
    }

    /// One of the swap's locks.
    pub fn lock(&self, leg: Leg) -> Lock {
        Lock {
            swap: self.swap(),
            leg,
            number: self.number,
            hash_lock: self.terms.hash_lock,
            terms: self.terms.legs.of(leg).clone(),
        }
    }

    /// Where a lock is, if it was delegated.
    pub fn at(&self, leg: Leg) -> Option<&str> {
        self.delegated(self.spending(leg))
            .map(|lock| lock.at.as_str())
    }

    pub(crate) const fn delegated(&self, what: Spending) -> Option<&Delegated> {
        match what {
            Spending::Claim => self.claim.as_ref(),
            Spending::Refund => self.refund.as_ref(),
        }
    }

    pub(crate) const fn leg(&self, what: Spending) -> Leg {
        match what {
            Spending::Claim => self.role.claims(),
            Spending::Refund => self.role.locks(),
        }
    }

    fn spending(&self, leg: Leg) -> Spending {
        if leg == self.role.claims() {
            Spending::Claim
        } else {
            Spending::Refund
        }
    }
}

impl Watch {
    /// The secret, if it is out.
    pub(crate) const fn secret(&self) -> Option<&Secret> {
        self.secret.as_ref()
    }

    /// The block that spends a lock of the swap.
    pub(crate) const fn spent_in(&self, leg: Leg) -> Option<BlockRef> {
        self.legs.of(leg).spent_in
    }

    /// The blocks of a chain that spend locks of the swap.
    pub(crate) fn spends_on(&self, chain: &ChainId) -> Vec<BlockRef> {
        let mut blocks = Vec::new();
        for leg in Leg::BOTH {
            if self.ward.terms.legs.of(leg).asset.chain() == chain {
                blocks.extend(self.legs.of(leg).spent_in);
            }
        }
        blocks
    }

    /// Whether nothing is left to watch over.
    pub fn is_over(&self) -> bool {
        let settled = |what: Spending| self.legs.of(self.ward.leg(what)).is_final;
        // Once our own lock is spent for good, the other matters only if the secret is out.
        settled(Spending::Claim) || (settled(Spending::Refund) && self.secret.is_none())
    }

    /// What is to be done now. A seen secret always prefers claiming.
    pub(crate) fn wanted(&self) -> Option<Spending> {
        let is_open = |what: Spending| {
            let seen = self.legs.of(self.ward.leg(what));
            self.ward.delegated(what).is_some() && seen.spent_in.is_none() && !seen.lock_gone
        };
        if self.secret.is_some() && is_open(Spending::Claim) {
            return Some(Spending::Claim);
        }
        let claims = self.legs.of(self.ward.leg(Spending::Claim));
        let claimed_by_us = self.secret.is_some() && claims.spent_in.is_some();
        (is_open(Spending::Refund) && self.has_expired() && !claimed_by_us)
            .then_some(Spending::Refund)
    }

    fn has_expired(&self) -> bool {
        let leg = self.ward.leg(Spending::Refund);
        let head = self.legs.of(leg).head.as_ref();
        head.is_some_and(|head| self.ward.terms.legs.of(leg).expiry.has_come(head))
    }

    fn learn(&mut self, input: Input) {
        match input {
            Input::Clock { heads } => {
                for leg in Leg::BOTH {
                    if let Some(head) = heads.of(leg) {
                        self.legs.of_mut(leg).head = Some(*head);
                    }
                }
            }
            Input::Locked { leg, lock, .. } => {
                if self.ward.at(leg) == Some(lock.as_str()) {
                    self.legs.of_mut(leg).lock_gone = false;
                }
            }
            Input::Spent { leg, by, block } => {
                if let SpentBy::Claim {
                    secret: Some(secret),
                } = by
                {
                    self.learn_secret(self.ward.terms.hash_lock, secret);
                }
                let seen = self.legs.of_mut(leg);
                seen.spent_in = Some(block);
                seen.is_final = false;
            }
            Input::Final { leg, block_hash } => {
                let seen = self.legs.of_mut(leg);
                seen.is_final |= seen.spent_in.is_some_and(|block| block.hash == block_hash);
            }
            Input::Withdrawn { leg, block_hash } => {
                let seen = self.legs.of_mut(leg);
                if seen
                    .spent_in
                    .take_if(|block| block.hash == block_hash)
                    .is_some()
                {
                    seen.is_final = false;
                }
            }
            Input::Secret { secret } => self.learn_secret(self.ward.terms.hash_lock, secret),
            Input::LockedOtherwise { .. } | Input::Message { .. } | Input::Stop | Input::Resume => {
            }
        }
    }

    fn learn_secret(&mut self, lock: HashLock, secret: Secret) {
        if lock.is_opened_by(&secret) {
            self.secret = Some(secret);
        }
    }

    /// Looks again with the next block, as long as there may be something to take back.
    fn wake(&self, now: Timestamp) -> Timestamp {
        let leg = self.ward.leg(Spending::Refund);
        now.plus_secs(self.ward.timing.legs.of(leg).blocks().usual().max(1))
    }
}

/// The machine of watches, as the engine runs it.
#[derive(Debug)]
pub(crate) struct TowerMachine;

impl Machine for TowerMachine {
    const KIND: &'static str = "tower";
    type State = Watch;
    type Input = (Timestamp, Watched);
    type Effect = Task;
    type Error = Infallible;

    fn handle(
        state: Option<Watch>,
        (now, what): (Timestamp, Watched),
    ) -> Result<Step<Watch, Task>, Infallible> {
        let watch = match (state, what) {
            (None, Watched::Begins(ward)) => Watch {
                ward: *ward,
                legs: PerLeg::default(),
                secret: None,
            },
            (Some(watch), Watched::Begins(ward)) => Watch {
                ward: *ward,
                ..watch
            },
            (Some(mut watch), Watched::Saw(input)) => {
                watch.learn(input);
                watch
            }
            (None, Watched::Saw(_)) => return Ok(Step::vanish()),
        };
        let wanted = watch.wanted();
        let wake = watch.wake(now);
        let is_over = watch.is_over();
        let chain = |what: Spending| watch.ward.terms.legs.of(watch.ward.leg(what)).asset.chain();
        let key = |what: Spending| format!("act-for-{what:?}").to_lowercase();
        let effect = wanted.map(|what| {
            let lane = lane(chain(what));
            NewEffect::new(key(what), lane, Task::ActFor(what))
        });
        let step = Step::to(watch, if is_over { "over" } else { "watching" });
        let step = if is_over {
            step.done()
        } else {
            step.wake(CLOCK, wake.as_secs())
        };
        let unwanted = [Spending::Claim, Spending::Refund]
            .into_iter()
            .filter(|what| wanted != Some(*what));
        let step = unwanted.fold(step, |step, what| step.cancel(key(what)));
        Ok(match effect {
            Some(effect) => step.effect(effect),
            None => step,
        })
    }
}

impl Record {
    /// What a watchtower needs, without what was not delegated.
    pub(crate) fn ward(&self, claim: Option<Delegated>, refund: Option<Delegated>) -> Ward {
        Ward {
            number: self.number,
            terms: self.terms().clone(),
            role: self.swap.role(),
            timing: *self.swap.timing(),
            claim,
            refund,
        }
    }
}
