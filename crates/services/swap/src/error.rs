use causeway_engine::{EngineError, UnitError};
use causeway_swap::{Amount, BeginError, QuoteError, Refusal, SwapId};
use causeway_types::{AssetId, ChainId};
use std::convert::Infallible;
use thiserror::Error;

use crate::{chain::ChainError, identity::WrongSignature, talk::TalkError};

/// Why something about swaps did not come about. Nothing is locked when one of these is returned for a
/// swap that was to begin.
#[derive(Debug, Error)]
pub enum SwapError {
    /// The terms are not what we agree to.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// An amount or a quote does not fit the offer.
    #[error(transparent)]
    Quote(#[from] QuoteError),
    /// It is too late for these terms.
    #[error(transparent)]
    Begin(#[from] BeginError),
    /// A chain does not do what is needed, or cannot be asked.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// A chain that is not configured for swaps.
    #[error("{0} is not among the chains to swap on")]
    UnknownChain(ChainId),
    /// There is no such offer, quote or pair any more.
    #[error("{0}")]
    Gone(String),
    /// We cannot lock so much.
    #[error(
        "{promised} units of {asset} would be promised, this swap included, and {available} can be locked"
    )]
    TooLittle {
        /// What we would lock.
        asset: Box<AssetId>,
        /// How much of it would be promised in all swaps together, this one included.
        promised: Amount,
        /// How much of it there is.
        available: Amount,
    },
    /// We do not want to have so much at stake at once.
    #[error(
        "{at_stake} units of {asset} would be at stake at once (expected {most} or less): wait until other swaps are settled"
    )]
    AtStake {
        /// What we would lock.
        asset: Box<AssetId>,
        /// How much of it would be at stake, this swap included.
        at_stake: Amount,
        /// How much may be.
        most: Amount,
    },
    /// The other party wants more than we are ready to pay.
    #[error("the maker wants {wanted} units for it (expected {most} or less)")]
    TooDear {
        /// How much it wants.
        wanted: Amount,
        /// How much we are ready to pay.
        most: Amount,
    },
    /// Too many ask at once.
    #[error("{0}")]
    Busy(String),
    /// What the other party sent is not what it should be.
    #[error("{0}")]
    Malformed(String),
    /// The other party refused.
    #[error("the other party refused: {0}")]
    TheyRefused(String),
    /// A signature is wrong.
    #[error(transparent)]
    Signature(#[from] WrongSignature),
    /// There is no such swap here.
    #[error("there is no swap {0} here")]
    UnknownSwap(SwapId),
    /// The other party cannot be talked to.
    #[error(transparent)]
    Talk(#[from] TalkError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] EngineError),
}

impl SwapError {
    /// Whether the same may succeed later.
    pub fn passes(&self) -> bool {
        match self {
            Self::Chain(error) => error.passes,
            Self::Store(error) => error.is_transient(),
            Self::Talk(_) => true,
            _ => false,
        }
    }
}

impl From<UnitError<Infallible>> for SwapError {
    fn from(error: UnitError<Infallible>) -> Self {
        match error {
            UnitError::Engine(error) => Self::Store(error),
            UnitError::Machine(never) => match never {},
        }
    }
}
