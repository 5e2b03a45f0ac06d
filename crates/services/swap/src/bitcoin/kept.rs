//! What is kept about each lock, for ever: all that was made for it, and what the chain has shown of it.

use bitcoin::{OutPoint, Txid};
use causeway_bitcoin::{CoinPath, SignedTx};
use causeway_engine::{Machine, Step};
use causeway_types::BlockRef;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Lock, Together};

/// How often the other party gets a signature for one lock.
const MOST_COSIGNED: usize = 50;
/// How many transactions are made for one lock. Nobody raises a fee so often.
const MOST_SPENDS: usize = 500;

/// Everything about one lock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) lock: Lock,
    /// Our transactions that make the lock. There is another only after the one before it was proven
    /// dead.
    pub(super) fundings: Vec<Funding>,
    /// Our transactions that spend the lock, the newest last.
    pub(super) spends: Vec<Made>,
    /// What we have signed for the other party.
    pub(super) cosigned: Vec<Cosigned>,
    /// Where the lock was seen last. A block that is gone is not forgotten: its transaction may be sent
    /// again.
    pub(super) seen: Option<Seen>,
    /// What has spent the lock.
    pub(super) spent: Option<InBlock>,
    /// Nothing more is expected to happen.
    pub(super) done: bool,
}

/// A transaction that makes a lock.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Funding {
    pub(super) tx: SignedTx,
    /// When it was made, in milliseconds of our clock; puts several in order.
    pub(super) made_at: i64,
    /// The address of its change.
    pub(super) path: CoinPath,
    /// The newest height when it, or its last child, was made.
    pub(super) height: u64,
    /// Raise its fee; the first spends its change, each further one the one before it.
    pub(super) children: Vec<SignedTx>,
    /// What has spent one of its coins in its place.
    pub(super) conflict: Option<InBlock>,
    /// Whether that is final, so that this can never be mined.
    pub(super) is_dead: bool,
}

/// A transaction that spends a lock, with the children that raise its fee.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Made {
    pub(super) tx: SignedTx,
    pub(super) way: Way,
    /// The address that it pays to.
    pub(super) path: CoinPath,
    /// The newest height when it, or its last child, was made.
    pub(super) height: u64,
    /// Each spends the one before it.
    pub(super) children: Vec<SignedTx>,
}

/// Who has signed a spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    Alone,
    Together(Together),
}

/// A signature that the other party has got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cosigned {
    pub(super) what: Together,
    pub(super) txid: Txid,
    /// What was signed, in hexadecimal.
    pub(super) sighash: String,
}

/// The lock in a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    pub(super) at: OutPoint,
    pub(super) block: BlockRef,
    /// Its transaction in hexadecimal, if it could be had.
    pub(super) tx: Option<String>,
}

/// A transaction in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct InBlock {
    pub(super) txid: Txid,
    pub(super) block: BlockRef,
}

/// Something to be kept about a lock.
#[derive(Clone, Debug)]
pub(super) enum Note {
    Funding(Funding),
    /// What happened to a coin of a funding, or that it did not happen after all.
    Conflict {
        funding: Txid,
        with: Option<InBlock>,
    },
    /// The funding can never be mined.
    Dead {
        funding: Txid,
    },
    Spend(Made),
    Child {
        of: Txid,
        child: SignedTx,
        height: u64,
    },
    Cosigned(Cosigned),
    Seen(Seen),
    Spent(Option<InBlock>),
    Done,
}

/// Why something is not kept. Whatever follows from it must not happen either.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum KeptError {
    #[error("this lock was stored with other terms, or with another number for its keys")]
    OtherLock,
    #[error("the lock is funded by {txid} already, which may still be mined")]
    SecondFunding { txid: Txid },
    #[error("the other party has got {MOST_COSIGNED} signatures for this lock, which is enough")]
    EnoughCosigned,
    #[error("{MOST_SPENDS} transactions were made to spend this lock, which is enough")]
    EnoughSpends,
    #[error("no transaction {txid} was stored for this lock")]
    Unknown { txid: Txid },
}

/// Keeps notes, and refuses those that must not be.
pub(super) struct LockMachine;

impl Machine for LockMachine {
    const KIND: &'static str = "bitcoin-lock";
    type State = Kept;
    type Input = (Lock, Note);
    type Effect = ();
    type Error = KeptError;

    fn handle(state: Option<Kept>, input: (Lock, Note)) -> Result<Step<Kept, ()>, KeptError> {
        let (lock, note) = input;
        let mut kept = state.unwrap_or_else(|| Kept::new(lock.clone()));
        if kept.lock != lock {
            return Err(KeptError::OtherLock);
        }
        kept.take(note)?;
        let (phase, done) = (kept.phase(), kept.done);
        let step = Step::to(kept, phase);
        Ok(if done { step.done() } else { step })
    }
}

impl Kept {
    pub(super) const fn new(lock: Lock) -> Self {
        Self {
            lock,
            fundings: Vec::new(),
            spends: Vec::new(),
            cosigned: Vec::new(),
            seen: None,
            spent: None,
            done: false,
        }
    }

    /// The funding that may be mined.
    pub(super) fn funding(&self) -> Option<&Funding> {
        self.fundings.last().filter(|funding| !funding.is_dead)
    }

    /// Our transactions that spend this output, the newest last.
    pub(super) fn spends_of(&self, at: OutPoint) -> Vec<&Made> {
        let spends = self.spends.iter();
        spends.filter(|made| made.spends(at)).collect()
    }

    /// What both parties wanted with a transaction that both have signed.
    pub(super) fn wanted_together(&self, txid: Txid) -> Option<Together> {
        let ours = self.spends.iter().filter_map(|made| match made.way {
            Way::Together(what) if made.tx.txid() == txid => Some(what),
            _ => None,
        });
        let theirs = self.cosigned.iter();
        let theirs = theirs.filter(|cosigned| cosigned.txid == txid);
        ours.chain(theirs.map(|cosigned| cosigned.what)).next()
    }

    const fn phase(&self) -> &'static str {
        if self.done {
            "done"
        } else if self.spent.is_some() {
            "spent"
        } else if self.seen.is_some() {
            "seen"
        } else {
            "made"
        }
    }

    fn take(&mut self, note: Note) -> Result<(), KeptError> {
        match note {
            Note::Funding(funding) => {
                if let Some(first) = self.funding() {
                    let txid = first.tx.txid();
                    return Err(KeptError::SecondFunding { txid });
                }
                self.fundings.push(funding);
            }
            Note::Conflict { funding, with } => self.funding_of(funding)?.conflict = with,
            Note::Dead { funding } => self.funding_of(funding)?.is_dead = true,
            Note::Spend(made) => {
                if self.spends.len() >= MOST_SPENDS {
                    return Err(KeptError::EnoughSpends);
                }
                self.spends.push(made);
            }
            Note::Child { of, child, height } => {
                let mut spends = self.spends.iter_mut();
                if let Some(made) = spends.find(|made| made.tx.txid() == of) {
                    made.children.push(child);
                    made.height = height;
                } else {
                    let funding = self.funding_of(of)?;
                    funding.children.push(child);
                    funding.height = height;
                }
            }
            Note::Cosigned(cosigned) => {
                if self.cosigned.contains(&cosigned) {
                    return Ok(());
                }
                if self.cosigned.len() >= MOST_COSIGNED {
                    return Err(KeptError::EnoughCosigned);
                }
                self.cosigned.push(cosigned);
            }
            Note::Seen(seen) => {
                let before = self.seen.take().filter(|before| before.at == seen.at);
                let tx = seen.tx.or_else(|| before.and_then(|before| before.tx));
                self.seen = Some(Seen { tx, ..seen });
            }
            Note::Spent(by) => self.spent = by,
            Note::Done => self.done = true,
        }
        Ok(())
    }

    fn funding_of(&mut self, txid: Txid) -> Result<&mut Funding, KeptError> {
        let mut fundings = self.fundings.iter_mut();
        let found = fundings.find(|funding| funding.tx.txid() == txid);
        found.ok_or(KeptError::Unknown { txid })
    }
}

impl Funding {
    /// It and its children, the newest last.
    pub(super) fn package(&self) -> Vec<SignedTx> {
        [std::slice::from_ref(&self.tx), &self.children].concat()
    }
}

impl Made {
    pub(super) fn spends(&self, at: OutPoint) -> bool {
        let mut inputs = self.tx.tx.input.iter();
        inputs.any(|input| input.previous_output == at)
    }

    /// It and its children, the newest last.
    pub(super) fn package(&self) -> Vec<SignedTx> {
        [std::slice::from_ref(&self.tx), &self.children].concat()
    }
}

#[cfg(test)]
mod tests;
