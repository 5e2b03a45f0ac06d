//! Whether more of a token leaves than usual: the alarm that Ronin lacked for six days.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use alloy::primitives::U256;
use causeway_engine::UnixMillis;

use crate::asset::Asset;

/// How much may leave within which time before somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutflowLimit {
    /// The time.
    pub window: Duration,
    /// The share of what was locked, in percent.
    pub percent: u8,
}

/// What was locked of each token during the window. It is kept in memory only: after a restart the
/// window begins anew.
#[derive(Debug, Default)]
pub(crate) struct Outflow(BTreeMap<Asset, VecDeque<(UnixMillis, U256)>>);

impl Outflow {
    /// Takes down what is locked now; says how many percent of the window's highest have left, if
    /// that is more than the limit.
    pub(crate) fn observe(
        &mut self,
        asset: &Asset,
        locked: U256,
        now: UnixMillis,
        limit: OutflowLimit,
    ) -> Option<u8> {
        let highs = self.0.entry(asset.clone()).or_default();
        let begin = now.minus(limit.window);
        while highs.front().is_some_and(|(when, _)| *when < begin) {
            highs.pop_front();
        }
        // Of what is older and not higher nobody will ask again.
        while highs.back().is_some_and(|(_, level)| *level <= locked) {
            highs.pop_back();
        }
        highs.push_back((now, locked));
        let highest = highs.front().map_or(locked, |(_, level)| *level);
        let left = highest.saturating_sub(locked);
        // The division comes first, so that no amount overflows.
        let percent = left.checked_div(highest.div_ceil(U256::from(100)))?;
        let percent = u8::try_from(percent).unwrap_or(100).min(100);
        (percent > limit.percent).then_some(percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_within_the_window_is_told_and_what_left_before_is_not() {
        let asset: Asset = "a:0xab".parse().unwrap();
        let limit = OutflowLimit {
            window: Duration::from_millis(10),
            percent: 50,
        };
        let mut outflow = Outflow::default();
        let mut observe = |locked: u64, now| {
            let now = UnixMillis::from_millis(now);
            outflow.observe(&asset, U256::from(locked), now, limit)
        };
        assert_eq!(observe(0, 0), None);
        assert_eq!(observe(1_000, 1), None);
        assert_eq!(observe(600, 2), None);
        assert_eq!(observe(400, 3), Some(60));
        assert_eq!(
            observe(400, 12),
            None,
            "the level before is out of the window"
        );
        assert_eq!(observe(100, 13), Some(75));
        assert_eq!(observe(0, 14), Some(100));
    }

    #[test]
    fn no_amount_overflows() {
        let asset: Asset = "a:0xab".parse().unwrap();
        let limit = OutflowLimit {
            window: Duration::from_secs(1),
            percent: 20,
        };
        let mut outflow = Outflow::default();
        let now = UnixMillis::from_millis(0);
        assert_eq!(outflow.observe(&asset, U256::MAX, now, limit), None);
        let told = outflow.observe(&asset, U256::ZERO, now, limit);
        assert!(told.is_some_and(|percent| percent >= 99), "{told:?}");
    }
}
