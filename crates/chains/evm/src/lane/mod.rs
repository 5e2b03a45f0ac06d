//! The transaction lane: one per chain and signer, and every transaction of that signer through it.

mod batch;
mod broadcast;
mod config;
mod core;
mod error;
mod estimate;
mod fees;
mod keeper;
mod receipt;
mod store;
mod submission;

pub use config::LaneConfig;
pub use error::{LaneError, StoreError};
pub use receipt::TxOutcome;
pub use store::{LaneStore, Reserved, Settled, SignedAttempt, TxCall, TxRecord};
pub use submission::TxLane;
