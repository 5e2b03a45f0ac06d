use alloy_primitives::B256;
use causeway_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::PacketLife;

/// What one input leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transition {
    /// The life as it is now; `None` if everything known of the packet was taken back.
    pub next: Option<PacketLife>,
    /// What must be made to happen and was not asked for before, or stood on a block that is gone.
    pub actions: Vec<Action>,
}

/// Something to be made to happen. All of it can be repeated harmlessly: the contracts answer a
/// second delivery, acknowledgement or timeout with a no-op.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// Prove the send to the destination and have the packet received there.
    Deliver,
    /// Prove the acknowledgements to the source and have them taken in there.
    Acknowledge,
    /// Prove to the source that there is no receipt and have the sender refunded there.
    Timeout,
    /// Come back with [`super::Input::ClockOnDst`] once a final block of the destination is as late
    /// as this, at once if one is.
    WakeOnDst {
        /// The packet's timeout.
        at: Timestamp,
    },
}

/// What a proof is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// The source committed to the packet.
    Deliver,
    /// The destination wrote these acknowledgements.
    Acknowledge,
    /// The destination has no receipt of the packet and its time is over.
    Timeout,
}

/// An action with the blocks that it stands on: on other blocks, it is asked for anew.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Need {
    pub(super) action: Action,
    pub(super) sent: Option<B256>,
    pub(super) received: Option<B256>,
}

impl Need {
    pub(super) fn claim(&self) -> Option<Claim> {
        match self.action {
            Action::Deliver => Some(Claim::Deliver),
            Action::Acknowledge => Some(Claim::Acknowledge),
            Action::Timeout => Some(Claim::Timeout),
            Action::WakeOnDst { .. } => None,
        }
    }
}
