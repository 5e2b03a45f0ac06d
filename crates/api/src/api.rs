//! What the API stands on.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use causeway_engine::Engine;
use causeway_swap_service::SwapService;
use causeway_types::{AssetId, ChainId};
use futures::future::join_all;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::{
    Kind, Refusal,
    access::{Access, AccessConfig},
    feed::Feed,
    model::{Chain, NodeStatus},
};

/// How old what is said of the node's state may be: whoever asks often does not make the node ask its
/// endpoints as often.
const FRESH: Duration = Duration::from_secs(1);

/// How long the facts of an asset that could not be read are not asked for again.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// How long a page waits for what its assets are called.
const PATIENCE: Duration = Duration::from_secs(2);

/// The most assets whose facts are kept. Beyond that somebody makes tokens to fill our memory.
const MOST_ASSETS: usize = 10_000;

/// Something cannot be told at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

impl From<Unavailable> for Refusal {
    fn from(unavailable: Unavailable) -> Self {
        tracing::warn!(error = %unavailable, "something cannot be told");
        Self::new(Kind::Unavailable, "try again in a moment")
    }
}

/// What only the running node knows.
#[async_trait]
pub trait Node: Send + Sync {
    /// The node at this moment.
    async fn status(&self) -> Result<NodeStatus, Unavailable>;
    /// The chains that it only swaps on, which its status leaves out.
    fn swap_chains(&self) -> Vec<Chain>;
}

/// What is known of assets.
#[async_trait]
pub trait AssetBook: Send + Sync {
    /// What people call a chain.
    fn chain_name(&self, chain: &ChainId) -> String;
    /// The assets that the configuration speaks of.
    fn configured(&self) -> Vec<AssetId>;
    /// What an asset is called and how it is counted. May ask the asset's chain.
    async fn facts(&self, asset: &AssetId) -> Result<AssetFacts, Unavailable>;
}

/// What an asset is called, and how it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetFacts {
    /// What people call it.
    pub symbol: String,
    /// How many decimals a whole unit has.
    pub decimals: u8,
}

/// How the API behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Who may ask, and how much.
    pub access: AccessConfig,
    /// Web pages of these origins may ask; those of the node itself always may.
    pub origins: Vec<String>,
    /// The longest body that is read, in bytes.
    pub longest_body: u64,
    /// How long an answer may take to begin.
    pub patience: Duration,
    /// The most requests that are worked on at once.
    pub concurrent: usize,
    /// The most that follow the events at once.
    pub subscribers: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access: AccessConfig::default(),
            origins: Vec::new(),
            longest_body: 64 * 1024,
            patience: Duration::from_secs(15),
            concurrent: 256,
            subscribers: 4_096,
        }
    }
}

/// All that the operations need.
pub struct Api {
    pub(crate) engine: Engine,
    pub(crate) swaps: Option<Arc<SwapService>>,
    pub(crate) settings: Settings,
    pub(crate) access: Access,
    pub(crate) feed: Feed,
    pub(crate) assets: Assets,
    node: Arc<dyn Node>,
    live: tokio::sync::Mutex<Option<(Instant, Arc<NodeStatus>)>>,
}

impl Api {
    /// An API over a node's store and what the node itself knows. It follows the store until stopped.
    pub fn new(
        engine: Engine,
        node: Arc<dyn Node>,
        assets: Arc<dyn AssetBook>,
        swaps: Option<Arc<SwapService>>,
        settings: Settings,
        stop: CancellationToken,
    ) -> Self {
        Self {
            access: Access::new(engine.clone(), settings.access.clone()),
            feed: Feed::start(engine.clone(), settings.subscribers, stop),
            assets: Assets::new(assets),
            engine,
            swaps,
            settings,
            node,
            live: tokio::sync::Mutex::new(None),
        }
    }

    /// The node at this moment, or a moment ago. Many who ask at once make the node look once.
    pub(crate) async fn status(&self) -> Result<Arc<NodeStatus>, Refusal> {
        let mut live = self.live.lock().await;
        if let Some((at, status)) = &*live
            && at.elapsed() < FRESH
        {
            return Ok(status.clone());
        }
        let status = Arc::new(self.node.status().await?);
        *live = Some((Instant::now(), status.clone()));
        Ok(status)
    }

    /// Every chain that the node follows or swaps on.
    pub(crate) async fn chains(&self) -> Result<Vec<Chain>, Refusal> {
        let mut chains = self.status().await?.chains.clone();
        for chain in self.node.swap_chains() {
            if chains.iter().all(|known| known.id != chain.id) {
                chains.push(chain);
            }
        }
        Ok(chains)
    }
}

type Known = HashMap<AssetId, (Instant, Option<AssetFacts>)>;

/// What assets are called, as far as it has been asked for.
#[derive(Clone)]
pub(crate) struct Assets {
    book: Arc<dyn AssetBook>,
    known: Arc<Mutex<Known>>,
}

impl Assets {
    fn new(book: Arc<dyn AssetBook>) -> Self {
        Self {
            book,
            known: Arc::default(),
        }
    }

    pub(crate) fn book(&self) -> &dyn AssetBook {
        self.book.as_ref()
    }

    /// Learns what these assets are called, all at once and within a moment; what cannot be learned now
    /// stays unknown for a while.
    pub(crate) async fn learn(&self, wanted: impl IntoIterator<Item = AssetId>) {
        let wanted: HashSet<AssetId> = {
            let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let is_known = |asset: &AssetId| {
                known
                    .get(asset)
                    .is_some_and(|(at, facts)| facts.is_some() || at.elapsed() < ASK_AGAIN)
            };
            wanted
                .into_iter()
                .filter(|asset| !is_known(asset))
                .collect()
        };
        let learn = wanted.into_iter().map(async |asset| {
            let facts = tokio::time::timeout(PATIENCE, self.book.facts(&asset)).await;
            let facts = facts.ok().and_then(Result::ok).map(short);
            (asset, facts)
        });
        let learned = join_all(learn).await;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() + learned.len() > MOST_ASSETS {
            known.clear();
        }
        let now = Instant::now();
        known.extend(
            learned
                .into_iter()
                .map(|(asset, facts)| (asset, (now, facts))),
        );
    }

    /// What is known of an asset without asking.
    pub(crate) fn recall(&self, asset: &AssetId) -> Option<AssetFacts> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(asset).and_then(|(_, facts)| facts.clone())
    }
}

/// Whoever makes a token may call it what they like, at any length.
fn short(mut facts: AssetFacts) -> AssetFacts {
    if let Some((end, _)) = facts.symbol.char_indices().nth(32) {
        facts.symbol.truncate(end);
    }
    facts
}
