use std::sync::Arc;

use axum::{extract::State, http::HeaderMap, response::Response};
use causeway_alerts as alerts_service;
use causeway_engine::{Index, Process};

use crate::{
    Api, Refusal,
    extract::Asked,
    listing::List,
    model::{Alert, AlertStatus, Page},
    query::AlertQuery,
    responses::Refusals,
};

/// Alerts
///
/// What is wrong, and what was. Newest first. With `Accept: application/x-ndjson`, the whole list from the
/// cursor on, one alert a line.
#[utoipa::path(get, path = "/v1/alerts", tag = "node", security(("key" = ["read"])),
    params(AlertQuery),
    responses(
        (status = 200, description = "The alerts.", content(
            (Page<Alert> = "application/json"), (Alert = "application/x-ndjson"))),
        Refusals))]
pub(crate) async fn alerts(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    Asked(query): Asked<AlertQuery>,
) -> Result<Response, Refusal> {
    let phase = |status| match status {
        AlertStatus::Firing => Index::Phase("firing".to_owned()),
        AlertStatus::Resolved => Index::Phase("resolved".to_owned()),
    };
    let indexes = vec![query.status.map_or(Index::All, phase)];
    let keep = |_: &Process<alerts_service::Alert>| true;
    let show = |rows: Vec<Process<alerts_service::Alert>>| async move {
        Ok(rows.iter().map(|row| Alert::from(&row.state)).collect())
    };
    let source = Arc::new(api.engine.clone());
    let list = List::new(source, ("alerts", &query.filters()), indexes, keep, show);
    list.answer(&headers, query.cursor.as_deref(), query.limit)
        .await
}
