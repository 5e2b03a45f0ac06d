use alloy::{
    rpc::json_rpc::{ErrorPayload, RpcError as Wire},
    transports::{TransportError, TransportErrorKind},
};
use alloy_primitives::Bytes;
use thiserror::Error;

use crate::Severity;

/// The longest piece of an endpoint's own words that is kept or logged.
const MAX_MESSAGE: usize = 300;

/// Why one request to one endpoint brought no usable answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{method} at {endpoint}: {kind}")]
pub struct RpcError {
    /// The endpoint, without credentials.
    pub endpoint: String,
    /// The JSON-RPC method.
    pub method: String,
    /// What went wrong.
    pub kind: RpcErrorKind,
}

/// What went wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RpcErrorKind {
    /// The endpoint understood the request and answered with an error.
    #[error("error {code}: {message}")]
    Refused {
        /// The JSON-RPC error code.
        code: i64,
        /// The endpoint's words, shortened.
        message: String,
        /// The data of a revert, where the error is one.
        revert: Option<Bytes>,
    },
    /// The answer is not what the method returns.
    #[error("unusable answer: {0}")]
    Malformed(String),
    /// No answer: connection refused or broken, time-out, HTTP status.
    #[error("no answer: {0}")]
    Transport(String),
}

impl RpcError {
    pub(crate) fn new(endpoint: &str, method: &str, kind: RpcErrorKind) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            method: method.to_owned(),
            kind,
        }
    }

    pub(crate) fn malformed(endpoint: &str, method: &str, reason: impl Into<String>) -> Self {
        Self::new(
            endpoint,
            method,
            RpcErrorKind::Malformed(shorten(&reason.into())),
        )
    }

    pub(crate) fn from_wire(endpoint: &str, method: &str, error: &TransportError) -> Self {
        let kind = match error {
            Wire::ErrorResp(payload) => RpcErrorKind::refused(payload),
            Wire::NullResp => RpcErrorKind::Malformed("null".to_owned()),
            Wire::DeserError { err, text } => {
                RpcErrorKind::Malformed(shorten(&format!("{err} in {text}")))
            }
            Wire::Transport(TransportErrorKind::MissingBatchResponse(_)) => {
                RpcErrorKind::Malformed("the batch's answer lacks this request".to_owned())
            }
            other => RpcErrorKind::Transport(shorten(&other.to_string())),
        };
        Self::new(endpoint, method, kind)
    }

    /// Whether to try again or to stop.
    pub const fn severity(&self) -> Severity {
        match self.kind {
            // A revert, an unknown method and bad parameters stay what they are.
            RpcErrorKind::Refused {
                revert: Some(_), ..
            }
            | RpcErrorKind::Refused {
                code: -32602 | -32601,
                ..
            } => Severity::Stop,
            _ => Severity::Retry,
        }
    }

    /// The revert data, if the error is a revert.
    pub const fn revert(&self) -> Option<&Bytes> {
        match &self.kind {
            RpcErrorKind::Refused { revert, .. } => revert.as_ref(),
            _ => None,
        }
    }

    /// The endpoint's words in lower case, if it refused.
    pub(crate) fn refusal(&self) -> Option<String> {
        match &self.kind {
            RpcErrorKind::Refused { message, .. } => Some(message.to_lowercase()),
            _ => None,
        }
    }
}

impl RpcErrorKind {
    fn refused(payload: &ErrorPayload) -> Self {
        let lower = payload.message.to_lowercase();
        // Code 3 is geth's for a revert, and -32015 that of Nethermind and OpenEthereum's heirs.
        let reverted = lower.contains("revert") || payload.code == 3 || payload.code == -32015;
        let revert = reverted.then(|| revert_data(payload));
        Self::Refused {
            code: payload.code,
            message: shorten(&payload.message),
            revert,
        }
    }
}

/// The revert data of an error answer; empty where the endpoint gives none.
fn revert_data(payload: &ErrorPayload) -> Bytes {
    if let Some(data) = payload.as_revert_data() {
        return data;
    }
    let text = payload
        .data
        .as_ref()
        .map_or("", |data| data.get().trim_matches('"'));
    text.strip_prefix("Reverted ")
        .unwrap_or(text)
        .parse()
        .unwrap_or_default()
}

/// An endpoint's text cut to a length that cannot fill a log.
pub(crate) fn shorten(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= MAX_MESSAGE {
        return text.to_owned();
    }
    text.chars().take(MAX_MESSAGE).chain("…".chars()).collect()
}
