//! Making a lock.

use bitcoin::ScriptBuf;
use causeway_bitcoin::{Broadcast, BroadcastError, Refusal};
use causeway_engine::UnixMillis;
use tracing::{debug, info};

use super::{
    kept::{Funding, Kept, Note},
    side::BitcoinSide,
    terms,
};
use crate::{ChainError, Lock};

/// Within how many blocks a lock is to be mined.
pub(super) const FUNDING_TARGET: u16 = 3;

impl BitcoinSide {
    /// Makes our lock, or sends what makes it again.
    pub(super) async fn make(&self, lock: &Lock) -> Result<(), ChainError> {
        let script = terms::of(self.chain(), lock)?.script_pubkey();
        self.expect_party(lock, &lock.terms.refunder)?;
        let kept = self.store().load(lock).await?;
        let funding = if let Some(funding) = kept.funding() {
            funding.clone()
        } else {
            self.check_terms(&lock.terms)?;
            self.expect_enforcement().await?;
            self.fund(lock, &script).await?
        };
        self.send_funding(&funding).await
    }

    /// Below a certain height the chain does not hold refunds back, so that a lock is none.
    async fn expect_enforcement(&self) -> Result<(), ChainError> {
        let head = self.agreed_head().await?;
        let first = u64::from(self.chain().network().lock_times_from);
        if head.height >= first {
            return Ok(());
        }
        let message = format!(
            "the chain enforces lock times from height {first} on and is at {}: wait until then",
            head.height
        );
        Err(ChainError::passing(self.chain().id(), message))
    }

    /// A funding that is stored, from coins that nothing else spends. The purse stays open until then.
    async fn fund(&self, lock: &Lock, script: &ScriptBuf) -> Result<Funding, ChainError> {
        let value = terms::value(self.chain(), &lock.terms)?;
        let rate = self.funding_rate().await?;
        let mut purse = self.purse().open(self.chain()).await?;
        // Somebody may have funded it while we waited.
        let kept = self.store().load(lock).await?;
        if let Some(funding) = kept.funding() {
            return Ok(funding.clone());
        }
        let change = lock.number % self.settings().addresses;
        let tx = purse.pay(self.chain(), script, value, rate, change).await?;
        let funding = Funding {
            tx,
            made_at: UnixMillis::now().as_millis(),
            conflict: None,
            is_dead: false,
        };
        let note = Note::Funding(funding.clone());
        self.store().note(lock, note).await?;
        purse.record(&funding.tx);
        drop(purse);
        let mut kept = Kept::new(lock.clone());
        kept.fundings.push(funding.clone());
        self.registry().watch_fundings(&kept);
        info!(chain = %self.chain().id(), swap = %lock.swap, leg = lock.leg.name(),
            txid = %funding.tx.txid(), fee = %funding.tx.fee, "lock made");
        Ok(funding)
    }

    /// What a lock pays to be mined soon.
    pub(super) async fn funding_rate(&self) -> Result<bitcoin::FeeRate, ChainError> {
        let rates = self.agreed_rates(FUNDING_TARGET).await?;
        let floor = rates.least.max(self.settings().least_rate());
        let cap = self.settings().most_rate();
        if floor > cap {
            let floor = floor.to_sat_per_vb_ceil();
            let message = format!(
                "nodes take nothing below {floor} sat/vB, and most_sat_per_vb is {}: raise it, or wait",
                self.settings().most_sat_per_vb
            );
            return Err(ChainError::passing(self.chain().id(), message));
        }
        Ok(rates.estimate.unwrap_or(floor).max(floor).min(cap))
    }

    /// Sends a funding, after those of ours whose change it spends.
    pub(super) async fn send_funding(&self, funding: &Funding) -> Result<(), ChainError> {
        let sent = self.chain().broadcast(&funding.tx.bytes()).await;
        if !is_missing(&sent) {
            return self.outcome(sent, "the lock's transaction");
        }
        let ancestors = self.purse().peek().await.ancestors(&funding.tx);
        for ancestor in &ancestors {
            if let Err(error) = self.chain().broadcast(&ancestor.bytes()).await {
                debug!(chain = %self.chain().id(), txid = %ancestor.txid(), %error,
                    "a payment whose change is spent was not taken again");
            }
        }
        let sent = self.chain().broadcast(&funding.tx.bytes()).await;
        if !is_missing(&sent) {
            return self.outcome(sent, "the lock's transaction");
        }
        let message = match funding.conflict {
            Some(conflict) => format!(
                "the lock cannot be paid by {}: {} spends the same in block {}; another is made once \
                 that is final",
                funding.tx.txid(),
                conflict.txid,
                conflict.block.height
            ),
            None => format!(
                "a coin that {} pays the lock with is spent: by itself, which the chain will show, or \
                 by something else; another is made only once that is certain",
                funding.tx.txid()
            ),
        };
        Err(ChainError::passing(self.chain().id(), message))
    }
}

const fn is_missing(sent: &Result<Broadcast, BroadcastError>) -> bool {
    matches!(
        sent,
        Err(BroadcastError::Refused {
            refusal: Refusal::InputsMissing,
            ..
        })
    )
}
