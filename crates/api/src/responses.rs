//! The refusals that any operation may answer with, for the document.

use utoipa::IntoResponses;

use crate::model::Problem;

/// What every operation may answer.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the document alone")]
pub(crate) enum Refusals {
    /// A parameter makes no sense, or there is no such field; `errors` names it.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(Problem),
    /// A valid API key is needed.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthenticated(Problem),
    /// The API key does not allow this, or web pages of this origin may not ask.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// The request is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// Too many requests: the header `Retry-After` says in how many seconds to try again.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(Problem),
    /// Something went wrong here.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
    /// It cannot be told at the moment.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
    /// The answer took too long.
    #[response(status = 504, content_type = "application/problem+json")]
    TimedOut(Problem),
}

/// What an operation on one thing may answer besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "read by the document alone")]
pub(crate) enum Missing {
    /// There is no such thing here.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
}
