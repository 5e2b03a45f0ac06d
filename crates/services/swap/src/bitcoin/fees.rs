//! What to do about the fee of a pending transaction, decided from what is known and nothing else.

use bitcoin::{Amount, FeeRate};
use causeway_bitcoin::{AgreedRates, FeeChoice, FeeLimits, FeeSituation, SignedTx};

use super::settings::BitcoinSettings;

/// The size of a child that spends what its parent pays us, in virtual bytes.
pub(super) const CHILD_SIZE: u64 = 110;

/// What is known when a lock is to be spent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Market {
    pub(super) rates: AgreedRates,
    /// What may be paid at all.
    pub(super) limits: FeeLimits,
    /// How many more blocks may hold the spend.
    pub(super) blocks_left: u32,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// What is pending pays enough.
    Keep,
    /// Make another that pays this rate and takes its place.
    Replace(FeeRate),
    /// Add a child, so that all together pay this rate.
    Child(FeeRate),
    /// More would have to be paid than may be.
    Exhausted { paying: FeeRate, ceiling: FeeRate },
    /// Nodes take nothing that is within the limits.
    TooDear { floor: FeeRate, ceiling: FeeRate },
}

impl Market {
    /// What nodes ask for a spend of a lock that holds this much, with so many blocks left.
    pub(super) fn new(
        settings: &BitcoinSettings,
        rates: AgreedRates,
        value: Amount,
        blocks_left: u32,
    ) -> Self {
        let share = value.to_sat().saturating_mul(settings.most_percent) / 100;
        let limits = FeeLimits {
            floor: rates.least.max(settings.least_rate()),
            cap: settings.most_rate(),
            most: Amount::from_sat(share),
        };
        Self {
            rates,
            limits,
            blocks_left,
        }
    }

    /// What a first transaction of this size is to pay.
    pub(super) fn first(&self, vsize: u64) -> Plan {
        plan(self.choose(vsize, None, self.blocks_left), FeeRate::ZERO)
    }

    /// How to raise what is pending, a transaction and its line of children: by another of this size that replaces it, where there is one and
    /// nodes replace, else by a child. What nodes refuse is raised in any case.
    pub(super) fn raise(
        &self,
        pending: &[SignedTx],
        replacing: Option<u64>,
        refused: bool,
    ) -> Plan {
        let paid: u64 = pending.iter().map(|tx| tx.fee.to_sat()).sum();
        let size: u64 = pending.iter().map(SignedTx::vsize).sum();
        let paying = FeeRate::from_sat_per_kwu(paid.saturating_mul(250) / size.max(1));
        // From the last blocks on, every block raises.
        let blocks_left = if refused { 0 } else { self.blocks_left };
        let Some(vsize) = replacing else {
            let choice = self.choose(size + CHILD_SIZE, Some(paying), blocks_left);
            return match plan(choice, paying) {
                Plan::Replace(rate) => Plan::Child(rate),
                plan => plan,
            };
        };
        match plan(self.choose(vsize, Some(paying), blocks_left), paying) {
            // It has to pay for all that it pushes out, and for itself (BIP-125, rules 3 and 4).
            Plan::Replace(rate) => {
                let needed = (paid + vsize).saturating_mul(250).div_ceil(vsize.max(1));
                let rate = rate.max(FeeRate::from_sat_per_kwu(needed));
                let ceiling = self.ceiling(vsize);
                if rate <= ceiling {
                    Plan::Replace(rate)
                } else {
                    Plan::Exhausted { paying, ceiling }
                }
            }
            plan => plan,
        }
    }

    /// The highest rate that stays within both limits.
    pub(super) fn ceiling(&self, vsize: u64) -> FeeRate {
        let most = self.limits.most.to_sat().saturating_mul(250) / vsize.max(1);
        self.limits.cap.min(FeeRate::from_sat_per_kwu(most))
    }

    fn choose(&self, vsize: u64, paying: Option<FeeRate>, blocks_left: u32) -> FeeChoice {
        let situation = FeeSituation {
            vsize,
            blocks_left,
            estimate: self.rates.estimate,
            paying,
        };
        situation.choose(&self.limits)
    }
}

const fn plan(choice: FeeChoice, paying: FeeRate) -> Plan {
    match choice {
        FeeChoice::Keep => Plan::Keep,
        FeeChoice::Pay(rate) => Plan::Replace(rate),
        FeeChoice::Exhausted { ceiling } => Plan::Exhausted { paying, ceiling },
        FeeChoice::TooDear { floor, ceiling } => Plan::TooDear { floor, ceiling },
    }
}
