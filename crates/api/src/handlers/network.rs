use std::sync::Arc;

use axum::{Json, extract::State};
use causeway_ibc::ics20::NATIVE_COIN;
use causeway_types::AssetId;

use crate::{
    Api, Refusal,
    crossing::ETHER,
    extract::{Asked, Named},
    model::{Asset, Chain, Page, Route},
    query::Nothing,
    responses::{Missing, Refusals},
};

/// The chains
///
/// Every chain that the node follows or swaps on, in one page.
#[utoipa::path(get, path = "/v1/chains", tag = "network", security(("key" = ["read"])),
    responses((status = 200, description = "The chains.", body = Page<Chain>), Refusals))]
pub(crate) async fn chains(
    State(api): State<Arc<Api>>,
    _nothing: Asked<Nothing>,
) -> Result<Json<Page<Chain>>, Refusal> {
    Ok(Json(Page::whole(api.chains().await?)))
}

/// One chain
#[utoipa::path(get, path = "/v1/chains/{id}", tag = "network", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The chain, as CAIP-2.", example = "eip155:31337", max_length = 64)),
    responses((status = 200, description = "The chain.", body = Chain), Refusals, Missing))]
pub(crate) async fn chain(
    State(api): State<Arc<Api>>,
    Named(id): Named,
    _nothing: Asked<Nothing>,
) -> Result<Json<Chain>, Refusal> {
    let chains = api.chains().await?.into_iter();
    let mut named = chains.filter(|chain| chain.id.as_str() == id);
    let found = named.next().ok_or_else(|| Refusal::not_found("chain", &id));
    found.map(Json)
}

/// The assets
///
/// Every asset that the node's configuration speaks of, in one page: the coins of its chains, the tokens
/// that it watches and those that it swaps.
#[utoipa::path(get, path = "/v1/assets", tag = "network", security(("key" = ["read"])),
    responses((status = 200, description = "The assets.", body = Page<Asset>), Refusals))]
pub(crate) async fn assets(
    State(api): State<Arc<Api>>,
    _nothing: Asked<Nothing>,
) -> Result<Json<Page<Asset>>, Refusal> {
    let configured = api.assets.book().configured();
    api.assets.learn(configured.iter().cloned()).await;
    let assets = configured.into_iter().map(|id| asset(&api, &id));
    Ok(Json(Page::whole(assets.collect())))
}

/// The routes
///
/// Every connection between two chains, each with its two light clients and what one has to believe to
/// believe them, in one page.
#[utoipa::path(get, path = "/v1/routes", tag = "network", security(("key" = ["read"])),
    responses((status = 200, description = "The routes.", body = Page<Route>), Refusals))]
pub(crate) async fn routes(
    State(api): State<Arc<Api>>,
    _nothing: Asked<Nothing>,
) -> Result<Json<Page<Route>>, Refusal> {
    Ok(Json(Page::whole(api.status().await?.routes.clone())))
}

fn asset(api: &Api, id: &AssetId) -> Asset {
    let facts = api.assets.recall(id);
    let (symbol, decimals) = facts.map(|facts| (facts.symbol, facts.decimals)).unzip();
    let token = id.erc20_address();
    let is_evm_coin =
        *id == AssetId::coin(id.chain().clone(), ETHER) && id.chain().eip155_id().is_some();
    let token = token.map(|token| token.to_checksum(None));
    Asset {
        id: id.to_string(),
        chain: id.chain().clone(),
        chain_name: api.assets.book().chain_name(id.chain()),
        symbol,
        decimals,
        denom: match &token {
            Some(token) => Some(token.to_lowercase()),
            None => is_evm_coin.then(|| NATIVE_COIN.to_owned()),
        },
        token,
    }
}
