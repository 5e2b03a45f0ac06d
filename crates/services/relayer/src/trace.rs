//! The steps of a packet's life, told so that they can be followed across chains and processes.
//!
//! Every step is a `tracing` event of the target [`TARGET`] at the level TRACE. Whoever wants traces
//! listens there and makes spans of them; without a listener an event costs one comparison. All
//! steps of one packet belong to one trace, named by the packet alone, so that what several
//! relayers, restarts and attestors tell of a packet comes together by itself.

use alloy_primitives::{B256, hex, keccak256};
use causeway_engine::{Claimed, UnixMillis};
use causeway_ibc::Event;
use tracing::{Level, enabled, trace};

use crate::{host::Message, packet::RelayEffect, route::ClientEnd};

/// The target of the events that tell of packets' steps.
pub const TARGET: &str = causeway_attestor::TRACE_TARGET;

/// The trace that everything about one packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketTrace {
    /// The trace's id.
    pub trace_id: [u8; 16],
    /// The id of the span that stands for the packet's whole life.
    pub root_span_id: [u8; 8],
}

impl PacketTrace {
    /// The trace of the packet that the engine knows by this key; see [`crate::process_key`].
    pub fn of(packet: &str) -> Self {
        let hash: B256 = keccak256(format!("causeway packet {packet}"));
        let (mut trace_id, mut root_span_id) = ([0; 16], [0; 8]);
        trace_id.copy_from_slice(&hash[..16]);
        root_span_id.copy_from_slice(&hash[16..24]);
        Self {
            trace_id,
            root_span_id,
        }
    }

    /// The trace as a W3C `traceparent` header names it.
    pub fn traceparent(&self) -> String {
        let trace = hex::encode(self.trace_id);
        format!("00-{trace}-{}-01", hex::encode(self.root_span_id))
    }
}

/// Whether anybody follows packets.
pub(crate) fn followed() -> bool {
    enabled!(target: TARGET, Level::TRACE)
}

/// Tells that a chain showed a fact about a packet, in a block of this time.
pub(crate) fn seen(
    packet: &str,
    fact: Event,
    (chain, height): (&str, u64),
    tx: B256,
    since: UnixMillis,
    sent: Option<UnixMillis>,
) {
    let step = match fact {
        Event::Sent => "observed",
        Event::Received => "delivered",
        Event::Acknowledged => "acknowledged",
        Event::TimedOut => "refunded",
    };
    let since = since.as_millis();
    let sent = sent.map(UnixMillis::as_millis);
    trace!(target: TARGET, packet, step, chain, height, %tx, since, sent);
}

/// Tells that a fact seen earlier, in a block of this time, is final.
pub(crate) fn is_final(packet: &str, fact: Event, chain: &str, since: UnixMillis) {
    let since = since.as_millis();
    trace!(target: TARGET, packet, step = "final", %fact, chain, since);
}

/// Tells that a client's committee has attested what the messages of a batch, begun at this time, need.
pub(crate) fn attested<'a>(
    cargo: impl Iterator<Item = &'a Claimed<RelayEffect>>,
    client: &ClientEnd,
    height: u64,
    since: UnixMillis,
) {
    let since = since.as_millis();
    for claimed in cargo {
        let (packet, message) = (&claimed.process.key, claimed.effect.message.name());
        trace!(target: TARGET, packet, step = "attested", message, %client, height, since);
    }
}

/// Tells that a message, begun to be sent at this time, is in a block.
pub(crate) fn submitted(
    packet: &str,
    message: &Message,
    (chain, height): (&str, u64),
    tx: B256,
    since: UnixMillis,
) {
    let (message, since) = (message.name(), since.as_millis());
    trace!(target: TARGET, packet, step = "submitted", message, chain, height, %tx, since);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_has_one_trace_wherever_it_is_told_of() {
        let packet = "eip155:1/client-on-1/7";
        let trace = PacketTrace::of(packet);
        assert_eq!(trace, PacketTrace::of(packet));
        assert_ne!(trace, PacketTrace::of("eip155:1/client-on-1/8"));
        let parent = trace.traceparent();
        assert_eq!((parent.len(), &parent[..3]), (55, "00-"), "{parent}");
    }
}
