use std::sync::{Arc, Mutex};

use causeway_swap::{Amount, SpentBy};
use causeway_swap_service::{ChainUpdate, Lock, Sight, SwapChain as _, evm::EvmSide};
use causeway_types::BlockRef;
use tokio::task::JoinHandle;

use super::eventually;

#[derive(Default)]
struct Told {
    updates: Vec<ChainUpdate>,
    cursor: String,
}

/// Follows a side and keeps what it tells.
pub(crate) struct Watcher {
    told: Arc<Mutex<Told>>,
    task: JoinHandle<()>,
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watcher {
    pub(crate) async fn start(side: &Arc<EvmSide>, cursor: Option<&str>) -> Self {
        let mut follow = side.follow(cursor).await.unwrap();
        let told = Arc::new(Mutex::new(Told {
            cursor: follow.cursor(),
            ..Told::default()
        }));
        let kept = Arc::clone(&told);
        let task = tokio::spawn(async move {
            loop {
                match follow.next().await {
                    Ok(update) => {
                        let mut told = kept.lock().unwrap();
                        told.updates.push(update);
                        told.cursor = follow.cursor();
                    }
                    Err(error) => {
                        assert!(error.passes, "{error}");
                        tracing::warn!(%error, "following failed");
                    }
                }
            }
        });
        Self { told, task }
    }

    pub(crate) fn updates(&self) -> Vec<ChainUpdate> {
        self.told.lock().unwrap().updates.clone()
    }

    pub(crate) fn cursor(&self) -> String {
        self.told.lock().unwrap().cursor.clone()
    }

    /// What stands by what was told: every sight of a lock, with its block and whether that is final.
    pub(crate) fn sights(&self, lock: &Lock) -> Vec<(Sight, BlockRef, bool)> {
        let mut standing: Vec<(Sight, BlockRef, bool)> = Vec::new();
        for update in self.updates() {
            match update {
                ChainUpdate::Block { block, sightings } => {
                    for sighting in sightings {
                        if (sighting.swap, sighting.leg) == (lock.swap, lock.leg) {
                            standing.push((sighting.sight, block, false));
                        }
                    }
                }
                ChainUpdate::Withdrawn { block } => standing.retain(|(_, of, _)| *of != block),
                ChainUpdate::Final { block } => {
                    for (_, of, is_final) in &mut standing {
                        *is_final |= of.height <= block.height;
                    }
                }
            }
        }
        standing
    }

    /// Waits for a sight.
    pub(crate) async fn sight<T>(&self, lock: &Lock, of: impl Fn(&Sight) -> Option<T>) -> T {
        eventually(async || self.sights(lock).iter().find_map(|(sight, ..)| of(sight))).await
    }

    /// Waits until the lock is seen, with the agreed amount. Gives where it is.
    pub(crate) async fn locked(&self, lock: &Lock) -> String {
        let (at, amount) = self.locked_with(lock).await;
        assert_eq!(amount, lock.terms.amount);
        at
    }

    pub(crate) async fn locked_with(&self, lock: &Lock) -> (String, Amount) {
        let of = |sight: &Sight| match sight {
            Sight::Locked { at, amount } => Some((at.clone(), *amount)),
            _ => None,
        };
        self.sight(lock, of).await
    }

    /// Waits until the lock is spent. Says how.
    pub(crate) async fn spent(&self, lock: &Lock) -> SpentBy {
        let of = |sight: &Sight| match sight {
            Sight::Spent(by) => Some(by.clone()),
            _ => None,
        };
        self.sight(lock, of).await
    }

    /// Waits until the newest block of a height was told.
    pub(crate) async fn reached(&self, height: u64) {
        eventually(async || {
            let updates = self.updates();
            let told = updates.iter().any(|update| match update {
                ChainUpdate::Block { block, .. } => block.height >= height,
                _ => false,
            });
            told.then_some(())
        })
        .await;
    }
}
