//! Chain ids, accounts, assets, heights and blocks: the words every other crate uses.
//!
//! This crate depends on nothing of ours. Everything here is parsed once, at the edge, into values
//! that cannot be wrong afterwards.

mod account_id;
mod asset_id;
mod block;
mod chain_id;
mod timestamp;

pub use account_id::{AccountId, ParseAccountIdError};
pub use asset_id::{AssetId, ParseAssetIdError};
pub use block::BlockRef;
pub use chain_id::{ChainId, ParseChainIdError};
pub use timestamp::Timestamp;
