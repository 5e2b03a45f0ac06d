use alloy_primitives::Bytes;
use causeway_types::{BlockRef, Timestamp};
use thiserror::Error;

use super::{Event, Phase};
use crate::{ClientId, Packet, Sequence};

/// An input that cannot be true together with what is known. Somebody must look: a chain, a light
/// client or whoever follows the chains broke a rule, and trying again does not help.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("packet {sequence} of {source_client}, {phase}: {contradiction}")]
pub struct IllegalTransition {
    /// The packet's client on the source.
    pub source_client: ClientId,
    /// The packet's number among those sent through that client.
    pub sequence: Sequence,
    /// Where the packet stood.
    pub phase: Phase,
    /// What cannot be.
    pub contradiction: Box<Contradiction>,
}

/// What the two sides of a contradiction say.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Contradiction {
    /// Two packets claim the same place.
    #[error(
        "another packet came under the same name: commitment {}, expected {}",
        came.commitment(), known.commitment()
    )]
    DifferentPacket {
        /// The packet that the life is about.
        known: Packet,
        /// The packet that the input shows.
        came: Packet,
    },
    /// Delivered and refunded: paid out twice.
    #[error(
        "received in block {} of the destination, which is final, and refunded in block {} of the source",
        received.height, timed_out.height
    )]
    ReceivedAndTimedOut {
        /// The final block of the receipt.
        received: BlockRef,
        /// The block of the refund.
        timed_out: BlockRef,
    },
    /// The source closed the packet twice.
    #[error(
        "acknowledged in block {} and refunded in block {} of the source",
        acknowledged.height, timed_out.height
    )]
    AcknowledgedAndTimedOut {
        /// The block of the acknowledgement's return.
        acknowledged: BlockRef,
        /// The block of the refund.
        timed_out: BlockRef,
    },
    /// The source took in something that the destination did not write.
    #[error(
        "the source took in the acknowledgements {acknowledged_on_src:?}, the destination wrote {written_on_dst:?}"
    )]
    OtherAcknowledgement {
        /// What the destination wrote, in a final block.
        written_on_dst: Vec<Bytes>,
        /// What the source took in.
        acknowledged_on_src: Vec<Bytes>,
    },
    /// The destination received a packet whose time was over.
    #[error(
        "received in block {} at {}, but its time was over at {timeout}",
        received.height, received.timestamp
    )]
    ReceivedTooLate {
        /// The packet's timeout.
        timeout: Timestamp,
        /// The block of the receipt.
        received: BlockRef,
    },
    /// One block tells an event in two ways.
    #[error("block {} ({}) shows it {event} with two different acknowledgements", block.height, block.hash)]
    TwoContents {
        /// Which event.
        event: Event,
        /// The block.
        block: BlockRef,
    },
    /// What can happen once happened again after the first time was final.
    #[error(
        "{event} in block {} ({}), and again in block {} ({}), although the first is final",
        first.height, first.hash, second.height, second.hash
    )]
    HappenedTwice {
        /// Which event.
        event: Event,
        /// The final block that holds it.
        first: BlockRef,
        /// The block that came.
        second: BlockRef,
    },
    /// A block that was said to stay is gone.
    #[error("{event} in block {} ({}), which was final and is gone", block.height, block.hash)]
    FinalBlockWithdrawn {
        /// Which event the block held.
        event: Event,
        /// The block.
        block: BlockRef,
    },
}
