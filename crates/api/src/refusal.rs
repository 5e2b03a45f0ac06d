//! Errors, in one shape (RFC 9457).

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::model::{FieldProblem, Problem};

/// Why a request is not answered as it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    kind: Kind,
    detail: String,
    errors: Vec<FieldProblem>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $status:ident, $title:literal;)+) => {
        /// The kinds of problems. Their names are stable: programs tell them apart by these.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The last part of the problem's `type`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// The HTTP status.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }

            /// The kind in words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }
        }
    };
}

kinds! {
    /// A parameter that is no such value.
    BadParameter = "bad-parameter", BAD_REQUEST, "A parameter makes no sense";
    /// A query field that does not exist.
    UnknownField = "unknown-field", BAD_REQUEST, "There is no such field";
    /// A cursor that this list did not give.
    BadCursor = "bad-cursor", BAD_REQUEST, "The cursor is not one of this list";
    /// No key, or one that is not valid.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "A valid API key is needed";
    /// A key without the scope that this needs.
    Forbidden = "forbidden", FORBIDDEN, "The API key does not allow this";
    /// A web page of an origin that may not ask.
    ForeignOrigin = "foreign-origin", FORBIDDEN, "Web pages of this origin may not ask";
    /// Something that is not there.
    NotFound = "not-found", NOT_FOUND, "There is no such thing here";
    /// Another method than those that there are.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "It cannot be done this way";
    /// A body that is too large.
    TooLarge = "too-large", PAYLOAD_TOO_LARGE, "The request is too large";
    /// A body of a type that is not read.
    UnsupportedMediaType = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "The body is of another type";
    /// A body that is well formed and makes no sense.
    Unprocessable = "unprocessable", UNPROCESSABLE_ENTITY, "The request makes no sense";
    /// A request that only makes sense as a WebSocket.
    UpgradeRequired = "upgrade-required", UPGRADE_REQUIRED, "This is for WebSockets";
    /// More requests than are allowed.
    TooManyRequests = "too-many-requests", TOO_MANY_REQUESTS, "Too many requests";
    /// A defect.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong here";
    /// Something that works again later.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "It cannot be told at the moment";
    /// An answer that took too long.
    TimedOut = "timed-out", GATEWAY_TIMEOUT, "The answer took too long";
}

impl Refusal {
    /// A refusal with what is wrong in this case.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// Names a field that is wrong.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, problem: impl Into<String>) -> Self {
        self.errors.push(FieldProblem {
            field: field.into(),
            problem: problem.into(),
        });
        self
    }

    /// Sends a header along.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// There is no such thing.
    pub fn not_found(what: &str, id: &str) -> Self {
        Self::new(Kind::NotFound, format!("this node knows no {what} {id:?}"))
    }

    /// What is wrong inside goes to the log: it is nobody else's business.
    pub fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(%error, "a request could not be answered");
        Self::new(Kind::Internal, "the log of the node says more")
    }

    /// Which kind it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The body.
    pub fn problem(&self) -> Problem {
        Problem {
            r#type: format!("urn:causeway:problem:{}", self.kind.name()),
            title: self.kind.title().to_owned(),
            status: self.kind.status().as_u16(),
            detail: self.detail.clone(),
            instance: None,
            errors: self.errors.clone(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.kind.status(), Json(self.problem())).into_response();
        let problem = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, problem);
        response.headers_mut().extend(self.headers.clone());
        // For the layer that adds the request's id.
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_statuses_are_of_errors() {
        for (index, kind) in Kind::ALL.iter().enumerate() {
            let others = &Kind::ALL[..index];
            assert!(others.iter().all(|other| other.name() != kind.name()));
            assert!(kind.status().is_client_error() || kind.status().is_server_error());
        }
    }
}
