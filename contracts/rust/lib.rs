//! Bindings for the on-chain contracts, generated from the checked-in artifacts.
//!
//! Each contract has a module of its own, because the generated types of what they share (packets, heights) would
//! clash otherwise. A module holds the contract with its bytecode, its deployer, its calls, events and errors, and
//! next to it the message types under the names that the sources give them, for instance
//! [`ics26_router::IICS26RouterMsgs::Packet`].
//!
//! Building this crate needs no Solidity compiler; `cargo xtask contracts` makes the artifacts.

mod bindings;
mod hash_time_lock_code;
pub mod roles;
mod swap_terms;
mod well_known;

pub use bindings::{
    access_manager, attestation_light_client, beacon_proxy, counter, erc1967_proxy, escrow,
    hash_time_lock, ibc_erc20, ics20_transfer, ics26_router, ics27_account, ics27_gmp, test_erc20,
    transfer_safeguards, upgradeable_beacon,
};
pub use hash_time_lock_code::{hash_time_lock_code, hash_time_lock_domain};
pub use swap_terms::{claim_window, refund_right};
pub use well_known::{NATIVE_COIN, PERMIT2};
