use causeway_types::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::BlockTimes;
use crate::{Expiry, Head};

/// What is assumed about the time of one chain. Whoever swaps is safe as long as it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Assumed", into = "Assumed")]
pub struct ChainTiming(Assumed);

/// The fields of a [`ChainTiming`], before it is known whether they fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumed {
    /// How blocks follow each other.
    pub blocks: BlockTimes,
    /// K: how many blocks, its own included, make a transaction final.
    pub confirmations: u64,
    /// P: within so many seconds a transaction that is broadcast, and whose fee follows the market, is in
    /// a block.
    pub inclusion_secs: u64,
    /// δ: so many seconds our clock and the time of the chain's blocks may differ.
    pub skew_secs: u64,
}

/// Why assumptions about a chain cannot hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TimingError {
    /// Blocks take no time.
    #[error("blocks that take 0 s (expected more)")]
    NoTime,
    /// Nothing would ever be waited for.
    #[error("final after 0 confirmations (expected 1 or more)")]
    NoConfirmations,
    /// The next block alone can take longer.
    #[error("inclusion within {found} s (expected {least} or more, for a block may take so long)")]
    InclusionTooShort {
        /// hi(1).
        least: u64,
        /// What was given.
        found: u64,
    },
    /// A claim may come into a block so long after the expiry, until the refund is in one. The first leg
    /// outlives the second by hi(K) for that.
    #[error(
        "inclusion within {found} s (expected {most} or less, the time of the confirmations: ask for more of them)"
    )]
    InclusionTooLong {
        /// hi(K).
        most: u64,
        /// What was given.
        found: u64,
    },
}

impl ChainTiming {
    /// Bitcoin: three confirmations, and a fee that gets into one of the next blocks.
    pub const BITCOIN: Self = Self(Assumed {
        blocks: BlockTimes::Poisson {
            mean_secs: 600,
            drift_percent: 0,
        },
        confirmations: 3,
        inclusion_secs: 4_500,
        skew_secs: 60,
    });

    /// Litecoin: six confirmations.
    pub const LITECOIN: Self = Self(Assumed {
        blocks: BlockTimes::Poisson {
            mean_secs: 150,
            drift_percent: 0,
        },
        confirmations: 6,
        inclusion_secs: 1_200,
        skew_secs: 60,
    });

    /// Ethereum: three epochs, in which two become final.
    pub const ETHEREUM: Self = Self(Assumed {
        blocks: BlockTimes::Slots {
            slot_secs: 12,
            missed: 10,
        },
        confirmations: 96,
        inclusion_secs: 600,
        skew_secs: 30,
    });

    /// Takes assumptions that can hold together.
    ///
    /// # Errors
    /// The first that does not fit.
    pub fn new(assumed: Assumed) -> Result<Self, TimingError> {
        let Assumed {
            blocks,
            confirmations,
            inclusion_secs: found,
            ..
        } = assumed;
        if blocks.usual() == 0 {
            return Err(TimingError::NoTime);
        }
        if confirmations == 0 {
            return Err(TimingError::NoConfirmations);
        }
        let (least, most) = (blocks.at_most(1), blocks.at_most(confirmations));
        if found < least {
            return Err(TimingError::InclusionTooShort { least, found });
        }
        if found > most {
            return Err(TimingError::InclusionTooLong { most, found });
        }
        Ok(Self(assumed))
    }

    /// How blocks follow each other.
    pub const fn blocks(self) -> BlockTimes {
        self.0.blocks
    }

    /// K: the blocks that make a transaction final.
    pub const fn confirmations(self) -> u64 {
        self.0.confirmations
    }

    /// P, in seconds.
    pub const fn inclusion(self) -> u64 {
        self.0.inclusion_secs
    }

    /// hi(K), in seconds: from a transaction's block until it is final.
    pub fn settling(self) -> u64 {
        self.0.blocks.at_most(self.0.confirmations)
    }

    /// δ, in seconds.
    pub const fn skew(self) -> u64 {
        self.0.skew_secs
    }

    /// lo(T): the moment before which the expiry does not come.
    pub fn earliest(self, expiry: Expiry, head: &Head) -> Timestamp {
        match expiry {
            Expiry::Height(height) => {
                let blocks = height.saturating_sub(head.height);
                head.read_at.plus_secs(self.0.blocks.at_least(blocks))
            }
            Expiry::Time(time) => time,
        }
    }

    /// hi(T): the moment at which the expiry has come. A time has come on a chain once a block shows it.
    pub fn latest(self, expiry: Expiry, head: &Head) -> Timestamp {
        match expiry {
            Expiry::Height(height) => {
                let blocks = height.saturating_sub(head.height);
                head.read_at.plus_secs(self.0.blocks.at_most(blocks))
            }
            Expiry::Time(time) => time.plus_secs(self.0.blocks.at_most(1)),
        }
    }
}

impl TryFrom<Assumed> for ChainTiming {
    type Error = TimingError;

    fn try_from(assumed: Assumed) -> Result<Self, Self::Error> {
        Self::new(assumed)
    }
}

impl From<ChainTiming> for Assumed {
    fn from(timing: ChainTiming) -> Self {
        timing.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_fit_together() {
        for timing in [
            ChainTiming::BITCOIN,
            ChainTiming::LITECOIN,
            ChainTiming::ETHEREUM,
        ] {
            assert_eq!(ChainTiming::new(timing.into()), Ok(timing));
        }
    }

    #[test]
    fn assumptions_that_cannot_hold_are_refused() {
        let refused = |change: fn(&mut Assumed)| {
            let mut assumed = Assumed::from(ChainTiming::BITCOIN);
            change(&mut assumed);
            let json = serde_json::to_string(&assumed).unwrap();
            assert!(serde_json::from_str::<ChainTiming>(&json).is_err());
            ChainTiming::new(assumed).unwrap_err()
        };
        let error = refused(|assumed| assumed.confirmations = 0);
        assert_eq!(error, TimingError::NoConfirmations);
        let error = refused(|assumed| {
            assumed.blocks = BlockTimes::Slots {
                slot_secs: 0,
                missed: 0,
            };
        });
        assert_eq!(error, TimingError::NoTime);
        let error = refused(|assumed| assumed.inclusion_secs = 600);
        let least = ChainTiming::BITCOIN.blocks().at_most(1);
        assert_eq!(error, TimingError::InclusionTooShort { least, found: 600 });
        let error = refused(|assumed| assumed.confirmations = 1);
        let found = 4_500;
        assert_eq!(error, TimingError::InclusionTooLong { most: least, found });
    }

    #[test]
    fn heights_are_reckoned_from_when_the_head_was_read() {
        let timing = ChainTiming::BITCOIN;
        let head = Head {
            height: 100,
            time: Timestamp::from_secs(9_000),
            read_at: Timestamp::from_secs(9_500),
        };
        let after = |secs| Timestamp::from_secs(9_500 + secs);
        let expiry = Expiry::Height(172);
        let blocks = timing.blocks();
        assert_eq!(timing.earliest(expiry, &head), after(blocks.at_least(72)));
        assert_eq!(timing.latest(expiry, &head), after(blocks.at_most(72)));
        assert_eq!(timing.latest(Expiry::Height(99), &head), after(0));
    }
}
