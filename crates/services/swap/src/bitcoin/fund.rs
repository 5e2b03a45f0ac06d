//! Making a lock.

use std::collections::BTreeSet;

use bitcoin::{OutPoint, ScriptBuf};
use causeway_bitcoin::{Broadcast, BroadcastError, CoinPath, Refusal};
use causeway_engine::UnixMillis;
use tracing::{debug, info};

use super::{
    fees::{Market, Plan},
    kept::{Funding, Kept, Note},
    side::BitcoinSide,
    spend::CALM,
    terms,
};
use crate::{ChainError, Lock};

/// Which output of a funding is its change. The first is the lock.
const CHANGE: u32 = 1;
/// Within how many blocks a lock is to be mined.
pub(super) const FUNDING_TARGET: u16 = 3;

impl BitcoinSide {
    /// Makes our lock, or sends what makes it again.
    pub(super) async fn make(&self, lock: &Lock) -> Result<(), ChainError> {
        let script = terms::of(self.chain(), lock)?.script_pubkey();
        self.expect_party(lock, &lock.terms.refunder)?;
        let kept = self.store().load(lock).await?;
        if let Some(funding) = kept.funding() {
            self.send_funding(funding).await?;
            return self.raise_funding(lock, funding).await;
        }
        self.check_terms(&lock.terms)?;
        let height = self.expect_enforcement().await?;
        self.expect_nothing_forgotten().await?;
        // It was made after all, by whoever had the store that ours is an old copy of.
        let kept = self.store().load(lock).await?;
        if kept.fundings.is_empty() && kept.seen.is_some() {
            return self.send_again(lock).await;
        }
        let funding = self.fund(lock, &script, height).await?;
        self.send_funding(&funding).await
    }

    /// Adds a child to a funding that waits and pays less than others do, from its change, if it has some
    /// that nothing else of ours spends.
    async fn raise_funding(&self, lock: &Lock, funding: &Funding) -> Result<(), ChainError> {
        let head = self.agreed_head().await?;
        let pending = funding.package();
        let (Some(last), true) = (pending.last(), funding.height < head.height) else {
            return Ok(());
        };
        let vout = if pending.len() == 1 { CHANGE } else { 0 };
        let change = OutPoint::new(last.txid(), vout);
        let has_change = funding.tx.tx.output.len() > 1;
        // In a block, it needs no raise.
        let txid = funding.tx.txid();
        let waits = self
            .chain()
            .any(|node| async move { node.is_pending(txid).await })
            .await
            .map_err(|error| ChainError::passing(self.chain().id(), error))?;
        if !has_change || !waits {
            return Ok(());
        }
        let rates = self.agreed_rates(FUNDING_TARGET).await?;
        let value = terms::value(self.chain(), &lock.terms)?;
        let market = Market::new(self.settings(), rates, value, CALM);
        let Plan::Child(rate) = market.raise(&pending, None, false) else {
            return Ok(());
        };
        let child = self.child(&pending, CHANGE, funding.path, rate)?;
        let mut purse = self.purse().peek().await;
        if purse.spends(change) {
            return Ok(());
        }
        let note = Note::Child {
            of: txid,
            child: child.clone(),
            height: head.height,
        };
        self.store().note(lock, note).await?;
        purse.record(&child);
        drop(purse);
        let sent = self.chain().broadcast(&child.bytes()).await;
        self.outcome(sent, "a child of the lock's transaction")
    }

    /// The newest height. Below a certain one the chain does not hold refunds back, so that a lock is none.
    async fn expect_enforcement(&self) -> Result<u64, ChainError> {
        let head = self.agreed_head().await?;
        let first = u64::from(self.chain().network().lock_times_from);
        if head.height >= first {
            return Ok(head.height);
        }
        let message = format!(
            "the chain enforces lock times from height {first} on and is at {}: wait until then",
            head.height
        );
        Err(ChainError::passing(self.chain().id(), message))
    }

    /// A store that was put back from an old copy does not know what was paid since. What waits for its
    /// block may be the very lock that is to be made, so that nothing is paid beside it; once it is in a
    /// block, it is seen. As a store is put back only between two runs, once in a run is enough.
    async fn expect_nothing_forgotten(&self) -> Result<(), ChainError> {
        // A node searches for one at a time, and so does the wallet.
        let _one_at_a_time = self.purse().peek().await;
        if self.knows_what_is_pending() {
            return Ok(());
        }
        let mut ours = BTreeSet::new();
        for kept in self.store().open().await? {
            let spends = kept.spends.iter();
            let made = spends.flat_map(|made| made.children.iter().chain([&made.tx]));
            let made = made.chain(kept.fundings.iter().map(|funding| &funding.tx));
            let inputs = made.flat_map(|made| made.tx.input.iter());
            ours.extend(inputs.map(|input| input.previous_output));
        }
        let passing = |error| ChainError::passing(self.chain().id(), error);
        let scripts = self.purse().scripts().iter();
        let scripts: Vec<_> = scripts.map(ScriptBuf::as_script).collect();
        let wanted = scripts.as_slice();
        let searched = self
            .chain()
            .any(|node| async move { node.scan(wanted).await });
        let (_, coins) = searched.await.map_err(passing)?;
        let coins = coins.into_iter().map(|coin| coin.outpoint);
        for coin in coins.filter(|coin| !ours.contains(coin)) {
            let asked = self
                .chain()
                .any(|node| async move { node.unspent(coin, true).await });
            if asked.await.map_err(passing)?.is_none() {
                let message = format!(
                    "a payment of ours that the store does not know of spends {coin}, and may be this \
                     lock: once it is in a block, or gone, the lock is made if it is missing"
                );
                return Err(ChainError::passing(self.chain().id(), message));
            }
        }
        self.learn_what_is_pending();
        Ok(())
    }

    /// A funding that is stored, from coins that nothing else spends. The purse stays open until then.
    async fn fund(
        &self,
        lock: &Lock,
        script: &ScriptBuf,
        height: u64,
    ) -> Result<Funding, ChainError> {
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
            path: CoinPath {
                change: true,
                index: change,
            },
            height,
            children: Vec::new(),
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
            self.outcome(sent, "the lock's transaction")?;
            self.send_children(&funding.children).await;
            return Ok(());
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
