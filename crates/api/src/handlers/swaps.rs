use axum::Json;

use crate::{
    Kind, Refusal,
    model::{Offer, Page, Swap},
    query::SwapQuery,
    responses::{Missing, Refusals},
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
pub(crate) async fn swaps() -> Result<Json<Page<Swap>>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}

/// One swap
#[utoipa::path(get, path = "/v1/swaps/{id}", tag = "swaps", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The swap.", max_length = 80)),
    responses((status = 200, description = "The swap: both legs, their confirmations and the time left.",
        body = Swap), Refusals, Missing))]
pub(crate) async fn swap() -> Result<Json<Swap>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}

/// What the node offers
///
/// In one page; empty if it makes no offers.
#[utoipa::path(get, path = "/v1/swaps/offers", tag = "swaps", security(("key" = ["read"])),
    responses((status = 200, description = "The offers.", body = Page<Offer>), Refusals))]
pub(crate) async fn offers() -> Result<Json<Page<Offer>>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}
