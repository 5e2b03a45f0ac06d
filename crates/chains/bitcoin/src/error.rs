use alloy_primitives::B256;
use causeway_types::ChainId;
use thiserror::Error;

use crate::{AgreementError, RpcError, Severity};

/// Why the driver could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BitcoinError {
    /// The configuration cannot work.
    #[error("{field} of chain {chain}: {reason}")]
    Config {
        /// The chain that is configured.
        chain: ChainId,
        /// The field of [`BitcoinConfig`](crate::BitcoinConfig).
        field: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A request failed at every endpoint; this is what the last one said.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The endpoints do not agree.
    #[error(transparent)]
    Agreement(#[from] AgreementError),
    /// The chain replaced a block that the finality rule had called final. Nothing that was built on
    /// the old block can be trusted; a person must look.
    #[error(
        "finality of {chain} was violated: block {height} was final as {expected} and is no longer part of the chain"
    )]
    FinalityViolated {
        /// The chain.
        chain: ChainId,
        /// The height of the replaced block.
        height: u64,
        /// The block that was final.
        expected: B256,
    },
}

impl BitcoinError {
    /// Whether to try again or to stop.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Config { .. } | Self::FinalityViolated { .. } => Severity::Stop,
            Self::Rpc(error) => error.severity(),
            Self::Agreement(_) => Severity::Retry,
        }
    }
}
