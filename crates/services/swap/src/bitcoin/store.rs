use causeway_engine::{Engine, Filter, UnitError, UnixMillis};
use causeway_types::ChainId;

use super::kept::{Kept, KeptError, LockMachine, Note};
use crate::{ChainError, Lock};

/// The durable notes about locks on one chain.
#[derive(Clone, Debug)]
pub(super) struct Store {
    engine: Engine,
    chain: ChainId,
}

impl Store {
    pub(super) const fn new(engine: Engine, chain: ChainId) -> Self {
        Self { engine, chain }
    }

    /// What is kept about a lock; nothing yet, for a new one.
    pub(super) async fn load(&self, lock: &Lock) -> Result<Kept, ChainError> {
        let found = self.engine.process::<LockMachine>(&key(lock)).await;
        let found = found.map_err(|error| ChainError::passing(&self.chain, error))?;
        match found {
            Some(process) if process.state.lock != *lock => {
                Err(ChainError::lasting(&self.chain, KeptError::OtherLock))
            }
            Some(process) => Ok(process.state),
            None => Ok(Kept::new(lock.clone())),
        }
    }

    /// Keeps a note. What follows from it may be done once this has returned.
    pub(super) async fn note(&self, lock: &Lock, note: Note) -> Result<(), ChainError> {
        let passing = |error| ChainError::passing(&self.chain, error);
        let mut unit = self
            .engine
            .begin(UnixMillis::now())
            .await
            .map_err(passing)?;
        let input = (lock.clone(), note);
        match unit.handle::<LockMachine>(&key(lock), input).await {
            Ok(()) => unit.commit().await.map_err(passing),
            Err(UnitError::Engine(error)) => Err(passing(error)),
            // What was made before is sent all the same; nobody may take this for the end of it.
            Err(UnitError::Machine(error @ KeptError::EnoughSpends)) => {
                Err(ChainError::passing(&self.chain, error))
            }
            Err(UnitError::Machine(error)) => Err(ChainError::lasting(&self.chain, error)),
        }
    }

    /// All locks on this chain about which something may still happen.
    pub(super) async fn open(&self) -> Result<Vec<Kept>, ChainError> {
        let filter = Filter {
            open_only: true,
            ..Filter::default()
        };
        let found = self.engine.processes::<LockMachine>(filter).await;
        let found = found.map_err(|error| ChainError::passing(&self.chain, error))?;
        let kept = found.into_iter().map(|process| process.state);
        Ok(kept
            .filter(|kept| *kept.lock.terms.asset.chain() == self.chain)
            .collect())
    }
}

fn key(lock: &Lock) -> String {
    format!("{}/{}", lock.swap, lock.leg.name())
}
