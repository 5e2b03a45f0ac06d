//! The HTTP interface of a maker, at `/v1/swap`.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{
        DefaultBodyLimit, Query, State, WebSocketUpgrade,
        rejection::{JsonRejection, QueryRejection},
        ws::{Message, WebSocket},
    },
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tracing::debug;

use crate::{
    SwapError,
    conversation::Conversations,
    maker::Maker,
    negotiation::{Proposal, QuoteRequest},
    wire::{LONGEST, Received, Wire},
};

/// So many parties may be connected at once.
const MOST_CONNECTED: usize = 1_024;

/// What is wrong with a request (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Problem {
    /// Which kind of problem.
    pub(crate) r#type: String,
    /// The kind in words.
    pub(crate) title: String,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What is wrong with this request, and what would be right.
    pub(crate) detail: String,
}

#[derive(Clone)]
struct Served {
    maker: Arc<Maker>,
    conversations: Conversations,
    room: Arc<Semaphore>,
}

/// The routes of a maker.
pub(crate) fn router(maker: Arc<Maker>, conversations: Conversations) -> Router {
    let served = Served {
        maker,
        conversations,
        room: Arc::new(Semaphore::new(MOST_CONNECTED)),
    };
    Router::new()
        .route("/v1/swap/offers", get(offers))
        .route("/v1/swap/quotes", post(quote))
        .route("/v1/swap/proposals", post(propose))
        .route("/v1/swap/session", get(session))
        .layer(DefaultBodyLimit::max(LONGEST))
        .with_state(served)
}

/// Which offers are wanted; all that are made now by default.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// How the name of an offer begins that is still to hold.
    begins: Option<String>,
}

async fn offers(
    State(served): State<Served>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, SwapError> {
    let Query(wanted) = wanted.map_err(|error| SwapError::Malformed(error.body_text()))?;
    let offers = match wanted.begins {
        Some(begins) => served.maker.offers_named(&begins),
        None => served.maker.offers().await?,
    };
    Ok(Json(offers).into_response())
}

async fn quote(
    State(served): State<Served>,
    request: Result<Json<QuoteRequest>, JsonRejection>,
) -> Result<Response, SwapError> {
    let Json(request) = request.map_err(|rejection| malformed(&rejection))?;
    Ok(Json(served.maker.quote(&request).await?).into_response())
}

async fn propose(
    State(served): State<Served>,
    proposal: Result<Json<Proposal>, JsonRejection>,
) -> Result<Response, SwapError> {
    let Json(proposal) = proposal.map_err(|rejection| malformed(&rejection))?;
    Ok(Json(served.maker.accept(proposal).await?).into_response())
}

fn malformed(rejection: &JsonRejection) -> SwapError {
    SwapError::Malformed(rejection.body_text())
}

async fn session(State(served): State<Served>, upgrade: WebSocketUpgrade) -> Response {
    let Ok(permit) = served.room.clone().try_acquire_owned() else {
        return SwapError::Busy("too many parties are connected: try again later".to_owned())
            .into_response();
    };
    upgrade
        .max_message_size(LONGEST)
        .on_upgrade(async move |socket: WebSocket| {
            let wire = Wire::over(socket, Message::text, ping, read);
            let ended = served.conversations.answered(wire).await;
            debug!(%ended, "a conversation ended");
            drop(permit);
        })
}

fn ping() -> Message {
    Message::Ping(axum::body::Bytes::new())
}

/// What a message means for a conversation.
fn read(message: Message) -> Received {
    match message {
        Message::Text(text) => Received::Text(text.to_string()),
        Message::Ping(_) | Message::Pong(_) => Received::Nothing,
        Message::Binary(_) | Message::Close(_) => Received::End,
    }
}

impl IntoResponse for SwapError {
    fn into_response(self) -> Response {
        let (kind, title, status) = match &self {
            Self::Refused(_) | Self::Begin(_) => (
                "refused",
                "The terms are refused",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Self::Quote(_) | Self::Malformed(_) => (
                "malformed",
                "The request makes no sense",
                StatusCode::BAD_REQUEST,
            ),
            Self::Gone(_) => ("gone", "It is not there any more", StatusCode::GONE),
            Self::TooLittle { .. } | Self::AtStake { .. } => {
                ("too-much", "There is not so much", StatusCode::CONFLICT)
            }
            Self::Busy(_) => (
                "busy",
                "Too many ask at once",
                StatusCode::TOO_MANY_REQUESTS,
            ),
            Self::Signature(_) => ("signature", "A signature is wrong", StatusCode::FORBIDDEN),
            Self::UnknownChain(_) | Self::UnknownSwap(_) => (
                "unknown",
                "There is no such thing here",
                StatusCode::NOT_FOUND,
            ),
            Self::Chain(error) if !error.passes => (
                "refused",
                "The terms are refused",
                StatusCode::UNPROCESSABLE_ENTITY,
            ),
            Self::TheyRefused(_)
            | Self::TooDear { .. }
            | Self::Chain(_)
            | Self::Talk(_)
            | Self::Store(_) => (
                "unavailable",
                "It cannot be done at the moment",
                StatusCode::SERVICE_UNAVAILABLE,
            ),
        };
        let problem = Problem {
            r#type: format!("urn:causeway:swap:{kind}"),
            title: title.to_owned(),
            status: status.as_u16(),
            // What is wrong inside, and how much there is, is nobody else's business.
            detail: match &self {
                Self::Store(_) => "the store cannot be used".to_owned(),
                Self::Chain(error) if error.passes => {
                    format!("{} cannot be used at the moment", error.chain)
                }
                Self::TooLittle { asset, .. } | Self::AtStake { asset, .. } => {
                    format!("so much of {asset} cannot be given now: ask for less, or later")
                }
                other => other.to_string(),
            },
        };
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, kind, Json(problem)).into_response()
    }
}
