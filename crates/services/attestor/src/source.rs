use std::time::Duration;

use alloy_primitives::B256;
use causeway_types::{BlockRef, ChainId};
use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The chain whose facts are signed, as its attestor sees it: through its own endpoints alone, and
/// only what k of n of them agree on.
///
/// The attestor has no other eyes, so an implementation must fail closed: an answer that fewer than
/// k endpoints gave is an error, never a best guess.
pub trait Source: Send + Sync + 'static {
    /// The chain that is read.
    fn chain(&self) -> &ChainId;

    /// The block at this height, once it is final; [`SourceError::NotYetFinal`] if it is not by the
    /// time patience ends.
    fn final_block(
        &self,
        height: u64,
        patience: Duration,
    ) -> BoxFuture<'_, Result<BlockRef, SourceError>>;

    /// The commitments stored in exactly this block (named by hash, not height) under these keccak256
    /// hashes of host paths, one for each path in the given order; zero where there is none.
    fn commitments<'a>(
        &'a self,
        block: &'a BlockRef,
        paths: &'a [B256],
    ) -> BoxFuture<'a, Result<Vec<B256>, SourceError>>;

    /// The highest block known to be final, if any answer has come yet.
    fn final_height(&self) -> Option<u64>;

    /// The height of the newest block, final or not.
    fn newest_height(&self) -> BoxFuture<'_, Result<u64, SourceError>>;

    /// How each endpoint is doing.
    fn health(&self) -> Vec<EndpointHealth>;
}

/// How one endpoint of a source is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointHealth {
    /// Where the endpoint is. Whole inside the process; see [`EndpointHealth::redacted`].
    pub url: String,
    /// Whether it answers, and answers about the right chain.
    pub healthy: bool,
    /// What is wrong, if something is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl EndpointHealth {
    /// What a stranger may see: an endpoint's path, query and user part often hold the operator's
    /// access key, and error texts repeat the URL.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let url = url::Url::parse(&self.url).map_or_else(
            |_| "invalid".to_owned(),
            |url| url.origin().ascii_serialization(),
        );
        Self {
            url,
            healthy: self.healthy,
            error: None,
        }
    }
}

/// Why a source cannot state a fact.
///
/// Reasons are for the operator's log; they may name endpoints and are not shown to callers.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SourceError {
    /// The height is not final yet; asking later may succeed.
    #[error("height {height} is not final, the final height is {}", written(*final_height))]
    NotYetFinal {
        /// The height asked for.
        height: u64,
        /// The highest final height known.
        final_height: Option<u64>,
    },
    /// Too few endpoints gave the same answer. Either some lag, or some lie.
    #[error("{agreeing} endpoints agree on {subject}, {needed} must: {reason}")]
    Disagreement {
        /// What they were asked.
        subject: String,
        /// The size of the largest group with one answer.
        agreeing: usize,
        /// How many must agree.
        needed: usize,
        /// What each said.
        reason: String,
    },
    /// Too few endpoints answered at all.
    #[error("{answering} endpoints answer, {needed} must: {reason}")]
    Unreachable {
        /// How many answered.
        answering: usize,
        /// How many must.
        needed: usize,
        /// What went wrong.
        reason: String,
    },
    /// The endpoints no longer keep the state of this block; only other endpoints can help.
    #[error("the state of height {height} is no longer kept: {reason}")]
    StatePruned {
        /// The height asked for.
        height: u64,
        /// What the endpoints said.
        reason: String,
    },
    /// The answer does not fit the question: a defect in the source, never in the request.
    #[error("the source answered with {actual} where {expected} was asked for")]
    Misfit {
        /// What was asked for.
        expected: String,
        /// What came.
        actual: String,
    },
}

impl SourceError {
    /// Whether the same question may succeed later without anyone's doing.
    pub const fn may_retry(&self) -> bool {
        match self {
            Self::NotYetFinal { .. } | Self::Disagreement { .. } | Self::Unreachable { .. } => true,
            Self::StatePruned { .. } | Self::Misfit { .. } => false,
        }
    }
}

fn written(height: Option<u64>) -> String {
    height.map_or_else(|| "unknown".to_owned(), |height| height.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redacted_endpoint_shows_neither_its_key_nor_its_error() {
        for url in [
            "https://user:secret@rpc.example:8545/v2/secret?key=secret",
            "wss://rpc.example:8545/secret#secret",
            "no url, but secret",
        ] {
            let endpoint = EndpointHealth {
                url: url.to_owned(),
                healthy: false,
                error: Some(format!("cannot connect to {url}")),
            };
            let shown = serde_json::to_string(&endpoint.redacted()).unwrap();
            assert!(!shown.contains("secret"), "{shown}");
            assert!(shown.contains(r#""healthy":false"#), "{shown}");
            assert!(
                url.starts_with("no") || shown.contains("rpc.example"),
                "{shown}"
            );
        }
    }
}
