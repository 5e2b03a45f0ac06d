//! How long blocks take, at most and at least, in all but one of a thousand cases.

use serde::{Deserialize, Serialize};

/// How a chain's blocks follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum BlockTimes {
    /// Found by work: at any moment the next one is as far away as ever. Its locks expire at heights.
    Poisson {
        /// The mean time between blocks, in seconds.
        mean_secs: u64,
        /// By how many percent the miners may be faster or slower than that for the length of a swap.
        drift_percent: u64,
    },
    /// In slots of fixed length. Its locks expire at times.
    Slots {
        /// The length of a slot, in seconds.
        slot_secs: u64,
        /// How many slots may stay empty while we wait for blocks.
        missed: u64,
    },
}

/// The quantile of the normal distribution for 99.9 %, 3.0902323, in billionths and rounded up.
const NORMAL_QUANTILE: u128 = 3_090_232_307;
/// One, in billionths.
const ONE: u128 = 1_000_000_000;

impl BlockTimes {
    /// hi(k): within so many seconds from any moment, the next `blocks` blocks have come.
    pub fn at_most(self, blocks: u64) -> u64 {
        if blocks == 0 {
            return 0;
        }
        match self {
            Self::Poisson {
                mean_secs,
                drift_percent,
            } => {
                let factor = ONE - gap(blocks) / 9 + deviation(blocks);
                let secs = gamma(blocks, mean_secs, factor, u128::div_ceil);
                let percent = secs.saturating_mul(u128::from(drift_percent).saturating_add(100));
                to_u64(percent.div_ceil(100))
            }
            Self::Slots { slot_secs, missed } => {
                slot_secs.saturating_mul(blocks.saturating_add(missed))
            }
        }
    }

    /// lo(k): within so many seconds from any moment, no more than `blocks` blocks come, and the last of
    /// them not before.
    pub fn at_least(self, blocks: u64) -> u64 {
        if blocks == 0 {
            return 0;
        }
        match self {
            Self::Poisson {
                mean_secs,
                drift_percent,
            } => {
                // Rounded down; for a single block there is no least time at all.
                let factor = ONE.saturating_sub(gap(blocks).div_ceil(9) + deviation(blocks));
                let secs = gamma(blocks, mean_secs, factor, |whole, part| whole / part);
                to_u64(secs.saturating_mul(100) / u128::from(drift_percent).saturating_add(100))
            }
            // The first may come at once.
            Self::Slots { slot_secs, .. } => slot_secs.saturating_mul(blocks - 1),
        }
    }

    /// The usual time between two blocks, in seconds.
    pub const fn usual(self) -> u64 {
        match self {
            Self::Poisson { mean_secs, .. } => mean_secs,
            Self::Slots { slot_secs, .. } => slot_secs,
        }
    }
}

/// `mean · k · factor³`, with a factor in billionths.
///
/// The time of k blocks follows the gamma distribution, whose quantiles are those of chi-squared with 2k
/// degrees of freedom. By Wilson and Hilferty (1931), its cube root is close to normal: the quantile is
/// `k · (1 − 1/9k ± z/(3·√k))³`. That takes whole numbers only, so that every machine comes to the same
/// result; and at 99.9 % it errs to the safe side for every k, by a percent for few blocks and by nothing
/// for many, which a test below holds against the exact distribution.
fn gamma(blocks: u64, mean_secs: u64, factor: u128, divide: fn(u128, u128) -> u128) -> u128 {
    let mean = u128::from(blocks) * u128::from(mean_secs);
    let cube = divide(divide(factor * factor, ONE) * factor, ONE);
    divide(mean.saturating_mul(cube), ONE)
}

/// 1/k in billionths.
fn gap(blocks: u64) -> u128 {
    ONE / u128::from(blocks)
}

/// z/(3·√k) in billionths, rounded up.
fn deviation(blocks: u64) -> u128 {
    let root = (u128::from(blocks) * ONE * ONE).isqrt();
    (NORMAL_QUANTILE * ONE).div_ceil(3 * root)
}

fn to_u64(secs: u128) -> u64 {
    u64::try_from(secs).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BITCOIN: BlockTimes = BlockTimes::Poisson {
        mean_secs: 600,
        drift_percent: 0,
    };

    fn faster(percent: u64) -> BlockTimes {
        BlockTimes::Poisson {
            mean_secs: 600,
            drift_percent: percent,
        }
    }

    #[test]
    fn bitcoin_blocks_take_as_long_as_they_do() {
        for (blocks, hours) in [(6, 2.75), (24, 7.0), (72, 16.9)] {
            #[expect(clippy::cast_precision_loss, reason = "a few hours")]
            let found = BITCOIN.at_most(blocks) as f64 / 3_600.0;
            assert!((found - hours).abs() < 0.05, "{blocks} blocks: {found} h");
        }
        let half_a_day = 12 * 3_600;
        assert!(BITCOIN.at_least(100) < half_a_day && BITCOIN.at_least(101) >= half_a_day);
        assert!(faster(25).at_least(121) < half_a_day && faster(25).at_least(122) >= half_a_day);
    }

    /// The logarithm of n!, summed.
    fn ln_factorial(n: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        (2..=n).map(|i| (i as f64).ln()).sum()
    }

    /// How likely fewer than `blocks` come within `secs`.
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    fn fewer(blocks: u64, secs: u64) -> f64 {
        let expected = secs as f64 / 600.0;
        if secs == 0 {
            return 1.0;
        }
        (0..blocks)
            .map(|i| (i as f64 * expected.ln() - expected - ln_factorial(i)).exp())
            .sum()
    }

    #[test]
    fn the_bounds_are_missed_once_in_a_thousand_times_or_less() {
        for blocks in (1..60).chain((60..700).step_by(53)) {
            let late = fewer(blocks, BITCOIN.at_most(blocks));
            let early = 1.0 - fewer(blocks, BITCOIN.at_least(blocks));
            assert!(late <= 0.001 && early <= 0.001, "{blocks}: {late} {early}");
            // And not by being far off: half as rarely would be a bound for nothing.
            assert!(late > 0.0005, "{blocks}: {late}");
            assert!(early > 0.0005 || blocks < 4, "{blocks}: {early}");
        }
    }

    #[test]
    fn slots_are_counted() {
        let slots = BlockTimes::Slots {
            slot_secs: 12,
            missed: 4,
        };
        assert_eq!([0, 1, 10].map(|k| slots.at_most(k)), [0, 60, 168]);
        assert_eq!([0, 1, 10].map(|k| slots.at_least(k)), [0, 0, 108]);
    }

    #[test]
    fn absurd_numbers_end_at_the_end_of_time() {
        let absurd = BlockTimes::Poisson {
            mean_secs: u64::MAX,
            drift_percent: u64::MAX,
        };
        assert_eq!(absurd.at_most(u64::MAX), u64::MAX);
        assert_eq!(absurd.at_least(1), 0);
        let slots = BlockTimes::Slots {
            slot_secs: u64::MAX,
            missed: u64::MAX,
        };
        assert_eq!(slots.at_most(u64::MAX), u64::MAX);
    }
}
