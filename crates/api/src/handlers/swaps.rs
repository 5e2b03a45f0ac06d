use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse as _, Response},
};
use causeway_engine::{Index, Process};
use causeway_swap::{Leg, SwapId};
use causeway_swap_service::{Record, SwapService};
use causeway_types::Timestamp;
use futures::future::try_join_all;

use crate::{
    Api, Refusal,
    api::Assets,
    extract::{Asked, Named},
    listing::List,
    model::{Offer, Page, Swap, Time},
    query::{Nothing, SwapQuery},
    responses::{Missing, Refusals},
    swaps::{show_offer, show_swap},
};

/// Swaps
///
/// The atomic swaps of this node. Newest first. With `Accept: application/x-ndjson`, the whole list from
/// the cursor on, one swap a line.
#[utoipa::path(get, path = "/v1/swaps", tag = "swaps", security(("key" = ["read"])),
    params(SwapQuery),
    responses(
        (status = 200, description = "The swaps.", content(
            (Page<Swap> = "application/json"), (Swap = "application/x-ndjson"))),
        Refusals))]
pub(crate) async fn swaps(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    Asked(query): Asked<SwapQuery>,
) -> Result<Response, Refusal> {
    let Some(service) = api.swaps.clone() else {
        return Ok(Json(Page::<Swap>::whole(Vec::new())).into_response());
    };
    let indexes = match &query.status {
        Some(status) => vec![Index::Phase(status.clone())],
        None => vec![Index::All],
    };
    let done = query.done;
    let keep = move |process: &Process<Record>| done.is_none_or(|done| process.done == done);
    let (assets, source) = (api.assets.clone(), Arc::new(service.ledger().clone()));
    let show = move |rows: Vec<Process<Record>>| {
        let (service, assets) = (service.clone(), assets.clone());
        async move {
            let shown = rows
                .into_iter()
                .map(|row| show(&service, &assets, row.state));
            try_join_all(shown).await
        }
    };
    let list = List::new(source, ("swaps", &query.filters()), indexes, keep, show);
    list.answer(&headers, query.cursor.as_deref(), query.limit)
        .await
}

/// One swap
#[utoipa::path(get, path = "/v1/swaps/{id}", tag = "swaps", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The swap.", max_length = 80)),
    responses((status = 200, description = "The swap: both legs, their confirmations and the time left.",
        body = Swap), Refusals, Missing))]
pub(crate) async fn swap(
    State(api): State<Arc<Api>>,
    Named(id): Named,
    _nothing: Asked<Nothing>,
) -> Result<Json<Swap>, Refusal> {
    let missing = || Refusal::not_found("swap", &id);
    let service = api.swaps.as_ref().ok_or_else(missing)?;
    let swap = SwapId(id.parse().map_err(|_| missing())?);
    let found = service.ledger().find(swap).await;
    let found = found.map_err(|error| Refusal::internal(&error))?;
    let record = found.ok_or_else(missing)?;
    show(service, &api.assets, record).await.map(Json)
}

/// What the node offers
///
/// In one page; empty if it makes no offers.
#[utoipa::path(get, path = "/v1/swaps/offers", tag = "swaps", security(("key" = ["read"])),
    responses((status = 200, description = "The offers.", body = Page<Offer>), Refusals))]
pub(crate) async fn offers(
    State(api): State<Arc<Api>>,
    _nothing: Asked<Nothing>,
) -> Result<Json<Page<Offer>>, Refusal> {
    let made = match &api.swaps {
        Some(service) => service.offers().await,
        None => Ok(None),
    };
    let Some(made) = made.map_err(|error| Refusal::internal(&error))? else {
        return Ok(Json(Page::whole(Vec::new())));
    };
    let assets = &api.assets;
    let given = made.offers.iter().map(|signed| signed.offer.gives.clone());
    assets.learn(given).await;
    let maker = made.maker.to_string();
    let facts = |asset: &_| assets.recall(asset);
    let offers = made.offers.iter();
    let offers = offers.map(|signed| show_offer(&maker, signed, assets.book(), &facts));
    Ok(Json(Page::whole(offers.collect())))
}

async fn show(service: &SwapService, assets: &Assets, record: Record) -> Result<Swap, Refusal> {
    let troubles = service.ledger().troubles(record.id()).await;
    let troubles = troubles.map_err(|error| Refusal::internal(&error))?;
    let swapped = Leg::BOTH.map(|leg| record.terms().legs.of(leg).asset.clone());
    assets.learn(swapped).await;
    let facts = |asset: &_| assets.recall(asset);
    let now = Timestamp::from_secs(Time::now().as_millis() / 1_000);
    Ok(show_swap(&record, troubles, assets.book(), &facts, now))
}
