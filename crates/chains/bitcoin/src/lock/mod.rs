//! The hash-time-lock: its terms, its output, the ways to spend it, and what a spend tells.

mod error;
mod output;
mod reveal;
mod signed;
mod spend;
mod terms;

pub use error::LockError;
pub use output::HashTimeLock;
pub use reveal::LockSpend;
pub use signed::SignedTx;
pub(crate) use signed::{after_fee, fee_for, vsize};
pub use spend::{CooperativeSpend, LockedCoin};
pub use terms::{LockForm, LockTerms};

#[cfg(test)]
mod tests;
