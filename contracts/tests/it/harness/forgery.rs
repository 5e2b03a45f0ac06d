//! What thieves with every attestor's key can do: prove what never happened.

use alloy::primitives::{B256, Bytes, U256};
use alloy::sol_types::SolValue;
use causeway_contracts::ics26_router::IICS26RouterMsgs::{Packet, Payload};
use sha2::{Digest, Sha256};

use super::chain::{BOB, Failure, Receipt, path_hash};
use super::network::{ACKNOWLEDGEMENT, COMMITMENT, Network, Side, TIMEOUT};

fn sha(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// A packet's commitment: the standard's formula, written down a second time.
pub fn packet_commitment(packet: &Packet) -> B256 {
    let payload = &packet.payloads[0];
    let payload = sha(&[
        &sha(&[payload.sourcePort.as_bytes()]),
        &sha(&[payload.destPort.as_bytes()]),
        &sha(&[payload.version.as_bytes()]),
        &sha(&[payload.encoding.as_bytes()]),
        &sha(&[&payload.value]),
    ]);
    B256::from(sha(&[
        &[2],
        &sha(&[packet.destClient.as_bytes()]),
        &sha(&[&packet.timeoutTimestamp.to_be_bytes()]),
        &sha(&[&payload]),
    ]))
}

impl Network {
    /// A transfer to Bob on `side` that nobody sent.
    pub fn forge(&self, side: Side, sequence: u64, denom: &str, amount: U256) -> Packet {
        let (src, dst) = (self.chain_ref(side.other()), self.chain_ref(side));
        let value = (denom, "thief", BOB.to_checksum(None), amount, "").abi_encode();
        Packet {
            sequence: 1_000_000 + sequence,
            sourceClient: src.client_id.clone(),
            destClient: dst.client_id.clone(),
            timeoutTimestamp: dst.timestamp + TIMEOUT,
            payloads: vec![Payload {
                sourcePort: "transfer".into(),
                destPort: "transfer".into(),
                version: "ics20-1".into(),
                encoding: "application/x-solidity-abi".into(),
                value: value.into(),
            }],
        }
    }

    /// Delivers a packet that was never sent, with signatures that are good.
    pub fn recv_forged(&mut self, side: Side, packet: &Packet) -> Result<Receipt, Failure> {
        let height = self.update(side);
        self.recv_forged_at(side, packet, height)
    }

    /// The same at a height of one's own choice, proven by whoever sits in the committee now.
    pub fn recv_forged_at(
        &mut self,
        side: Side,
        packet: &Packet,
        height: u64,
    ) -> Result<Receipt, Failure> {
        let path = path_hash(&packet.sourceClient, COMMITMENT, packet.sequence);
        let entry = (path, packet_commitment(packet));
        let proof = self
            .attestors
            .prove_packets(self.domain(side), height, &[entry]);
        self.relay(side, &Self::recv_call(packet, proof, height))
    }

    /// Brings an answer that was never given, with signatures that are good.
    pub fn ack_forged(
        &mut self,
        side: Side,
        packet: &Packet,
        acknowledgement: &Bytes,
    ) -> Result<Receipt, Failure> {
        let height = self.update(side);
        let path = path_hash(&packet.destClient, ACKNOWLEDGEMENT, packet.sequence);
        let entry = (path, B256::from(sha(&[&[2], &sha(&[acknowledgement])])));
        let proof = self
            .attestors
            .prove_packets(self.domain(side), height, &[entry]);
        self.relay(
            side,
            &Self::ack_call(packet, acknowledgement, proof, height),
        )
    }
}
