use alloy_primitives::Bytes;
use causeway_ibc::{Payload, ics20};

use super::*;

fn packet(memo: &'static [u8]) -> Packet {
    Packet {
        sequence: Sequence::FIRST,
        source_client: "client-0".parse().unwrap(),
        dest_client: "client-7".parse().unwrap(),
        timeout: Timestamp::from_secs(100),
        payloads: vec![Payload {
            source_port: ics20::PORT.to_owned(),
            dest_port: ics20::PORT.to_owned(),
            version: ics20::VERSION.to_owned(),
            encoding: ics20::ENCODING.to_owned(),
            value: Bytes::from_static(memo),
        }],
    }
}

fn block(number: u8) -> BlockRef {
    BlockRef {
        height: number.into(),
        hash: B256::repeat_byte(number),
        parent: B256::ZERO,
        timestamp: Timestamp::from_secs(number.into()),
    }
}

fn step(record: Option<PacketRecord>, input: Input) -> Result<Option<PacketRecord>, PacketError> {
    let input = PacketInput {
        src: ChainId::eip155(1),
        dst: ChainId::eip155(2),
        input,
        seen: None,
    };
    PacketMachine::handle(record, input).map(|step| step.state)
}

fn sent(memo: &'static [u8], number: u8) -> Input {
    Input::Sent {
        packet: packet(memo),
        block: block(number),
    }
}

fn received(memo: &'static [u8], number: u8) -> Input {
    Input::Received {
        packet: packet(memo),
        block: block(number),
        acks: vec![Bytes::from_static(b"ack")],
    }
}

/// A packet seen being sent, then the receipt of another of the same name.
fn displaced() -> PacketRecord {
    let record = step(None, sent(b"old", 1)).unwrap();
    step(record, received(b"new", 9)).unwrap().unwrap()
}

#[test]
fn a_receipt_displaces_another_packets_send_that_is_not_final() {
    let record = displaced();
    assert_eq!(record.life.packet(), &packet(b"new"));
    let gone = Input::SendWithdrawn {
        block_hash: block(1).hash,
    };
    let record = step(Some(record), gone).unwrap().unwrap();
    assert_eq!(record.displaced, None);
    let record = step(Some(record), sent(b"new", 2)).unwrap().unwrap();
    assert!(record.life.sent().is_some() && record.life.received().is_some());
}

#[test]
fn a_displaced_send_that_becomes_final_proves_the_receipt_a_forgery() {
    let stays = Input::SendFinal {
        block_hash: block(1).hash,
    };
    let error = step(Some(displaced()), stays).unwrap_err();
    let PacketError::Illegal(illegal) = error;
    assert!(matches!(
        *illegal.contradiction,
        Contradiction::DifferentPacket { .. }
    ));
}

#[test]
fn a_displaced_send_is_back_when_the_receipt_is_withdrawn() {
    let gone = Input::ReceiveWithdrawn {
        block_hash: block(9).hash,
    };
    let record = step(Some(displaced()), gone).unwrap();
    assert_eq!(record, step(None, sent(b"old", 1)).unwrap());
}

#[test]
fn a_receipt_displaces_nothing_that_is_final() {
    let record = step(None, sent(b"old", 1)).unwrap();
    let stays = Input::SendFinal {
        block_hash: block(1).hash,
    };
    let record = step(record, stays).unwrap();
    assert!(step(record, received(b"new", 9)).is_err());
}
