use alloy_primitives::B256;
use causeway_types::ChainId;
use thiserror::Error;

use crate::RpcError;

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The same call may succeed later.
    Retry,
    /// The same call will fail again until somebody changes something.
    Stop,
}

/// Why the driver could not do what it was asked.
#[derive(Clone, Debug, Error)]
pub enum EvmError {
    /// The configuration cannot work.
    #[error("{field} of chain {chain}: {reason}")]
    Config {
        /// The chain that is configured.
        chain: ChainId,
        /// The field of [`EvmConfig`](crate::EvmConfig).
        field: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// An endpoint serves another chain.
    #[error(
        "endpoint {endpoint} serves chain eip155:{got}, but is configured for {expected}; \
         correct the endpoint or the chain id"
    )]
    WrongChain {
        /// The endpoint, without credentials.
        endpoint: String,
        /// The chain in the configuration.
        expected: ChainId,
        /// The EIP-155 number that the endpoint reports.
        got: u64,
    },
    /// No endpoint of the chain could be reached.
    #[error("no endpoint of {chain} can be reached: {details}")]
    Unreachable {
        /// The chain.
        chain: ChainId,
        /// Each endpoint with its error.
        details: String,
    },
    /// A request failed.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// A block that must exist is not known to the endpoint.
    #[error("{chain} has no block {block} at {endpoint}")]
    NoBlock {
        /// The chain.
        chain: ChainId,
        /// The endpoint that was asked.
        endpoint: String,
        /// The height, hash or tag that was asked for.
        block: String,
    },
    /// The chain replaced a block that the finality rule had called final. Nothing that was built
    /// on the old block can be trusted; a person must look.
    #[error(
        "finality of {chain} was violated: block {height} was final as {expected} and is now {got}"
    )]
    FinalityViolated {
        /// The chain.
        chain: ChainId,
        /// The height of the replaced block.
        height: u64,
        /// The block that was final.
        expected: B256,
        /// The block that is there now.
        got: B256,
    },
    /// The endpoints did not agree on what is final.
    #[error(transparent)]
    Agreement(#[from] AgreementError),
}

impl EvmError {
    /// Whether to try again or to stop.
    pub const fn severity(&self) -> Severity {
        match self {
            Self::Config { .. } | Self::WrongChain { .. } | Self::FinalityViolated { .. } => {
                Severity::Stop
            }
            // An RPC error is the word of one endpoint, whatever it says.
            Self::Unreachable { .. } | Self::NoBlock { .. } | Self::Rpc(_) => Severity::Retry,
            Self::Agreement(error) => error.severity(),
        }
    }
}

/// What one endpoint said when several were asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The endpoint, without credentials.
    pub endpoint: String,
    /// Its answer or its error, in words.
    pub said: String,
}

/// Why k of n endpoints did not give the same answer. Nothing may be signed then.
#[derive(Clone, Debug, Error)]
pub enum AgreementError {
    /// Too few endpoints call the block final yet; waiting may be all it takes.
    #[error(
        "block {height} of {chain} is not final yet at {needed} endpoints: {}",
        list(said)
    )]
    NotYetFinal {
        /// The chain.
        chain: ChainId,
        /// The height that was asked for.
        height: u64,
        /// How many endpoints must agree.
        needed: usize,
        /// Who said what.
        said: Vec<Statement>,
    },
    /// Endpoints contradict each other and no answer has enough of them behind it.
    #[error(
        "the endpoints of {chain} disagree on {question} ({needed} must agree): {}",
        list(said)
    )]
    Disagreement {
        /// The chain.
        chain: ChainId,
        /// What was asked.
        question: String,
        /// How many endpoints must agree.
        needed: usize,
        /// Who said what.
        said: Vec<Statement>,
    },
    /// Too few endpoints answered.
    #[error(
        "too few endpoints of {chain} answer {question} ({needed} must agree): {}",
        list(said)
    )]
    TooFewAnswers {
        /// The chain.
        chain: ChainId,
        /// What was asked.
        question: String,
        /// How many endpoints must agree.
        needed: usize,
        /// Who said what.
        said: Vec<Statement>,
    },
}

impl AgreementError {
    /// Always worth another try: endpoints come back and catch up. A [`Self::Disagreement`] that
    /// stays means that an endpoint lies or is broken, and should wake somebody.
    pub const fn severity(&self) -> Severity {
        Severity::Retry
    }

    /// Who said what.
    pub fn said(&self) -> &[Statement] {
        match self {
            Self::NotYetFinal { said, .. }
            | Self::Disagreement { said, .. }
            | Self::TooFewAnswers { said, .. } => said,
        }
    }
}

fn list(said: &[Statement]) -> String {
    let parts: Vec<_> = said
        .iter()
        .map(|each| format!("{} says {}", each.endpoint, each.said))
        .collect();
    parts.join("; ")
}
