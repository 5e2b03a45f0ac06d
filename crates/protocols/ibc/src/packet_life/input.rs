use std::fmt;

use alloy_primitives::{B256, Bytes};
use causeway_types::{BlockRef, Timestamp};
use serde::{Deserialize, Serialize};

use super::Claim;
use crate::Packet;

/// Something learned about a packet. Events carry the whole packet, as the chains emit it; that a
/// block is final or gone is told by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum Input {
    /// `SendPacket` on the source.
    Sent {
        /// The packet.
        packet: Packet,
        /// The block that holds the event.
        block: BlockRef,
    },
    /// The block of the send will stay.
    SendFinal {
        /// That block.
        block_hash: B256,
    },
    /// The block of the send is gone.
    SendWithdrawn {
        /// That block.
        block_hash: B256,
    },
    /// `WriteAcknowledgement` on the destination.
    Received {
        /// The packet.
        packet: Packet,
        /// The block that holds the event.
        block: BlockRef,
        /// The acknowledgements written with the receipt.
        acks: Vec<Bytes>,
    },
    /// The block of the receipt will stay.
    ReceiveFinal {
        /// That block.
        block_hash: B256,
    },
    /// The block of the receipt is gone.
    ReceiveWithdrawn {
        /// That block.
        block_hash: B256,
    },
    /// `AckPacket` on the source.
    Acknowledged {
        /// The packet.
        packet: Packet,
        /// The block that holds the event.
        block: BlockRef,
        /// The acknowledgements that came back. The EVM event shows the only one it takes.
        acks: Vec<Bytes>,
    },
    /// The block of the acknowledgement's return will stay.
    AcknowledgeFinal {
        /// That block.
        block_hash: B256,
    },
    /// The block of the acknowledgement's return is gone.
    AcknowledgeWithdrawn {
        /// That block.
        block_hash: B256,
    },
    /// `TimeoutPacket` on the source: the sender is refunded.
    TimedOut {
        /// The packet.
        packet: Packet,
        /// The block that holds the event.
        block: BlockRef,
    },
    /// The block of the refund will stay.
    TimeoutFinal {
        /// That block.
        block_hash: B256,
    },
    /// The block of the refund is gone.
    TimeoutWithdrawn {
        /// That block.
        block_hash: B256,
    },
    /// A proof is in hand.
    Proven {
        /// What it proves.
        claim: Claim,
        /// The height it speaks of, on the chain where the claim holds.
        height: u64,
    },
    /// The time of a final block of the destination, told after everything in it and before it.
    ClockOnDst {
        /// The block's height.
        height: u64,
        /// The block's own time.
        time: Timestamp,
    },
}

impl Input {
    /// The packet that the input shows, if it shows one.
    pub fn packet(&self) -> Option<&Packet> {
        match self {
            Self::Sent { packet, .. }
            | Self::Received { packet, .. }
            | Self::Acknowledged { packet, .. }
            | Self::TimedOut { packet, .. } => Some(packet),
            _ => None,
        }
    }
}

/// The events of a packet's life that chains show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Sent, on the source.
    Sent,
    /// Received, on the destination.
    Received,
    /// Its acknowledgement came back to the source.
    Acknowledged,
    /// Refunded, on the source.
    TimedOut,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Acknowledged => "acknowledged",
            Self::TimedOut => "timed out",
        })
    }
}
