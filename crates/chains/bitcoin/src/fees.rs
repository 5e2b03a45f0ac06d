//! What to pay for a transaction, decided from what is known and nothing else.

use bitcoin::{Amount, FeeRate};

use crate::SignedTx;

/// From this many blocks before a deadline on, a pending transaction is raised with every block.
const URGENT: u32 = 12;
/// The least by which nodes let a replacement pay more: 1 satoshi per virtual byte (BIP-125, rule 4).
const LEAST_RAISE: u64 = 250;

/// What a transaction may cost at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeLimits {
    /// Below this rate nodes do not take it.
    pub floor: FeeRate,
    /// Above this rate nobody has to go.
    pub cap: FeeRate,
    /// The most that this one transaction may pay: a share of what it saves.
    pub most: Amount,
}

/// What is known about a transaction that should be mined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeeSituation {
    /// Its size in virtual bytes.
    pub vsize: u64,
    /// How many more blocks may pass until it has to be mined; 0 when it is late already.
    pub blocks_left: u32,
    /// What the node thinks is needed for [`FeeSituation::target`] blocks.
    pub estimate: Option<FeeRate>,
    /// What the transaction pays that is pending since an earlier block; nothing for a new one.
    pub paying: Option<FeeRate>,
}

/// What to do about the fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeeChoice {
    /// Pay this rate.
    Pay(FeeRate),
    /// What is pending pays enough; broadcast it again.
    Keep,
    /// What is pending should pay more and may not; broadcast it again, and tell people.
    Exhausted {
        /// The highest rate that the limits allow.
        ceiling: FeeRate,
    },
    /// Even the least that nodes take is more than the transaction may cost.
    TooDear {
        /// The least that nodes take.
        floor: FeeRate,
        /// The highest rate that the limits allow.
        ceiling: FeeRate,
    },
}

impl FeeSituation {
    /// For how many blocks to ask the node what is needed: half of what is left, so that there is time
    /// to raise.
    pub fn target(blocks_left: u32) -> u16 {
        u16::try_from(blocks_left / 2)
            .unwrap_or(u16::MAX)
            .clamp(1, 24)
    }

    /// What to pay. A raise is by a quarter at least, more where the estimate says so, and never beyond
    /// the limits.
    pub fn choose(&self, limits: &FeeLimits) -> FeeChoice {
        let (floor, ceiling) = (limits.floor, self.ceiling(limits));
        if ceiling < floor {
            return FeeChoice::TooDear { floor, ceiling };
        }
        let wanted = self.estimate.unwrap_or(floor).max(floor);
        let Some(paying) = self.paying else {
            return FeeChoice::Pay(wanted.min(ceiling));
        };
        if wanted <= paying && self.blocks_left > URGENT {
            return FeeChoice::Keep;
        }
        let raised = raised(paying);
        if raised > ceiling {
            return FeeChoice::Exhausted { ceiling };
        }
        FeeChoice::Pay(wanted.max(raised).min(ceiling))
    }

    /// The highest rate that stays within both limits.
    fn ceiling(&self, limits: &FeeLimits) -> FeeRate {
        let quarters = limits.most.to_sat().saturating_mul(250);
        let most = FeeRate::from_sat_per_kwu(quarters / self.vsize.max(1));
        limits.cap.min(most)
    }
}

/// A quarter more, and enough to replace.
fn raised(rate: FeeRate) -> FeeRate {
    let rate = rate.to_sat_per_kwu();
    let quarter = rate.div_ceil(4).max(LEAST_RAISE);
    FeeRate::from_sat_per_kwu(rate.saturating_add(quarter))
}

/// What a child has to pay so that it and what is pending above it together pay this rate, as miners
/// reckon it; at least the rate for itself.
pub(crate) fn child_fee<'tx>(
    pending: impl IntoIterator<Item = &'tx SignedTx>,
    child_vsize: u64,
    rate: FeeRate,
) -> Option<Amount> {
    let (mut size, mut paid) = (child_vsize, Amount::ZERO);
    for tx in pending {
        size = size.checked_add(tx.vsize())?;
        paid = paid.checked_add(tx.fee)?;
    }
    let together = rate.fee_vb(size)?;
    let missing = together.checked_sub(paid).unwrap_or(Amount::ZERO);
    Some(missing.max(rate.fee_vb(child_vsize)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Satoshis per virtual byte.
    fn rate(sat: u64) -> FeeRate {
        FeeRate::from_sat_per_kwu(sat * 250)
    }

    fn limits() -> FeeLimits {
        FeeLimits {
            floor: rate(1),
            cap: rate(100),
            most: Amount::from_sat(7_150),
        }
    }

    fn choose(blocks_left: u32, estimate: Option<u64>, paying: Option<u64>) -> FeeChoice {
        let situation = FeeSituation {
            vsize: 143,
            blocks_left,
            estimate: estimate.map(rate),
            paying: paying.map(rate),
        };
        situation.choose(&limits())
    }

    #[test]
    fn a_new_transaction_pays_the_estimate_within_the_limits() {
        assert_eq!(choose(50, Some(7), None), FeeChoice::Pay(rate(7)));
        assert_eq!(choose(50, None, None), FeeChoice::Pay(rate(1)));
        assert_eq!(choose(50, Some(0), None), FeeChoice::Pay(rate(1)));
        // 7,150 for 143 vB are 50 per vB, which is less than the cap.
        assert_eq!(choose(50, Some(90), None), FeeChoice::Pay(rate(50)));
    }

    #[test]
    fn far_from_the_deadline_only_a_higher_estimate_raises() {
        assert_eq!(choose(50, Some(8), Some(8)), FeeChoice::Keep);
        assert_eq!(choose(50, None, Some(8)), FeeChoice::Keep);
        assert_eq!(choose(50, Some(9), Some(8)), FeeChoice::Pay(rate(10)));
        assert_eq!(choose(50, Some(40), Some(8)), FeeChoice::Pay(rate(40)));
    }

    #[test]
    fn near_the_deadline_every_block_raises_by_a_quarter() {
        assert_eq!(choose(12, Some(2), Some(8)), FeeChoice::Pay(rate(10)));
        assert_eq!(choose(0, None, Some(8)), FeeChoice::Pay(rate(10)));
        // A quarter of 1 would be too little to replace.
        assert_eq!(choose(12, None, Some(1)), FeeChoice::Pay(rate(2)));
    }

    #[test]
    fn a_raise_that_the_limits_do_not_allow_is_not_made() {
        let exhausted = FeeChoice::Exhausted { ceiling: rate(50) };
        assert_eq!(choose(1, Some(90), Some(45)), exhausted);
        assert_eq!(choose(1, Some(90), Some(40)), FeeChoice::Pay(rate(50)));
    }

    #[test]
    fn what_costs_more_than_it_may_is_told() {
        let situation = FeeSituation {
            vsize: 143,
            blocks_left: 5,
            estimate: None,
            paying: None,
        };
        let most = Amount::from_sat(142);
        let choice = situation.choose(&FeeLimits { most, ..limits() });
        assert!(matches!(choice, FeeChoice::TooDear { .. }), "{choice:?}");
    }

    #[test]
    fn the_node_is_asked_about_half_of_the_time_that_is_left() {
        let asked = [0, 1, 5, 20, 1_000].map(FeeSituation::target);
        assert_eq!(asked, [1, 1, 2, 10, 24]);
    }

    proptest! {
        #[test]
        fn no_choice_is_ever_beyond_the_limits(
            vsize in 1_u64..100_000,
            blocks_left: u32,
            estimate: Option<u64>,
            paying in proptest::option::of(0..u64::MAX / 2),
            floor in 0_u64..1_000_000,
            cap: u64,
            most in 0..2_100_000_000_000_000_u64,
        ) {
            let of = FeeRate::from_sat_per_kwu;
            let limits = FeeLimits {
                floor: of(floor),
                cap: of(cap),
                most: Amount::from_sat(most),
            };
            let situation = FeeSituation {
                vsize,
                blocks_left,
                estimate: estimate.map(of),
                paying: paying.map(of),
            };
            if let FeeChoice::Pay(rate) = situation.choose(&limits) {
                prop_assert!(rate >= limits.floor && rate <= limits.cap);
                // Rounding up to whole satoshis is the only excess.
                let fee = u128::from(rate.to_sat_per_kwu()) * u128::from(vsize) / 250;
                prop_assert!(fee <= u128::from(most));
                if let Some(paying) = situation.paying {
                    prop_assert!(rate > paying);
                }
            }
        }
    }
}
