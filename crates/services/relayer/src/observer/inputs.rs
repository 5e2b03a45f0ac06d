//! What an event, and what became of its block, mean to the packet's process.

use alloy_primitives::B256;
use causeway_ibc::{Event, Input};
use causeway_types::BlockRef;

use crate::{
    host::{EventKind, PacketEvent},
    packet::{FactTx, PacketInput},
    route::ClientEnd,
};

/// What an event in a block means to the packet's process.
pub(super) fn seen_input(
    src: &ClientEnd,
    dst: &ClientEnd,
    block: BlockRef,
    event: PacketEvent,
) -> PacketInput {
    let fact = event.kind.event();
    let packet = event.packet;
    PacketInput {
        src: src.chain.clone(),
        dst: dst.chain.clone(),
        seen: Some(FactTx {
            fact,
            tx: event.tx,
            height: block.height,
            time: block.timestamp,
        }),
        input: match event.kind {
            EventKind::Sent => Input::Sent { packet, block },
            EventKind::Received { acks } => Input::Received {
                packet,
                block,
                acks,
            },
            EventKind::Acknowledged { acks } => Input::Acknowledged {
                packet,
                block,
                acks,
            },
            EventKind::TimedOut => Input::TimedOut { packet, block },
        },
    }
}

pub(super) fn final_input(event: Event, block_hash: B256) -> Input {
    match event {
        Event::Sent => Input::SendFinal { block_hash },
        Event::Received => Input::ReceiveFinal { block_hash },
        Event::Acknowledged => Input::AcknowledgeFinal { block_hash },
        Event::TimedOut => Input::TimeoutFinal { block_hash },
    }
}

pub(super) fn withdrawn_input(event: Event, block_hash: B256) -> Input {
    match event {
        Event::Sent => Input::SendWithdrawn { block_hash },
        Event::Received => Input::ReceiveWithdrawn { block_hash },
        Event::Acknowledged => Input::AcknowledgeWithdrawn { block_hash },
        Event::TimedOut => Input::TimeoutWithdrawn { block_hash },
    }
}
