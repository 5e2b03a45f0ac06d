use std::{
    cmp::Reverse,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use causeway_types::{BlockRef, ChainId};
use tokio::sync::watch;
use tracing::{info, trace};

use super::{Endpoint, Header};
use crate::{EvmConfig, Finality};

/// All endpoints of a chain, and which of them is asked where one is enough.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(crate) chain: ChainId,
    pub(crate) finality: Finality,
    /// How many endpoints must agree on what will be signed.
    pub(crate) agreement: usize,
    pub(crate) endpoints: Vec<Arc<Endpoint>>,
    max_lag_blocks: u64,
    disagreement: Mutex<Option<String>>,
    current: AtomicUsize,
    head: watch::Sender<Option<BlockRef>>,
    /// Changes whenever any endpoint tells of a head or of finality.
    pulse: watch::Sender<u64>,
}

impl Pool {
    pub(crate) fn new(chain_number: u64, config: &EvmConfig) -> Self {
        let endpoint = |(index, url): (usize, &url::Url)| {
            Arc::new(Endpoint::new(index, url.clone(), chain_number, config))
        };
        Self {
            chain: config.chain.clone(),
            finality: config.finality,
            agreement: config.agreement,
            endpoints: config.endpoints.iter().enumerate().map(endpoint).collect(),
            max_lag_blocks: config.max_lag_blocks,
            disagreement: Mutex::default(),
            current: AtomicUsize::new(0),
            head: watch::Sender::new(None),
            pulse: watch::Sender::new(0),
        }
    }

    /// Why the endpoints did not agree when they were asked last.
    pub(crate) fn disagreement(&self) -> MutexGuard<'_, Option<String>> {
        self.disagreement
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn watch_head(&self) -> watch::Receiver<Option<BlockRef>> {
        self.head.subscribe()
    }

    pub(crate) fn watch_pulse(&self) -> watch::Receiver<u64> {
        self.pulse.subscribe()
    }

    /// Takes down what an endpoint tells, and passes the head on if it is the endpoint in use.
    pub(crate) fn observed(&self, endpoint: &Endpoint, head: &Header, final_height: Option<u64>) {
        {
            let mut health = endpoint.health();
            health.head = Some(*head);
            health.final_height = final_height.or(health.final_height);
        }
        trace!(endpoint = %endpoint.label, height = head.block.height, "head");
        self.reconsider();
        self.pulse
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Chooses the endpoint in use again, and passes its head on if that is news.
    pub(crate) fn reconsider(&self) {
        let head = self.current().head().map(|head| head.block);
        self.head.send_if_modified(|known| {
            let news = head.is_some() && *known != head;
            if news {
                *known = head;
            }
            news
        });
    }

    /// The endpoint in use. It stays the same until it fails or falls behind.
    pub(crate) fn current(&self) -> Arc<Endpoint> {
        let order = self.order();
        let chosen = order.first().copied().unwrap_or(0);
        let before = self.current.swap(chosen, Ordering::Relaxed);
        if before != chosen {
            let endpoint = &self.endpoints[chosen].label;
            info!(chain = %self.chain, endpoint, "another endpoint is in use now");
        }
        Arc::clone(&self.endpoints[chosen])
    }

    /// The endpoints that may be asked, the best one first. If all of them pause after failures,
    /// the one whose pause ends first: asking it beats asking nobody.
    pub(crate) fn candidates(&self) -> Vec<Arc<Endpoint>> {
        let mut usable: Vec<_> = self
            .order()
            .into_iter()
            .map(|index| Arc::clone(&self.endpoints[index]))
            .collect();
        let count = usable.iter().filter(|endpoint| endpoint.usable()).count();
        usable.truncate(count.max(1));
        usable
    }

    /// All endpoints, the best one first.
    fn order(&self) -> Vec<usize> {
        let current = self.current.load(Ordering::Relaxed);
        // The k-th highest head cannot be set by fewer than k liars.
        let reference = self.kth_highest(|endpoint| endpoint.head().map(|head| head.block.height));
        let now = Instant::now();
        let rank = |index: &usize| {
            let endpoint = &self.endpoints[*index];
            let health = endpoint.health();
            let height = health.head.map(|head| head.block.height);
            let behind = |height: u64| {
                reference.is_some_and(|best| height.saturating_add(self.max_lag_blocks) < best)
            };
            // One that has not told of a head yet has just been connected.
            let lags = height.is_some_and(behind);
            let pause = health.pause(now);
            (
                health.wrong_chain.is_some(),
                pause.is_some(),
                health.doubtful(now),
                pause.unwrap_or(Duration::ZERO),
                lags,
                *index != current,
                *index,
            )
        };
        let mut order: Vec<_> = (0..self.endpoints.len()).collect();
        order.sort_by_cached_key(rank);
        order
    }

    /// The newest height that k endpoints call final.
    pub(crate) fn final_height(&self) -> Option<u64> {
        self.kth_highest(|endpoint| endpoint.health().final_height)
    }

    fn kth_highest(&self, height: impl Fn(&Endpoint) -> Option<u64>) -> Option<u64> {
        let mut heights: Vec<_> = self
            .endpoints
            .iter()
            .filter_map(|endpoint| height(endpoint))
            .collect();
        heights.sort_by_key(|height| Reverse(*height));
        heights.get(self.agreement.checked_sub(1)?).copied()
    }
}
