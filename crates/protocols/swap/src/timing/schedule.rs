use causeway_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Expiry, Head, PerLeg};

/// How long a lock lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Span {
    /// So many blocks of its chain.
    Blocks(u64),
    /// So many seconds.
    Secs(u64),
}

const HOUR: u64 = 3_600;

/// How long locks last by default, from when the terms are made.
///
/// Bitcoin's blocks come when they come, so that a swap whose first leg is bitcoin has its long lock
/// there, and one whose second leg is bitcoin needs a long lock on the other side.
pub mod schedules {
    use super::{HOUR, PerLeg, Span};

    /// Bitcoin first, 144 blocks; a chain with slots second, six hours.
    pub const BITCOIN_LONG: PerLeg<Span> = PerLeg {
        first: Span::Blocks(144),
        second: Span::Secs(6 * HOUR),
    };
    /// A chain with slots first, 24 hours; bitcoin second, 72 blocks.
    pub const BITCOIN_SHORT: PerLeg<Span> = PerLeg {
        first: Span::Secs(24 * HOUR),
        second: Span::Blocks(72),
    };
    /// Litecoin first, 576 blocks; a chain with slots second, six hours.
    pub const LITECOIN_LONG: PerLeg<Span> = PerLeg {
        first: Span::Blocks(576),
        second: Span::Secs(6 * HOUR),
    };
    /// A chain with slots first, 24 hours; litecoin second, 288 blocks.
    pub const LITECOIN_SHORT: PerLeg<Span> = PerLeg {
        first: Span::Secs(24 * HOUR),
        second: Span::Blocks(288),
    };
    /// Two chains with slots: six hours and three.
    pub const SLOTS: PerLeg<Span> = PerLeg {
        first: Span::Secs(6 * HOUR),
        second: Span::Secs(3 * HOUR),
    };
}

impl Span {
    /// The expiry of a lock that lasts so long from now on.
    pub const fn from(self, head: &Head, now: Timestamp) -> Expiry {
        match self {
            Self::Blocks(blocks) => Expiry::Height(head.height.saturating_add(blocks)),
            Self::Secs(secs) => Expiry::Time(now.plus_secs(secs)),
        }
    }
}

impl PerLeg<Span> {
    /// The expiries of locks that last so long from now on.
    pub const fn expiries(&self, heads: &PerLeg<Head>, now: Timestamp) -> PerLeg<Expiry> {
        PerLeg {
            first: self.first.from(&heads.first, now),
            second: self.second.from(&heads.second, now),
        }
    }
}
