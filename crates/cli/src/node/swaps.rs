//! What a node says of its swaps: what the service says, and what is slow to ask: wallets and prices.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use alloy::primitives::U256;
use causeway_alerts::{AlertName, Condition};
use causeway_api::{
    advise,
    model::{OfferReport, SwapsReport, WalletReport},
};
use causeway_swap::Amount;
use causeway_swap_service::{Attention, Pair, SwapChain, SwapError, SwapService};
use causeway_types::ChainId;
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::{
    failure::Failure,
    redact::redact_urls,
    swaps::{AssetInfo, Assets},
};

/// How often wallets and prices are asked for.
const AGAIN: Duration = Duration::from_secs(15);

/// The swaps of a node, with what was heard of wallets and prices last.
pub(super) struct SwapDesk {
    service: Arc<SwapService>,
    /// What is swapped: the chains' own coins, and what is offered.
    assets: Vec<AssetInfo>,
    /// In the order of the assets; `None` until the chain has answered.
    wallets: RwLock<Vec<Option<Heard<Amount>>>>,
    /// In the order of the pairs.
    prices: RwLock<Vec<Option<Heard<String>>>>,
}

/// What was heard last.
#[derive(Clone)]
enum Heard<T> {
    Told(T),
    /// Why nothing was told.
    Problem(String),
}

impl<T, E: fmt::Display> From<Result<T, E>> for Heard<T> {
    fn from(answer: Result<T, E>) -> Self {
        match answer {
            Ok(told) => Self::Told(told),
            Err(error) => Self::Problem(redact_urls(&error.to_string())),
        }
    }
}

impl SwapDesk {
    pub(super) async fn new(service: Arc<SwapService>, assets: &Assets) -> Result<Self, Failure> {
        let mut infos: Vec<AssetInfo> = Vec::new();
        for chain in service.chains() {
            infos.push(assets.coin(chain.id()).await?);
        }
        for asset in service
            .pairs()
            .iter()
            .flat_map(|pair| [&pair.gives, &pair.wants])
        {
            if infos.iter().all(|known| known.id != *asset) {
                infos.push(assets.info(asset).await?);
            }
        }
        Ok(Self {
            wallets: RwLock::new(vec![None; infos.len()]),
            prices: RwLock::new(vec![None; service.pairs().len()]),
            assets: infos,
            service,
        })
    }

    pub(super) const fn service(&self) -> &Arc<SwapService> {
        &self.service
    }

    /// Asks for balances and prices again and again, until stopped. A first look at a wallet may take
    /// minutes, and nobody else waits for it.
    pub(super) async fn keep_asking(&self, stop: &CancellationToken) {
        let wallets = self.assets.iter().enumerate().map(async |(index, asset)| {
            let chain = self.chain(asset.id.chain());
            loop {
                if let Some(chain) = chain {
                    let balance = chain.balance(&asset.id).await;
                    put(&self.wallets, index, balance.into());
                }
                tokio::time::sleep(AGAIN).await;
            }
        });
        let prices = self
            .service
            .pairs()
            .iter()
            .enumerate()
            .map(async |(index, pair)| {
                loop {
                    put(&self.prices, index, self.price(pair).await.into());
                    tokio::time::sleep(AGAIN).await;
                }
            });
        let asking = async { tokio::join!(join_all(wallets), join_all(prices)) };
        let _: Option<(Vec<()>, Vec<()>)> = stop.run_until_cancelled(asking).await;
    }

    fn chain(&self, id: &ChainId) -> Option<&dyn SwapChain> {
        self.service.chains().find(|chain| chain.id() == id)
    }

    fn asset(&self, id: &causeway_types::AssetId) -> Option<&AssetInfo> {
        self.assets.iter().find(|asset| asset.id == *id)
    }

    /// What a whole unit costs now, the spread included.
    async fn price(&self, pair: &Pair) -> Result<String, SwapError> {
        let price = pair.price.price().await?.marked_up(pair.spread);
        let price = price.map_err(|error| SwapError::Malformed(error.to_string()))?;
        let (Some(gives), Some(wants)) = (self.asset(&pair.gives), self.asset(&pair.wants)) else {
            return Ok(price.to_string());
        };
        let one = Amount::new(10_u128.saturating_pow(gives.decimals.into()));
        let shown = price.wanted_for(one).map(|wanted| wants.show(wanted));
        Ok(shown.unwrap_or_else(|_| price.to_string()))
    }

    /// The swaps at this moment.
    pub(super) async fn report(&self) -> Result<SwapsReport, Failure> {
        let failed = |error| Failure::failed("store", error);
        let status = self.service.status().await.map_err(failed)?;
        let heard = read(&self.wallets);
        let wallets = self.assets.iter().zip(heard).map(|(asset, heard)| {
            let chain = self.chain(asset.id.chain());
            let (balance, problem) = split(heard);
            WalletReport {
                chain: asset.id.chain().clone(),
                asset: asset.id.clone(),
                address: chain.and_then(|chain| chain.address().ok()),
                shown: balance.map(|balance| asset.show(balance)),
                balance,
                problem,
            }
        });
        let mut offers = Vec::new();
        let stakes = self.service.stakes().await.map_err(failed)?;
        let pairs = self.service.pairs().iter().zip(stakes);
        for ((pair, stake), heard) in pairs.zip(read(&self.prices)) {
            let (price, problem) = split(heard);
            let show = |amount: Amount| match self.asset(&pair.gives) {
                Some(asset) => asset.show(amount),
                None => amount.to_string(),
            };
            offers.push(OfferReport {
                gives: pair.gives.clone(),
                wants: pair.wants.clone(),
                shown: format!("{} to {}", show(pair.least), show(pair.most)),
                price,
                least: pair.least,
                most: pair.most,
                inventory: pair.inventory,
                promised: stake.promised,
                at_stake: stake.at_stake,
                stake_shown: format!(
                    "{} promised, {} at stake{}",
                    show(stake.promised),
                    show(stake.at_stake),
                    pair.inventory
                        .map_or(String::new(), |most| format!(" of at most {}", show(most)))
                ),
                problem,
            });
        }
        Ok(SwapsReport {
            id: self.service.id().to_string(),
            status,
            wallets: wallets.collect(),
            offers,
        })
    }
}

fn put<T>(all: &RwLock<Vec<Option<T>>>, index: usize, heard: T) {
    let mut all = all.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(place) = all.get_mut(index) {
        *place = Some(heard);
    }
}

fn read<T: Clone>(all: &RwLock<Vec<Option<T>>>) -> Vec<Option<T>> {
    all.read().unwrap_or_else(PoisonError::into_inner).clone()
}

fn split<T>(heard: Option<Heard<T>>) -> (Option<T>, Option<String>) {
    match heard {
        Some(Heard::Told(told)) => (Some(told), None),
        Some(Heard::Problem(problem)) => (None, Some(problem)),
        None => (None, None),
    }
}

/// What about swaps needs a person, and which accounts can soon pay for nothing.
pub(super) fn conditions(report: &SwapsReport, least_coin: U256) -> Vec<Condition> {
    let attention = report.status.attention.iter().map(|found| {
        let Attention {
            swap, leg, advice, ..
        } = found;
        let summary = format!(
            "{} of the {leg}: see `causeway swap show {swap}`",
            advice.name()
        );
        Condition::new(AlertName::SwapAttention, swap.to_string(), summary)
    });
    // What pays for the fees of an EVM chain is its own coin; on the others it is what is swapped.
    let pays = report.wallets.iter().filter(|wallet| {
        wallet.chain.eip155_id().is_some() && wallet.asset.erc20_address().is_none()
    });
    let low = pays.filter_map(|wallet| {
        let (balance, shown) = (wallet.balance?, wallet.shown.as_ref()?);
        let is_low = U256::from(balance.units()) < least_coin;
        is_low.then(|| {
            let address = wallet.address.as_deref().unwrap_or_default();
            let subject = format!("swaps {address} on {}", wallet.chain);
            let summary = format!("it can lock {shown}, what fees need left out, which is little");
            Condition::new(AlertName::LowBalance, subject, summary)
        })
    });
    attention.chain(low).collect()
}

/// What keeps swaps from moving, or needs a person.
pub(super) fn problems(report: &SwapsReport) -> Vec<String> {
    let attention = report.status.attention.iter().map(|found| {
        let Attention {
            swap,
            advice,
            leg,
            until,
        } = *found;
        format!("swap {swap}: {}", advise(advice, leg, until))
    });
    let wallets = report.wallets.iter().filter_map(|wallet| {
        let problem = wallet.problem.as_ref()?;
        Some(format!(
            "{}: the wallet cannot be read: {problem}",
            wallet.asset
        ))
    });
    let prices = report.offers.iter().filter_map(|offer| {
        let problem = offer.problem.as_ref()?;
        Some(format!(
            "{} for {} is not offered: {problem}",
            offer.gives, offer.wants
        ))
    });
    attention.chain(wallets).chain(prices).collect()
}
