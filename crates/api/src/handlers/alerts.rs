use axum::Json;

use crate::{
    Kind, Refusal,
    model::{Alert, Page},
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
pub(crate) async fn alerts() -> Result<Json<Page<Alert>>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}
