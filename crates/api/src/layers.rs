//! What every request goes through.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Instant};

use axum::{
    Json,
    body::HttpBody as _,
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt as _;
use tokio::sync::Semaphore;
use tracing::{Instrument as _, info_span};

use crate::{
    Api, Kind, Refusal,
    access::{ClientAddress, Scope},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What is served here is data, except for the pages of the documentation.
const DATA: &str = "default-src 'none'; frame-ancestors 'none'";
const PAGES: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
                     frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/// Names the request, keeps defects and slowness to it, and gives every refusal one shape.
pub(crate) async fn shape(State(room): State<Room>, request: Request, next: Next) -> Response {
    let id = format!("{:016x}", rand::random::<u64>());
    let began = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let pages = path.starts_with("/docs");
    let span = info_span!("request", request_id = %id, %method, path);
    let answer = room.answer(request, next).instrument(span.clone()).await;
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    if response.status().is_client_error() || response.status().is_server_error() {
        response = problem(response, &id);
    }
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &'static str| {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    };
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::X_FRAME_OPTIONS, "DENY");
    put(header::REFERRER_POLICY, "no-referrer");
    put(
        header::CONTENT_SECURITY_POLICY,
        if pages { PAGES } else { DATA },
    );
    put(
        header::CACHE_CONTROL,
        if pages { "max-age=3600" } else { "no-store" },
    );
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(REQUEST_ID, id);
    }
    let millis = began.elapsed().as_millis();
    span.in_scope(|| tracing::debug!(status = response.status().as_u16(), millis, "answered"));
    response
}

/// The same refusal with the request's id; one that a library below made gets its shape here.
fn problem(response: Response, id: &str) -> Response {
    let (mut parts, _) = response.into_parts();
    let refusal = parts.extensions.remove::<Refusal>().unwrap_or_else(|| {
        let kind = Kind::of_status(parts.status);
        Refusal::new(kind, kind.advice())
    });
    let mut problem = refusal.problem();
    problem.instance = Some(id.to_owned());
    // A status that no kind has stays what it was.
    problem.status = parts.status.as_u16();
    let kept = [
        header::ALLOW,
        header::RETRY_AFTER,
        header::UPGRADE,
        header::WWW_AUTHENTICATE,
    ];
    let kept = kept.map(|name| (name.clone(), parts.headers.get(&name).cloned()));
    let mut answer = (parts.status, Json(problem)).into_response();
    let headers = answer.headers_mut();
    for (name, value) in &parts.headers {
        if name.as_str().starts_with("ratelimit")
            || name.as_str().starts_with("access-control")
            || name == header::VARY
        {
            headers.insert(name.clone(), value.clone());
        }
    }
    for (name, value) in kept {
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    let content = HeaderValue::from_static("application/problem+json");
    headers.insert(header::CONTENT_TYPE, content);
    answer
}

/// How much is worked on at once.
#[derive(Clone)]
pub(crate) struct Room {
    api: Arc<Api>,
    places: Arc<Semaphore>,
}

impl Room {
    pub(crate) fn new(api: Arc<Api>) -> Self {
        Self {
            places: Arc::new(Semaphore::new(api.settings.concurrent)),
            api,
        }
    }

    async fn answer(&self, request: Request, next: Next) -> Result<Response, Refusal> {
        let Ok(_place) = self.places.try_acquire() else {
            let soon = HeaderValue::from_static("1");
            let refusal = Refusal::new(Kind::Unavailable, "too many requests at once: try again");
            return Err(refusal.header(header::RETRY_AFTER, soon));
        };
        let longest = self.api.settings.longest_body;
        if request.body().size_hint().lower() > longest {
            let detail = format!("a body may have {longest} bytes");
            return Err(Refusal::new(Kind::TooLarge, detail));
        }
        let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
        match tokio::time::timeout(self.api.settings.patience, answer).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(_)) => {
                tracing::error!("a request met a defect");
                Err(Refusal::new(
                    Kind::Internal,
                    "the log of the node says more",
                ))
            }
            Err(_) => Err(Refusal::new(Kind::TimedOut, "ask for less, or later")),
        }
    }
}

/// Lets in who may read.
pub(crate) async fn admit(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<ClientAddress>>();
    let peer = peer.map(|ConnectInfo(ClientAddress(address))| address.ip());
    let client = api.access.address(peer, request.headers());
    let admitted = api
        .access
        .admit(client, request.headers(), Scope::Read)
        .await;
    match admitted {
        Ok(budget) => {
            let mut response = next.run(request).await;
            response.headers_mut().extend(budget);
            response
        }
        Err(refusal) => refusal.into_response(),
    }
}

/// Refuses what there is not.
pub(crate) async fn nothing_here(request: Request) -> Refusal {
    let path = request.uri().path();
    Refusal::new(
        Kind::NotFound,
        format!("nothing is served at {path}: see /docs"),
    )
}

/// Refuses what cannot be done this way.
pub(crate) async fn not_this_way(request: Request) -> Refusal {
    let method = request.method();
    let path = request.uri().path();
    Refusal::new(
        Kind::MethodNotAllowed,
        format!("{path} does not know {method}: see /docs"),
    )
}

impl Kind {
    /// What helps when nothing else is known.
    const fn advice(self) -> &'static str {
        match self {
            Self::UnsupportedMediaType => "send JSON as `application/json`",
            Self::MethodNotAllowed | Self::NotFound => "see /docs for what there is",
            Self::Internal => "the log of the node says more",
            _ => "see /docs for what is expected",
        }
    }

    /// The kind that a bare status stands for, as a library below us answers it.
    fn of_status(status: StatusCode) -> Self {
        let same = Self::ALL.iter().find(|kind| kind.status() == status);
        same.copied().unwrap_or(if status.is_server_error() {
            Self::Internal
        } else {
            Self::BadParameter
        })
    }
}
