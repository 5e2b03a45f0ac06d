mod meaning;

use std::collections::BTreeSet;

use async_trait::async_trait;
use bitcoin::{OutPoint, ScriptBuf};
use causeway_bitcoin::{BitcoinError, Cursor, Follower, RpcErrorKind, Severity, Update, Watch};
use tokio::time::sleep;
use tracing::error;

use super::{kept::Kept, registry::Entry, side::BitcoinSide};
use crate::{ChainError, ChainUpdate, Follow, Lock};

/// Follows the chain for all locks that are watched, and for the wallet.
pub(super) struct Following {
    side: BitcoinSide,
    follower: Follower,
    /// What the follower was told to watch.
    scripts: BTreeSet<ScriptBuf>,
    outputs: BTreeSet<OutPoint>,
    generation: u64,
    /// What the chain has told and the caller was not told yet.
    update: Option<Update>,
    cursor: Cursor,
}

impl Following {
    pub(super) fn new(side: BitcoinSide, cursor: Cursor) -> Self {
        let watch = Watch {
            scripts: side.purse().scripts().iter().cloned().collect(),
            outpoints: BTreeSet::new(),
        };
        let follower = side.chain().follow(watch, cursor.clone());
        Self {
            side,
            follower,
            scripts: BTreeSet::new(),
            outputs: BTreeSet::new(),
            // No registry has counted so far.
            generation: u64::MAX,
            update: None,
            cursor,
        }
    }

    /// Takes in what was asked for since the last look.
    async fn prepare(&mut self) -> Result<(), ChainError> {
        let incomplete: Vec<(ScriptBuf, Lock)> = {
            let watched = self.side.registry().open();
            if watched.generation == self.generation {
                return Ok(());
            }
            let entries = watched.locks.iter();
            let incomplete = entries.filter(|(_, entry)| !entry.is_complete);
            let named = incomplete.map(|(script, entry)| (script.clone(), entry.lock.clone()));
            named.collect()
        };
        for (script, lock) in incomplete {
            match self.side.store().load(&lock).await {
                Ok(kept) => {
                    let mut watched = self.side.registry().open();
                    if let Some(entry) = watched.locks.get_mut(&script) {
                        complete(entry, &kept);
                    }
                }
                // One lock that was stored otherwise must not keep others from being followed.
                Err(error) if !error.passes => {
                    error!(chain = %error.chain, swap = %lock.swap, %error, "a lock cannot be watched");
                    self.side.registry().forget(&script);
                }
                Err(error) => return Err(error),
            }
        }
        let watched = self.side.registry().open();
        let scripts: BTreeSet<_> = watched.locks.keys().cloned().collect();
        let outputs = watched.outputs();
        for script in self.scripts.difference(&scripts) {
            self.follower.forget(script, None);
        }
        // An output is forgotten together with a script; none stands for none.
        let none = ScriptBuf::new();
        for output in self.outputs.difference(&outputs) {
            self.follower.forget(&none, Some(output));
        }
        for script in &scripts {
            self.follower.watch_script(script.clone());
        }
        for output in &outputs {
            self.follower.watch_outpoint(*output);
        }
        self.generation = watched.generation;
        drop(watched);
        self.scripts = scripts;
        self.outputs = outputs;
        Ok(())
    }

    fn failed(&self, error: &BitcoinError) -> ChainError {
        let chain = self.side.chain().id();
        let lasts = match error {
            BitcoinError::FinalityViolated { height, .. } => {
                return ChainError::finality_violated(chain, error, *height);
            }
            BitcoinError::Config { .. } => true,
            // A node that refuses us today may be set right tomorrow; one of another chain is none.
            BitcoinError::Rpc(error) => {
                error.severity() == Severity::Stop
                    && matches!(error.kind, RpcErrorKind::WrongChain { .. })
            }
            BitcoinError::Agreement(_) => false,
        };
        if lasts {
            ChainError::lasting(chain, error)
        } else {
            ChainError::passing(chain, error)
        }
    }
}

#[async_trait]
impl Follow for Following {
    async fn next(&mut self) -> Result<ChainUpdate, ChainError> {
        loop {
            self.prepare().await?;
            if self.update.is_none() {
                match self.follower.try_next().await {
                    Ok(update) => self.update = update,
                    Err(error) => {
                        // Whoever asks again at once must not ask too often.
                        sleep(self.side.chain().poll_interval()).await;
                        return Err(self.failed(&error));
                    }
                }
            }
            let Some(update) = &self.update else {
                sleep(self.side.chain().poll_interval()).await;
                continue;
            };
            let understood = self.understand(update).await?;
            self.side.purse().tell(update);
            self.update = None;
            self.cursor = self.follower.cursor();
            return Ok(understood);
        }
    }

    fn cursor(&self) -> String {
        // Numbers and hashes always have a JSON form.
        serde_json::to_string(&self.cursor).unwrap_or_default()
    }
}

/// Takes in what an earlier run has stored, as far as it is about the same output.
fn complete(entry: &mut Entry, kept: &Kept) {
    entry.is_complete = true;
    let (Some(output), Some(seen)) = (&mut entry.output, &kept.seen) else {
        return;
    };
    if output.at == seen.at {
        output.block = output.block.or(Some(seen.block.hash));
        entry.spent = entry.spent.or(kept.spent.map(|by| by.block));
    }
}
