//! What is known of the assets that are swapped: how people call them, and how they write amounts.

use std::collections::BTreeMap;

use alloy::primitives::U256;
use causeway_api::AssetFacts;
use causeway_bitcoin::Network;
use causeway_evm::EvmChain;
use causeway_ibc_evm::{Token, token_info};
use causeway_swap::Amount;
use causeway_types::{AssetId, ChainId};

use crate::{
    amount::format_amount,
    config::{Config, SwapAsset, SwapsConfig},
    failure::Failure,
    network,
};

/// The number of ether in SLIP-44.
const ETHER: u32 = 60;
/// The decimals of bitcoin and litecoin.
const SATOSHIS: u8 = 8;
/// The decimals of the coins of EVM chains.
const WEI: u8 = 18;

/// An asset, as people know it.
#[derive(Clone, Debug)]
pub(crate) struct AssetInfo {
    /// Which asset.
    pub(crate) id: AssetId,
    /// Its symbol, and the chain it is on.
    pub(crate) label: String,
    /// How many decimals a whole unit has.
    pub(crate) decimals: u8,
}

impl AssetInfo {
    /// An amount in whole units, with the symbol.
    pub(crate) fn show(&self, amount: Amount) -> String {
        let whole = format_amount(U256::from(amount.units()), self.decimals);
        format!("{whole} {}", self.label)
    }
}

/// Where assets are looked up.
#[derive(Clone, Debug)]
pub(crate) struct Assets {
    /// Names of chains, of all that are swapped on.
    names: BTreeMap<ChainId, String>,
    config: Config,
    /// Those that are connected.
    evm: BTreeMap<ChainId, EvmChain>,
}

impl Assets {
    pub(crate) fn new(config: &Config, part: Option<&SwapsConfig>) -> Self {
        let name = |id: &ChainId, own: Option<&String>| {
            let named = config.chains.iter().find(|chain| chain.id == *id);
            let network = || Network::by_chain_id(id).map(|known| known.name.to_owned());
            let configured = named.map(|chain| chain.label().to_owned());
            own.cloned()
                .or(configured)
                .or_else(network)
                .unwrap_or_else(|| id.to_string())
        };
        let swapped = part.iter().flat_map(|part| &part.chains);
        let swapped = swapped.map(|chain| {
            let name = name(&chain.id, chain.name.as_ref());
            (chain.id.clone(), name)
        });
        Self {
            names: swapped.collect(),
            config: config.clone(),
            evm: BTreeMap::new(),
        }
    }

    /// The configuration that they are of.
    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    /// The name of a chain's own coin.
    pub(crate) fn coin_id(chain: &ChainId) -> AssetId {
        let slip44 = Network::by_chain_id(chain).map_or(ETHER, |network| network.coin_type);
        AssetId::coin(chain.clone(), slip44)
    }

    /// The tokens of the pairs that are offered.
    pub(crate) fn paired(&self) -> impl Iterator<Item = AssetId> {
        let maker = self
            .config
            .swaps
            .iter()
            .filter_map(|part| part.maker.as_ref());
        let assets = maker
            .flat_map(|maker| &maker.pairs)
            .flat_map(|pair| [&pair.gives, &pair.wants]);
        assets.filter_map(|asset| {
            let chain = self.chain(&asset.chain, "pairs").ok()?;
            Some(AssetId::erc20(chain.clone(), asset.token?))
        })
    }

    /// With chains that are connected already.
    #[must_use]
    pub(crate) fn with(self, evm: BTreeMap<ChainId, EvmChain>) -> Self {
        Self { evm, ..self }
    }

    /// The coin of a chain.
    pub(crate) async fn coin(&self, chain: &ChainId) -> Result<AssetInfo, Failure> {
        self.info(&Self::coin_id(chain)).await
    }

    pub(crate) async fn connected(&self, chain: &ChainId) -> Result<EvmChain, Failure> {
        if let Some(connected) = self.evm.get(chain) {
            return Ok(connected.clone());
        }
        let known = self.config.chains.iter().find(|known| known.id == *chain);
        let known = known.ok_or_else(|| {
            let message = format!("{chain} is not among the chains of the configuration");
            Failure::failed("token", message)
        })?;
        network::connect(&self.config, known).await
    }

    /// What a chain is called.
    pub(crate) fn chain_name(&self, chain: &ChainId) -> String {
        let known = || Network::by_chain_id(chain).map(|network| network.name.to_owned());
        let name = self.names.get(chain).cloned().or_else(known);
        name.unwrap_or_else(|| chain.to_string())
    }

    /// The chain of this name or id.
    pub(crate) fn chain(&self, text: &str, field: &str) -> Result<&ChainId, Failure> {
        let found = self
            .names
            .iter()
            .find(|(id, name)| id.as_str() == text || *name == text);
        found.map(|(id, _)| id).ok_or_else(|| {
            let known: Vec<_> = self
                .names
                .iter()
                .map(|(id, name)| format!("{name} ({id})"))
                .collect();
            Failure::usage(
                field,
                format!("{text:?} is no chain to swap on"),
                format!("known chains: {}", known.join(", ")),
            )
        })
    }

    /// An asset that the configuration names.
    pub(crate) async fn configured(
        &self,
        asset: &SwapAsset,
        field: &str,
    ) -> Result<AssetInfo, Failure> {
        let chain = self.chain(&asset.chain, &format!("{field}.chain"))?;
        let id = match (asset.token, Network::by_chain_id(chain)) {
            (None, Some(network)) => AssetId::coin(chain.clone(), network.coin_type),
            (None, None) => AssetId::coin(chain.clone(), ETHER),
            (Some(token), None) => AssetId::erc20(chain.clone(), token),
            (Some(_), Some(network)) => {
                return Err(Failure::usage(
                    &format!("{field}.token"),
                    format!("{} has no tokens", network.name),
                    "leave the token out",
                ));
            }
        };
        self.info(&id)
            .await
            .map_err(|failure| failure.at(field.to_owned()))
    }

    /// What is known of an asset.
    pub(crate) async fn info(&self, id: &AssetId) -> Result<AssetInfo, Failure> {
        let facts = self.facts(id).await?;
        let name = self.chain_name(id.chain());
        Ok(AssetInfo {
            id: id.clone(),
            label: format!("{} on {name}", facts.symbol),
            decimals: facts.decimals,
        })
    }

    /// What an asset is called, and how it is counted.
    pub(crate) async fn facts(&self, id: &AssetId) -> Result<AssetFacts, Failure> {
        let chain = id.chain();
        if let Some(network) = Network::by_chain_id(chain) {
            let symbol = if network.hrp.contains("ltc") {
                "LTC"
            } else {
                "BTC"
            };
            return Ok(AssetFacts {
                symbol: symbol.to_owned(),
                decimals: SATOSHIS,
            });
        }
        let (symbol, decimals) = match id.erc20_address() {
            None => ("ETH".to_owned(), WEI),
            Some(token) => {
                let connected = self.connected(chain).await?;
                let info = token_info(&connected, Token::Erc20(token)).await;
                let info = info.map_err(|error| Failure::failed("token", error))?;
                let symbol = if info.symbol.is_empty() {
                    token.to_string()
                } else {
                    info.symbol
                };
                (symbol, info.decimals)
            }
        };
        Ok(AssetFacts { symbol, decimals })
    }
}
