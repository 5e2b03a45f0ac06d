//! From the configuration to a service that swaps.

mod assets;
mod coins;
mod timing;

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use alloy::primitives::U256;
use causeway_bitcoin::Network;
use causeway_engine::Engine;
use causeway_evm::EvmChain;
use causeway_ibc_evm::SharedLane;
use causeway_swap::{Amount, ChainPolicy, Cooperation, Policy, Role};
use causeway_swap_service::{
    ChainError, ChainPart, Clock, FixedPrice, MakerConfig, Pair, PriceServer, PriceSource, Seed,
    SwapChain, SwapConfig, SwapService,
    evm::{EvmSettings, EvmSide},
};
use causeway_types::ChainId;

use self::coins::bitcoin_side;
pub(crate) use self::{
    assets::{AssetInfo, Assets},
    coins::bitcoin_config,
    timing::{Assumptions, assumptions},
};
use crate::{
    amount::parse_amount,
    config::{ChainConfig, LoadedConfig, MakerPart, PairConfig, SwapChainConfig, SwapsConfig},
    failure::Failure,
    keys::{NodeSigner, open_key, open_signer},
    network,
    store::busy,
};

/// Swaps as configured, with what is known of their assets.
pub(crate) struct Swaps {
    pub(crate) service: SwapService,
    pub(crate) assets: Assets,
    pub(crate) lanes: Lanes,
}

/// The lanes that swaps are made through.
#[derive(Default)]
pub(crate) struct Lanes(Vec<Arc<SharedLane>>);

impl Lanes {
    /// Lets them go, so that another process may have them at once.
    pub(crate) async fn close(&self) {
        for lane in &self.0 {
            lane.close().await;
        }
    }
}

/// The part of the configuration about swaps.
pub(crate) fn part(loaded: &LoadedConfig) -> Result<&SwapsConfig, Failure> {
    loaded.config.swaps.as_ref().ok_or_else(|| {
        Failure::usage(
            "swaps",
            format!("{} has no part about swaps", loaded.path.display()),
            "add [swaps] with a seed and [[swaps.chains]]; `causeway config schema` describes them",
        )
    })
}

/// What is known of the assets of the chains to swap on; chains are asked when that is needed.
pub(crate) fn assets(loaded: &LoadedConfig) -> Result<Assets, Failure> {
    Ok(Assets::new(&loaded.config, Some(part(loaded)?)))
}

/// Opens keys and chains. `owner` names this process among those that share the store.
pub(crate) async fn open(
    loaded: &LoadedConfig,
    engine: &Engine,
    owner: String,
) -> Result<Swaps, Failure> {
    let part = part(loaded)?;
    let resolve = |path: &Path| loaded.resolve(path);
    let seed = open_key(&part.seed, "swaps.seed", resolve)?.to_bytes();
    let new_seed = || {
        Seed::new(seed.to_vec())
            .map_err(|error| Failure::usage("swaps.seed", error, "use 64 hexadecimal digits"))
    };
    let key = match &part.key {
        Some(key) => Some(open_signer(key, "swaps.key", resolve).await?),
        None => None,
    };
    let mut opened = Opened::default();
    for (index, chain) in part.chains.iter().enumerate() {
        let field = format!("swaps.chains[{index}]");
        let assumed = assumptions(loaded, chain, &field)?;
        let evm = loaded
            .config
            .chains
            .iter()
            .find(|known| known.id == chain.id);
        let side: Arc<dyn SwapChain> = match evm {
            Some(evm) => {
                let key = key.clone().ok_or_else(|| no_key(&chain.id))?;
                let connected = network::connect(&loaded.config, evm).await?;
                opened.evm.insert(chain.id.clone(), connected.clone());
                let lane = open_lane(&connected, &key, engine, &owner).await?;
                opened.lanes.0.push(lane.clone());
                Arc::new(evm_side(evm, chain, &field, connected, key, lane).await?)
            }
            None => {
                Arc::new(bitcoin_side(loaded, chain, &field, &seed[..], engine, &assumed).await?)
            }
        };
        opened.policies.insert(chain.id.clone(), assumed.policy());
        opened.parts.push(ChainPart {
            chain: side,
            spans: assumed.spans,
            block_time: Duration::from_secs(assumed.timing.blocks().usual()),
        });
    }
    let assets = Assets::new(&loaded.config, Some(part)).with(opened.evm);
    let maker = match &part.maker {
        Some(maker) => Some(maker_config(maker, &assets).await?),
        None => None,
    };
    let service = SwapService::new(SwapConfig {
        engine: engine.clone(),
        chains: opened.parts,
        seed: new_seed()?,
        policy: policy(part, opened.policies),
        maker,
        owner,
        clock: Clock::default(),
    });
    let service = service.map_err(|error| Failure::failed("swaps", error).at("swaps"))?;
    let lanes = opened.lanes;
    Ok(Swaps {
        service,
        assets,
        lanes,
    })
}

/// What is taken part in.
pub(crate) fn policy(part: &SwapsConfig, chains: BTreeMap<ChainId, ChainPolicy>) -> Policy {
    Policy {
        chains,
        restart_secs: part.down_for.as_secs(),
        longest_secs: part.longest.as_secs(),
        cooperation: Cooperation {
            wait_secs: part.cooperation.as_secs(),
            script_path_secs: part.script_path.as_secs(),
        },
    }
}

#[derive(Default)]
struct Opened {
    parts: Vec<ChainPart>,
    policies: BTreeMap<ChainId, ChainPolicy>,
    evm: BTreeMap<ChainId, EvmChain>,
    lanes: Lanes,
}

/// What a chain did not do, with the key of the configuration that says how it is reached.
pub(crate) fn chain_failed(loaded: &LoadedConfig, error: &ChainError) -> Failure {
    let failure = Failure::failed("chain", error);
    let chains = loaded.config.swaps.iter().flat_map(|part| &part.chains);
    let of_bitcoin = Network::by_chain_id(&error.chain).is_some();
    let place = chains
        .enumerate()
        .find(|(_, chain)| chain.id == error.chain && error.passes && of_bitcoin);
    match place {
        Some((index, _)) => failure.at(format!("swaps.chains[{index}].endpoints")).remedy(
            "check the URLs, that the nodes run and are reachable from here, and the cookie or the password",
        ),
        None => failure,
    }
}

fn no_key(chain: &ChainId) -> Failure {
    Failure::usage(
        "swaps.key",
        format!("there is no key to swap with on {chain}"),
        "set swaps.key",
    )
}

async fn evm_side(
    evm: &ChainConfig,
    chain: &SwapChainConfig,
    field: &str,
    connected: EvmChain,
    key: NodeSigner,
    lane: Arc<SharedLane>,
) -> Result<EvmSide, Failure> {
    let contract = chain.contract.ok_or_else(|| {
        Failure::usage(
            &format!("{field}.contract"),
            format!("{} has no contract for swaps yet", chain.id),
            format!("run `causeway swap deploy --on {}`", evm.label()),
        )
    })?;
    let settings = EvmSettings::default();
    let side = EvmSide::open(connected, contract, lane, key.into_signer(), settings).await;
    side.map_err(|error| {
        let failure = Failure::failed("swaps", &error.message).at(format!("{field}.contract"));
        if error.passes {
            return failure.remedy("check the endpoints of the chain");
        }
        failure.remedy(format!(
            "run `causeway swap deploy --on {}`, which writes the address",
            evm.label()
        ))
    })
}

async fn open_lane(
    connected: &EvmChain,
    key: &NodeSigner,
    engine: &Engine,
    owner: &str,
) -> Result<Arc<SharedLane>, Failure> {
    let lane = SharedLane::open(
        connected.clone(),
        key.clone(),
        engine.clone(),
        owner.to_owned(),
        EvmSettings::lane(),
    );
    lane.await.map(Arc::new).map_err(|error| {
        busy(&error).unwrap_or_else(|| {
            Failure::failed("lane", error)
                .at("swaps.key")
                .remedy("let this node alone send with its key, and keep its store with its chain")
        })
    })
}

async fn maker_config(part: &MakerPart, assets: &Assets) -> Result<MakerConfig, Failure> {
    let mut pairs = Vec::new();
    for (index, pair) in part.pairs.iter().enumerate() {
        pairs.push(maker_pair(pair, &format!("swaps.maker.pairs[{index}]"), assets).await?);
    }
    Ok(MakerConfig {
        pairs,
        offer_secs: part.offer.as_secs(),
        quote_secs: part.quote.as_secs(),
    })
}

pub(crate) async fn maker_pair(
    pair: &PairConfig,
    field: &str,
    assets: &Assets,
) -> Result<Pair, Failure> {
    let at = |key: &str| format!("{field}.{key}");
    let gives = assets.configured(&pair.gives, &at("gives")).await?;
    let wants = assets.configured(&pair.wants, &at("wants")).await?;
    let amount = |text: &str, key: &str| whole(text, &gives, &at(key));
    let price: Arc<dyn PriceSource> = match (&pair.price, &pair.price_url) {
        (Some(price), None) => Arc::new(FixedPrice(timing::price(
            price,
            &gives,
            &wants,
            &at("price"),
        )?)),
        (None, Some(url)) => {
            let server = PriceServer::new(url.clone());
            Arc::new(server.map_err(|error| Failure::failed("swaps", error).at(at("price_url")))?)
        }
        _ => {
            return Err(Failure::usage(
                &at("price"),
                "the pair has no price, or two",
                "set price or price_url",
            ));
        }
    };
    let inventory = pair.inventory.as_deref();
    Ok(Pair {
        least: amount(&pair.least, "least")?,
        most: amount(&pair.most, "most")?,
        inventory: inventory
            .map(|text| amount(text, "inventory"))
            .transpose()?,
        gives: gives.id,
        wants: wants.id,
        maker: if pair.locks_first {
            Role::Initiator
        } else {
            Role::Responder
        },
        price,
        spread: pair.spread,
    })
}

/// An amount in whole units of an asset.
pub(crate) fn whole(text: &str, asset: &AssetInfo, field: &str) -> Result<Amount, Failure> {
    let units = parse_amount(text, asset.decimals);
    let units = units.map_err(|error| Failure::usage(field, &error, error.remedy()))?;
    to_amount(units)
        .ok_or_else(|| Failure::usage(field, format!("{text} is too much"), "choose less"))
}

fn to_amount(units: U256) -> Option<Amount> {
    u128::try_from(units).ok().map(Amount::new)
}
