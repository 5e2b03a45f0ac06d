//! JSON-RPC as Bitcoin Core and Litecoin Core speak it. Only the few fields that the driver uses are
//! read, since versions and chains differ in all others.

mod client;
mod error;
mod methods;
mod wire;

pub use client::{RpcAuth, RpcClient, RpcEndpoint, RpcLimits};
pub(crate) use error::shorten;
pub use error::{RpcError, RpcErrorKind, Severity};
pub(crate) use wire::{BlockBody, Header, block_hash, display_bytes, witness};
pub use wire::{ScannedCoin, Unspent, reads_answer};
