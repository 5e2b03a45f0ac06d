//! ICS-20: moving fungible tokens, ABI-encoded as the public EVM contracts do it.

mod denom;
mod metadata;
mod transfer;

pub use denom::{Denom, Hop, ParseDenomError};
pub use metadata::{METADATA_VERSION, TokenMetadata};
pub use transfer::FungibleTokenPacketData;

/// The port of the transfer application.
pub const PORT: &str = "transfer";

/// The version of its packets. What was once called "ICS-20 v2" is abandoned; over IBC v2, the
/// version is this one.
pub const VERSION: &str = "ics20-1";

/// How its payloads are encoded.
pub const ENCODING: &str = crate::ABI_ENCODING;

/// What the destination answers when it has paid out: the JSON that every implementation writes.
pub const SUCCESS_ACKNOWLEDGEMENT: &[u8] = br#"{"result":"AQ=="}"#;

/// The denomination of a chain's native coin: the address that ERC-7528 reserves for it, in lower
/// case as all denominations of ERC-20 tokens.
pub const NATIVE_COIN: &str = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";
