use thiserror::Error;

/// The longest piece of an endpoint's own words that is kept or logged.
const MAX_MESSAGE: usize = 300;

/// The node is starting (Core's `RPC_IN_WARMUP`), has no peers or is downloading the chain.
const NOT_READY: [i64; 3] = [-28, -9, -10];

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The same call may succeed later.
    Retry,
    /// The same call will fail again until somebody changes something.
    Stop,
}

/// Why one request to one endpoint brought no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{method} at {endpoint}: {kind}")]
pub struct RpcError {
    /// The endpoint, without credentials.
    pub endpoint: String,
    /// The JSON-RPC method.
    pub method: &'static str,
    /// What went wrong.
    pub kind: RpcErrorKind,
}

/// What went wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RpcErrorKind {
    /// The node understood the request and answered with an error.
    #[error("error {code}: {message}")]
    Refused {
        /// The error's number (Core's `rpc/protocol.h`).
        code: i64,
        /// The node's words, shortened.
        message: String,
    },
    /// The endpoint answered by an HTTP status and nothing that could be read.
    #[error("HTTP status {status}")]
    Http {
        /// The status.
        status: u16,
    },
    /// The answer is not what the method returns.
    #[error("unusable answer: {0}")]
    Malformed(String),
    /// The answer was longer than it may be.
    #[error("the answer is longer than {limit} bytes")]
    TooLarge {
        /// The most bytes that are read.
        limit: usize,
    },
    /// No answer: connection refused or broken, or time is over.
    #[error("no answer: {0}")]
    Transport(String),
    /// The file with the node's credentials cannot be read; a node writes it when it starts.
    #[error("cannot read the cookie file {path}: {reason}")]
    Cookie {
        /// Where it should be.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The endpoint serves another chain.
    #[error(
        "it serves a chain that begins with block {got}, not {chain}, which begins with {expected}"
    )]
    WrongChain {
        /// The chain that was expected.
        chain: &'static str,
        /// The hash of that chain's first block.
        expected: String,
        /// The hash of the first block that the endpoint tells of.
        got: String,
    },
}

impl RpcError {
    /// Whether to try again or to stop.
    pub const fn severity(&self) -> Severity {
        match self.kind {
            RpcErrorKind::Refused { code, .. } => {
                let [starting, alone, downloading] = NOT_READY;
                if code == starting || code == alone || code == downloading {
                    Severity::Retry
                } else {
                    Severity::Stop
                }
            }
            // Wrong credentials, a wrong path or a refusal by something in between stay what they are.
            RpcErrorKind::Http { status } if status >= 500 || status == 429 || status == 408 => {
                Severity::Retry
            }
            RpcErrorKind::Http { .. }
            | RpcErrorKind::TooLarge { .. }
            | RpcErrorKind::WrongChain { .. } => Severity::Stop,
            RpcErrorKind::Malformed(_)
            | RpcErrorKind::Transport(_)
            | RpcErrorKind::Cookie { .. } => Severity::Retry,
        }
    }

    /// The number of the node's refusal, if it refused.
    pub const fn code(&self) -> Option<i64> {
        match self.kind {
            RpcErrorKind::Refused { code, .. } => Some(code),
            _ => None,
        }
    }
}

/// An endpoint's text cut to a length that cannot fill a log.
pub(crate) fn shorten(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= MAX_MESSAGE {
        return text.to_owned();
    }
    text.chars().take(MAX_MESSAGE).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn severity(kind: RpcErrorKind) -> Severity {
        let (endpoint, method) = ("node".to_owned(), "getblockcount");
        RpcError {
            endpoint,
            method,
            kind,
        }
        .severity()
    }

    fn refused(code: i64) -> RpcErrorKind {
        let message = String::new();
        RpcErrorKind::Refused { code, message }
    }

    #[test]
    fn what_time_may_heal_is_tried_again_and_nothing_else() {
        let limit = 1;
        for (kind, expected) in [
            (refused(-28), Severity::Retry),
            (refused(-32601), Severity::Stop),
            (refused(-26), Severity::Stop),
            (RpcErrorKind::Http { status: 503 }, Severity::Retry),
            (RpcErrorKind::Http { status: 429 }, Severity::Retry),
            (RpcErrorKind::Http { status: 401 }, Severity::Stop),
            (RpcErrorKind::TooLarge { limit }, Severity::Stop),
            (
                RpcErrorKind::Transport("refused".to_owned()),
                Severity::Retry,
            ),
        ] {
            assert_eq!(severity(kind.clone()), expected, "{kind}");
        }
    }

    #[test]
    fn long_words_are_cut() {
        assert_eq!(shorten("  short "), "short");
        assert_eq!(shorten(&"é".repeat(400)).chars().count(), MAX_MESSAGE + 1);
    }
}
