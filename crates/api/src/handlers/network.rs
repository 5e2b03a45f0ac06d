use axum::Json;

use crate::{
    Kind, Refusal,
    model::{Asset, Chain, Page, Route},
    responses::{Missing, Refusals},
};

/// The chains
///
/// Every chain that the node follows or swaps on, in one page.
#[utoipa::path(get, path = "/v1/chains", tag = "network", security(("key" = ["read"])),
    responses((status = 200, description = "The chains.", body = Page<Chain>), Refusals))]
pub(crate) async fn chains() -> Result<Json<Page<Chain>>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}

/// One chain
#[utoipa::path(get, path = "/v1/chains/{id}", tag = "network", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The chain, as CAIP-2.", example = "eip155:31337", max_length = 64)),
    responses((status = 200, description = "The chain.", body = Chain), Refusals, Missing))]
pub(crate) async fn chain() -> Result<Json<Chain>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}

/// The assets
///
/// Every asset that the node's configuration speaks of, in one page: the coins of its chains, the tokens
/// that it watches and those that it swaps.
#[utoipa::path(get, path = "/v1/assets", tag = "network", security(("key" = ["read"])),
    responses((status = 200, description = "The assets.", body = Page<Asset>), Refusals))]
pub(crate) async fn assets() -> Result<Json<Page<Asset>>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}

/// The routes
///
/// Every connection between two chains, each with its two light clients and what one has to believe to
/// believe them, in one page.
#[utoipa::path(get, path = "/v1/routes", tag = "network", security(("key" = ["read"])),
    responses((status = 200, description = "The routes.", body = Page<Route>), Refusals))]
pub(crate) async fn routes() -> Result<Json<Page<Route>>, Refusal> {
    Err(Refusal::new(Kind::Unavailable, "not served yet"))
}
