//! Somebody who takes many offers at once, in this process.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context, Result};
use causeway_bitcoin::{BitcoinChain, BitcoinConfig, RpcAuth, RpcEndpoint, RpcLimits};
use causeway_engine::Engine;
use causeway_ibc_evm::SharedLane;
use causeway_localnet::{Network, Party, Swaps, dev_key};
use causeway_swap::{
    Amount, Assumed, BlockTimes, ChainPolicy, ChainTiming, Cooperation, Policy, Span,
};
use causeway_swap_service::{
    ChainPart, Clock, MakerClient, Record, Seed, Spans, SwapChain, SwapConfig, SwapService, Taking,
    bitcoin::{BitcoinSettings, BitcoinSide},
    evm::{EvmSettings, EvmSide},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// So many are negotiated at once.
const AT_ONCE: usize = 16;
/// Numbers this process among those that share the store, of which there is one.
const OWNER: &str = "bench";

/// A taker at work.
pub(super) struct Taker {
    service: Arc<SwapService>,
    lane: Arc<SharedLane>,
    stop: CancellationToken,
    work: JoinHandle<Result<(), causeway_swap_service::SwapError>>,
}

impl Taker {
    /// The taker of the local network, as its configuration file has it, with a store of its own.
    pub(super) async fn start(network: &Network, swaps: &Swaps, dir: &Path) -> Result<Self> {
        let path = dir.join("bench-taker.db");
        let engine = Engine::open(&format!("sqlite://{}", path.display())).await?;
        let chain = network.a.chain.clone();
        let key = dev_key(Party::Taker.role());
        let lane = SharedLane::open(
            chain.clone(),
            key.clone(),
            engine.clone(),
            OWNER.to_owned(),
            EvmSettings::lane(),
        );
        let lane = Arc::new(lane.await.context("the taker's lane does not open")?);
        let settings = EvmSettings::default();
        let contract = swaps.contract().parse()?;
        let evm = EvmSide::open(chain, contract, lane.clone(), Arc::new(key), settings).await?;
        let evm_timing = ChainTiming::new(Assumed {
            blocks: BlockTimes::Slots {
                slot_secs: 1,
                missed: 5,
            },
            confirmations: 1,
            inclusion_secs: 6,
            skew_secs: 5,
        })?;
        let blocks = swaps.options().blocks;
        let coins_timing = ChainTiming::new(Assumed {
            blocks: BlockTimes::Poisson {
                mean_secs: blocks,
                drift_percent: 0,
            },
            confirmations: 2,
            inclusion_secs: 8 * blocks,
            skew_secs: 10,
        })?;
        let seed = alloy::primitives::hex::decode(Party::Taker.seed())?;
        let coins = coins(swaps, &seed, &engine, coins_timing).await?;
        let parts = [
            (
                Arc::new(evm) as Arc<dyn SwapChain>,
                evm_timing,
                [Span::Secs(1_200), Span::Secs(360)],
                Duration::from_secs(1),
            ),
            (
                Arc::new(coins),
                coins_timing,
                [Span::Blocks(600), Span::Blocks(300)],
                Duration::from_secs(blocks),
            ),
        ];
        let policy = |timing| ChainPolicy {
            timing,
            dust: Amount::new(0),
        };
        let policies = parts
            .iter()
            .map(|(chain, timing, ..)| (chain.id().clone(), policy(*timing)));
        let policy = Policy {
            chains: policies.collect(),
            restart_secs: 10,
            longest_secs: 259_200,
            cooperation: Cooperation {
                wait_secs: 10,
                script_path_secs: 30,
            },
        };
        let chains = parts.map(|(chain, _, [long, short], block_time)| ChainPart {
            chain,
            spans: Spans { long, short },
            block_time,
        });
        let service = Arc::new(SwapService::new(SwapConfig {
            engine,
            chains: chains.into_iter().collect(),
            seed: Seed::new(seed)?,
            policy,
            maker: None,
            owner: OWNER.to_owned(),
            clock: Clock::default(),
        })?);
        let stop = CancellationToken::new();
        let (working, until) = (service.clone(), stop.clone());
        let work = tokio::spawn(async move { working.run(until).await });
        service.leads().await;
        Ok(Self {
            service,
            lane,
            stop,
            work,
        })
    }

    /// Takes so many offers of each kind that the maker makes, getting so much of each.
    pub(super) async fn take(
        &self,
        maker: &MakerClient,
        each: usize,
        gets: impl Fn(&str) -> Amount,
    ) -> Result<()> {
        let offers = maker.offers().await?;
        let (who, offers) = (offers.maker, offers.offers);
        let kinds = offers.iter().map(|offer| {
            let gives = offer.offer.gives.chain().to_string();
            (offer.id, gets(&gives))
        });
        let kinds: Vec<_> = kinds.collect();
        // In turn, so that both kinds are under way from the beginning on.
        let all = (0..each).flat_map(|_| kinds.clone());
        let takes = all.map(|(offer, gets)| {
            let taking = Taking {
                maker: who,
                offer,
                gets,
                pays_at_most: None,
            };
            async move { self.service.take(maker, &taking).await.map(drop) }
        });
        let taken = stream::iter(takes).buffer_unordered(AT_ONCE);
        Ok(taken.try_collect::<()>().await?)
    }

    /// All swaps.
    pub(super) async fn records(&self) -> Result<Vec<Record>> {
        Ok(self.service.ledger().records(false).await?)
    }

    /// How many swaps there are, how many of them are settled, and how many came to nothing.
    pub(super) async fn count(&self) -> Result<(usize, usize, usize)> {
        let records = self.records().await?;
        let phases: Vec<_> = records.iter().map(|record| record.swap.phase()).collect();
        let settled = phases.iter().filter(|phase| phase.is_settled()).count();
        let exchanged = |phase: &&causeway_swap::Phase| {
            matches!(
                phase,
                causeway_swap::Phase::Claim2Final | causeway_swap::Phase::Done
            )
        };
        let exchanged = phases.iter().filter(exchanged).count();
        Ok((phases.len(), settled, settled - exchanged))
    }

    /// Fails when the work has ended by itself.
    pub(super) fn ensure_working(&self) -> Result<()> {
        anyhow::ensure!(!self.work.is_finished(), "the taker has stopped working");
        Ok(())
    }

    /// Ends the work.
    pub(super) async fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.work.await??;
        self.lane.close().await;
        Ok(())
    }
}

async fn coins(
    swaps: &Swaps,
    seed: &[u8],
    engine: &Engine,
    timing: ChainTiming,
) -> Result<BitcoinSide> {
    let coins = swaps.coins();
    let config = BitcoinConfig {
        network: coins.network(),
        endpoints: vec![RpcEndpoint {
            url: coins.url().parse()?,
            auth: RpcAuth::Cookie(coins.node().cookie_file()),
        }],
        agreement: 1,
        confirmations: timing.confirmations(),
        poll_interval: Duration::from_millis(500),
        limits: RpcLimits::default(),
    };
    let chain = BitcoinChain::new(config)?;
    let mut settings = BitcoinSettings::new(timing);
    settings.dev = true;
    Ok(BitcoinSide::open(chain, seed, engine.clone(), settings).await?)
}
