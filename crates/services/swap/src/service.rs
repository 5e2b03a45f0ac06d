//! The service: everything that goes on for swaps in one process.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use causeway_engine::Engine;
use causeway_relayer::Leadership;
use causeway_swap::{Leg, Policy, SwapId};
use causeway_types::ChainId;
use futures::future::try_join_all;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::{info, warn};

use crate::{
    Seed, SwapError,
    act::{ChainExecutor, TalkExecutor},
    api,
    call::keep_calling,
    chain::{Locked, Spending, SwapChain},
    clock::Clock,
    conversation::{Chains, Conversations},
    desk::{Desk, Spans},
    forget::keep_forgetting,
    identity::{PeerId, PeerKey},
    ledger::Ledger,
    maker::{Maker, MakerConfig},
    negotiation::Offers,
    observe::Observer,
    record::Record,
    taker::{MakerClient, Taking},
    tower::{Delegated, TowerMachine, Ward, Watched},
};

/// Who worked on the swaps last, in the store.
const LEADER: &str = "swap/leader";

/// How often the clock is told to swaps.
const TICK: Duration = Duration::from_millis(500);

/// After so many blocks of any chain, also to those that do not wait for it.
const BLOCKS: u64 = 36;

/// What a service needs.
pub struct SwapConfig {
    /// The store.
    pub engine: Engine,
    /// The chains to swap on.
    pub chains: Vec<ChainPart>,
    /// What keys and secrets follow from.
    pub seed: Seed,
    /// What we take part in.
    pub policy: Policy,
    /// What we offer, if anything.
    pub maker: Option<MakerConfig>,
    /// Names this process among those that share the store.
    pub owner: String,
    /// What it takes for the time.
    pub clock: Clock,
}

/// A chain to swap on.
pub struct ChainPart {
    /// The chain.
    pub chain: Arc<dyn SwapChain>,
    /// How long locks last there.
    pub spans: Spans,
    /// How long a block takes, about.
    pub block_time: Duration,
}

/// Swaps of ours: makes, takes, and brings all of them to their ends.
pub struct SwapService {
    desk: Desk,
    maker: Option<Arc<Maker>>,
    conversations: Conversations,
    ledger: Ledger,
    chains: Chains,
    block_times: BTreeMap<ChainId, Duration>,
    /// How long the next block of a chain may take, in seconds.
    patience: BTreeMap<ChainId, u64>,
    key: Arc<PeerKey>,
    owner: String,
    leads: watch::Sender<bool>,
}

impl SwapService {
    /// A service that does nothing yet.
    ///
    /// # Errors
    /// When no keys follow from the seed.
    pub fn new(config: SwapConfig) -> Result<Self, SwapError> {
        let key = config.seed.identity();
        let key = Arc::new(key.map_err(|error| SwapError::Malformed(error.to_string()))?);
        let ledger = Ledger::by_clock(config.engine, config.clock);
        let (mut chains, mut spans, mut block_times) =
            (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for part in config.chains {
            let id = part.chain.id().clone();
            spans.insert(id.clone(), part.spans);
            block_times.insert(id.clone(), part.block_time);
            chains.insert(id, part.chain);
        }
        let chains: Chains = Arc::new(chains);
        let policies = config.policy.chains.iter();
        let patience = policies
            .map(|(id, policy)| (id.clone(), policy.timing.blocks().at_most(1)))
            .collect();
        let conversations = Conversations::new(key.clone(), ledger.clone(), chains.clone());
        let desk = Desk::new(
            ledger.clone(),
            chains.clone(),
            config.seed,
            key.clone(),
            config.policy,
            spans,
        );
        let maker = config
            .maker
            .map(|config| Arc::new(Maker::new(desk.clone(), config)));
        Ok(Self {
            desk,
            maker,
            conversations,
            ledger,
            chains,
            block_times,
            patience,
            key,
            owner: config.owner,
            leads: watch::Sender::new(false),
        })
    }

    /// Who we are to other parties.
    pub fn id(&self) -> PeerId {
        self.key.id()
    }

    /// What takers call, if we make offers.
    pub fn router(&self) -> Option<axum::Router> {
        let maker = self.maker.clone()?;
        Some(api::router(maker, self.conversations.clone()))
    }

    /// What we offer now; nothing if we make no offers.
    ///
    /// # Errors
    /// When the offers cannot be made.
    pub async fn offers(&self) -> Result<Option<Offers>, SwapError> {
        match &self.maker {
            Some(maker) => maker.offers().await.map(Some),
            None => Ok(None),
        }
    }

    /// Takes an offer. Nothing of ours is locked before [`SwapService::run`] does it.
    ///
    /// # Errors
    /// Why there is no swap; then nothing of ours ever gets locked for it.
    pub async fn take(&self, maker: &MakerClient, taking: &Taking) -> Result<SwapId, SwapError> {
        self.desk.take(maker, taking).await
    }

    /// The swaps in our store.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The chains that we swap on.
    pub fn chains(&self) -> impl Iterator<Item = &dyn SwapChain> {
        self.chains.values().map(AsRef::as_ref)
    }

    pub(crate) fn maker(&self) -> Option<&Maker> {
        self.maker.as_deref()
    }

    pub(crate) fn patience(&self, chain: &ChainId) -> u64 {
        self.patience.get(chain).copied().unwrap_or_default()
    }

    pub(crate) fn is_leading(&self) -> bool {
        *self.leads.borrow()
    }

    /// Waits until this process is the one that works on the swaps of the store.
    pub async fn leads(&self) {
        let mut leads = self.leads.subscribe();
        // The sender lives as long as we do.
        let _ = leads.wait_for(|leads| *leads).await;
    }

    /// What somebody else needs to watch over a swap while we are away: to claim for us once the secret is
    /// out, and to take back for us. It holds nothing that could be stolen with.
    ///
    /// # Errors
    /// When there is no such swap, or nothing in it is locked.
    pub async fn delegate(&self, swap: SwapId) -> Result<Ward, SwapError> {
        let record = self.ledger.record(swap).await?;
        let role = record.swap.role();
        let claim = self
            .delegated(&record, role.claims(), Spending::Claim)
            .await?;
        let refund = self
            .delegated(&record, role.locks(), Spending::Refund)
            .await?;
        if claim.is_none() && refund.is_none() {
            let message = format!("nothing in {swap} is locked: there is nothing to watch over");
            return Err(SwapError::Gone(message));
        }
        Ok(record.ward(claim, refund))
    }

    async fn delegated(
        &self,
        record: &Record,
        leg: Leg,
        what: Spending,
    ) -> Result<Option<Delegated>, SwapError> {
        let Some(at) = record.locked_at(leg) else {
            return Ok(None);
        };
        let lock = record.lock(leg);
        let chain = self.desk.chain(record.chain(leg))?;
        let data = chain.delegate(Locked { lock: &lock, at }, what).await?;
        let at = at.to_owned();
        Ok(Some(Delegated { at, data }))
    }

    /// Watches over a swap of somebody else from now on.
    ///
    /// # Errors
    /// When its chains are not ours, or the store fails.
    pub async fn watch_over(&self, ward: Ward) -> Result<SwapId, SwapError> {
        let swap = ward.swap();
        let _beginning = self.desk.beginning().await;
        self.look_out_for(&ward)?;
        let mut unit = self.ledger.begin().await?;
        let input = (self.ledger.clock.now(), Watched::Begins(Box::new(ward)));
        unit.handle::<TowerMachine>(&swap.to_string(), input)
            .await?;
        unit.commit().await?;
        Ok(swap)
    }

    fn look_out_for(&self, ward: &Ward) -> Result<(), SwapError> {
        let at = Leg::BOTH.map(|leg| ward.at(leg));
        self.desk.watch(ward.number, &ward.terms, at)
    }

    /// How many swaps, ours and those that we watch over, have locks that are looked out for.
    pub fn watched(&self) -> usize {
        self.desk.watched().len()
    }

    /// Whether the party can be talked to now.
    pub fn is_connected(&self, peer: PeerId) -> bool {
        self.conversations.is_connected(peer)
    }

    /// Brings all swaps to their ends, until stopped. Of all processes that share the store, one does.
    ///
    /// # Errors
    /// What no repetition would mend.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), SwapError> {
        let leadership = Leadership::new(
            self.ledger.engine.clone(),
            "swaps".to_owned(),
            self.owner.clone(),
        );
        loop {
            let Some(term) = leadership.turn(&stop).await else {
                if stop.is_cancelled() {
                    return Ok(());
                }
                continue;
            };
            self.ledger.lead(Some(term.clone()));
            let outcome = leadership.during(&term, self.lead(&stop)).await;
            self.leads.send_replace(false);
            self.ledger.lead(None);
            leadership.resign().await;
            match outcome {
                // Another process has taken over; it may be our turn again.
                None => {}
                Some(Ok(())) => return Ok(()),
                Some(Err(error)) if error.passes() => {
                    warn!(%error, "swaps are taken up anew");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                Some(Err(error)) => return Err(error),
            }
        }
    }

    async fn lead(&self, stop: &CancellationToken) -> Result<(), SwapError> {
        self.take_over().await?;
        for chain in self.chains.values() {
            if let Err(error) = self.ledger.heads.refresh(chain.as_ref()).await {
                warn!(chain = %chain.id(), %error, "the head could not be read yet");
            }
        }
        self.watch_all().await?;
        let ours = stop.child_token();
        let _end = ours.clone().drop_guard();
        let mut tasks: Vec<AbortOnDropHandle<Result<(), SwapError>>> = Vec::new();
        let mut go = |task| tasks.push(AbortOnDropHandle::new(task));
        for (id, chain) in self.chains.iter() {
            let again = self.block_times.get(id).copied();
            let again = again.unwrap_or(Duration::from_secs(10));
            let (told, telling) = watch::channel(None);
            let observer = Observer {
                chain: chain.clone(),
                ledger: self.ledger.clone(),
                told,
            };
            go(tokio::spawn(observer.run(ours.clone())));
            let executor = ChainExecutor {
                chain: chain.clone(),
                ledger: self.ledger.clone(),
                again,
                owner: self.owner.clone(),
                told: telling,
                is_caught_up: AtomicBool::new(false),
            };
            go(tokio::spawn(executor.run(ours.clone())));
            let every = (again / 2).clamp(Duration::from_millis(250), Duration::from_secs(5));
            let heads = self.ledger.heads.clone();
            let keeping = heads.keep(chain.clone(), every, ours.clone());
            go(tokio::spawn(async move {
                keeping.await;
                Ok(())
            }));
        }
        let talk = TalkExecutor {
            conversations: self.conversations.clone(),
            ledger: self.ledger.clone(),
            owner: self.owner.clone(),
        };
        go(tokio::spawn(talk.run(ours.clone())));
        go(tokio::spawn(keep_calling(
            self.conversations.clone(),
            self.ledger.clone(),
            ours.clone(),
        )));
        go(tokio::spawn(tell_the_time(
            self.ledger.clone(),
            ours.clone(),
        )));
        go(tokio::spawn(keep_forgetting(
            self.desk.clone(),
            ours.clone(),
        )));
        self.leads.send_replace(true);
        let joined = tasks.into_iter().map(async |task| {
            let outcome = task.await;
            outcome.unwrap_or_else(|error| Err(SwapError::Gone(format!("a task ended: {error}"))))
        });
        try_join_all(joined).await.map(drop)
    }

    /// Whoever led before does nothing any more: what it had under way is taken up at once.
    async fn take_over(&self) -> Result<(), SwapError> {
        let engine = &self.ledger.engine;
        if let Some(before) = engine.cursor(LEADER).await? {
            engine.release(&before).await?;
        }
        let mut unit = self.ledger.begin().await?;
        unit.set_cursor(LEADER, &self.owner).await?;
        Ok(unit.commit().await?)
    }

    /// Looks out for the locks of all swaps that are under way.
    async fn watch_all(&self) -> Result<(), SwapError> {
        let open = self.ledger.under_way().await?;
        for record in open.iter().chain(&self.ledger.may_yet_be_locked().await?) {
            let at = Leg::BOTH.map(|leg| record.locked_at(leg));
            self.desk.watch(record.number, record.terms(), at)?;
        }
        for watch in self.ledger.watches(true).await? {
            self.look_out_for(&watch.ward)?;
        }
        if !open.is_empty() {
            info!(swaps = open.len(), "swaps are taken up");
        }
        Ok(())
    }
}

async fn tell_the_time(ledger: Ledger, stop: CancellationToken) -> Result<(), SwapError> {
    let mut told: BTreeMap<ChainId, u64> = BTreeMap::new();
    let mut tell = async || {
        ledger.tick().await?;
        let heights = ledger.heads.heights();
        let is_news = |(chain, height): (&ChainId, &u64)| {
            let before = told.get(chain);
            before.is_none_or(|before| before.saturating_add(BLOCKS) <= *height)
        };
        if heights.iter().any(is_news) {
            ledger.tell_all().await?;
            told = heights;
        }
        Ok::<_, SwapError>(())
    };
    while !stop.is_cancelled() {
        if let Err(error) = tell().await {
            if !error.passes() {
                return Err(error);
            }
            warn!(%error, "the time could not be told");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
    Ok(())
}
