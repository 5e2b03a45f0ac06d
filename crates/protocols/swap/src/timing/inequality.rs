//! The three inequalities that a swap's expiries have to satisfy.
//!
//! X is the chain of the first leg and Y that of the second; T1 and T2 are their expiries, hi and lo the
//! bounds of block times, K confirmations, P inclusion, δ clock skew, R our longest restart.

use std::fmt;

use causeway_types::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{ChainTiming, Cooperation};
use crate::{Expiry, Head, PerLeg, rule::Rule};

/// What is assumed about time in one swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwapTiming {
    /// The chains of both legs.
    pub legs: PerLeg<ChainTiming>,
    /// R: for so many seconds altogether we may be down, or blind, during the swap.
    pub restart_secs: u64,
    /// How long we wait for the other party's signature.
    pub cooperation: Cooperation,
}

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inequality {
    /// `lo(T2) ≥ now + hi_X(K) + 2·P_Y + 2·hi_Y(K) + R`: there is time to lock the second leg and to claim
    /// it. Once the first leg is final, `hi_X(K)` is over.
    SecondLegWindow,
    /// `lo(T1) ≥ hi(T2) + δ_Y + hi_Y(K) + R + P_X + hi_X(K) + δ_X`: whatever shows the secret before the
    /// second leg is taken back leaves time to claim the first.
    FirstOutlivesSecond,
    /// `now + R + P_Y + hi_Y(K) + δ_Y < lo(T2)`: a claim that shows the secret is final before the second
    /// leg can be taken back, even if we fall right after deciding and before sending it.
    TimeToReveal,
}

/// An inequality that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "{inequality}: {found} is {} s short of {needed}",
    needed.as_secs() - found.as_secs()
)]
pub struct Shortfall {
    /// Which.
    pub inequality: Inequality,
    /// The moment that the expiry must not come before.
    pub needed: Timestamp,
    /// The moment from which on it may come.
    pub found: Timestamp,
}

impl SwapTiming {
    /// What must hold when terms are agreed on.
    ///
    /// # Errors
    /// The first inequality that does not hold.
    pub fn check_at_acceptance(
        &self,
        expiries: &PerLeg<Expiry>,
        heads: &PerLeg<Head>,
        now: Timestamp,
    ) -> Result<(), Shortfall> {
        self.check_window(false, expiries, heads, now)?;
        self.check_first_outlives_second(expiries, heads)
    }

    /// What must hold again when the first leg is final and the second is about to be locked.
    ///
    /// # Errors
    /// The first inequality that does not hold.
    pub fn check_before_lock(
        &self,
        expiries: &PerLeg<Expiry>,
        heads: &PerLeg<Head>,
        now: Timestamp,
    ) -> Result<(), Shortfall> {
        self.check_window(true, expiries, heads, now)?;
        self.check_first_outlives_second(expiries, heads)
    }

    /// What must hold when the secret is about to be shown.
    ///
    /// # Errors
    /// When it does not.
    pub fn check_before_reveal(
        &self,
        expiries: &PerLeg<Expiry>,
        heads: &PerLeg<Head>,
        now: Timestamp,
    ) -> Result<(), Shortfall> {
        let y = self.legs.second;
        let restart = Rule::SurvivesRestart.secs(self.restart_secs);
        let last = sum(now, [restart, y.inclusion(), y.settling(), y.skew()]);
        let found = y.earliest(expiries.second, &heads.second);
        at_least(Inequality::TimeToReveal, last.plus_secs(1), found)
    }

    /// The first inequality alone, before or after the first leg is final.
    pub(crate) fn check_window(
        &self,
        first_is_final: bool,
        expiries: &PerLeg<Expiry>,
        heads: &PerLeg<Head>,
        now: Timestamp,
    ) -> Result<(), Shortfall> {
        let y = self.legs.second;
        let (inclusion, settling) = (y.inclusion(), y.settling());
        let first_settles = if first_is_final {
            0
        } else {
            self.legs.first.settling()
        };
        let second_lock_and_claim = [inclusion, inclusion, settling, settling];
        let needed = sum(now, second_lock_and_claim)
            .plus_secs(first_settles)
            .plus_secs(self.restart_secs);
        let found = y.earliest(expiries.second, &heads.second);
        at_least(Inequality::SecondLegWindow, needed, found)
    }

    fn check_first_outlives_second(
        &self,
        expiries: &PerLeg<Expiry>,
        heads: &PerLeg<Head>,
    ) -> Result<(), Shortfall> {
        let (x, y) = (self.legs.first, self.legs.second);
        let needed = sum(
            y.latest(expiries.second, &heads.second),
            [y.skew(), y.settling(), self.restart_secs],
        );
        let needed = sum(needed, [x.inclusion(), x.settling(), x.skew()]);
        let found = x.earliest(expiries.first, &heads.first);
        at_least(Inequality::FirstOutlivesSecond, needed, found)
    }
}

impl Shortfall {
    /// By how many seconds it fails.
    pub const fn short_by(self) -> u64 {
        self.needed.as_secs() - self.found.as_secs()
    }
}

fn sum<const N: usize>(from: Timestamp, spans: [u64; N]) -> Timestamp {
    spans.into_iter().fold(from, Timestamp::plus_secs)
}

fn at_least(inequality: Inequality, needed: Timestamp, found: Timestamp) -> Result<(), Shortfall> {
    if found < needed {
        return Err(Shortfall {
            inequality,
            needed,
            found,
        });
    }
    Ok(())
}

impl fmt::Display for Inequality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SecondLegWindow => {
                "the second leg may expire before it can be locked and claimed (lo(T2) >= now + hi_X(K) + 2 P_Y + 2 hi_Y(K) + R)"
            }
            Self::FirstOutlivesSecond => {
                "the first leg may expire too soon after the second (lo(T1) >= hi(T2) + skew_Y + hi_Y(K) + R + P_X + hi_X(K) + skew_X)"
            }
            Self::TimeToReveal => {
                "the second leg may expire before a claim is final (lo(T2) > now + R + P_Y + hi_Y(K) + skew_Y)"
            }
        })
    }
}
