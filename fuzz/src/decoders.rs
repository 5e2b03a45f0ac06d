//! The decoders, each as a function of bytes.

use std::{fmt::Display, str::FromStr};

use alloy::primitives::{Address, B256, Bytes, Log};
use bitcoin::{Witness, consensus::deserialize};
use causeway_attestor::{AttestRequest, Attested, Info};
use causeway_bitcoin::{
    HashTimeLock, LockForm, LockSpend, LockTerms, Network, NonceMessage, PartialSignatureMessage,
};
use causeway_evm::{Cursor, RevertReason};
use causeway_ibc::{
    Acknowledgement, ClientId, DecodeError, Domain, Misbehaviour, PacketAttestation, Rotation,
    SignedAttestation, StateAttestation,
    gmp::{GmpAcknowledgement, GmpPacketData},
    ics20::{Denom, FungibleTokenPacketData, TokenMetadata},
};
use causeway_ibc_evm::{decode_event, event_topics, explain_revert};
use causeway_monitor::Asset;
use causeway_swap::{Amount, Message, Offer, Price, Quote, Terms};
use causeway_swap_service::{
    Acceptance, Offers, Proposal, QuoteRequest, SignedQuote, Ward, reads_frame,
};
use causeway_types::{AccountId, AssetId, ChainId};
use serde::{Serialize, de::DeserializeOwned};

/// A decoder by its name, which is that of its corpus.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// All of them.
pub const TARGETS: &[Target] = &[
    ("attestor_messages", attestor_messages),
    ("bitcoin_answers", bitcoin_answers),
    ("bitcoin_spends", bitcoin_spends),
    ("chain_answers", chain_answers),
    ("calls", calls),
    ("names", names),
    ("packet_events", packet_events),
    ("proofs", proofs),
    ("reverts", reverts),
    ("swap_messages", swap_messages),
    ("swap_talk", swap_talk),
    ("tokens", tokens),
];

/// The first byte chooses among several decoders that read alike.
fn chosen(data: &[u8], among: u8) -> Option<(u8, &[u8])> {
    let (choice, rest) = data.split_first()?;
    Some((choice % among, rest))
}

fn canonical<T>(
    data: &[u8],
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
    encode: impl Fn(&T) -> Bytes,
) -> bool {
    decode(data).is_ok_and(|value| {
        assert_eq!(
            encode(&value),
            *data,
            "there are two encodings of one value"
        );
        true
    })
}

/// Payloads and acknowledgements of the token transfer application.
pub fn tokens(data: &[u8]) -> bool {
    match chosen(data, 2) {
        Some((0, data)) => canonical(
            data,
            FungibleTokenPacketData::decode,
            FungibleTokenPacketData::encode,
        ),
        Some((_, data)) => canonical(data, TokenMetadata::decode, TokenMetadata::encode),
        None => false,
    }
}

/// Payloads and acknowledgements of the application that makes calls.
pub fn calls(data: &[u8]) -> bool {
    match chosen(data, 2) {
        Some((0, data)) => canonical(data, GmpPacketData::decode, GmpPacketData::encode),
        Some((_, data)) => canonical(data, GmpAcknowledgement::decode, GmpAcknowledgement::encode),
        None => false,
    }
}

/// What the parties of a swap send each other. Text may have spaces and any order of fields; what it says
/// must come back the same.
pub fn swap_messages(data: &[u8]) -> bool {
    match chosen(data, 4) {
        Some((0, data)) => same::<Terms>(data).is_some_and(|terms| terms.check().is_ok()),
        Some((1, data)) => same::<Offer>(data).is_some(),
        Some((2, data)) => same::<Quote>(data).is_some(),
        Some((_, data)) => same::<Message>(data).is_some(),
        None => false,
    }
}

/// What parties of a swap send while they negotiate, and over the wire afterwards; and what they give to a
/// watchtower.
pub fn swap_talk(data: &[u8]) -> bool {
    match chosen(data, 7) {
        Some((0, data)) => same::<Offers>(data).is_some(),
        Some((1, data)) => same::<QuoteRequest>(data).is_some(),
        Some((2, data)) => same::<SignedQuote>(data).is_some(),
        Some((3, data)) => same::<Proposal>(data).is_some(),
        Some((4, data)) => same::<Acceptance>(data).is_some(),
        Some((5, data)) => same::<Ward>(data).is_some(),
        Some((_, data)) => reads_frame(data),
        None => false,
    }
}

/// The value, which must be read as it is written.
fn same<T: DeserializeOwned + Serialize + PartialEq>(data: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(data).ok()?;
    let text = serde_json::to_vec(&value).ok()?;
    assert!(
        serde_json::from_slice::<T>(&text).is_ok_and(|again| again == value),
        "a message is not read as it is written"
    );
    Some(value)
}

/// What light clients take: attestations, proofs of them, rotations and evidence.
pub fn proofs(data: &[u8]) -> bool {
    match chosen(data, 5) {
        Some((0, data)) => canonical(data, StateAttestation::decode, StateAttestation::encode),
        Some((1, data)) => canonical(data, PacketAttestation::decode, PacketAttestation::encode),
        Some((2, data)) => canonical(data, SignedAttestation::decode, SignedAttestation::encode),
        Some((3, data)) => canonical(data, Rotation::decode, Rotation::encode),
        Some((_, data)) => canonical(data, Misbehaviour::decode, Misbehaviour::encode),
        None => false,
    }
}

/// The router's events. The first byte chooses the event, the next 64 are its indexed values.
pub fn packet_events(data: &[u8]) -> bool {
    let topics = event_topics();
    let Some((choice, rest)) = chosen(data, u8::try_from(topics.len()).unwrap_or(u8::MAX)) else {
        return false;
    };
    let Some((indexed, body)) = rest.split_at_checked(64) else {
        return false;
    };
    let (first, second) = indexed.split_at(32);
    let topics = vec![
        topics[usize::from(choice)],
        B256::from_slice(first),
        B256::from_slice(second),
    ];
    let log = Log::new_unchecked(Address::ZERO, topics, Bytes::copy_from_slice(body));
    let Ok(Some(event)) = decode_event(&log, B256::ZERO, 0) else {
        return false;
    };
    // What anybody can put into an event must not break what is done with it next.
    let packet = &event.packet;
    let _ = (
        packet.commitment(),
        packet.commitment_path().key(),
        packet.receipt_path().key(),
        packet.ack_path().key(),
    );
    for payload in &packet.payloads {
        let _ = FungibleTokenPacketData::decode(&payload.value);
        let _ = GmpPacketData::decode(&payload.value);
        let _ = TokenMetadata::decode(&payload.value);
    }
    let _ = Acknowledgement::try_from(
        packet
            .payloads
            .iter()
            .map(|p| p.value.clone())
            .collect::<Vec<_>>(),
    );
    true
}

/// Names of chains, accounts, light clients and tokens, and assets as operators write them.
pub fn names(data: &[u8]) -> bool {
    fn same<T: FromStr + Display>(text: &str) -> bool {
        text.parse::<T>().is_ok_and(|value| {
            assert_eq!(
                value.to_string(),
                text,
                "there are two spellings of one name"
            );
            true
        })
    }
    let Ok(text) = str::from_utf8(data) else {
        return false;
    };
    let accepted = [
        same::<ChainId>(text),
        same::<AccountId>(text),
        same::<AssetId>(text),
        same::<Amount>(text),
        same::<Price>(text),
        same::<ClientId>(text),
        same::<Denom>(text),
        text.parse::<Asset>().is_ok(),
    ];
    accepted.contains(&true)
}

/// What an attestor reads and what its callers read.
pub fn attestor_messages(data: &[u8]) -> bool {
    match chosen(data, 3) {
        Some((0, data)) => serde_json::from_slice::<AttestRequest>(data).is_ok(),
        Some((1, data)) => serde_json::from_slice::<Info>(data).is_ok(),
        Some((_, data)) => {
            let Ok(attested) = serde_json::from_slice::<Attested>(data) else {
                return false;
            };
            let Ok(state) = StateAttestation::decode(&attested.state.data) else {
                return false;
            };
            let Ok(chain) = ChainId::from_str("eip155:1") else {
                return false;
            };
            let Ok(id) = ClientId::from_str("client-0") else {
                return false;
            };
            let request = AttestRequest {
                client: causeway_attestor::ClientRef { chain, id },
                height: state.height,
                paths: Vec::new(),
            };
            let _ = attested.verify(&request, &Domain::NONE);
            true
        }
        None => false,
    }
}

/// What an endpoint answers, and what was kept of it.
pub fn chain_answers(data: &[u8]) -> bool {
    match chosen(data, 2) {
        Some((0, data)) => causeway_evm::reads_answer(data),
        Some((_, data)) => serde_json::from_slice::<Cursor>(data).is_ok(),
        None => false,
    }
}

/// What a Bitcoin or Litecoin node answers, and what was kept of it.
pub fn bitcoin_answers(data: &[u8]) -> bool {
    match chosen(data, 2) {
        Some((0, data)) => causeway_bitcoin::reads_answer(data),
        Some((_, data)) => serde_json::from_slice::<causeway_bitcoin::Cursor>(data).is_ok(),
        None => false,
    }
}

/// What counterparties send and put into blocks: how a lock was spent, addresses, terms of locks, and
/// messages for signing together.
pub fn bitcoin_spends(data: &[u8]) -> bool {
    match chosen(data, 5) {
        Some((0, data)) => opens(LockForm::Taproot, data),
        Some((1, data)) => opens(LockForm::WitnessScript, data),
        Some((2, data)) => str::from_utf8(data).is_ok_and(is_address),
        Some((3, data)) => {
            let terms = serde_json::from_slice::<LockTerms>(data);
            terms.is_ok_and(|terms| HashTimeLock::new(terms).is_ok())
        }
        Some((_, data)) => {
            serde_json::from_slice::<NonceMessage>(data).is_ok()
                || serde_json::from_slice::<PartialSignatureMessage>(data).is_ok()
        }
        None => false,
    }
}

/// Whether this is a witness that spends a lock whose secret is 32 bytes of 7.
fn opens(form: LockForm, witness: &[u8]) -> bool {
    const TERMS: &str = r#"{
        "network": "bip122:0f9188f13cb7b2c71f2a335e3a4fc328",
        "form": "taproot",
        "hash": "4bb06f8e4e3a7715d201d573d0aa423762e55dabd61a2c02278fa56cc6d294e0",
        "claim_key": "031b84c5567b126440995d3ed5aaba0565d71e1834604819ff9c17f5e9d5dd078f",
        "refund_key": "024d4b6cd1361032ca9bd2aeb9d900aa4d45d9ead80ac9423374c451a7254d0766",
        "refund_height": 1500
    }"#;
    let Ok(terms) = serde_json::from_str::<LockTerms>(TERMS) else {
        return false;
    };
    let (Ok(lock), Ok(witness)) = (
        HashTimeLock::new(LockTerms { form, ..terms }),
        deserialize::<Witness>(witness),
    ) else {
        return false;
    };
    lock.classify(&witness) != LockSpend::Unknown
}

/// Whether some chain takes this for an address of its own.
fn is_address(text: &str) -> bool {
    let taking = Network::ALL.into_iter().filter(|network| {
        network.parse_address(text).is_ok_and(|script| {
            let written = network.address(&script);
            let same = written.as_deref() == Some(text.to_lowercase().as_str());
            assert!(same, "there are two spellings of one address");
            true
        })
    });
    taking.count() > 0
}

/// Why a call reverted, in the called contract's own words.
///
/// # Panics
/// When nothing is said about a revert.
pub fn reverts(data: &[u8]) -> bool {
    let data = Bytes::copy_from_slice(data);
    assert!(!explain_revert(&data).is_empty(), "nothing is said");
    !matches!(
        RevertReason::decode(&data),
        RevertReason::Custom { .. } | RevertReason::Silent
    )
}
