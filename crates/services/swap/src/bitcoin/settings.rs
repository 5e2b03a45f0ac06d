use bitcoin::FeeRate;
use causeway_bitcoin::{BitcoinChain, LockForm};
use causeway_swap::ChainTiming;

use crate::ChainError;

/// How to swap on one chain of the Bitcoin family.
#[derive(Clone, Copy, Debug)]
pub struct BitcoinSettings {
    /// What is assumed about the chain's time. The chain's own confirmations may not be fewer.
    pub timing: ChainTiming,
    /// The least that any transaction pays, in satoshis per virtual byte.
    pub least_sat_per_vb: u64,
    /// The most that any transaction pays, in satoshis per virtual byte.
    pub most_sat_per_vb: u64,
    /// The most that claiming a lock, or taking it back, may cost of what it holds, in percent.
    pub most_percent: u64,
    /// How many receiving addresses the wallet has, and as many for change. Fewer than before hide the
    /// coins of the others.
    pub addresses: u32,
    /// How locks are made.
    pub form: LockForm,
    /// Whether an agreement of half of the endpoints, or less, is believed. For development only.
    pub dev: bool,
}

impl BitcoinSettings {
    /// What suits most, for a chain with this timing.
    pub const fn new(timing: ChainTiming) -> Self {
        Self {
            timing,
            least_sat_per_vb: 1,
            most_sat_per_vb: 500,
            most_percent: 10,
            addresses: 20,
            form: LockForm::Taproot,
            dev: false,
        }
    }

    /// Refuses what would be unsafe on this chain, or cannot work.
    pub(super) fn check(&self, chain: &BitcoinChain) -> Result<(), ChainError> {
        let wrong = |message: String| Err(ChainError::lasting(chain.id(), message));
        let (agreement, endpoints) = (chain.agreement(), chain.endpoints());
        if !self.dev && agreement * 2 <= endpoints {
            let least = endpoints / 2 + 1;
            return wrong(format!(
                "agreement is {agreement} of {endpoints} endpoints, which the others could outvote: \
                 make it {least} or more, or set dev on a chain without worth"
            ));
        }
        let (got, least) = (chain.confirmations(), self.timing.confirmations());
        if got < least {
            return wrong(format!(
                "confirmations is {got}, and the timing counts on {least}: make them the same"
            ));
        }
        if self.least_sat_per_vb == 0 || self.least_sat_per_vb > self.most_sat_per_vb {
            let (least, most) = (self.least_sat_per_vb, self.most_sat_per_vb);
            return wrong(format!(
                "least_sat_per_vb is {least} and most_sat_per_vb {most}: expected 1 or more, and no less"
            ));
        }
        if !(1..=100).contains(&self.most_percent) {
            let got = self.most_percent;
            return wrong(format!("most_percent is {got}: expected 1 to 100"));
        }
        if !(1..=1_000).contains(&self.addresses) {
            let got = self.addresses;
            return wrong(format!("addresses is {got}: expected 1 to 1000"));
        }
        Ok(())
    }

    pub(super) const fn least_rate(&self) -> FeeRate {
        sat_per_vb(self.least_sat_per_vb)
    }

    pub(super) const fn most_rate(&self) -> FeeRate {
        sat_per_vb(self.most_sat_per_vb)
    }
}

/// One virtual byte is four units of weight.
pub(super) const fn sat_per_vb(rate: u64) -> FeeRate {
    FeeRate::from_sat_per_kwu(rate.saturating_mul(250))
}
