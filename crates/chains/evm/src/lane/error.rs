use std::{error::Error, fmt, sync::Arc};

use alloy_primitives::{Address, B256, Bytes, U256};
use causeway_types::ChainId;
use thiserror::Error;

use crate::{EvmError, RevertReason, RpcError, Severity};

/// An error of the database behind a lane.
#[derive(Clone, Debug)]
pub struct StoreError(Arc<dyn Error + Send + Sync>);

impl StoreError {
    /// Wraps the database's own error.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the lane's store failed: {}", self.0)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

/// Why a transaction was not sent or not carried out.
#[derive(Clone, Debug, Error)]
pub enum LaneError {
    /// The call reverts. Where this comes before anything was sent, no nonce was used.
    #[error("the call reverts: {reason}")]
    Reverted {
        /// The revert data; empty where the endpoint gives none.
        data: Bytes,
        /// The data in words.
        reason: RevertReason,
    },
    /// The call needs more gas than one transaction may have. Nothing was sent.
    #[error("the call needs more gas than one transaction may have: {details}")]
    TooMuchGas {
        /// The estimate and the limit, or the endpoint's words.
        details: String,
    },
    /// The account cannot pay.
    #[error("account {account} on {chain} has too little coin: {details}; send it some")]
    InsufficientFunds {
        /// The chain.
        chain: ChainId,
        /// The account that signs.
        account: Address,
        /// What it has and what it needs, or the endpoint's words.
        details: String,
    },
    /// Every endpoint's rules refuse the transaction; its nonce is used up by an empty one.
    #[error("the transaction was refused for good: {0}")]
    Rejected(String),
    /// Another program used the signer's nonce before us, again and again.
    #[error(
        "nonce {nonce} of {account} was used by somebody else; let only one program sign for it"
    )]
    NonceTaken {
        /// The account that signs.
        account: Address,
        /// The nonce.
        nonce: u64,
    },
    /// The store has transactions that the chain does not know, as after a reset of a test chain.
    #[error(
        "the next nonce of {account} is {expected} on the chain and {got} in the store; was the chain reset?"
    )]
    NonceGap {
        /// The account that signs.
        account: Address,
        /// The next nonce that would be mined.
        expected: u64,
        /// The nonce that the store gave out.
        got: u64,
    },
    /// The transaction is known to have been mined, but no endpoint has its receipt any more.
    #[error("no endpoint has the receipt of transaction {0} any more")]
    ReceiptGone(B256),
    /// The signer failed.
    #[error("account {account} cannot sign: {details}")]
    Signer {
        /// The account that signs.
        account: Address,
        /// The signer's words.
        details: String,
    },
    /// The chain could not be asked.
    #[error(transparent)]
    Chain(Arc<EvmError>),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The lane was closed while the transaction was under way. It stays in the store, and is
    /// taken up again when the lane is opened next.
    #[error("the lane is closed")]
    Closed,
}

impl LaneError {
    /// Whether to submit the same key again or to stop.
    pub fn severity(&self) -> Severity {
        match self {
            // What is refused for one transaction is no reason to hold up the others.
            Self::Chain(error) => match error.as_ref() {
                EvmError::Rpc(error) => error.severity(),
                error => error.severity(),
            },
            Self::InsufficientFunds { .. }
            | Self::Signer { .. }
            | Self::Store(_)
            | Self::Closed
            | Self::NonceTaken { .. } => Severity::Retry,
            Self::Reverted { .. }
            | Self::TooMuchGas { .. }
            | Self::Rejected(_)
            | Self::NonceGap { .. }
            | Self::ReceiptGone(_) => Severity::Stop,
        }
    }

    pub(super) fn reverted(data: Bytes) -> Self {
        let reason = RevertReason::decode(&data);
        Self::Reverted { data, reason }
    }

    pub(super) fn insufficient(
        chain: &ChainId,
        account: Address,
        balance: U256,
        needed: U256,
    ) -> Self {
        let details = format!("it has {balance} wei and needs {needed}");
        Self::InsufficientFunds {
            chain: chain.clone(),
            account,
            details,
        }
    }
}

impl From<EvmError> for LaneError {
    fn from(error: EvmError) -> Self {
        Self::Chain(Arc::new(error))
    }
}

impl From<RpcError> for LaneError {
    fn from(error: RpcError) -> Self {
        EvmError::from(error).into()
    }
}
