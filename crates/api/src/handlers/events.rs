use std::{collections::VecDeque, sync::Arc, time::Duration};

use axum::{
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, WebSocket, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse as _, Response, Sse, sse},
};
use futures::stream;

use crate::{
    Api, Kind, Refusal,
    extract::Asked,
    feed::{Kinds, Subscription},
    model::{Event, EventKind},
    query::EventQuery,
    responses::Refusals,
};

/// How often something is sent when nothing happens, so that nobody on the way hangs up.
const ALIVE: Duration = Duration::from_secs(15);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The longest message that is taken from a client. None is read.
const LONGEST: usize = 4 * 1_024;

/// Changes, as server-sent events
///
/// Each event's `id` numbers it, `event` is its kind and `data` is an `Event` as JSON. `Last-Event-ID`
/// resumes after the event of that number and comes before `after`. Events are kept for a day; when some
/// that were asked for are gone, the first event is a `reset`.
#[utoipa::path(get, path = "/v1/events", tag = "node", security(("key" = ["read"])),
    params(EventQuery,
        ("Last-Event-ID" = Option<u64>, Header, description = "The last event that was seen.")),
    responses((status = 200, description = "Events, as they come.",
        content((Event = "text/event-stream"))), Refusals))]
pub(crate) async fn events(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    Asked(query): Asked<EventQuery>,
) -> Result<Response, Refusal> {
    let after = last_seen(&headers)?.or(query.after);
    let subscription = api.feed.subscribe(after, query.wanted()?).await?;
    let begin = (subscription, VecDeque::new());
    let events = stream::unfold(begin, async |(mut subscription, mut ready)| {
        if ready.is_empty() {
            ready.extend(subscription.next().await?);
        }
        let event: Event = ready.pop_front()?;
        Some((line(&event), (subscription, ready)))
    });
    let alive = sse::KeepAlive::new().interval(ALIVE);
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

/// Changes, over a WebSocket
///
/// Each text message is an `Event` as JSON. Nothing is read from the client. Resume with `after`.
#[utoipa::path(get, path = "/v1/events/ws", tag = "node", security(("key" = ["read"])),
    params(EventQuery),
    responses(
        (status = 101, description = "Events, as they come, one JSON text message each.",
            content((Event = "application/json"))),
        (status = 426, description = "This is for WebSockets alone.",
            content((crate::model::Problem = "application/problem+json"))),
        Refusals))]
pub(crate) async fn socket(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    Asked(query): Asked<EventQuery>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    expect_welcome_page(&headers, &api.settings.origins)?;
    let kinds = query.wanted()?;
    let upgrade = upgrade.map_err(|rejection| {
        let websocket = HeaderValue::from_static("websocket");
        let refusal = Refusal::new(Kind::UpgradeRequired, rejection.body_text());
        refusal.header(header::UPGRADE, websocket)
    })?;
    let subscription = api.feed.subscribe(query.after, kinds).await?;
    let upgrade = upgrade.max_message_size(LONGEST);
    Ok(upgrade.on_upgrade(|socket| converse(socket, subscription)))
}

/// A browser lets any page open a WebSocket to anywhere, and says whose page it is; to what may be read
/// across origins (CORS) it holds requests alone. Who is no browser says nothing of that kind.
fn expect_welcome_page(headers: &HeaderMap, welcome: &[String]) -> Result<(), Refusal> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or_default();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let is_ours = origin
        .split_once("://")
        .is_some_and(|(_, page)| Some(page) == host);
    if is_ours || welcome.iter().any(|known| known == origin) {
        return Ok(());
    }
    let detail = "the operator may add the page's origin to `origins` in [api]";
    Err(Refusal::new(Kind::ForeignOrigin, detail))
}

fn last_seen(headers: &HeaderMap) -> Result<Option<u64>, Refusal> {
    let Some(value) = headers.get(LAST_EVENT_ID) else {
        return Ok(None);
    };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| {
        let refusal = Refusal::new(Kind::BadParameter, "Last-Event-ID is no number of an event");
        refusal.field(LAST_EVENT_ID.as_str(), "expected a number")
    })
}

impl EventQuery {
    /// The kinds that are wanted. A reset is always told of.
    fn wanted(&self) -> Result<Kinds, Refusal> {
        let all = [EventKind::Packet, EventKind::Swap, EventKind::Alert];
        let Some(named) = &self.kinds else {
            return Ok(all.into());
        };
        let kind = |name: &str| {
            all.into_iter()
                .find(|kind| kind.name() == name)
                .ok_or_else(|| {
                    let detail = format!("{name:?} is no kind of event");
                    let refusal = Refusal::new(Kind::BadParameter, detail);
                    refusal.field(
                        "kinds",
                        "expected packet, swap or alert, separated by commas",
                    )
                })
        };
        named.split(',').map(kind).collect()
    }
}

fn line(event: &Event) -> Result<sse::Event, axum::Error> {
    let line = sse::Event::default().event(event.kind.name());
    line.id(event.id.to_string()).json_data(event)
}

/// Tells what happens until either side ends it.
async fn converse(mut socket: WebSocket, mut subscription: Subscription) {
    let mut alive = tokio::time::interval(ALIVE);
    loop {
        let messages: Vec<Message> = tokio::select! {
            events = subscription.next() => {
                let Some(events) = events else { break };
                let texts = events.iter().filter_map(|event| serde_json::to_string(event).ok());
                texts.map(Message::text).collect()
            }
            _ = alive.tick() => vec![Message::Ping(axum::body::Bytes::new())],
            received = socket.recv() => match received {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
        };
        for message in messages {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    }
    // Whoever went away does not hear it.
    let _ = socket.send(Message::Close(None)).await;
}
