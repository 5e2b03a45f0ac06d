use serde::{Deserialize, Serialize};

/// Why an attestor did not do what it was asked, as a stable word. Over HTTP it is the last segment
/// of an RFC 9457 problem's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The body is not JSON.
    MalformedRequest,
    /// The body is JSON, but not a request: a field is missing, unknown or wrong.
    InvalidRequest,
    /// The body is not declared as JSON.
    UnsupportedMediaType,
    /// The body is larger than any legitimate request.
    BodyTooLarge,
    /// There is nothing at this address.
    NotFound,
    /// This address does not take this method.
    MethodNotAllowed,
    /// This attestor does not sign for that light client.
    UnknownClient,
    /// More paths than one request may hold.
    TooManyPaths,
    /// A path is asked for twice.
    DuplicatePath,
    /// The height is not final yet.
    NotYetFinal,
    /// It would contradict what was signed before.
    RefusedConflict,
    /// Something else may have been signed about that height and been forgotten.
    Forgotten,
    /// Too few of the attestor's endpoints agree.
    Disagreement,
    /// Too few of the attestor's endpoints answer.
    Unreachable,
    /// The attestor's endpoints no longer keep the state of that height.
    StatePruned,
    /// The attestor's chain driver answered nonsense.
    SourceDefect,
    /// What is about to be signed cannot be recorded.
    StorageFailure,
    /// The key gives no usable signature.
    SignerFailure,
}

impl ProblemKind {
    /// Every kind there is.
    pub const ALL: [Self; 18] = [
        Self::MalformedRequest,
        Self::InvalidRequest,
        Self::UnsupportedMediaType,
        Self::BodyTooLarge,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::UnknownClient,
        Self::TooManyPaths,
        Self::DuplicatePath,
        Self::NotYetFinal,
        Self::RefusedConflict,
        Self::Forgotten,
        Self::Disagreement,
        Self::Unreachable,
        Self::StatePruned,
        Self::SourceDefect,
        Self::StorageFailure,
        Self::SignerFailure,
    ];

    const fn describe(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::MalformedRequest => ("malformed-request", 400, "The body is not JSON"),
            Self::InvalidRequest => ("invalid-request", 422, "The body is not a valid request"),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                415,
                "The body must be application/json",
            ),
            Self::BodyTooLarge => ("body-too-large", 413, "The body is too large"),
            Self::NotFound => ("not-found", 404, "There is nothing here"),
            Self::MethodNotAllowed => ("method-not-allowed", 405, "The method is not allowed here"),
            Self::UnknownClient => ("unknown-client", 404, "The light client is not served here"),
            Self::TooManyPaths => ("too-many-paths", 422, "Too many paths in one request"),
            Self::DuplicatePath => ("duplicate-path", 422, "A path is asked for twice"),
            Self::NotYetFinal => ("not-yet-final", 409, "The height is not final yet"),
            Self::RefusedConflict => (
                "refused-conflict",
                409,
                "It contradicts what was signed before",
            ),
            Self::Forgotten => (
                "forgotten",
                409,
                "What was signed about that height may be forgotten",
            ),
            Self::Disagreement => ("disagreement", 503, "Too few endpoints agree"),
            Self::Unreachable => ("unreachable", 503, "Too few endpoints answer"),
            Self::StatePruned => ("state-pruned", 410, "The state of that height is gone"),
            Self::SourceDefect => ("source-defect", 500, "The chain driver is defective"),
            Self::StorageFailure => ("storage-failure", 503, "Nothing can be recorded"),
            Self::SignerFailure => ("signer-failure", 503, "The key cannot sign"),
        }
    }

    /// The stable word, such as `refused-conflict`.
    pub const fn slug(self) -> &'static str {
        self.describe().0
    }

    /// The HTTP status it is reported with.
    pub const fn status(self) -> u16 {
        self.describe().1
    }

    /// One sentence, the same every time.
    pub const fn title(self) -> &'static str {
        self.describe().2
    }

    /// Whether the same request may succeed later without the caller's doing. What an operator must
    /// repair first counts as retryable when a repair makes this very request succeed.
    pub const fn may_retry(self) -> bool {
        matches!(
            self,
            Self::NotYetFinal
                | Self::Disagreement
                | Self::Unreachable
                | Self::StorageFailure
                | Self::SignerFailure
        )
    }

    /// The kind that a problem's `type` names.
    pub fn from_type(uri: &str) -> Option<Self> {
        let slug = uri.rsplit('/').next()?;
        Self::ALL.into_iter().find(|kind| kind.slug() == slug)
    }
}

/// An RFC 9457 problem, the body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `/problems/` and the kind's stable word.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The kind in one sentence.
    #[serde(default)]
    pub title: String,
    /// The HTTP status, again.
    #[serde(default)]
    pub status: u16,
    /// What happened this time.
    #[serde(default)]
    pub detail: String,
    /// The highest final height, where the height asked for is above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_height: Option<u64>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            type_uri: format!("/problems/{}", kind.slug()),
            title: kind.title().to_owned(),
            status: kind.status(),
            detail: detail.into(),
            final_height: None,
        }
    }

    /// The kind, unless it is one that only a newer attestor knows.
    pub fn kind(&self) -> Option<ProblemKind> {
        ProblemKind::from_type(&self.type_uri)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_again_by_its_type() {
        for kind in ProblemKind::ALL {
            assert_eq!(Problem::new(kind, "").kind(), Some(kind));
            let elsewhere = format!("https://attestor.example/problems/{}", kind.slug());
            assert_eq!(ProblemKind::from_type(&elsewhere), Some(kind));
        }
        assert_eq!(ProblemKind::from_type("about:blank"), None);
    }

    #[test]
    fn the_types_that_callers_rely_on_do_not_change() {
        for (kind, type_uri, status) in [
            (ProblemKind::UnknownClient, "/problems/unknown-client", 404),
            (ProblemKind::TooManyPaths, "/problems/too-many-paths", 422),
            (ProblemKind::NotYetFinal, "/problems/not-yet-final", 409),
            (
                ProblemKind::RefusedConflict,
                "/problems/refused-conflict",
                409,
            ),
            (ProblemKind::Disagreement, "/problems/disagreement", 503),
            (ProblemKind::Unreachable, "/problems/unreachable", 503),
        ] {
            let problem = Problem::new(kind, "");
            assert_eq!(
                (problem.type_uri.as_str(), problem.status),
                (type_uri, status)
            );
        }
    }
}
