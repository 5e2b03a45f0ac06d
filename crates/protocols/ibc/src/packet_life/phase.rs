use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a packet stands. The order is that of a packet's life, timeouts last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Sent, in a block that can still go.
    Observed,
    /// The send is final: to be proven and delivered.
    Final,
    /// A proof of the send is in hand.
    Proven,
    /// Received on the destination; to be acknowledged on the source once that is final.
    Delivered,
    /// The acknowledgement is back on the source.
    Acknowledged,
    /// The destination's final time is past the timeout and there is no receipt: to be proven
    /// absent and refunded.
    TimingOut,
    /// Refunded on the source.
    TimedOut,
}

impl Phase {
    /// The phase as JSON and metrics name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Final => "final",
            Self::Proven => "proven",
            Self::Delivered => "delivered",
            Self::Acknowledged => "acknowledged",
            Self::TimingOut => "timing_out",
            Self::TimedOut => "timed_out",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
