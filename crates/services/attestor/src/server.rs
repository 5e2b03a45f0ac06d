use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State, rejection::JsonRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};

use crate::{AttestError, AttestRequest, Attested, Attestor, Info, Problem, ProblemKind, trace};

/// A full request is about 18 kB; the rest is room for other ways to write the same JSON.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The attestor over HTTP: `POST /v1/attest` signs, `GET /v1/info` says for whom. Every answer that
/// is not a success is an RFC 9457 problem.
///
/// Nobody is asked who they are: an attestation is a statement about public state, and whoever asks
/// gets the same one. Put a rate limit in front of it where strangers can reach it, because every new
/// statement is kept for good.
pub fn routes(attestor: Arc<Attestor>) -> Router {
    Router::new()
        .route("/v1/attest", post(attest))
        .route("/v1/info", get(info))
        .fallback(async || Refusal::from(ProblemKind::NotFound))
        .method_not_allowed_fallback(async || Refusal::from(ProblemKind::MethodNotAllowed))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(attestor)
}

async fn attest(
    State(attestor): State<Arc<Attestor>>,
    headers: HeaderMap,
    request: Result<Json<AttestRequest>, JsonRejection>,
) -> Result<Json<Attested>, Refusal> {
    match request {
        Ok(Json(request)) => {
            let traceparent = headers.get(trace::TRACEPARENT);
            let traceparent = traceparent.and_then(|value| value.to_str().ok());
            let followed = traceparent.zip(trace::begin());
            let Some((traceparent, since)) = followed else {
                return Ok(Json(attestor.attest(request).await?));
            };
            let attested = attestor.attest(request.clone()).await;
            trace::answered(traceparent, &request, since, attested.is_ok());
            Ok(Json(attested?))
        }
        Err(rejection) => {
            let refusal = Refusal::from(&rejection);
            attestor.stats().count_failed(refusal.kind);
            Err(refusal)
        }
    }
}

async fn info(State(attestor): State<Arc<Attestor>>) -> Json<Info> {
    Json(attestor.info().redacted())
}

/// A problem on its way out.
#[derive(Debug)]
struct Refusal {
    kind: ProblemKind,
    problem: Problem,
    retry_after_secs: Option<u64>,
}

impl From<ProblemKind> for Refusal {
    fn from(kind: ProblemKind) -> Self {
        Self {
            kind,
            problem: Problem::new(kind, kind.title()),
            retry_after_secs: None,
        }
    }
}

impl From<AttestError> for Refusal {
    fn from(error: AttestError) -> Self {
        Self {
            kind: error.kind(),
            problem: error.problem(),
            retry_after_secs: error.retry_after().map(|pause| pause.as_secs()),
        }
    }
}

impl From<&JsonRejection> for Refusal {
    fn from(rejection: &JsonRejection) -> Self {
        let kind = match (rejection, rejection.status()) {
            (JsonRejection::JsonDataError(_), _) => ProblemKind::InvalidRequest,
            (JsonRejection::MissingJsonContentType(_), _) => ProblemKind::UnsupportedMediaType,
            (_, StatusCode::PAYLOAD_TOO_LARGE) => ProblemKind::BodyTooLarge,
            _ => ProblemKind::MalformedRequest,
        };
        Self {
            problem: Problem::new(kind, rejection.body_text()),
            ..Self::from(kind)
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(seconds) = self.retry_after_secs {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
