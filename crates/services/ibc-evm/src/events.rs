//! The router's events as packet events.

use alloy::{
    primitives::{Address, B256, Log},
    sol_types::SolEvent,
};
use causeway_contracts::ics26_router::ICS26Router::{
    AckPacket, SendPacket, TimeoutPacket, WriteAcknowledgement,
};
use causeway_ibc::DecodeError;
use causeway_relayer::{EventKind, PacketEvent};
use thiserror::Error;

use crate::contracts::pure_packet;

/// Why a log of the router is no packet event, although it claims to be.
#[derive(Debug, Error)]
pub enum EventError {
    /// The log does not follow the event's ABI.
    #[error("the log does not decode: {0}")]
    Abi(#[from] alloy::sol_types::Error),
    /// The packet in it breaks the protocol's rules.
    #[error(transparent)]
    Packet(#[from] DecodeError),
}

/// The topics of the four packet events.
pub fn event_topics() -> Vec<B256> {
    vec![
        SendPacket::SIGNATURE_HASH,
        WriteAcknowledgement::SIGNATURE_HASH,
        AckPacket::SIGNATURE_HASH,
        TimeoutPacket::SIGNATURE_HASH,
    ]
}

/// Reads a log of the router, emitted at this place of this transaction. `None` if it is not about
/// a packet.
///
/// The caller has checked that the log is the router's own: anybody can emit these topics.
pub fn decode_event(log: &Log, tx: B256, index: u64) -> Result<Option<PacketEvent>, EventError> {
    let Some(topic) = log.topics().first() else {
        return Ok(None);
    };
    let (kind, packet) = match *topic {
        SendPacket::SIGNATURE_HASH => (
            EventKind::Sent,
            SendPacket::decode_log_validate(log)?.data.packet,
        ),
        WriteAcknowledgement::SIGNATURE_HASH => {
            let event = WriteAcknowledgement::decode_log_validate(log)?.data;
            (
                EventKind::Received {
                    acks: event.acknowledgements,
                },
                event.packet,
            )
        }
        AckPacket::SIGNATURE_HASH => {
            let event = AckPacket::decode_log_validate(log)?.data;
            (
                EventKind::Acknowledged {
                    acks: vec![event.acknowledgement],
                },
                event.packet,
            )
        }
        TimeoutPacket::SIGNATURE_HASH => (
            EventKind::TimedOut,
            TimeoutPacket::decode_log_validate(log)?.data.packet,
        ),
        _ => return Ok(None),
    };
    let packet = pure_packet(packet)?;
    Ok(Some(PacketEvent {
        id: format!("{tx}/{index}"),
        tx,
        kind,
        packet,
    }))
}

/// Reads the router's packet events out of the logs of a receipt or a query.
pub(crate) fn packet_events<'a>(
    router: Address,
    logs: impl IntoIterator<Item = &'a alloy::rpc::types::Log>,
) -> impl Iterator<Item = PacketEvent> {
    logs.into_iter()
        .filter(move |log| log.address() == router)
        .filter_map(|log| {
            let (tx, index) = (log.transaction_hash?, log.log_index?);
            decode_event(&log.inner, tx, index).ok().flatten()
        })
}
