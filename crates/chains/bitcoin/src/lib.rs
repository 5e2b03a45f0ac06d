//! Driver for Bitcoin and its family.

mod address;
mod network;

pub use address::AddressError;
pub use network::Network;
