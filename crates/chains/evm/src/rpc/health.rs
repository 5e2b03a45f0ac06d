use std::time::{Duration, Instant};

use causeway_types::BlockRef;

use super::Header;

/// The shortest pause after a failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The longest pause that an endpoint can ask for.
const LONGEST_WISH: Duration = Duration::from_secs(60);
/// How long others are preferred after an answer that cannot be right; it doubles with each
/// further one.
const FIRST_DISTRUST: Duration = Duration::from_secs(1);
/// The longest preference for others, and the time after which a wrong answer is forgotten.
const LONGEST_DISTRUST: Duration = Duration::from_secs(64);

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
    /// How many of its answers could not be right lately, and when the last of them came. Good
    /// answers to other questions, such as the head, do not make up for that.
    wrong_answers: u32,
    wrong_at: Option<Instant>,
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

    /// Waits at least as long as the endpoint asks for, within reason.
    pub(crate) fn leave_alone(&mut self, after: Duration, now: Instant) {
        let until = now + after.min(LONGEST_WISH);
        self.retry_at = self.retry_at.max(Some(until));
    }

    pub(crate) fn distrusted(&mut self, reason: String, now: Instant) {
        let forgotten = self
            .wrong_at
            .is_none_or(|at| now.duration_since(at) > 2 * LONGEST_DISTRUST);
        self.wrong_answers = if forgotten {
            1
        } else {
            self.wrong_answers.saturating_add(1)
        };
        self.wrong_at = Some(now);
        self.last_error = Some(reason);
    }

    /// Whether others are to be preferred for its wrong answers.
    pub(crate) fn doubtful(&self, now: Instant) -> bool {
        let doublings = self.wrong_answers.saturating_sub(1).min(6);
        let long = (FIRST_DISTRUST * 2_u32.pow(doublings)).min(LONGEST_DISTRUST);
        self.wrong_at
            .is_some_and(|at| now.duration_since(at) < long)
    }

    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }

    pub(crate) fn healthy(&self, now: Instant) -> bool {
        self.verified && self.wrong_chain.is_none() && self.failures == 0 && !self.doubtful(now)
    }

    /// When the next try is due; `None` if now.
    pub(crate) fn pause(&self, now: Instant) -> Option<Duration> {
        self.retry_at
            .and_then(|at| at.checked_duration_since(now))
            .filter(|pause| !pause.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_with_failures_and_end_with_success() {
        let (mut health, now) = (
            Health {
                verified: true,
                ..Health::default()
            },
            Instant::now(),
        );
        assert!(health.healthy(now) && health.pause(now).is_none());
        let mut pauses = Vec::new();
        for _ in 0..10 {
            health.failed("down".to_owned(), now);
            pauses.push(health.pause(now).unwrap());
        }
        assert!(pauses[0] < pauses[3] && pauses[3] < pauses[9]);
        assert!(pauses[9] <= LONGEST_PAUSE.mul_f64(1.25));
        assert!(!health.healthy(now) && !health.verified);
        health.succeeded(Duration::from_millis(1));
        assert!(health.pause(now).is_none());
    }

    #[test]
    fn an_endpoint_that_asks_for_a_pause_gets_it_within_reason() {
        let (mut health, now) = (Health::default(), Instant::now());
        health.failed("429".to_owned(), now);
        health.leave_alone(Duration::from_secs(30), now);
        assert_eq!(health.pause(now), Some(Duration::from_secs(30)));
        health.leave_alone(Duration::ZERO, now);
        assert_eq!(health.pause(now), Some(Duration::from_secs(30)));
        health.leave_alone(Duration::MAX, now);
        assert_eq!(health.pause(now), Some(LONGEST_WISH));
    }

    #[test]
    fn a_wrong_answer_is_held_against_an_endpoint_for_a_while() {
        let (mut health, now) = (
            Health {
                verified: true,
                ..Health::default()
            },
            Instant::now(),
        );
        health.distrusted("lie".to_owned(), now);
        health.succeeded(Duration::from_millis(1));
        assert!(health.doubtful(now) && !health.healthy(now));
        assert!(!health.doubtful(now + FIRST_DISTRUST));
        health.distrusted("lie".to_owned(), now);
        assert!(health.doubtful(now + FIRST_DISTRUST));
        let later = now + 3 * LONGEST_DISTRUST;
        health.distrusted("lie".to_owned(), later);
        assert!(!health.doubtful(later + FIRST_DISTRUST));
    }
}
