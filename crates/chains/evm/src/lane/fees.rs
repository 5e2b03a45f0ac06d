use alloy_primitives::U128;
use serde::Deserialize;
use serde_json::json;

use super::{LaneConfig, SignedAttempt};
use crate::rpc::Call;

/// What is offered for one unit of gas, in wei.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fees {
    pub(super) max_fee: u128,
    pub(super) priority_fee: u128,
}

/// What the last blocks say about prices, good for the next block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Market {
    /// The height of the head when this was asked.
    pub(super) height: u64,
    pub(super) base_fee: u128,
    tip: u128,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireFeeHistory {
    base_fee_per_gas: Vec<U128>,
    #[serde(default)]
    reward: Option<Vec<Vec<U128>>>,
}

impl Market {
    /// The question whose answer [`Self::read`] takes: five blocks, and the median tip of each.
    pub(super) fn call() -> Call {
        Call::new("eth_feeHistory", json!(["0x5", "latest", [50]]))
    }

    /// `None` if the chain tells no base fee.
    pub(super) fn read(history: WireFeeHistory, height: u64) -> Option<Self> {
        // The list ends with the base fee of the block to come.
        let base_fee = history.base_fee_per_gas.last()?.to();
        let tips = history.reward.unwrap_or_default();
        let mut tips: Vec<u128> = tips
            .iter()
            .filter_map(|block| block.first())
            .map(|tip| tip.to())
            .collect();
        tips.sort_unstable();
        let tip = tips.get(tips.len() / 2).copied().unwrap_or(0);
        Some(Self {
            height,
            base_fee,
            tip,
        })
    }

    /// What to offer: enough for the base fee to double, but never above the configured limit.
    pub(super) fn offer(&self, config: &LaneConfig) -> Fees {
        let tip = self.tip.max(config.min_priority_fee_per_gas);
        let max_fee = self.base_fee.saturating_mul(2).saturating_add(tip);
        capped(
            Fees {
                max_fee,
                priority_fee: tip,
            },
            config,
        )
    }

    /// What to offer in place of an attempt: both fees raised by at least the configured bump, or
    /// `None` if the limit does not allow that.
    pub(super) fn replacement(&self, old: &SignedAttempt, config: &LaneConfig) -> Option<Fees> {
        let bump = |fee: u128| {
            let raised = fee.saturating_mul(100 + u128::from(config.fee_bump_percent.max(10)));
            raised.div_ceil(100).max(fee.saturating_add(1))
        };
        let market = self.offer(config);
        let wanted = Fees {
            max_fee: market.max_fee.max(bump(old.max_fee)),
            priority_fee: market.priority_fee.max(bump(old.priority_fee)),
        };
        // A tip above the fee is refused, so the fee follows the tip.
        let wanted = Fees {
            max_fee: wanted.max_fee.max(wanted.priority_fee),
            ..wanted
        };
        (wanted.max_fee <= config.max_fee_per_gas).then_some(wanted)
    }

    /// Whether an attempt cannot be in the next block at this price.
    pub(super) const fn too_low(&self, attempt: &SignedAttempt) -> bool {
        attempt.max_fee < self.base_fee
    }
}

fn capped(fees: Fees, config: &LaneConfig) -> Fees {
    let max_fee = fees.max_fee.min(config.max_fee_per_gas);
    Fees {
        max_fee,
        priority_fee: fees.priority_fee.min(max_fee),
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{B256, Bytes};

    use super::*;

    fn market(base_fee: u128, tip: u128) -> Market {
        Market {
            height: 1,
            base_fee,
            tip,
        }
    }

    fn attempt(max_fee: u128, priority_fee: u128) -> SignedAttempt {
        let (raw, hash) = (Bytes::new(), B256::ZERO);
        SignedAttempt {
            raw,
            hash,
            max_fee,
            priority_fee,
            gas_limit: 21_000,
            cancels: false,
        }
    }

    fn config() -> LaneConfig {
        LaneConfig {
            max_fee_per_gas: 1_000,
            min_priority_fee_per_gas: 2,
            ..LaneConfig::default()
        }
    }

    #[test]
    fn an_offer_lets_the_base_fee_double_and_stays_below_the_limit() {
        let offer = |base_fee, tip| market(base_fee, tip).offer(&config());
        assert_eq!(
            offer(100, 5),
            Fees {
                max_fee: 205,
                priority_fee: 5
            }
        );
        assert_eq!(
            offer(100, 0),
            Fees {
                max_fee: 202,
                priority_fee: 2
            }
        );
        assert_eq!(
            offer(900, 5),
            Fees {
                max_fee: 1_000,
                priority_fee: 5
            }
        );
        assert_eq!(
            offer(u128::MAX, u128::MAX),
            Fees {
                max_fee: 1_000,
                priority_fee: 1_000
            }
        );
    }

    #[test]
    fn a_replacement_raises_both_fees_or_does_not_happen() {
        let replacement =
            |base_fee, old: &SignedAttempt| market(base_fee, 2).replacement(old, &config());
        let raised = replacement(10, &attempt(100, 50));
        assert_eq!(
            raised,
            Some(Fees {
                max_fee: 112,
                priority_fee: 56
            })
        );
        let followed = replacement(100, &attempt(50, 2));
        assert_eq!(
            followed,
            Some(Fees {
                max_fee: 202,
                priority_fee: 3
            })
        );
        assert_eq!(replacement(10, &attempt(950, 50)), None);
    }
}
