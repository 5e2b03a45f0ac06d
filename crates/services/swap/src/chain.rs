//! What a chain has to do for swaps. One implementation for each kind of chain; nothing else in this crate
//! knows what kinds there are.

use std::fmt;

use async_trait::async_trait;
use causeway_swap::{
    Amount, Expiry, HashLock, Head, Leg, LegTerms, LockForm, Secret, SpentBy, SwapId, WrongLock,
};
use causeway_types::{AccountId, AssetId, BlockRef, ChainId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One of the two locks of a swap of ours, with all that a chain needs to make, find and spend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The swap.
    pub swap: SwapId,
    /// Which of its legs.
    pub leg: Leg,
    /// Numbers our keys for this swap. One number serves one swap.
    pub number: u32,
    /// What opens it.
    pub hash_lock: HashLock,
    /// What was agreed about it.
    pub terms: LegTerms,
}

/// A lock on the chain.
#[derive(Clone, Copy, Debug)]
pub struct Locked<'a> {
    /// The lock.
    pub lock: &'a Lock,
    /// Where it is: an outpoint or a contract's key, as [`Sight::Locked`] told.
    pub at: &'a str,
}

/// Something that a block holds for a swap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The swap.
    pub swap: SwapId,
    /// The leg.
    pub leg: Leg,
    /// What.
    pub sight: Sight,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sight {
    /// A lock under the leg's hash lock, between its parties and with its expiry.
    Locked {
        /// Where it is.
        at: String,
        /// How much it holds.
        amount: Amount,
    },
    /// What was presented as the lock is another.
    LockedOtherwise(WrongLock),
    /// The lock was spent.
    Spent(SpentBy),
}

/// One step along a chain. The order and the meaning are those of the drivers' followers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainUpdate {
    /// A block joined the chain.
    Block {
        /// The block.
        block: BlockRef,
        /// What it holds for our swaps.
        sightings: Vec<Sighting>,
    },
    /// A block is gone, with all that it held.
    Withdrawn {
        /// The block.
        block: BlockRef,
    },
    /// This block and all before it will stay.
    Final {
        /// The newest final block.
        block: BlockRef,
    },
}

/// What both parties can sign together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Together {
    /// A claim that needs no script.
    Claim,
    /// A refund before the expiry.
    Refund,
}

impl Together {
    /// The word for keys and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Refund => "refund",
        }
    }
}

/// What one party alone can do with a lock, and can have done for it by somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spending {
    /// Claim with the secret, once it is out.
    Claim,
    /// Take back after the expiry.
    Refund,
}

/// Why a chain did not do what was asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{chain}: {message}")]
pub struct ChainError {
    /// The chain.
    pub chain: ChainId,
    /// What went wrong, and what to do about it where that is known.
    pub message: String,
    /// Whether asking again may help.
    pub passes: bool,
    /// Set when the chain has taken back what it had called final: of what was told of it, nothing stands
    /// from this height on, and perhaps not all below.
    pub gone_from: Option<u64>,
}

impl ChainError {
    /// Something that may be over when asked again.
    pub fn passing(chain: &ChainId, message: impl fmt::Display) -> Self {
        Self {
            chain: chain.clone(),
            message: message.to_string(),
            passes: true,
            gone_from: None,
        }
    }

    /// Something that stays as it is, however often it is asked.
    pub fn lasting(chain: &ChainId, message: impl fmt::Display) -> Self {
        Self {
            passes: false,
            ..Self::passing(chain, message)
        }
    }

    /// The chain has taken back what it had called final, from this height on or from below.
    pub fn finality_violated(chain: &ChainId, message: impl fmt::Display, height: u64) -> Self {
        Self {
            gone_from: Some(height),
            ..Self::lasting(chain, message)
        }
    }
}

/// Follows a chain for all swaps that are watched there.
#[async_trait]
pub trait Follow: Send {
    /// The next update; waits for one. Dropping the future loses nothing. A failure may be followed by
    /// asking again, unless it does not [pass](ChainError::passes).
    async fn next(&mut self) -> Result<ChainUpdate, ChainError>;

    /// Where following stands after the updates told so far, for [`SwapChain::follow`].
    fn cursor(&self) -> String;
}

/// Our half of a signature that is being made together. It holds a nonce, so it is never stored, and
/// serves once.
#[async_trait]
pub trait Session: Send + Sync {
    /// What the other party has to be sent.
    fn request(&self) -> String;

    /// Puts the other party's answer and our half together, and checks the result. What comes out is to
    /// be stored, and then given to [`SwapChain::spend_together`].
    async fn finish(self: Box<Self>, answer: &str) -> Result<String, ChainError>;
}

/// A chain that swaps are made on.
///
/// The actions may be repeated for ever, and are, about once in a block, until the chain shows that they
/// happened. Each stores what it is going to send before sending it, and sends the same again the next
/// time, or something better that cannot happen beside it.
#[async_trait]
pub trait SwapChain: Send + Sync {
    /// Its CAIP-2 id.
    fn id(&self) -> &ChainId;

    /// How locks are made here.
    fn form(&self) -> LockForm;

    /// Who we are in the swap of this number.
    fn account(&self, number: u32) -> Result<AccountId, ChainError>;

    /// Where a person sends what we are to swap.
    fn address(&self) -> Result<String, ChainError>;

    /// Pays from our wallet to an address of this chain, all there is if no amount is given, and answers
    /// the transaction's id. Not to be called while another process uses the wallet. An error may leave
    /// open whether it was paid.
    async fn pay_out(&self, to: &str, amount: Option<Amount>) -> Result<String, ChainError>;

    /// Whether a lock of these terms can be made, watched and spent here. Says what is wrong and what
    /// would be right.
    fn check(&self, terms: &LegTerms) -> Result<(), ChainError>;

    /// The newest head. A deadline is judged by it, so that it must not be behind what any endpoint
    /// knows.
    async fn head(&self) -> Result<Head, ChainError>;

    /// How much of an asset we can lock now, leaving out what fees may need.
    async fn balance(&self, asset: &AssetId) -> Result<Amount, ChainError>;

    /// Looks out for this lock from the next block on. Repeating it does nothing. `at` is where it is,
    /// if that is known already.
    fn watch(&self, lock: &Lock, at: Option<&str>);

    /// Looks out for it no more.
    fn forget(&self, lock: &Lock);

    /// Follows the chain from where a cursor stands, or from the newest block on.
    async fn follow(&self, cursor: Option<&str>) -> Result<Box<dyn Follow>, ChainError>;

    /// Follows the chain from this height on, after it has taken back what it had called final: as if
    /// nothing had ever been told of it.
    async fn follow_anew(&self, height: u64) -> Result<Box<dyn Follow>, ChainError>;

    /// Makes our lock.
    async fn lock(&self, lock: &Lock) -> Result<(), ChainError>;

    /// Claims with the secret. What is paid for it follows from how near the expiry is.
    async fn claim(
        &self,
        locked: Locked<'_>,
        secret: &Secret,
        before: Expiry,
    ) -> Result<(), ChainError>;

    /// Takes back what we locked, after its expiry.
    async fn refund(&self, locked: Locked<'_>) -> Result<(), ChainError>;

    /// Sends again what a block has lost of this lock: its own transaction, if we know it.
    async fn rebroadcast(&self, lock: &Lock) -> Result<(), ChainError>;

    /// Begins to have something signed together. `None` where the other party signs alone and needs
    /// nothing from us but to be asked.
    async fn ask(
        &self,
        locked: Locked<'_>,
        what: Together,
    ) -> Result<Option<Box<dyn Session>>, ChainError>;

    /// Signs what the other party has asked for. What is signed was stored before. `request` is what
    /// [`Session::request`] gave there, or empty. Whether the other party may have it is for the caller
    /// to know.
    async fn answer(
        &self,
        locked: Locked<'_>,
        what: Together,
        request: &str,
    ) -> Result<String, ChainError>;

    /// Checks a signature that the other party has made alone, and gives back what is to be stored of it.
    async fn check_answer(
        &self,
        locked: Locked<'_>,
        what: Together,
        answer: &str,
    ) -> Result<String, ChainError>;

    /// What somebody else needs to spend the lock for us, to where we want it, and with which nothing
    /// else can be done. Holds no key and no secret.
    async fn delegate(&self, locked: Locked<'_>, what: Spending) -> Result<String, ChainError>;

    /// Spends a lock for a party that has delegated it. A claim needs the secret.
    async fn act_for(
        &self,
        locked: Locked<'_>,
        what: Spending,
        delegated: &str,
        secret: Option<&Secret>,
    ) -> Result<(), ChainError>;

    /// Spends the lock with what was signed together and stored.
    async fn spend_together(
        &self,
        locked: Locked<'_>,
        what: Together,
        signed: &str,
    ) -> Result<(), ChainError>;
}
