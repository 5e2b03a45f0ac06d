use std::time::{Duration, Instant};

use causeway_types::BlockRef;

use super::Header;

/// The shortest pause after a failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How one endpoint is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointHealth {
    /// The endpoint, without credentials.
    pub url: String,
    /// Whether its last answer was good and it serves the right chain.
    pub healthy: bool,
    /// The last error, also after recovery.
    pub last_error: Option<String>,
    /// The newest block it has told of.
    pub head: Option<BlockRef>,
    /// How long its last answer took.
    pub latency: Option<Duration>,
}

/// What is known of one endpoint. After failures it is left alone for a growing while.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Whether `eth_chainId` was right since the last failure.
    pub(crate) verified: bool,
    /// The number of the wrong chain that it serves; such an endpoint is never used.
    pub(crate) wrong_chain: Option<u64>,
    pub(crate) last_error: Option<String>,
    pub(crate) latency: Option<Duration>,
    pub(crate) head: Option<Header>,
    /// The newest height that is final by the chain's rule, as this endpoint sees it.
    pub(crate) final_height: Option<u64>,
    failures: u32,
    retry_at: Option<Instant>,
}

impl Health {
    pub(crate) fn succeeded(&mut self, latency: Duration) {
        self.latency = Some(latency);
        self.failures = 0;
        self.retry_at = None;
    }

    pub(crate) fn failed(&mut self, error: String, now: Instant) {
        let doublings = self.failures.min(10);
        let pause = (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE);
        // Jitter keeps several endpoints behind one broken gateway from being retried in step.
        let pause = pause.mul_f64(rand::random_range(0.75..1.25));
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(now + pause);
        self.verified = false;
        self.last_error = Some(error);
    }

    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }

    pub(crate) const fn healthy(&self) -> bool {
        self.verified && self.wrong_chain.is_none() && self.failures == 0
    }

    /// When the next try is due; `None` if now.
    pub(crate) fn pause(&self, now: Instant) -> Option<Duration> {
        self.retry_at
            .and_then(|at| at.checked_duration_since(now))
            .filter(|pause| !pause.is_zero())
    }
}
