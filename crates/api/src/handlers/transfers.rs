use std::sync::Arc;

use axum::{Json, extract::State, http::HeaderMap, response::Response};
use causeway_engine::{Index, Process};
use causeway_ibc::ics20;
use causeway_relayer::{PacketRecord, tags};

use crate::{
    Api, Refusal, crossing,
    extract::{Asked, Named},
    listing::List,
    model::{Page, Transfer, TransferStatus},
    query::{Nothing, TransferQuery},
    responses::{Missing, Refusals},
};

/// Transfers
///
/// Tokens that cross, as their owners see them. Newest first. With `Accept: application/x-ndjson`, the
/// whole list from the cursor on, one transfer a line.
#[utoipa::path(get, path = "/v1/transfers", tag = "crossings", security(("key" = ["read"])),
    params(TransferQuery),
    responses(
        (status = 200, description = "The transfers.", content(
            (Page<Transfer> = "application/json"), (Transfer = "application/x-ndjson"))),
        Refusals))]
pub(crate) async fn transfers(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    Asked(query): Asked<TransferQuery>,
) -> Result<Response, Refusal> {
    let wanted = query.wanted();
    let ours = || vec![Index::Tag(tags::APPLICATION, ics20::PORT.to_owned())];
    let indexes = wanted.indexes(Some(
        query.status.map_or_else(ours, TransferStatus::indexes),
    ))?;
    let status = query.status;
    let keep = move |process: &Process<PacketRecord>| {
        crossing::is_transfer(&process.state, status) && wanted.fits(&process.state)
    };
    let assets = api.assets.clone();
    let show = move |rows: Vec<_>| {
        let assets = assets.clone();
        async move { Ok(crossing::transfers(&rows, &assets).await) }
    };
    let source = Arc::new(api.engine.clone());
    let list = List::new(source, ("transfers", &query.filters()), indexes, keep, show);
    list.answer(&headers, query.cursor.as_deref(), query.limit)
        .await
}

/// One transfer
#[utoipa::path(get, path = "/v1/transfers/{id}", tag = "crossings", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The transfer: its packet, `CHAIN~CLIENT~SEQUENCE`.",
        example = "eip155:31337~attest-31338-on-31337~1", max_length = 400)),
    responses((status = 200, description = "The transfer.", body = Transfer), Refusals, Missing))]
pub(crate) async fn transfer(
    State(api): State<Arc<Api>>,
    Named(id): Named,
    _nothing: Asked<Nothing>,
) -> Result<Json<Transfer>, Refusal> {
    let process = super::packets::find(&api, "transfer", &id).await?;
    let found = crossing::transfers(std::slice::from_ref(&process), &api.assets).await;
    let found = found.into_iter().next();
    found
        .map(Json)
        .ok_or_else(|| Refusal::not_found("transfer", &id))
}
