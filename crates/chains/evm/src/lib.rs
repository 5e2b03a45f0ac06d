//! Driver for EVM chains: follow, read with agreement, submit.

mod agreement;
mod chain;
mod config;
mod error;
mod follow;
mod lane;
mod revert;
mod rpc;

pub use chain::EvmChain;
pub use config::{EvmConfig, Finality};
pub use error::{AgreementError, EvmError, Severity, Statement};
pub use follow::{Cursor, Follower, LogFilter, Update};
pub use lane::{
    LaneConfig, LaneError, LaneStore, Reserved, Settled, SignedAttempt, StoreError, TxCall, TxLane,
    TxOutcome, TxRecord,
};
pub use revert::RevertReason;
pub use rpc::{EndpointHealth, Log, RpcError, RpcErrorKind};
