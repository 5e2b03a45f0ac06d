use std::sync::Arc;

use axum::{Json, extract::State, http::HeaderMap, response::Response};
use causeway_engine::{Index, Process};
use causeway_ibc::gmp;
use causeway_relayer::{PacketRecord, tags};

use crate::{
    Api, Refusal, crossing,
    extract::{Asked, Named},
    listing::List,
    model::{Call, CallStatus, Page},
    query::{CallQuery, Nothing},
    responses::{Missing, Refusals},
};

/// Calls
///
/// Calls of contracts on other chains. Newest first. With `Accept: application/x-ndjson`, the whole list
/// from the cursor on, one call a line.
#[utoipa::path(get, path = "/v1/calls", tag = "crossings", security(("key" = ["read"])),
    params(CallQuery),
    responses(
        (status = 200, description = "The calls.", content(
            (Page<Call> = "application/json"), (Call = "application/x-ndjson"))),
        Refusals))]
pub(crate) async fn calls(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    Asked(query): Asked<CallQuery>,
) -> Result<Response, Refusal> {
    let wanted = query.wanted();
    let ours = || vec![Index::Tag(tags::APPLICATION, gmp::PORT.to_owned())];
    let indexes = wanted.indexes(Some(query.status.map_or_else(ours, CallStatus::indexes)))?;
    let status = query.status;
    let keep = move |process: &Process<PacketRecord>| {
        crossing::is_call(&process.state, status) && wanted.fits(&process.state)
    };
    let show = |rows: Vec<_>| async move { Ok(rows.iter().filter_map(crossing::call).collect()) };
    let source = Arc::new(api.engine.clone());
    let list = List::new(source, ("calls", &query.filters()), indexes, keep, show);
    list.answer(&headers, query.cursor.as_deref(), query.limit)
        .await
}

/// One call
#[utoipa::path(get, path = "/v1/calls/{id}", tag = "crossings", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The call: its packet, `CHAIN~CLIENT~SEQUENCE`.",
        example = "eip155:31337~attest-31338-on-31337~2", max_length = 400)),
    responses((status = 200, description = "The call.", body = Call), Refusals, Missing))]
pub(crate) async fn call(
    State(api): State<Arc<Api>>,
    Named(id): Named,
    _nothing: Asked<Nothing>,
) -> Result<Json<Call>, Refusal> {
    let process = super::packets::find(&api, "call", &id).await?;
    let found = crossing::call(&process);
    found
        .map(Json)
        .ok_or_else(|| Refusal::not_found("call", &id))
}
