use std::fmt;

use causeway_types::Timestamp;
use serde::{Deserialize, Serialize};

/// From when on a lock can be taken back. Until that has happened, it can still be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// Blocks above this height may hold the refund (BIP-65). For chains whose miners bend the time of
    /// blocks.
    Height(u64),
    /// Blocks of this time or later may hold the refund.
    Time(Timestamp),
}

/// The newest block of a chain, and when it was the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The number of blocks before it.
    pub height: u64,
    /// The block's own time.
    pub time: Timestamp,
    /// When it was read, by the reader's clock. The chain may have gone on since, so that what is
    /// reckoned from here is reckoned from this moment and not from now.
    pub read_at: Timestamp,
}

impl Expiry {
    /// Whether the block after this head may hold the refund.
    pub fn has_come(self, head: &Head) -> bool {
        match self {
            Self::Height(height) => head.height >= height,
            Self::Time(time) => head.time >= time,
        }
    }
}

impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Height(height) => write!(f, "height {height}"),
            Self::Time(time) => write!(f, "time {time}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refund_may_follow_the_block_at_the_height_or_of_the_time() {
        let head = Head {
            height: 100,
            time: Timestamp::from_secs(5_000),
            read_at: Timestamp::from_secs(5_003),
        };
        assert!(Expiry::Height(100).has_come(&head));
        assert!(!Expiry::Height(101).has_come(&head));
        assert!(Expiry::Time(Timestamp::from_secs(5_000)).has_come(&head));
        // What the reader's clock says does not matter: the chain judges by its own.
        assert!(!Expiry::Time(Timestamp::from_secs(5_001)).has_come(&head));
    }
}
