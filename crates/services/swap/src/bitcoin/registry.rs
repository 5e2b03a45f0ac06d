//! What followers look out for: the scripts of locks, and the outputs that are the locks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use alloy_primitives::B256;
use bitcoin::{Amount, OutPoint, ScriptBuf, Txid};
use causeway_bitcoin::HashTimeLock;
use causeway_types::BlockRef;

use super::kept::{InBlock, Kept};
use crate::Lock;

/// Shared by whoever watches and all who follow.
#[derive(Clone, Debug, Default)]
pub(super) struct Registry(Arc<Mutex<Watched>>);

/// All that is watched.
#[derive(Debug, Default)]
pub(super) struct Watched {
    /// Changes with everything that a follower has to be told.
    pub(super) generation: u64,
    pub(super) locks: BTreeMap<ScriptBuf, Entry>,
    /// The coins of our fundings that may be mined, and whose.
    pub(super) inputs: BTreeMap<OutPoint, Payment>,
    /// What was spent in the place of one of our fundings.
    pub(super) conflicts: BTreeMap<Txid, Conflict>,
}

/// A lock that is watched.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) lock: Lock,
    pub(super) terms: HashTimeLock,
    /// The agreed amount.
    pub(super) value: Amount,
    /// The output that is the lock: the first with the right amount. Spends of others say nothing about
    /// the swap, and anybody can pay to the script.
    pub(super) output: Option<Output>,
    /// The block that spends it.
    pub(super) spent: Option<BlockRef>,
    /// Whether what was stored in earlier runs has been looked up.
    pub(super) is_complete: bool,
}

/// Where a lock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) at: OutPoint,
    /// Its block, if that is known.
    pub(super) block: Option<B256>,
}

/// A funding, as seen from its coins.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub(super) lock: Lock,
    pub(super) txid: Txid,
}

/// A block in which a coin of a funding went elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Conflict {
    pub(super) lock: Lock,
    pub(super) with: InBlock,
}

impl Registry {
    pub(super) fn open(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn watch(
        &self,
        lock: &Lock,
        terms: HashTimeLock,
        value: Amount,
        at: Option<OutPoint>,
    ) {
        let mut watched = self.open();
        let output = at.map(|at| Output { at, block: None });
        let script = terms.script_pubkey();
        if let Some(entry) = watched.locks.get_mut(&script) {
            if entry.output.is_some() || output.is_none() {
                return;
            }
            entry.output = output;
            entry.is_complete = false;
        } else {
            let entry = Entry {
                lock: lock.clone(),
                terms,
                value,
                output,
                spent: None,
                is_complete: false,
            };
            watched.locks.insert(script, entry);
        }
        watched.generation += 1;
    }

    pub(super) fn forget(&self, script: &ScriptBuf) {
        let mut watched = self.open();
        if watched.locks.remove(script).is_some() {
            watched.generation += 1;
        }
    }

    /// Looks out for whatever else may spend the coins of our fundings.
    pub(super) fn watch_fundings(&self, kept: &Kept) {
        let mut watched = self.open();
        for funding in kept.fundings.iter().filter(|funding| !funding.is_dead) {
            let txid = funding.tx.txid();
            for input in &funding.tx.tx.input {
                let lock = kept.lock.clone();
                let payment = Payment { lock, txid };
                watched.inputs.insert(input.previous_output, payment);
            }
            if let Some(with) = funding.conflict {
                let lock = kept.lock.clone();
                watched.conflicts.insert(txid, Conflict { lock, with });
            }
        }
        watched.generation += 1;
    }

    /// Looks out for them no more.
    pub(super) fn forget_funding(&self, txid: Txid) {
        let mut watched = self.open();
        watched.inputs.retain(|_, payment| payment.txid != txid);
        watched.conflicts.remove(&txid);
        watched.generation += 1;
    }
}

impl Watched {
    /// The lock that this output is.
    pub(super) fn lock_at(&mut self, at: OutPoint) -> Option<&mut Entry> {
        let is_it = |entry: &&mut Entry| entry.output.is_some_and(|output| output.at == at);
        self.locks.values_mut().find(is_it)
    }

    /// All outputs whose fate matters.
    pub(super) fn outputs(&self) -> BTreeSet<OutPoint> {
        let locks = self.locks.values().filter_map(|entry| entry.output);
        let locks = locks.map(|output| output.at);
        locks.chain(self.inputs.keys().copied()).collect()
    }
}
