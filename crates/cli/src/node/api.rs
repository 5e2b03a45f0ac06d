//! The node as its API asks it.

use std::sync::Arc;

use alloy::primitives::Address;
use async_trait::async_trait;
use causeway_api::{
    Api, AssetBook, AssetFacts, Unavailable,
    model::{Chain, ChainKind, NodeStatus},
};
use causeway_bitcoin::Network;
use causeway_ibc_evm::Token;
use causeway_swap_service::SwapService;
use causeway_types::{AssetId, ChainId};
use tokio_util::sync::CancellationToken;

use super::Node;
use crate::{
    config::{ApiConfig, Config},
    failure::Failure,
    swaps::Assets,
};

impl Node {
    /// The API over this node. What it follows ends when `stop` says so.
    pub(crate) fn api(self: &Arc<Self>, config: &ApiConfig, stop: CancellationToken) -> Api {
        let swaps = self.config.swaps.as_ref();
        let assets = Assets::new(&self.config, swaps).with(self.chains.clone());
        Api::new(
            self.engine.clone(),
            self.clone(),
            Arc::new(assets),
            self.swaps().cloned(),
            config.settings(),
            stop,
        )
    }

    /// What the configuration says of the API, if this node serves one.
    pub(crate) fn api_config(&self) -> Option<&ApiConfig> {
        self.config.api.as_ref()
    }
}

/// What went wrong inside is logged, and shown to nobody.
fn unavailable(failure: &Failure) -> Unavailable {
    Unavailable(failure.to_string())
}

#[async_trait]
impl causeway_api::Node for Node {
    async fn status(&self) -> Result<NodeStatus, Unavailable> {
        Self::status(self)
            .await
            .map_err(|failure| unavailable(&failure))
    }

    fn swap_chains(&self) -> Vec<Chain> {
        let Some(service) = self.swaps() else {
            return Vec::new();
        };
        let chains = service.chains();
        let chains = chains.map(|chain| swapped_chain(&self.config, service, chain.id()));
        chains.collect()
    }
}

/// A chain as swaps see it.
fn swapped_chain(config: &Config, service: &SwapService, id: &ChainId) -> Chain {
    let network = Network::by_chain_id(id);
    let part = config.swaps.iter().flat_map(|part| &part.chains);
    let mut swapped = part.filter(|chain| chain.id == *id);
    let mut followed = config.chains.iter().filter(|chain| chain.id == *id);
    let name = swapped.next().and_then(|chain| chain.name.clone());
    let name = name.or_else(|| followed.next().and_then(|chain| chain.name.clone()));
    Chain {
        id: id.clone(),
        name: name.or_else(|| network.map(|network| network.name.to_owned())),
        kind: if network.is_some() {
            ChainKind::Bitcoin
        } else {
            ChainKind::Evm
        },
        head: service.ledger().head(id).map(|head| head.height),
        final_height: None,
        lag: None,
        finality: "confirmations, as each swap asks for".to_owned(),
        agreement: 1,
        endpoints: Vec::new(),
        router: None,
        contradiction: None,
        problem: None,
    }
}

#[async_trait]
impl AssetBook for Assets {
    fn chain_name(&self, chain: &ChainId) -> String {
        let configured = self.config().chains.iter().find(|known| known.id == *chain);
        let name = configured.and_then(|known| known.name.clone());
        name.unwrap_or_else(|| Self::chain_name(self, chain))
    }

    fn configured(&self) -> Vec<AssetId> {
        let config = self.config();
        let mut found: Vec<AssetId> = Vec::new();
        let coins = config.chains.iter().map(|chain| &chain.id);
        let swapped = config.swaps.iter().flat_map(|part| &part.chains);
        let coins = coins.chain(swapped.map(|chain| &chain.id));
        let coins = coins.map(Self::coin_id);
        for asset in coins.chain(watched(config)).chain(self.paired()) {
            if !found.contains(&asset) {
                found.push(asset);
            }
        }
        found
    }

    async fn facts(&self, asset: &AssetId) -> Result<AssetFacts, Unavailable> {
        Self::facts(self, asset)
            .await
            .map_err(|failure| unavailable(&failure))
    }
}

/// The tokens that the monitor watches above all.
fn watched(config: &Config) -> impl Iterator<Item = AssetId> {
    let tokens = config.monitor.iter().flat_map(|monitor| &monitor.tokens);
    let coin: Address = Token::Native.address();
    tokens
        .flatten()
        .filter(move |token| token.token != coin)
        .map(|token| AssetId::erc20(token.chain.clone(), token.token))
}
