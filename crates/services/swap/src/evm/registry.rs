//! The locks that are looked out for, and what a log means for them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use alloy::primitives::{B256, U256};
use causeway_contracts::hash_time_lock::IHashTimeLock::Terms;
use causeway_swap::{Amount, Leg, Secret, SpentBy, SwapId, WrongLock};
use causeway_types::BlockRef;
use tokio::{sync::watch, time::timeout};

use super::{event::Event, lock::EvmLock};
use crate::{Sight, Sighting};

/// A leg of a swap.
type Key = (SwapId, Leg);

/// Shared by the side and its followers.
#[derive(Debug)]
pub(super) struct Registry {
    watched: Mutex<Watched>,
    /// The height up to which followers have told.
    told: watch::Sender<Option<u64>>,
}

#[derive(Debug, Default)]
struct Watched {
    locks: BTreeMap<Key, One>,
    by_id: HashMap<B256, BTreeSet<Key>>,
    by_hash: HashMap<B256, BTreeSet<Key>>,
}

#[derive(Debug)]
struct One {
    lock: EvmLock,
    id: B256,
    /// The blocks that told of this very lock, and are not gone.
    told_in: HashSet<B256>,
    /// Those of them that told of its claim, with their heights.
    claimed_in: HashMap<B256, u64>,
}

/// The upper 160 bits of a word: the party in a `ClaimWindow` or a `RefundRight`.
fn party(word: U256) -> U256 {
    word >> 96
}

impl One {
    /// Whether these are its terms, but for the amount.
    fn fits(&self, terms: &Terms) -> bool {
        self.lock.token == terms.token
            && self.lock.window() == terms.claimWindow
            && self.lock.right() == terms.refundRight
    }

    /// Whether one of its parties has the same part in these terms. Everybody can lock anything under a hash that he
    /// has seen; what names nobody is nobody's concern.
    fn concerns(&self, terms: &Terms) -> bool {
        party(self.lock.window()) == party(terms.claimWindow)
            || party(self.lock.right()) == party(terms.refundRight)
    }
}

impl Registry {
    pub(super) fn new() -> Self {
        Self {
            watched: Mutex::default(),
            told: watch::Sender::new(None),
        }
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(&self, key: Key, lock: EvmLock) {
        let mut watched = self.watched();
        if watched.locks.contains_key(&key) {
            return;
        }
        let id = lock.id();
        watched.by_id.entry(id).or_default().insert(key);
        watched
            .by_hash
            .entry(lock.hash_lock)
            .or_default()
            .insert(key);
        let one = One {
            lock,
            id,
            told_in: HashSet::new(),
            claimed_in: HashMap::new(),
        };
        watched.locks.insert(key, one);
    }

    pub(super) fn remove(&self, key: Key) {
        let mut watched = self.watched();
        let Some(gone) = watched.locks.remove(&key) else {
            return;
        };
        drop_from(&mut watched.by_id, gone.id, key);
        drop_from(&mut watched.by_hash, gone.lock.hash_lock, key);
    }

    /// Whether this lock, or its end, was told of in a block that is not gone; `None` if it is not looked out for.
    pub(super) fn was_told(&self, key: Key) -> Option<bool> {
        let watched = self.watched();
        watched.locks.get(&key).map(|one| !one.told_in.is_empty())
    }

    /// Another swap with the same hash lock: one secret opens both.
    pub(super) fn rival(&self, key: Key) -> Option<SwapId> {
        let watched = self.watched();
        let hash_lock = watched.locks.get(&key)?.lock.hash_lock;
        let sharing = watched.by_hash.get(&hash_lock)?;
        sharing
            .iter()
            .map(|(swap, _)| *swap)
            .find(|swap| *swap != key.0)
    }

    /// What an event in a block means for the locks that are looked out for.
    pub(super) fn judge(&self, event: &Event, block: &BlockRef) -> Vec<Sighting> {
        let mut watched = self.watched();
        let id = event.id();
        let about: Vec<Key> = watched
            .by_id
            .get(&id)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        let mut is_over = false;
        for key in &about {
            if let Some(one) = watched.locks.get_mut(key) {
                one.told_in.insert(block.hash);
                // Earlier, and not in this block or after it: what was told may be told once more, from an older place.
                is_over |= one.claimed_in.values().any(|height| *height < block.height);
                if matches!(event, Event::Claimed { .. }) {
                    one.claimed_in.insert(block.hash, block.height);
                }
            }
        }
        // The contract takes the same terms again once they were claimed. That is a gift to the claimer, who may take
        // it or not, and no part of the swap.
        if is_over && matches!(event, Event::Locked { .. }) {
            return Vec::new();
        }
        let all = |keys: Vec<Key>, sight: Sight| {
            let sighting = |(swap, leg)| Sighting {
                swap,
                leg,
                sight: sight.clone(),
            };
            keys.into_iter().map(sighting).collect()
        };
        match event {
            Event::Claimed { secret, .. } => {
                let secret = Some(Secret::from_bytes(secret.0));
                all(about, Sight::Spent(SpentBy::Claim { secret }))
            }
            Event::Refunded { .. } => all(about, Sight::Spent(SpentBy::Refund)),
            Event::Locked { hash_lock, terms } => {
                let wrong = Sight::LockedOtherwise(WrongLock::Terms);
                // More than any coin or token of worth has in all.
                let Ok(units) = u128::try_from(terms.amount) else {
                    return all(watched.concerned(*hash_lock, terms), wrong);
                };
                let locked = Sight::Locked {
                    at: id.to_string(),
                    amount: Amount::new(units),
                };
                if !about.is_empty() {
                    return all(about, locked);
                }
                let but_for_amount = watched.under(*hash_lock, |one| one.fits(terms));
                if !but_for_amount.is_empty() {
                    return all(but_for_amount, locked);
                }
                all(watched.concerned(*hash_lock, terms), wrong)
            }
        }
    }

    /// A block is gone, with what it told.
    pub(super) fn withdraw(&self, block: &BlockRef) {
        for one in self.watched().locks.values_mut() {
            one.told_in.remove(&block.hash);
            one.claimed_in.remove(&block.hash);
        }
        self.reached(block.height.checked_sub(1));
    }

    /// Nothing that was told stands for sure: it is told again.
    pub(super) fn forget_told(&self) {
        for one in self.watched().locks.values_mut() {
            one.told_in.clear();
            one.claimed_in.clear();
        }
    }

    /// Everything up to this height was told.
    pub(super) fn reached(&self, height: Option<u64>) {
        self.told.send_replace(height);
    }

    /// Waits until a follower has told everything up to this height. Otherwise the height up to which one has.
    pub(super) async fn catch_up(
        &self,
        height: u64,
        patience: Duration,
    ) -> Result<(), Option<u64>> {
        let mut told = self.told.subscribe();
        let caught_up = told.wait_for(|told| told.is_some_and(|told| told >= height));
        match timeout(patience, caught_up).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(*self.told.borrow()),
        }
    }
}

impl Watched {
    /// The locks under a hash lock that are like this.
    fn under(&self, hash_lock: B256, like: impl Fn(&One) -> bool) -> Vec<Key> {
        let keys = self.by_hash.get(&hash_lock).into_iter().flatten();
        keys.filter(|key| self.locks.get(*key).is_some_and(&like))
            .copied()
            .collect()
    }

    fn concerned(&self, hash_lock: B256, terms: &Terms) -> Vec<Key> {
        self.under(hash_lock, |one| one.concerns(terms))
    }
}

fn drop_from(index: &mut HashMap<B256, BTreeSet<Key>>, name: B256, key: Key) {
    if let Some(keys) = index.get_mut(&name) {
        keys.remove(&key);
        if keys.is_empty() {
            index.remove(&name);
        }
    }
}
