//! Whoever else is at work on these chains: other relayers, and thieves.

use alloy_primitives::Address;
use causeway_ibc::{Sequence, StateAttestation};
use rand::Rng;

use super::{
    chain::{Chain, From},
    router::Call,
    sim::Sim,
    world::{contracts, end, forged},
};
use crate::host::{ClientView, EventKind, Message, PacketEvent, Proof};

fn events(chain: &Chain, up_to: u64) -> impl Iterator<Item = PacketEvent> {
    let blocks = chain.blocks.iter();
    let blocks = blocks.filter(move |block| block.name.height <= up_to);
    blocks.flat_map(|block| block.events.clone())
}

impl Sim {
    /// A message that somebody might think is due on this side.
    fn some_message(&mut self, to: usize) -> Option<Message> {
        let mut messages = Vec::new();
        {
            let world = self.world.lock();
            let (here, there) = (&world.chains[to], &world.chains[1 - to]);
            for event in events(there, there.final_block().name.height) {
                let packet = event.packet;
                match event.kind {
                    EventKind::Sent => messages.push(Message::Receive { packet }),
                    EventKind::Received { acks } => {
                        messages.push(Message::Acknowledge { packet, acks });
                    }
                    EventKind::Acknowledged { .. } | EventKind::TimedOut => {}
                }
            }
            let sent = events(here, u64::MAX).filter(|event| event.kind == EventKind::Sent);
            messages.extend(sent.map(|event| Message::Timeout {
                packet: event.packet,
            }));
        }
        let chosen = (!messages.is_empty()).then(|| self.rng.random_range(0..messages.len()))?;
        Some(messages.swap_remove(chosen))
    }

    /// Anybody may relay. Strangers know no better than to try.
    pub(super) async fn stranger_delivers(&mut self, to: usize) {
        let Some(message) = self.some_message(to) else {
            return;
        };
        let height = self.world.lock().chains[1 - to].final_block().name.height;
        let contracts = contracts(to);
        let view = ClientView {
            id: contracts.client,
            address: Address::ZERO,
            committee: contracts.committee,
            domain: contracts.domain,
            set_number: 1,
            frozen: false,
            proof_once: true,
        };
        let paths = [message.proven_path().key()];
        let gathered = self
            .committees
            .gather(&end(to), &view, height, &paths)
            .await;
        if let Ok((proof, _)) = gathered {
            self.submit_as_stranger(to, proof, message);
        }
    }

    /// A thief of one attestor's key tries to have paid out what was never sent, and refunded what
    /// arrived.
    pub(super) fn thief_forges(&mut self, to: usize) {
        let Some(mut message) = self.some_message(to) else {
            return;
        };
        if let Message::Receive { packet } = &mut message {
            packet.sequence = Sequence::try_from(1000 + packet.sequence.get()).unwrap();
        }
        let last = self.world.lock().chains[1 - to].final_block().name;
        let state = StateAttestation {
            height: last.height,
            timestamp: last.timestamp.plus_secs(1_000_000),
        };
        let path = message.proven_path().key();
        let proof = forged(to, state, path, message.proven_commitment());
        self.submit_as_stranger(to, proof, message);
    }

    fn submit_as_stranger(&self, to: usize, proof: Proof, message: Message) {
        let call = Call::Relay {
            proof,
            messages: vec![message],
        };
        self.world.lock().chains[to].submit(From::Stranger, call);
    }
}
