use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One block of one chain, named by hash, so that it cannot be mistaken for another block at the
/// same height after a reorganisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlockRef {
    /// Number of blocks before this one.
    pub height: u64,
    /// The block's own hash.
    pub hash: B256,
    /// The hash of the block before it.
    pub parent: B256,
    /// The block's own time.
    pub timestamp: Timestamp,
}
