use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a swap stands, as one party sees it. The order is that of a swap's life, the refund branch last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Both have signed the terms; nothing is locked.
    Negotiated,
    /// The first leg is being locked.
    Lock1Intent,
    /// The first leg is locked for good.
    Lock1Final,
    /// The second leg is being locked.
    Lock2Intent,
    /// The second leg is locked for good.
    Lock2Final,
    /// The initiator has decided to show the secret.
    RevealIntent,
    /// The second leg is claimed for good.
    Claim2Final,
    /// The responder claims the first leg.
    Claim1Intent,
    /// Both legs are with their claimers, as far as we are concerned.
    Done,
    /// What we locked is to come back.
    Refunding,
    /// What we locked is back.
    Refunded,
    /// Nothing of ours was ever locked.
    Cancelled,
    /// Both legs are with the other party. The assumptions about the chains did not hold.
    Lost,
}

impl Phase {
    /// The phase as JSON and metrics name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Negotiated => "negotiated",
            Self::Lock1Intent => "lock1_intent",
            Self::Lock1Final => "lock1_final",
            Self::Lock2Intent => "lock2_intent",
            Self::Lock2Final => "lock2_final",
            Self::RevealIntent => "reveal_intent",
            Self::Claim2Final => "claim2_final",
            Self::Claim1Intent => "claim1_intent",
            Self::Done => "done",
            Self::Refunding => "refunding",
            Self::Refunded => "refunded",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
        }
    }

    /// Whether nothing of ours is at stake any more, unless a chain takes back what it has called final.
    pub const fn is_settled(self) -> bool {
        matches!(
            self,
            Self::Claim2Final | Self::Done | Self::Refunded | Self::Cancelled | Self::Lost
        )
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
