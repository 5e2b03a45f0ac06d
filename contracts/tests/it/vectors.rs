//! The public implementation's vectors, walked against the checked-in artifacts.

use std::collections::BTreeSet;

use alloy::primitives::{Address, B256, Bytes, U256, b256, hex, keccak256};
use alloy::sol_types::{SolCall, SolValue};
use causeway_contracts::ics26_router::{self, ICS26Router};
use proptest::prelude::*;
use serde_json::Value;

use crate::harness::attestors::{self, PACKET, STATE, digest, sign};
use crate::harness::chain::{BOB, Chain, Failure, path, path_hash};
use crate::harness::fixtures::LibraryProbe;
use crate::harness::fixtures::probe::IICS20TransferMsgs::FungibleTokenPacketData;
use crate::harness::fixtures::probe::IICS26RouterMsgs::{MsgSendPacket, Packet, Payload};
use crate::harness::forgery::packet_commitment;
use crate::harness::network::{COMMITMENT, Network, Side};

/// The slot of ERC-7201 `ibc.storage.IBCStore`, where the router's commitments lie.
const IBC_STORE_SLOT: B256 =
    b256!("1260944489272988d9df285149b5aa1b0f48f2136d6f416159f840a3e0747600");

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/ibc-v2.json")).unwrap()
}

fn artifact(name: &str) -> Value {
    let path = format!("{}/artifacts/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn canonical(input: &Value) -> String {
    let kind = input["type"].as_str().unwrap();
    kind.strip_prefix("tuple").map_or_else(
        || kind.to_owned(),
        |suffix| {
            let parts: Vec<_> = input["components"]
                .as_array()
                .unwrap()
                .iter()
                .map(canonical)
                .collect();
            format!("({}){suffix}", parts.join(","))
        },
    )
}

/// `Name.signature` of everything of a kind in an artifact's ABI.
fn signatures(name: &str, kind: &str) -> BTreeSet<String> {
    artifact(name)["abi"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["type"] == kind)
        .map(|item| {
            let inputs: Vec<_> = item["inputs"]
                .as_array()
                .unwrap()
                .iter()
                .map(canonical)
                .collect();
            format!(
                "{name}.{}({})",
                item["name"].as_str().unwrap(),
                inputs.join(",")
            )
        })
        .collect()
}

fn check_abi(section: &str, kind: &str, size: usize) {
    let vectors = vectors();
    let expected = vectors[section].as_object().unwrap();
    assert!(!expected.is_empty());
    for (signature, hash) in expected {
        let (contract, item) = signature.split_once('.').unwrap();
        assert!(
            signatures(contract, kind).contains(signature),
            "{signature} is missing"
        );
        let hashed = keccak256(item);
        assert_eq!(
            hex::encode_prefixed(&hashed[..size]),
            hash.as_str().unwrap(),
            "{signature}"
        );
    }
}

#[test]
fn every_public_function_exists_under_its_selector() {
    check_abi("selectors", "function", 4);
}

#[test]
fn every_public_event_exists_under_its_topic() {
    check_abi("topics", "event", 32);
}

#[test]
fn commitments_lie_in_the_public_storage_slot() {
    let vectors = vectors();
    assert_eq!(
        vectors["storage"]["slot"],
        hex::encode_prefixed(IBC_STORE_SLOT)
    );
    let key = |hash: B256| keccak256((hash, IBC_STORE_SLOT).abi_encode());
    let vector_hash: B256 = vectors["storage"]["pathHash"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(
        vectors["storage"]["key"],
        hex::encode_prefixed(key(vector_hash))
    );

    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    let hash = path_hash(&packet.sourceClient, COMMITMENT, packet.sequence);
    let router = &net.a.db.cache.accounts[&net.a.router];
    let stored = router.storage[&U256::from_be_bytes(key(hash).0)];
    assert_eq!(B256::from(stored), net.a.commitment(hash));
    assert!(!stored.is_zero());
}

#[test]
fn stock_attestations_are_signed_and_accepted_as_published() {
    let vectors = vectors();
    let key = attestors::key(1);
    assert_eq!(
        vectors["attestation"]["signer"],
        attestors::address(&key).to_checksum(None)
    );
    for (kind, tag) in [("state", STATE), ("packet", PACKET)] {
        let vector = &vectors["attestation"][kind];
        let data = hex::decode(vector["data"].as_str().unwrap()).unwrap();
        let hash = digest(tag, B256::ZERO, &data);
        assert_eq!(vector["digest"], hex::encode_prefixed(hash));
        assert_eq!(vector["sig"], hex::encode_prefixed(sign(&key, hash)));
    }
    super::light_client::accepts_stock(&vectors["attestation"]);
}

fn probe() -> (Chain, Address) {
    let mut chain = Chain::empty(1);
    let probe = chain.deploy_plain(&LibraryProbe::BYTECODE);
    (chain, probe)
}

fn published_packet() -> Packet {
    alloy::sol! {
        struct Data { string denom; string sender; string receiver; uint256 amount; string memo; }
    }
    let data = Data {
        denom: "uatom".into(),
        sender: "sender".into(),
        receiver: "receiver".into(),
        amount: U256::from(1_000_000),
        memo: "memo".into(),
    };
    Packet {
        sequence: 1,
        sourceClient: "channel-0".into(),
        destClient: "channel-1".into(),
        timeoutTimestamp: 100,
        payloads: vec![Payload {
            sourcePort: "transfer".into(),
            destPort: "transfer".into(),
            version: "ics20-1".into(),
            encoding: "application/x-solidity-abi".into(),
            value: data.abi_encode().into(),
        }],
    }
}

#[test]
fn commitments_and_paths_are_the_published_bytes() {
    let (chain, probe) = probe();
    let packet = published_packet();
    assert_eq!(
        chain.view(probe, &LibraryProbe::packetCommitmentCall { packet }),
        b256!("b691a1950f6fb0bbbcf4bdb16fe2c4d0aa7ef783eb7803073f475cb8164d9b7a")
    );
    let acknowledgement = Bytes::from_static(b"some bytes");
    assert_eq!(
        chain.view(
            probe,
            &LibraryProbe::acknowledgementCommitmentCall { acknowledgement }
        ),
        b256!("f03b4667413e56aaf086663267913e525c442b56fa1af4fa3f3dab9f37044c5b")
    );
    for (client, tag, sequence, expected) in [
        ("channel-0", 1, 1, "6368616e6e656c2d30010000000000000001"),
        ("channel-1", 2, 2, "6368616e6e656c2d31020000000000000002"),
        ("channel-2", 3, 3, "6368616e6e656c2d32030000000000000003"),
    ] {
        let call = LibraryProbe::pathCall {
            clientId: client.into(),
            tag,
            sequence,
        };
        let result = chain.view(probe, &call);
        assert_eq!(hex::encode(&result._0), expected);
        assert_eq!(result.key, keccak256(hex::decode(expected).unwrap()));
    }
}

#[test]
fn clients_that_ask_for_no_name_are_numbered() {
    let mut net = Network::new();
    let client = net.a.client;
    for expected in ["client-0", "client-1"] {
        let call = ICS26Router::addClient_1Call {
            counterpartyInfo:
                causeway_contracts::ics26_router::IICS02ClientMsgs::CounterpartyInfo {
                    clientId: "there".into(),
                    merklePrefix: vec![Bytes::new()],
                },
            client,
        };
        let receipt = net.a.must(BOB, net.a.router, &call);
        let id = ICS26Router::addClient_1Call::abi_decode_returns(&receipt.output).unwrap();
        assert_eq!(id, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn commitments_and_encodings_follow_the_formula_for_any_packet(
        sequence: u64,
        timeout: u64,
        names in proptest::collection::vec(".{0,70}", 6),
        value in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let (chain, probe) = probe();
        let packet = Packet {
            sequence,
            sourceClient: names[0].clone(),
            destClient: names[1].clone(),
            timeoutTimestamp: timeout,
            payloads: vec![Payload {
                sourcePort: names[2].clone(),
                destPort: names[3].clone(),
                version: names[4].clone(),
                encoding: names[5].clone(),
                value: value.into(),
            }],
        };
        let expected = packet_commitment(&SolValue::abi_decode(&packet.abi_encode()).unwrap());
        let encoded = packet.abi_encode();
        let sent = LibraryProbe::encodeSentCall {
            sequence,
            message: MsgSendPacket {
                sourceClient: packet.sourceClient.clone(),
                timeoutTimestamp: timeout,
                payload: packet.payloads[0].clone(),
            },
            destClient: packet.destClient.clone(),
        };
        prop_assert_eq!(chain.view(probe, &sent).to_vec(), encoded.clone());
        let received = LibraryProbe::encodeCall { packet: packet.clone() };
        prop_assert_eq!(chain.view(probe, &received).to_vec(), encoded);
        let client = packet.sourceClient.clone();
        prop_assert_eq!(chain.view(probe, &LibraryProbe::packetCommitmentCall { packet }), expected);
        let call = LibraryProbe::pathCall { clientId: client.clone(), tag: 3, sequence };
        let result = chain.view(probe, &call);
        prop_assert_eq!(result.key, keccak256(path(&client, 3, sequence)));
        prop_assert_eq!(result._0.to_vec(), path(&client, 3, sequence));
    }

    #[test]
    fn transfers_are_encoded_as_the_abi_says(
        texts in proptest::collection::vec(".{0,70}", 5),
        amount: [u8; 32],
        timeout: u64,
        value in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let (mut chain, probe) = probe();
        let data = FungibleTokenPacketData {
            denom: texts[0].clone(),
            sender: texts[1].clone(),
            receiver: texts[2].clone(),
            amount: U256::from_be_bytes(amount),
            memo: texts[3].clone(),
        };
        let expected = data.abi_encode();
        prop_assert_eq!(chain.view(probe, &LibraryProbe::encodeTransferCall { data }).to_vec(), expected);

        let call = ICS26Router::sendPacketCall {
            msg_: ics26_router::IICS26RouterMsgs::MsgSendPacket {
                sourceClient: texts[4].clone(),
                timeoutTimestamp: timeout,
                payload: ics26_router::IICS26RouterMsgs::Payload {
                    sourcePort: "transfer".into(),
                    destPort: "transfer".into(),
                    version: "causeway-metadata-1".into(),
                    encoding: "application/x-solidity-abi".into(),
                    value: value.clone().into(),
                },
            },
        };
        let sent = chain.send(BOB, probe, &LibraryProbe::sendPacketCall {
            sourceClient: texts[4].clone(),
            timeoutTimestamp: timeout,
            value: value.into(),
        });
        let Err(Failure::Revert(made)) = sent else {
            return Err(TestCaseError::fail("no call was made"));
        };
        prop_assert_eq!(made.to_vec(), call.abi_encode());
    }

    #[test]
    fn addresses_survive_their_text(bytes: [u8; 20]) {
        let (chain, probe) = probe();
        let account = Address::from(bytes);
        let text = chain.view(probe, &LibraryProbe::formatCall { account });
        prop_assert_eq!(&text, &format!("{account:#x}"));
        for text in [text.clone(), text[2..].to_owned(), account.to_checksum(None), text[2..].to_uppercase()] {
            let parsed = chain.view(probe, &LibraryProbe::parseCall { text: text.into_bytes().into() });
            prop_assert!(parsed._0);
            prop_assert_eq!(parsed._1, account);
        }
    }

    #[test]
    fn what_is_not_an_address_is_not_read_as_one(at in 0usize..42, byte: u8) {
        let (chain, probe) = probe();
        let mut text = b"0x52908400098527886e0f7030069857d2e4169ee7".to_vec();
        text[at] = byte;
        let valid = match at {
            0 => byte == b'0',
            1 => byte == b'x',
            _ => byte.is_ascii_hexdigit(),
        };
        let parsed = chain.view(probe, &LibraryProbe::parseCall { text: text.into() });
        prop_assert_eq!(parsed._0, valid);
    }
}

#[test]
fn texts_of_other_lengths_are_not_addresses() {
    let (chain, probe) = probe();
    for text in [
        "",
        "0x",
        "0x5290",
        &"a".repeat(39),
        &"a".repeat(41),
        &"a".repeat(42),
    ] {
        let text = text.as_bytes().to_vec().into();
        assert!(!chain.view(probe, &LibraryProbe::parseCall { text })._0);
    }
}

#[test]
fn only_allowed_characters_make_an_identifier() {
    let (chain, probe) = probe();
    let custom = |text: &[u8]| {
        let identifier = text.to_vec().into();
        chain.view(probe, &LibraryProbe::isCustomCall { identifier })
    };
    for byte in 0..=255u8 {
        let allowed = byte.is_ascii_alphanumeric() || b"._+-#[]<>".contains(&byte);
        assert_eq!(custom(&[b'a', b'b', b'c', byte]), allowed, "{byte}");
    }
    assert!(!custom(b"abc"));
    assert!(custom(&[b'a'; 128]));
    assert!(!custom(&[b'a'; 129]));
    assert!(!custom(b"client-7"));
    assert!(!custom(b"channel-7"));
    assert!(custom(b"clients"));
}
