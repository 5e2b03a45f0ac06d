//! Messages as calls of the router.

use alloy::{primitives::Bytes, sol_types::SolCall};
use causeway_contracts::ics26_router::{ICS26Router, IICS02ClientMsgs, IICS26RouterMsgs};
use causeway_ibc::SignedAttestation;
use causeway_relayer::{ClientView, Message, Proof};

use crate::contracts::bound_packet;

/// The call that delivers one message with this proof; an empty proof stands for one that the same
/// transaction has already brought.
pub fn encode_message(message: &Message, proof: Bytes, height: u64) -> Bytes {
    let packet = bound_packet(message.packet());
    let height = IICS02ClientMsgs::Height {
        revisionNumber: 0,
        revisionHeight: height,
    };
    let call = match message {
        Message::Receive { .. } => ICS26Router::recvPacketCall {
            msg_: IICS26RouterMsgs::MsgRecvPacket {
                packet,
                proofCommitment: proof,
                proofHeight: height,
            },
        }
        .abi_encode(),
        Message::Acknowledge { acks, .. } => ICS26Router::ackPacketCall {
            msg_: IICS26RouterMsgs::MsgAckPacket {
                packet,
                // The EVM contracts know one payload per packet, so one acknowledgement.
                acknowledgement: acks.first().cloned().unwrap_or_default(),
                proofAcked: proof,
                proofHeight: height,
            },
        }
        .abi_encode(),
        Message::Timeout { .. } => ICS26Router::timeoutPacketCall {
            msg_: IICS26RouterMsgs::MsgTimeoutPacket {
                packet,
                proofTimeout: proof,
                proofHeight: height,
            },
        }
        .abi_encode(),
    };
    call.into()
}

/// The call that makes the height of this attestation known to the light client.
pub fn encode_update(client: &ClientView, state: &SignedAttestation) -> Bytes {
    let call = ICS26Router::updateClientCall {
        clientId: client.id.to_string(),
        updateMsg: state.encode(),
    };
    call.abi_encode().into()
}

/// One multicall of the router: the client update, then the messages, the first of them with the
/// proof that serves all.
pub fn encode_batch(client: &ClientView, proof: &Proof, messages: &[Message]) -> Bytes {
    let packets = proof.packets.encode();
    let mut data = vec![encode_update(client, &proof.state)];
    for (index, message) in messages.iter().enumerate() {
        let repeated = client.proof_once && index > 0;
        let proof_bytes = if repeated {
            Bytes::new()
        } else {
            packets.clone()
        };
        data.push(encode_message(message, proof_bytes, proof.height));
    }
    ICS26Router::multicallCall { data }.abi_encode().into()
}
