use std::time::Duration;

use rand::Rng;

/// How long to wait before a failed effect is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// The wait after the first failure.
    pub first: Duration,
    /// How many times longer each wait is than the one before.
    pub factor: f64,
    /// The longest wait.
    pub max: Duration,
    /// The share of each wait, 0 to 1, that chance may take away, so that what failed together
    /// does not come back together.
    pub jitter: f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            factor: 2.0,
            max: Duration::from_mins(1),
            jitter: 0.25,
        }
    }
}

impl RetryPolicy {
    /// The wait after the `attempts`-th failure, counted from 1.
    pub fn delay(&self, attempts: u32, random: &mut impl Rng) -> Duration {
        let exponent = i32::try_from(attempts.saturating_sub(1)).unwrap_or(i32::MAX);
        let longest = self.max.as_secs_f64();
        let grown = self.first.as_secs_f64() * self.factor.powi(exponent);
        // `min` also turns the infinity and the NaN of an overflowing power into the longest wait.
        let full = grown.min(longest).max(0.0);
        let taken = self.jitter.clamp(0.0, 1.0) * random.random::<f64>();
        Duration::try_from_secs_f64(full * (1.0 - taken)).unwrap_or(self.max)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        first: Duration::from_millis(100),
        factor: 2.0,
        max: Duration::from_secs(10),
        jitter: 0.2,
    };

    #[test]
    fn waits_double_until_the_longest() {
        let policy = RetryPolicy {
            jitter: 0.0,
            ..POLICY
        };
        let mut random = StdRng::seed_from_u64(1);
        let waits: Vec<_> = (1..=9)
            .map(|n| policy.delay(n, &mut random).as_millis())
            .collect();
        assert_eq!(
            waits,
            [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_waits_and_another_seed_others() {
        let waits = |seed| {
            let mut random = StdRng::seed_from_u64(seed);
            (1..20)
                .map(|n| POLICY.delay(n, &mut random))
                .collect::<Vec<_>>()
        };
        assert_eq!(waits(7), waits(7));
        assert_ne!(waits(7), waits(8));
    }

    proptest! {
        #[test]
        fn jitter_only_ever_takes_its_share(attempts in 0u32.., seed: u64) {
            let mut random = StdRng::seed_from_u64(seed);
            let full = RetryPolicy { jitter: 0.0, ..POLICY }.delay(attempts, &mut random);
            let wait = POLICY.delay(attempts, &mut random);
            prop_assert!(wait <= full);
            prop_assert!(wait >= full.mul_f64(0.8).saturating_sub(Duration::from_nanos(2)));
        }
    }
}
