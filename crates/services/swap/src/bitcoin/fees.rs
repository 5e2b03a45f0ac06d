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

#[cfg(test)]
mod tests {
    use bitcoin::{
        OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, absolute::LockTime,
        transaction::Version,
    };
    use causeway_swap::ChainTiming;

    use super::*;

    const fn sat_per_vb(rate: u64) -> FeeRate {
        FeeRate::from_sat_per_kwu(rate * 250)
    }

    /// A transaction of 111 virtual bytes.
    fn paying(fee: u64) -> SignedTx {
        let tx = Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn {
                previous_output: OutPoint::null(),
                script_sig: ScriptBuf::new(),
                sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
                witness: Witness::from_slice(&[[0; 64]]),
            }],
            output: vec![TxOut {
                value: Amount::from_sat(1_000),
                script_pubkey: ScriptBuf::from_bytes(vec![0; 34]),
            }],
        };
        let fee = Amount::from_sat(fee);
        SignedTx { tx, fee }
    }

    fn market(estimate: u64, value: u64, blocks_left: u32) -> Market {
        let settings = BitcoinSettings::new(ChainTiming::BITCOIN);
        let rates = AgreedRates {
            least: sat_per_vb(1),
            estimate: Some(sat_per_vb(estimate)),
        };
        Market::new(&settings, rates, Amount::from_sat(value), blocks_left)
    }

    #[test]
    fn what_takes_the_place_of_several_pays_for_all_of_them_and_itself() {
        let (parent, child) = (paying(111), paying(4_000));
        assert_eq!(parent.vsize(), 111);
        let market = market(5, 1_000_000, 50);
        // Alone, the parent is raised to the estimate.
        let alone = market.raise(std::slice::from_ref(&parent), Some(143), false);
        assert_eq!(alone, Plan::Replace(sat_per_vb(5)));
        // Both together pay enough, until they are refused.
        let both = [parent, child];
        assert_eq!(market.raise(&both, Some(143), false), Plan::Keep);
        let Plan::Replace(rate) = market.raise(&both, Some(143), true) else {
            panic!("there is enough to replace with");
        };
        let fee = rate.fee_vb(143).unwrap().to_sat();
        assert!((4_111 + 143..4_111 + 150).contains(&fee), "{fee}");
    }

    #[test]
    fn a_child_is_reckoned_together_with_what_it_pays_for() {
        let market = market(5, 1_000_000, 50);
        let plan = market.raise(&[paying(111)], None, false);
        assert_eq!(plan, Plan::Child(sat_per_vb(5)));
        // A tenth of 10,000 is less than 5 for each of 221 bytes.
        let poor = Market::new(
            &BitcoinSettings::new(ChainTiming::BITCOIN),
            market.rates,
            Amount::from_sat(10_000),
            50,
        );
        let Plan::Child(rate) = poor.raise(&[paying(111)], None, false) else {
            panic!("there is something left");
        };
        assert_eq!(rate, FeeRate::from_sat_per_kwu(1_000 * 250 / 221));
    }

    #[test]
    fn a_replacement_that_would_cost_more_than_it_may_is_not_made() {
        let market = market(5, 30_000, 5);
        let plan = market.raise(&[paying(2_900)], Some(143), false);
        assert!(matches!(plan, Plan::Exhausted { .. }), "{plan:?}");
        let market = Market {
            limits: FeeLimits {
                floor: sat_per_vb(50),
                ..market.limits
            },
            ..market
        };
        assert!(matches!(market.first(143), Plan::TooDear { .. }));
    }
}
