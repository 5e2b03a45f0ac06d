//! How far each chain has come, as it was last read.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use causeway_swap::{Head, PerLeg, Terms};
use causeway_types::{BlockRef, ChainId};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::{SwapError, chain::SwapChain, clock::Clock};

/// The newest heads. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Heads {
    read: Arc<RwLock<BTreeMap<ChainId, Head>>>,
    /// The newest block of each chain that swaps have been told of, since the start.
    told: Arc<RwLock<BTreeMap<ChainId, BlockRef>>>,
    clock: Clock,
}

impl Heads {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            read: Arc::default(),
            told: Arc::default(),
            clock,
        }
    }

    /// Reads a chain's head now. When that is, says the clock that all deadlines are judged by; and it is
    /// looked at before the chain is asked, since it is of then that the answer is known to hold.
    pub(crate) async fn refresh(&self, chain: &dyn SwapChain) -> Result<Head, SwapError> {
        let read_at = self.clock.now();
        let head = Head {
            read_at,
            ..chain.head().await?
        };
        let mut heads = self.read.write().unwrap_or_else(PoisonError::into_inner);
        heads.insert(chain.id().clone(), head);
        Ok(head)
    }

    /// The head of a chain as last read.
    pub(crate) fn of(&self, chain: &ChainId) -> Option<Head> {
        let heads = self.read.read().unwrap_or_else(PoisonError::into_inner);
        heads.get(chain).copied()
    }

    /// Swaps have been told of a chain up to this block.
    pub(crate) fn tell(&self, chain: &ChainId, block: BlockRef) {
        let mut told = self.told.write().unwrap_or_else(PoisonError::into_inner);
        told.insert(chain.clone(), block);
    }

    /// The newest block that swaps have been told of, unless it was withdrawn.
    pub(crate) fn newest_told(&self, chain: &ChainId) -> Option<BlockRef> {
        let told = self.told.read().unwrap_or_else(PoisonError::into_inner);
        told.get(chain).copied()
    }

    /// Nothing is known of what swaps have been told of a chain.
    pub(crate) fn untell(&self, chain: &ChainId) {
        let mut told = self.told.write().unwrap_or_else(PoisonError::into_inner);
        told.remove(chain);
    }

    /// The heads of a swap's chains, as last read. When that was, they say themselves.
    pub(crate) fn for_terms(&self, terms: &Terms) -> PerLeg<Option<Head>> {
        PerLeg {
            first: self.of(terms.legs.first.asset.chain()),
            second: self.of(terms.legs.second.asset.chain()),
        }
    }

    /// How far all chains have come.
    pub(crate) fn heights(&self) -> BTreeMap<ChainId, u64> {
        let heads = self.read.read().unwrap_or_else(PoisonError::into_inner);
        let heights = heads
            .iter()
            .map(|(chain, head)| (chain.clone(), head.height));
        heights.collect()
    }

    /// Reads a chain's head again and again. A chain that cannot be read keeps its old head, from which
    /// deadlines are reckoned more and more carefully.
    pub(crate) async fn keep(
        self,
        chain: Arc<dyn SwapChain>,
        every: Duration,
        stop: CancellationToken,
    ) {
        while !stop.is_cancelled() {
            if let Err(error) = self.refresh(chain.as_ref()).await {
                debug!(chain = %chain.id(), %error, "the head could not be read");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(every) => {}
            }
        }
    }
}
