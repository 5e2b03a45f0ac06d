//! Packet data that is not what it should be. What lies behind a packet's value in calldata is the relayer's choice, so
//! that nothing may be read from there.

use alloy::primitives::{Bytes, U256};
use alloy::sol_types::SolValue;
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_contracts::ics26_router::ICS26Router;
use causeway_contracts::ics26_router::IICS26RouterMsgs::{Packet, Payload};
use causeway_contracts::ics27_gmp::ICS27GMP;

use crate::harness::chain::{BOB, Chain, Failure, RELAYER};
use crate::harness::fixtures::TestLightClient;
use crate::harness::network::Network;

/// A change to a payload, and the error it must lead to.
type Change = (fn(&mut Payload), fn(&Failure) -> bool);

/// A chain whose light client believes everything.
fn chain() -> Chain {
    let mut chain = Chain::empty(1);
    chain.deploy_stack();
    let client = chain.deploy_plain(&TestLightClient::BYTECODE);
    chain.register("here-is-there", "there-is-here", client);
    chain
}

fn payload(value: Vec<u8>) -> Payload {
    Payload {
        sourcePort: "transfer".into(),
        destPort: "transfer".into(),
        version: "ics20-1".into(),
        encoding: "application/x-solidity-abi".into(),
        value: value.into(),
    }
}

fn transfer_value() -> Vec<u8> {
    (
        "uatom",
        "sender",
        BOB.to_checksum(None),
        U256::from(7),
        "memo",
    )
        .abi_encode()
}

/// Why the application refused the payload, if it did.
fn refusal(payload: Payload) -> Option<Failure> {
    let mut chain = chain();
    let packet = Packet {
        sequence: 1,
        sourceClient: "there-is-here".into(),
        destClient: "here-is-there".into(),
        timeoutTimestamp: chain.timestamp + 100,
        payloads: vec![payload],
    };
    let call = Network::recv_call(&packet, Bytes::from(vec![0xff; 64]), 1);
    let receipt = chain
        .send(RELAYER, chain.router, &call)
        .expect("the packet is stuck");
    let errors = receipt.events::<ICS26Router::IBCAppRecvPacketCallbackError>();
    errors
        .into_iter()
        .next()
        .map(|event| Failure::Revert(event.reason))
}

#[test]
fn well_formed_data_is_taken() {
    assert_eq!(refusal(payload(transfer_value())), None);
}

#[test]
fn data_that_reaches_beyond_its_end_is_refused() {
    let word = |value: u64| U256::from(value).to_be_bytes::<32>();
    let good = transfer_value();
    let end = good.len() as u64;
    let with = |at: usize, word: [u8; 32]| {
        let mut value = good.clone();
        value[at * 32..(at + 1) * 32].copy_from_slice(&word);
        value
    };
    // Where a text's length stands, by the place of its offset.
    let length_of = |at: usize| {
        1 + usize::from(u16::from_be_bytes(
            good[at * 32 + 30..(at + 1) * 32].try_into().unwrap(),
        )) / 32
    };
    let cases = [
        vec![],
        good[..5 * 32].to_vec(),
        with(0, word(0x40)),
        with(1, [0xff; 32]),
        with(1, word(end - 0x20)),
        with(3, [0xff; 32]),
        with(length_of(1), [0xff; 32]),
        with(length_of(1), word(end)),
        with(length_of(3), [0xff; 32]),
        with(length_of(3), word(end)),
    ];
    for (index, value) in cases.into_iter().enumerate() {
        let failure = refusal(payload(value)).expect("taken");
        let expected = failure.is::<ICS20Transfer::ICS20MalformedPacketData>();
        assert!(expected, "case {index}: {failure:?}");
    }
}

#[test]
fn an_application_answers_for_its_own_port_version_and_encoding_alone() {
    let changes: [Change; 3] = [
        (
            |p| p.sourcePort.push('x'),
            Failure::is::<ICS20Transfer::ICS20InvalidPort>,
        ),
        (
            |p| p.version.push('x'),
            Failure::is::<ICS20Transfer::ICS20UnexpectedVersion>,
        ),
        (
            |p| p.encoding.push('x'),
            Failure::is::<ICS20Transfer::ICS20UnexpectedEncoding>,
        ),
    ];
    for (change, expected) in changes {
        let mut payload = payload(transfer_value());
        change(&mut payload);
        let failure = refusal(payload).expect("taken");
        assert!(expected(&failure), "{failure:?}");
    }
    let gmp = Payload {
        sourcePort: "gmpport".into(),
        destPort: "gmpport".into(),
        version: "ics27-2".into(),
        ..payload(vec![])
    };
    let changes: [Change; 3] = [
        (
            |p| p.sourcePort.push('x'),
            Failure::is::<ICS27GMP::ICS27InvalidPort>,
        ),
        (
            |p| p.version.push('x'),
            Failure::is::<ICS27GMP::ICS27UnexpectedVersion>,
        ),
        (
            |p| p.encoding.push('x'),
            Failure::is::<ICS27GMP::ICS27UnexpectedEncoding>,
        ),
    ];
    for (change, expected) in changes {
        let mut payload = gmp.clone();
        change(&mut payload);
        let failure = refusal(payload).expect("taken");
        assert!(expected(&failure), "{failure:?}");
    }
}

#[test]
fn a_packet_for_a_port_without_an_application_waits() {
    let mut chain = chain();
    let mut payload = payload(transfer_value());
    payload.destPort = "nobody".into();
    let packet = Packet {
        sequence: 1,
        sourceClient: "there-is-here".into(),
        destClient: "here-is-there".into(),
        timeoutTimestamp: chain.timestamp + 100,
        payloads: vec![payload],
    };
    let call = Network::recv_call(&packet, Bytes::new(), 1);
    let failure = chain.send(RELAYER, chain.router, &call).err().unwrap();
    assert!(failure.is::<ICS26Router::IBCAppNotFound>());
}
