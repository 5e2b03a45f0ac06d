use std::time::Duration;

use alloy_primitives::B256;
use causeway_engine::EngineError;
use thiserror::Error;

use crate::{ClientRef, MAX_PATHS, Problem, ProblemKind, SignError, SourceError};

/// Why nothing was signed.
#[derive(Debug, Error)]
pub enum AttestError {
    /// This attestor does not sign for that light client.
    #[error("no light client {client} is served here")]
    UnknownClient {
        /// The light client asked for.
        client: ClientRef,
    },
    /// More paths than one request may hold.
    #[error("{count} paths are asked for, at most {MAX_PATHS} may be")]
    TooManyPaths {
        /// How many were asked for.
        count: usize,
    },
    /// A path is asked for twice.
    #[error("the path {path} is asked for twice")]
    DuplicatePath {
        /// The first such path.
        path: B256,
    },
    /// The source cannot state the fact.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It would contradict what was signed before. The chain went back on a final block, or the
    /// endpoints lie now, or they lied then: a person must look.
    #[error("for height {height}, {subject} was signed as {signed}; it is {now} now")]
    RefusedConflict {
        /// The height.
        height: u64,
        /// What the contradiction is about.
        subject: String,
        /// What was signed before.
        signed: String,
        /// What would be signed now.
        now: String,
    },
    /// The database is a copy, or new: something else may have been signed about this height that it
    /// does not know of.
    #[error(
        "what was signed up to height {forgotten} may have been forgotten; nothing is signed anew about \
         height {height}"
    )]
    Forgotten {
        /// The height.
        height: u64,
        /// Above this, nothing was signed before.
        forgotten: u64,
    },
    /// What is about to be signed cannot be recorded, so it is not signed.
    #[error("what is about to be signed cannot be recorded")]
    Storage(#[from] EngineError),
    /// The key gives no usable signature.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl AttestError {
    /// The kind of problem this is to a caller.
    pub const fn kind(&self) -> ProblemKind {
        match self {
            Self::UnknownClient { .. } => ProblemKind::UnknownClient,
            Self::TooManyPaths { .. } => ProblemKind::TooManyPaths,
            Self::DuplicatePath { .. } => ProblemKind::DuplicatePath,
            Self::Source(SourceError::NotYetFinal { .. }) => ProblemKind::NotYetFinal,
            Self::Source(SourceError::Disagreement { .. }) => ProblemKind::Disagreement,
            Self::Source(SourceError::Unreachable { .. }) => ProblemKind::Unreachable,
            Self::Source(SourceError::StatePruned { .. }) => ProblemKind::StatePruned,
            Self::Source(SourceError::Misfit { .. }) => ProblemKind::SourceDefect,
            Self::RefusedConflict { .. } => ProblemKind::RefusedConflict,
            Self::Forgotten { .. } => ProblemKind::Forgotten,
            Self::Storage(_) => ProblemKind::StorageFailure,
            Self::Sign(_) => ProblemKind::SignerFailure,
        }
    }

    /// Whether the same request may succeed later without the caller's doing.
    pub const fn may_retry(&self) -> bool {
        self.kind().may_retry()
    }

    /// When to ask again, if asking again may help.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self.kind() {
            // The request itself waits for finality, so that asking again at once is no polling.
            ProblemKind::NotYetFinal => Some(Duration::from_secs(1)),
            kind if kind.may_retry() => Some(Duration::from_secs(5)),
            _ => None,
        }
    }

    /// What a caller is told: everything but what only the operator may see, such as endpoints'
    /// addresses with their keys.
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.kind(), self.kind().title());
        match self {
            Self::UnknownClient { .. }
            | Self::TooManyPaths { .. }
            | Self::DuplicatePath { .. }
            | Self::Forgotten { .. }
            | Self::RefusedConflict { .. } => problem.detail = self.to_string(),
            Self::Source(SourceError::NotYetFinal { final_height, .. }) => {
                problem.detail = self.to_string();
                problem.final_height = *final_height;
            }
            Self::Source(SourceError::Disagreement {
                agreeing, needed, ..
            }) => {
                problem.detail = format!("{agreeing} endpoints agree, {needed} must");
            }
            Self::Source(SourceError::Unreachable {
                answering, needed, ..
            }) => {
                problem.detail = format!("{answering} endpoints answer, {needed} must");
            }
            Self::Source(SourceError::StatePruned { height, .. }) => {
                problem.detail = format!("the state of height {height} is no longer kept");
            }
            Self::Source(SourceError::Misfit { .. }) | Self::Storage(_) | Self::Sign(_) => {}
        }
        problem
    }
}

/// Why these light clients cannot be served together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SetUpError {
    /// One light client is configured twice.
    #[error("the light client {client} is configured twice")]
    DuplicateClient {
        /// The light client.
        client: ClientRef,
    },
    /// A statement about either chain would be valid on both light clients.
    #[error("the light clients {first} and {second} follow different chains but share one domain")]
    SharedDomain {
        /// One of them.
        first: ClientRef,
        /// The other.
        second: ClientRef,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_never_shown_what_an_endpoint_said() {
        let reason = || "cannot reach https://rpc.example/secret".to_owned();
        for error in [
            SourceError::Unreachable {
                answering: 1,
                needed: 2,
                reason: reason(),
            },
            SourceError::StatePruned {
                height: 7,
                reason: reason(),
            },
            SourceError::Misfit {
                expected: reason(),
                actual: reason(),
            },
            SourceError::Disagreement {
                subject: "block 7".to_owned(),
                agreeing: 1,
                needed: 2,
                reason: reason(),
            },
        ] {
            assert!(
                error.to_string().contains("secret"),
                "the operator sees it: {error}"
            );
            let problem = serde_json::to_string(&AttestError::from(error).problem()).unwrap();
            assert!(!problem.contains("secret"), "{problem}");
        }
    }

    #[test]
    fn only_what_may_succeed_later_says_when_to_ask_again() {
        let not_final = SourceError::NotYetFinal {
            height: 9,
            final_height: Some(7),
        };
        let error = AttestError::from(not_final);
        assert!(error.may_retry());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
        assert_eq!(error.problem().final_height, Some(7));

        let conflict = AttestError::RefusedConflict {
            height: 9,
            subject: "the block".to_owned(),
            signed: "a".to_owned(),
            now: "b".to_owned(),
        };
        assert!(!conflict.may_retry());
        assert_eq!(conflict.retry_after(), None);
    }
}
