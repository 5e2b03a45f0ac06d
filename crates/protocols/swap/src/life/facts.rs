use alloy_primitives::B256;
use causeway_types::BlockRef;
use serde::{Deserialize, Serialize};

use super::WrongLock;
use crate::{Head, PerLeg, Secret};

/// What was seen and heard. Chains may take back what they have shown; what was learned stays learned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What each chain shows.
    pub legs: PerLeg<LegFacts>,
    /// The secret, if it is known: to its maker always.
    pub secret: Option<Secret>,
    /// Whether somebody else has it too.
    pub secret_is_out: bool,
    /// What the other party said.
    pub said: Said,
    /// Whether a person on our side wants the swap to end.
    pub stopped: bool,
}

/// What a chain shows of a leg.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegFacts {
    /// The newest head that was read.
    pub head: Head,
    /// The lock.
    pub lock: Option<Seen<String>>,
    /// What became of it.
    pub spend: Option<Seen<Spend>>,
    /// Whether the lock was ever seen, even if it is gone.
    pub was_locked: bool,
    /// The last lock that was not what had been agreed on.
    pub wrong: Option<WrongLock>,
    /// Another lock of the same terms.
    pub duplicate: Option<String>,
    /// Whether a block that was final is gone.
    pub final_block_gone: bool,
}

/// Something in a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen<T> {
    /// What.
    pub what: T,
    /// The block.
    pub block: BlockRef,
    /// Whether the block will stay.
    pub is_final: bool,
}

/// How a lock was spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spend {
    /// To the claimer.
    Claim,
    /// Back to the refunder.
    Refund,
    /// In a way that we cannot explain.
    Unknown,
}

/// What the other party said. It costs nothing to say, and nothing is risked on it alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four things said or not said, in any combination"
)]
pub struct Said {
    /// Would sign our claim with us.
    pub ready_to_cosign: bool,
    /// Asks us to sign a claim of what we locked.
    pub asks_to_claim: bool,
    /// Asks us to agree that what the other party locked goes back at once.
    pub asks_for_refund: bool,
    /// Agrees that what we locked goes back at once.
    pub consents_to_refund: bool,
}

impl LegFacts {
    pub(super) const fn new(head: Head) -> Self {
        Self {
            head,
            lock: None,
            spend: None,
            was_locked: false,
            wrong: None,
            duplicate: None,
            final_block_gone: false,
        }
    }

    /// Whether there is something to claim or to take back.
    pub const fn is_open(&self) -> bool {
        self.lock.is_some() && self.spend.is_none()
    }

    /// Whether the lock will stay.
    pub fn lock_is_final(&self) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.is_final)
    }

    /// How the lock was spent, if it was, in a block that may still go.
    pub fn spent(&self) -> Option<Spend> {
        self.spend.as_ref().map(|spend| spend.what)
    }

    /// How the lock was spent, once and for all.
    pub fn settled(&self) -> Option<Spend> {
        let spend = self.spend.as_ref().filter(|spend| spend.is_final);
        spend.map(|spend| spend.what)
    }
}

impl<T> Seen<T> {
    pub(super) const fn new(what: T, block: BlockRef) -> Self {
        Self {
            what,
            block,
            is_final: false,
        }
    }

    pub(super) fn is_in(&self, block_hash: B256) -> bool {
        self.block.hash == block_hash
    }
}
