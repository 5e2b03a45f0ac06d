use alloy_primitives::B256;
use causeway_types::BlockRef;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Amount, Head, Leg, PerLeg, Secret};

/// Something that happened. Inputs of one chain come in the chain's order; any input may be repeated
/// while it still holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum Input {
    /// Time has passed. Comes when a wake is due and before whatever a chain shows, so that what is
    /// decided about it is decided by the newest heads.
    Clock {
        /// The heads of both chains; `None` where nothing could be read.
        heads: PerLeg<Option<Head>>,
    },
    /// A lock under the leg's hash lock, between its parties and with its expiry, in a block.
    Locked {
        /// The leg.
        leg: Leg,
        /// Which lock: an outpoint or a contract's key, as its driver writes it.
        lock: String,
        /// How much it holds.
        amount: Amount,
        /// The block.
        block: BlockRef,
    },
    /// Something that was presented as the leg's lock is another.
    LockedOtherwise {
        /// The leg.
        leg: Leg,
        /// What is wrong with it.
        wrong: WrongLock,
    },
    /// The lock was spent, in a block.
    Spent {
        /// The leg.
        leg: Leg,
        /// How.
        by: SpentBy,
        /// The block.
        block: BlockRef,
    },
    /// A block will stay: it has the chain's confirmations.
    Final {
        /// The leg whose chain it is on.
        leg: Leg,
        /// The block.
        block_hash: B256,
    },
    /// A block is gone, with all that it held.
    Withdrawn {
        /// The leg whose chain it was on.
        leg: Leg,
        /// The block.
        block_hash: B256,
    },
    /// Something that may be the secret was seen: in a transaction that waits for its block, say.
    Secret {
        /// It, to be checked.
        secret: Secret,
    },
    /// The other party said something.
    Message {
        /// What.
        message: Message,
    },
    /// A person on our side wants the swap to end, as far as that is safe. Given once the secret is out,
    /// it lets what we locked be taken back after its expiry although the other leg could still be
    /// claimed, which is for people to judge.
    Stop,
    /// A person on our side wants the swap to go on after all.
    Resume,
}

/// How a lock was spent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum SpentBy {
    /// To the claimer; with the secret, unless both parties signed.
    Claim {
        /// What the transaction showed.
        secret: Option<Secret>,
    },
    /// Back to the refunder.
    Refund,
    /// In a way that the driver cannot explain.
    Unknown,
}

/// What the other party can say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case", deny_unknown_fields)]
pub enum Message {
    /// "I would sign your claim with you."
    ReadyToCosign,
    /// "Sign a claim of what you locked with me; this is the secret."
    AsksToClaim {
        /// It, to be checked.
        secret: Option<Secret>,
    },
    /// "Agree that I take back what I locked at once."
    AsksForRefund,
    /// "Take back what you locked at once": the signature for it is with the driver, checked.
    ConsentsToRefund,
}

/// Why a lock is not the one that was agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(rename_all = "snake_case")]
pub enum WrongLock {
    /// It holds another amount.
    #[error("the lock holds {found} units (expected {expected})")]
    Amount {
        /// That of the terms.
        expected: Amount,
        /// That of the lock.
        found: Amount,
    },
    /// It opens to others, in another way, or at another time.
    #[error("the lock is of other terms")]
    Terms,
}
