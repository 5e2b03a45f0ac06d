use causeway_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::Swap;
use crate::{Expiry, Leg, Secret};

/// What one input leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The swap as it is now, to be stored before anything is done.
    pub next: Swap,
    /// What is to be done and was not asked for before, or has to be done again.
    pub effects: Vec<Effect>,
    /// Keys of effects that are not wanted any more.
    pub cancel: Vec<String>,
    /// When to come back with [`super::Input::Clock`], by our clock.
    pub wake: Option<Timestamp>,
}

/// Something to be done. All of it can be repeated harmlessly, and is until a chain shows that it
/// happened: a broadcast repeats the bytes that were stored before the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// Lock our leg.
    PublishLock {
        /// Our leg.
        leg: Leg,
    },
    /// Claim with the secret. It is shown to the world by this.
    Claim {
        /// The other party's leg.
        leg: Leg,
        /// The secret.
        secret: Secret,
        /// How urgent it is: the claim must be final before this, and after it races with a refund. What
        /// is paid for it follows from what is left.
        before: Expiry,
    },
    /// Ask the other party to sign a claim with us, and send that.
    AskToClaim {
        /// The other party's leg.
        leg: Leg,
        /// The secret, without which nobody should sign. It is shown to the other party by this.
        secret: Secret,
    },
    /// Sign the other party's claim of what we locked.
    CosignClaim {
        /// Our leg.
        leg: Leg,
    },
    /// Take back what we locked, after its expiry.
    Refund {
        /// Our leg.
        leg: Leg,
    },
    /// Ask the other party to agree that we take back what we locked at once.
    AskForRefund {
        /// Our leg.
        leg: Leg,
    },
    /// Take back what we locked with the other party's signature, before its expiry.
    RefundTogether {
        /// Our leg.
        leg: Leg,
    },
    /// Agree that the other party takes back what it locked.
    ConsentToRefund {
        /// The other party's leg.
        leg: Leg,
    },
    /// Send a lock's transaction again that a block has lost, whoever made it.
    Rebroadcast {
        /// The leg.
        leg: Leg,
    },
    /// Tell a person.
    Advise {
        /// What.
        advice: Advice,
        /// About which leg.
        leg: Leg,
        /// Until when it matters: the leg's expiry.
        until: Expiry,
    },
}

/// What a person should know, and may have to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// A lock is not what was agreed on.
    WrongLock,
    /// There are two locks of the same terms. Only the first seen is looked after.
    DuplicateLock,
    /// A block is gone that had all confirmations: what was built on it is in danger.
    FinalBlockGone,
    /// A lock was spent in a way that we cannot explain.
    UnknownSpend,
    /// Our claim is not in a block, and the time for it is running out.
    ClaimIsLate,
    /// Our lock went to the other party, and the other party's did not come to us.
    BothLegsLost,
}

impl Effect {
    /// Names the effect among those of its swap.
    pub fn key(&self) -> String {
        let key = match self {
            Self::PublishLock { .. } => "lock",
            Self::Claim { .. } => "claim",
            Self::AskToClaim { .. } => "ask-to-claim",
            Self::CosignClaim { .. } => "cosign-claim",
            Self::Refund { .. } => "refund",
            Self::AskForRefund { .. } => "ask-for-refund",
            Self::RefundTogether { .. } => "refund-together",
            Self::ConsentToRefund { .. } => "consent-to-refund",
            Self::Rebroadcast { .. } => "rebroadcast",
            Self::Advise { advice, leg, .. } => {
                return format!("advise-{}-{}", advice.name(), leg.name());
            }
        };
        key.to_owned()
    }
}

impl Advice {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::WrongLock,
        Self::DuplicateLock,
        Self::FinalBlockGone,
        Self::UnknownSpend,
        Self::ClaimIsLate,
        Self::BothLegsLost,
    ];

    /// The advice as keys and metrics name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WrongLock => "wrong-lock",
            Self::DuplicateLock => "duplicate-lock",
            Self::FinalBlockGone => "final-block-gone",
            Self::UnknownSpend => "unknown-spend",
            Self::ClaimIsLate => "claim-is-late",
            Self::BothLegsLost => "both-legs-lost",
        }
    }
}
