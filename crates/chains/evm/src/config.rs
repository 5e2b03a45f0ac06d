use std::time::Duration;

use causeway_types::ChainId;
use url::Url;

/// When a block of a chain counts as final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finality {
    /// A block is final once this many blocks follow it; 0 makes every block final at once.
    Depth(u64),
    /// The chain's own `safe` block tag.
    Safe,
    /// The chain's own `finalized` block tag.
    Finalized,
}

impl Finality {
    /// The block tag to ask for, or `None` where the head and a depth decide.
    pub(crate) const fn tag(self) -> Option<&'static str> {
        match self {
            Self::Depth(_) => None,
            Self::Safe => Some("safe"),
            Self::Finalized => Some("finalized"),
        }
    }
}

/// What the driver must be told about one EVM chain; everything else the chain tells itself.
#[derive(Clone, Debug)]
pub struct EvmConfig {
    /// The chain, `eip155:<number>`. Every endpoint must report this number.
    pub chain: ChainId,
    /// `ws://`, `wss://`, `http://` or `https://` endpoints, the preferred one first.
    pub endpoints: Vec<Url>,
    /// How many endpoints must give the same answer to whatever will be signed.
    pub agreement: usize,
    /// When a block counts as final.
    pub finality: Finality,
    /// How often the head is asked for where no subscription pushes it.
    pub poll_interval: Duration,
    /// The widest block range asked for in one `eth_getLogs`; the driver narrows it by itself
    /// where an endpoint refuses.
    pub max_log_range: u64,
    /// How long one request may take before the endpoint counts as failed.
    pub request_timeout: Duration,
    /// The most bytes of one answer that are read before the endpoint counts as failed.
    pub max_response_bytes: usize,
    /// How many requests are put in one JSON-RPC batch at most.
    pub max_batch: usize,
    /// How many blocks an endpoint may be behind the others before another is preferred.
    pub max_lag_blocks: u64,
}

impl EvmConfig {
    /// A configuration with careful defaults: agreement of the majority of the endpoints,
    /// `finalized` blocks, polling twice a second.
    pub fn new(chain: ChainId, endpoints: Vec<Url>) -> Self {
        Self {
            chain,
            agreement: endpoints.len() / 2 + 1,
            endpoints,
            finality: Finality::Finalized,
            poll_interval: Duration::from_millis(500),
            max_log_range: 2_000,
            request_timeout: Duration::from_secs(10),
            max_response_bytes: 32 << 20,
            max_batch: 100,
            max_lag_blocks: 5,
        }
    }
}
