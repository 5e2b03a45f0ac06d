//! What a block means for swaps, and what has to be stored of it.

use bitcoin::{OutPoint, ScriptBuf, Transaction, Txid, Witness, hex::DisplayHex as _};
use causeway_bitcoin::{BlockEvent, LockSpend, LockedCoin, Update};
use causeway_swap::{Amount, Secret, SpentBy, WrongLock};
use causeway_types::BlockRef;
use tracing::{debug, warn};

use super::{
    super::{
        kept::{InBlock, Note, Seen},
        registry::{Conflict, Entry, Output},
    },
    Following,
};
use crate::{ChainError, ChainUpdate, Lock, Sight, Sighting, Together};

/// The most bytes of a lock's transaction that are kept: what nodes relay has no more.
const MOST_BYTES: usize = 400_000;

impl Following {
    /// What an update means for swaps, after having stored what must be known later.
    pub(super) async fn understand(&self, update: &Update) -> Result<ChainUpdate, ChainError> {
        match update {
            Update::Block { block, events } => {
                let mut sightings = Vec::new();
                for event in events {
                    let seen = match event {
                        BlockEvent::Paid {
                            coin,
                            script,
                            coinbase,
                        } => self.paid(*block, *coin, script, *coinbase).await?,
                        BlockEvent::Spent {
                            outpoint,
                            txid,
                            witness,
                        } => {
                            let by = InBlock {
                                txid: *txid,
                                block: *block,
                            };
                            self.conflicts(*outpoint, by).await?;
                            self.spent(*outpoint, by, witness).await?
                        }
                    };
                    sightings.extend(seen);
                }
                Ok(ChainUpdate::Block {
                    block: *block,
                    sightings,
                })
            }
            Update::Withdrawn { block } => {
                self.withdrawn(block).await?;
                Ok(ChainUpdate::Withdrawn { block: *block })
            }
            Update::Final { block } => {
                self.settled(block).await?;
                Ok(ChainUpdate::Final { block: *block })
            }
        }
    }

    async fn paid(
        &self,
        block: BlockRef,
        coin: LockedCoin,
        script: &ScriptBuf,
        coinbase: bool,
    ) -> Result<Option<Sighting>, ChainError> {
        let lock = {
            let mut watched = self.side.registry().open();
            let Some(entry) = watched.locks.get_mut(script) else {
                return Ok(None);
            };
            let lock = entry.lock.clone();
            // A miner's reward cannot be spent for 100 blocks, and the expiry would come first.
            if coinbase {
                let sight = Sight::LockedOtherwise(WrongLock::Terms);
                return Ok(Some(sighting(&lock, sight)));
            }
            let is_first = entry.output.is_none_or(|output| output.at == coin.outpoint);
            if coin.value == entry.value && is_first {
                let (at, block) = (coin.outpoint, Some(block.hash));
                entry.output = Some(Output { at, block });
            } else {
                return Ok(Some(sighting(&lock, locked(coin))));
            }
            lock
        };
        let seen = Seen {
            at: coin.outpoint,
            block,
            tx: self.transaction(coin.outpoint.txid, block).await,
        };
        self.side.store().note(&lock, Note::Seen(seen)).await?;
        Ok(Some(sighting(&lock, locked(coin))))
    }

    /// The bytes of a lock's transaction, so that it can be sent again; nothing, if no node gives them.
    async fn transaction(&self, txid: Txid, block: BlockRef) -> Option<String> {
        let hash = Some(block.hash);
        let asked = self.side.chain();
        let found = asked
            .any(|node| async move { node.raw_transaction(txid, hash).await })
            .await;
        match found {
            Ok(Some(bytes)) if bytes.len() <= MOST_BYTES && may_be(&bytes, txid) => {
                Some(bytes.to_lower_hex_string())
            }
            Ok(_) => None,
            Err(error) => {
                debug!(%txid, %error, "a lock's transaction could not be had");
                None
            }
        }
    }

    async fn spent(
        &self,
        at: OutPoint,
        by: InBlock,
        witness: &Witness,
    ) -> Result<Option<Sighting>, ChainError> {
        let found = {
            let mut watched = self.side.registry().open();
            watched.lock_at(at).map(|entry| {
                entry.spent = Some(by.block);
                (entry.lock.clone(), entry.terms.classify(witness))
            })
        };
        let Some((lock, spend)) = found else {
            return Ok(None);
        };
        let how = match spend {
            LockSpend::Claim(secret) => SpentBy::Claim {
                secret: Some(Secret::from_bytes(secret.to_bytes())),
            },
            LockSpend::Refund => SpentBy::Refund,
            LockSpend::KeyPath => {
                let kept = self.side.store().load(&lock).await?;
                match kept.wanted_together(by.txid) {
                    Some(Together::Claim) => SpentBy::Claim { secret: None },
                    Some(Together::Refund) => SpentBy::Refund,
                    None => SpentBy::Unknown,
                }
            }
            LockSpend::Unknown => SpentBy::Unknown,
        };
        if how == SpentBy::Unknown {
            warn!(chain = %self.side.chain().id(), swap = %lock.swap, txid = %by.txid,
                "a lock was spent in a way that cannot be explained");
        }
        self.side.store().note(&lock, Note::Spent(Some(by))).await?;
        Ok(Some(sighting(&lock, Sight::Spent(how))))
    }

    /// Whether something else spends a coin of one of our fundings.
    async fn conflicts(&self, at: OutPoint, by: InBlock) -> Result<(), ChainError> {
        let payment = self.side.registry().open().inputs.get(&at).cloned();
        let Some(payment) = payment.filter(|payment| payment.txid != by.txid) else {
            return Ok(());
        };
        warn!(chain = %self.side.chain().id(), swap = %payment.lock.swap, funding = %payment.txid,
            by = %by.txid, "something else spends a coin that a lock was to be paid with");
        let (funding, with) = (payment.txid, Some(by));
        let note = Note::Conflict { funding, with };
        self.side.store().note(&payment.lock, note).await?;
        let conflict = Conflict {
            lock: payment.lock,
            with: by,
        };
        let mut watched = self.side.registry().open();
        watched.conflicts.insert(funding, conflict);
        Ok(())
    }

    async fn withdrawn(&self, block: &BlockRef) -> Result<(), ChainError> {
        let (locks, fundings) = {
            let watched = self.side.registry().open();
            let spent_there = |entry: &&Entry| entry.spent.is_some_and(|by| by.hash == block.hash);
            let locks = watched.locks.values().filter(spent_there);
            let locks: Vec<Lock> = locks.map(|entry| entry.lock.clone()).collect();
            let there = watched.conflicts.iter();
            let there = there.filter(|(_, conflict)| conflict.with.block.hash == block.hash);
            let fundings = there.map(|(txid, conflict)| (*txid, conflict.lock.clone()));
            (locks, fundings.collect::<Vec<_>>())
        };
        for lock in locks {
            self.side.store().note(&lock, Note::Spent(None)).await?;
        }
        for (funding, lock) in fundings {
            let note = Note::Conflict {
                funding,
                with: None,
            };
            self.side.store().note(&lock, note).await?;
            self.side.registry().open().conflicts.remove(&funding);
        }
        let mut watched = self.side.registry().open();
        for entry in watched.locks.values_mut() {
            entry.spent = entry.spent.filter(|by| by.hash != block.hash);
            let stays = |output: &Output| output.block != Some(block.hash);
            entry.output = entry.output.filter(stays);
        }
        Ok(())
    }

    /// Whatever was told stands for nothing: it is told again.
    pub(in crate::bitcoin) async fn forget_told(&self) -> Result<(), ChainError> {
        let blocks = {
            let watched = self.side.registry().open();
            let spent = watched.locks.values().filter_map(|entry| entry.spent);
            let conflicts = watched.conflicts.values();
            let conflicts = conflicts.map(|conflict| conflict.with.block);
            spent.chain(conflicts).collect::<Vec<_>>()
        };
        for block in blocks {
            self.withdrawn(&block).await?;
        }
        let mut watched = self.side.registry().open();
        for entry in watched.locks.values_mut() {
            // Where a lock is that was delegated to us is known without a block.
            entry.output = entry.output.filter(|output| output.block.is_none());
        }
        watched.generation += 1;
        Ok(())
    }

    /// What is final frees what was kept for the case that it is not.
    async fn settled(&self, block: &BlockRef) -> Result<(), ChainError> {
        let (locks, fundings) = {
            let watched = self.side.registry().open();
            let spent = |entry: &&Entry| entry.spent.is_some_and(|by| by.height <= block.height);
            let locks = watched.locks.values().filter(spent);
            let locks: Vec<Lock> = locks.map(|entry| entry.lock.clone()).collect();
            let conflicts = watched.conflicts.iter();
            let dead = conflicts.filter(|(_, one)| one.with.block.height <= block.height);
            let fundings = dead.map(|(txid, conflict)| (*txid, conflict.lock.clone()));
            (locks, fundings.collect::<Vec<_>>())
        };
        for lock in locks {
            let kept = self.side.store().load(&lock).await?;
            if kept.done {
                continue;
            }
            for funding in &kept.fundings {
                self.side.registry().forget_funding(funding.tx.txid());
                // What a child of it has spent may be there after all.
                let search = !funding.children.is_empty();
                for payment in funding.package() {
                    self.side.purse().settle(payment.txid(), search);
                }
            }
            self.side.store().note(&lock, Note::Done).await?;
        }
        for (funding, lock) in fundings {
            self.side
                .store()
                .note(&lock, Note::Dead { funding })
                .await?;
            let kept = self.side.store().load(&lock).await?;
            for dead in kept.fundings.iter().filter(|one| one.tx.txid() == funding) {
                for payment in dead.package() {
                    self.side.purse().settle(payment.txid(), true);
                }
            }
            self.side.registry().forget_funding(funding);
        }
        Ok(())
    }
}

/// Whether these may be the bytes of this transaction. Some of Litecoin's cannot be read here.
fn may_be(bytes: &[u8], txid: Txid) -> bool {
    let read = bitcoin::consensus::deserialize::<Transaction>(bytes);
    read.map_or(true, |tx| tx.compute_txid() == txid)
}

fn locked(coin: LockedCoin) -> Sight {
    Sight::Locked {
        at: coin.outpoint.to_string(),
        amount: Amount::new(coin.value.to_sat().into()),
    }
}

const fn sighting(lock: &Lock, sight: Sight) -> Sighting {
    Sighting {
        swap: lock.swap,
        leg: lock.leg,
        sight,
    }
}
