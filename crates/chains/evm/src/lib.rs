//! Driver for EVM chains: follow, read with agreement, submit.
//!
//! The driver knows how to talk to a chain and nothing of what is said. Three invariants hold:
//!
//! - **Nothing is missed.** A [`Follower`] tells of every block in order and withdraws what a
//!   reorganisation removes, across restarts, lagging endpoints and lost subscriptions.
//! - **One endpoint is never enough for a signature.** What will be signed is read with the
//!   `agreed_…` methods of [`EvmChain`], which need the same answer from several endpoints and
//!   never make do with fewer. All other reads go to any endpoint that answers, and are for
//!   liveness.
//! - **A transaction is recorded before it is sent.** A [`TxLane`] never loses one, never sends one
//!   twice and never leaves a nonce empty.
//!
//! What is deliberately absent: any knowledge of contracts, any database (the lane's
//! [`LaneStore`] is the caller's), and any clock but for pauses and time-outs.

mod agreed_state;
mod agreement;
mod chain;
mod config;
mod error;
mod follow;
mod heads;
mod lane;
mod revert;
mod rpc;

pub use agreed_state::{LogQuery, StateQuery};
pub use chain::EvmChain;
pub use config::{EvmConfig, Finality};
pub use error::{AgreementError, EvmError, Severity, Statement};
pub use follow::{Cursor, Follower, LogFilter, Update};
pub use heads::NewestHead;
pub use lane::{
    LaneConfig, LaneError, LaneStore, Reserved, Settled, SignedAttempt, StoreError, TxCall, TxLane,
    TxOutcome, TxRecord,
};
pub use revert::RevertReason;
pub use rpc::{EndpointHealth, Log, RpcError, RpcErrorKind, reads_answer};
