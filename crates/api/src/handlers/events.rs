use crate::{Kind, Refusal, model::Event, query::EventQuery, responses::Refusals};

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
pub(crate) async fn events() -> Result<(), Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
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
pub(crate) async fn socket() -> Result<(), Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}
