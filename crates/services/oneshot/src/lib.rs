//! Delivers the packets of one transaction, without a daemon and without state.
//!
//! A [`OneShot`] finds the packet events of a transaction, decides what has to happen next to each
//! packet by what both chains say now, gathers the proof that the relayer would gather, and makes the
//! transactions that deliver it. Whoever sends them signs and pays: this crate holds no key. Nothing
//! here is trusted by anybody: the destination checks every proof, and a repeated delivery does
//! nothing.

// One error ends the whole command: its size costs nothing.
#![allow(clippy::result_large_err)]

mod error;
mod find;
mod next;
mod place;
mod prove;

pub use error::OneShotError;
pub use find::{FoundTx, RouterEvent};
pub use next::{Next, Over, Readiness, Step};
pub use place::{OneShot, Place};
pub use prove::{Proven, Setback, UnsignedTx};
