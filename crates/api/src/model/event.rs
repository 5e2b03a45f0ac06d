use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;

/// A change of something that the node keeps: the signal to read it anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Numbers the events; of two, the later has the higher. Numbers may be missing.
    pub id: u64,
    /// What kind of thing changed.
    pub kind: EventKind,
    /// Which one: its `id` in the list of its kind. Empty in a `reset`.
    pub subject: String,
    /// Where it stands now: a packet's, a swap's or an alert's status. `gone` if a reorganisation took it
    /// back entirely.
    pub status: String,
    /// Whether nothing more is expected to happen to it.
    pub done: bool,
    /// When it changed, by the node's clock.
    pub at: Time,
}

/// What kind of thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A packet, and so the transfer or the call that it carries.
    Packet,
    /// A swap.
    Swap,
    /// An alert.
    Alert,
    /// Events after the one that was asked for are not kept any more: read the lists anew.
    Reset,
}

impl EventKind {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packet => "packet",
            Self::Swap => "swap",
            Self::Alert => "alert",
            Self::Reset => "reset",
        }
    }
}
