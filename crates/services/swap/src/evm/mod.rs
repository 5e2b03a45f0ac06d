//! Swaps on EVM chains: locks in a contract that has no owner, between accounts, with one hash for both chains.
//!
//! The contract is `contracts/src/swap/HashTimeLock.sol`; only its very code is worked with. What is sent goes
//! through the account's transaction lane, which stores it before it is sent and looks after it until its block
//! is final.

mod act;
mod consent;
mod deploy;
mod error;
mod event;
mod follow;
mod lock;
mod look;
mod read;
mod registry;
mod send;
mod settings;
mod side;

pub use deploy::deploy_hash_time_lock;
pub use look::{balance_of, check_contract};
pub use settings::EvmSettings;
pub use side::EvmSide;
