//! What the tests of several modules need: values, arbitrary values, and encodings written by hand.

use alloy_primitives::{Bytes, hex};
use causeway_types::Timestamp;
use proptest::{collection::vec, prelude::*};

use crate::{ClientId, DecodeError, Packet, Payload, Sequence, evm};

/// An encoding written as hexadecimal words, one per line, without their leading zeros; words with
/// a dot are text or bytes at the left of the word.
pub(crate) fn words(lines: &[&str]) -> Vec<u8> {
    let word = |line: &&str| match line.strip_prefix('.') {
        Some(left) => format!("{left:0<64}"),
        None => format!("{line:0>64}"),
    };
    hex::decode(lines.iter().map(word).collect::<String>()).unwrap()
}

pub(crate) fn client_ids() -> impl Strategy<Value = ClientId> {
    "[a-zA-Z0-9._+#<>\\[\\]-]{4,40}".prop_map(|text| text.parse().unwrap())
}

pub(crate) fn byte_strings() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..70).prop_map(Bytes::from)
}

pub(crate) fn payloads() -> impl Strategy<Value = Payload> {
    (
        any::<String>(),
        ".{0,40}",
        ".{0,40}",
        ".{0,40}",
        byte_strings(),
    )
        .prop_map(
            |(source_port, dest_port, version, encoding, value)| Payload {
                source_port,
                dest_port,
                version,
                encoding,
                value,
            },
        )
}

pub(crate) fn packets() -> impl Strategy<Value = Packet> {
    (
        1..=u64::MAX,
        client_ids(),
        client_ids(),
        any::<u64>(),
        vec(payloads(), 1..3),
    )
        .prop_map(
            |(sequence, source_client, dest_client, timeout, payloads)| Packet {
                sequence: Sequence::try_from(sequence).unwrap(),
                source_client,
                dest_client,
                timeout: Timestamp::from_secs(timeout),
                payloads,
            },
        )
}

/// How an encoding is spoilt.
#[derive(Clone, Debug)]
pub(crate) enum Damage {
    Flip { at: prop::sample::Index, mask: u8 },
    Append(Vec<u8>),
    Truncate(prop::sample::Index),
}

pub(crate) fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (any::<prop::sample::Index>(), 1..=u8::MAX)
            .prop_map(|(at, mask)| Damage::Flip { at, mask }),
        1 => vec(any::<u8>(), 1..65).prop_map(Damage::Append),
        1 => any::<prop::sample::Index>().prop_map(Damage::Truncate),
    ]
}

/// One encoding per value: spoilt bytes are refused, or are the encoding of another value.
pub(crate) fn check_strictness<T: PartialEq + std::fmt::Debug>(
    value: &T,
    encode: impl Fn(&T) -> Bytes,
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
    damage: Damage,
) {
    let bytes = encode(value);
    assert_eq!(decode(&bytes).as_ref(), Ok(value));
    let mut spoilt = bytes.to_vec();
    match damage {
        Damage::Flip { at, mask } => {
            let at = at.index(spoilt.len());
            spoilt[at] ^= mask;
            if let Ok(other) = decode(&spoilt) {
                assert_ne!(&other, value, "two encodings of one value");
                assert_eq!(encode(&other), spoilt);
            }
        }
        Damage::Append(tail) => {
            spoilt.extend(tail);
            assert!(
                decode(&spoilt).is_err(),
                "bytes after the end were accepted"
            );
        }
        Damage::Truncate(at) => {
            spoilt.truncate(at.index(bytes.len()));
            assert!(
                decode(&spoilt).is_err(),
                "a part was accepted for the whole"
            );
        }
    }
}

/// A packet of which every byte of the ABI encoding is known.
pub(crate) fn packet_seven() -> (Packet, Vec<u8>) {
    let packet = Packet {
        sequence: Sequence::try_from(7).unwrap(),
        source_client: "client-0".parse().unwrap(),
        dest_client: "client-1".parse().unwrap(),
        timeout: Timestamp::from_secs(100),
        payloads: vec![Payload {
            source_port: "transfer".to_owned(),
            dest_port: "transfer".to_owned(),
            version: "ics20-1".to_owned(),
            encoding: "application/x-solidity-abi".to_owned(),
            value: Bytes::from_static(&[1]),
        }],
    };
    let encoding = words(&[
        "20",
        "7",
        "a0",
        "e0",
        "64",
        "120",
        "8",
        ".636c69656e742d30",
        "8",
        ".636c69656e742d31",
        "1",
        "20",
        "a0",
        "e0",
        "120",
        "160",
        "1a0",
        "8",
        ".7472616e73666572",
        "8",
        ".7472616e73666572",
        "7",
        ".69637332302d31",
        "1a",
        ".6170706c69636174696f6e2f782d736f6c69646974792d616269",
        "1",
        ".01",
    ]);
    (packet, encoding)
}

/// The packet's fields as the EVM contracts have them, to be spoilt one by one.
pub(crate) fn evm_packet() -> evm::Packet {
    evm::Packet::from(&packet_seven().0)
}
