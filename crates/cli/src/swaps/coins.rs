//! Chains of the Bitcoin family, as they are configured for swaps.

use std::time::Duration;

use causeway_bitcoin::{BitcoinChain, BitcoinConfig, Network, RpcAuth, RpcEndpoint, RpcLimits};
use causeway_engine::Engine;
use causeway_swap_service::bitcoin::{BitcoinSettings, BitcoinSide};

use super::Assumptions;
use crate::{
    config::{LoadedConfig, SwapChainConfig},
    failure::Failure,
};

pub(super) async fn bitcoin_side(
    loaded: &LoadedConfig,
    chain: &SwapChainConfig,
    field: &str,
    seed: &[u8],
    engine: &Engine,
    assumed: &Assumptions,
) -> Result<BitcoinSide, Failure> {
    let config = bitcoin_config(loaded, chain, field, assumed)?;
    let failed = |error: &dyn std::error::Error| {
        Failure::failed("swaps", crate::failure::chain_of(error)).at(format!("{field}.endpoints"))
    };
    let connected = BitcoinChain::new(config).map_err(|error| failed(&error))?;
    let mut settings = BitcoinSettings::new(assumed.timing);
    settings.dev = loaded.config.dev;
    if let Some(cap) = chain.fee_cap {
        settings.most_sat_per_vb = cap;
    }
    if let Some(percent) = chain.fee_percent {
        settings.most_percent = percent.into();
    }
    BitcoinSide::open(connected, seed, engine.clone(), settings)
        .await
        .map_err(|error| failed(&error))
}

/// How a chain of the Bitcoin family is reached.
pub(crate) fn bitcoin_config(
    loaded: &LoadedConfig,
    chain: &SwapChainConfig,
    field: &str,
    assumed: &Assumptions,
) -> Result<BitcoinConfig, Failure> {
    let network = network(chain, field)?;
    let mut endpoints = Vec::new();
    for url in &chain.endpoints {
        endpoints.push(endpoint(loaded, chain, field, url)?);
    }
    Ok(BitcoinConfig {
        network,
        agreement: chain.agreement.unwrap_or(endpoints.len() / 2 + 1),
        endpoints,
        confirmations: assumed.timing.confirmations(),
        poll_interval: (network.block_time / 60)
            .min(Duration::from_secs(assumed.timing.blocks().usual()) / 4)
            .clamp(Duration::from_millis(200), Duration::from_secs(5)),
        limits: RpcLimits::default(),
    })
}

fn network(chain: &SwapChainConfig, field: &str) -> Result<&'static Network, Failure> {
    Network::by_chain_id(&chain.id).ok_or_else(|| {
        let known = Network::ALL.map(|known| format!("{} ({})", known.chain_id(), known.name));
        Failure::usage(
            &format!("{field}.id"),
            format!(
                "{} is neither one of the chains nor one of the Bitcoin family",
                chain.id
            ),
            format!("add it as [[chains]], or use one of {}", known.join(", ")),
        )
    })
}

fn endpoint(
    loaded: &LoadedConfig,
    chain: &SwapChainConfig,
    field: &str,
    url: &url::Url,
) -> Result<RpcEndpoint, Failure> {
    let mut plain = url.clone();
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let auth = match (url.password(), &chain.cookie) {
        (Some(password), _) => RpcAuth::Password {
            user: decoded(url.username()),
            password: decoded(password),
        },
        (None, Some(cookie)) => RpcAuth::Cookie(loaded.resolve(cookie)),
        (None, None) => {
            return Err(Failure::usage(
                &format!("{field}.cookie"),
                "a node is to be asked that has not been told who may ask",
                "name the node's cookie file, or put user and password into its URL",
            ));
        }
    };
    // An address without a host has neither, and is refused by the driver.
    let _ = plain
        .set_username("")
        .and_then(|()| plain.set_password(None));
    Ok(RpcEndpoint { url: plain, auth })
}
