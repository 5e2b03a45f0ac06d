//! Of everything that resembles an honest message, only the honest message does anything.

use std::sync::LazyLock;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::sol_types::{SolCall, SolValue};
use causeway_contracts::attestation_light_client::AttestationLightClient as Client;
use causeway_contracts::ics26_router::ICS26Router;
use proptest::prelude::*;

use crate::harness::attestors::{
    Attestors, PACKET, ROTATION, STATE, digest, packets, proof, rotation, sign,
};
use crate::harness::chain::{BOB, Chain, RELAYER, path_hash};
use crate::harness::network::{ACKNOWLEDGEMENT, COMMITMENT, Network, RECEIPT, Side, home};
use crate::light_client::{
    DOMAIN, HEIGHT, PATH, TIME, VALUE, absence, ask, client, membership, one_packet,
};
use crate::misbehaviour::misbehaviour;
use crate::rotation::{rotate, successors};

/// Every byte of a message, each of them changed in its lowest and in its highest bit.
fn spoilt(message: &[u8]) -> impl Iterator<Item = (usize, Bytes)> + '_ {
    (0..message.len()).flat_map(move |at| {
        [0x01, 0x80].map(|mask| {
            let mut changed = message.to_vec();
            changed[at] ^= mask;
            (at, changed.into())
        })
    })
}

#[test]
fn every_byte_of_a_proof_matters() {
    let (mut chain, attestors) = client();
    let honest = one_packet(&attestors);
    for (at, changed) in spoilt(&honest) {
        let call = membership(changed, HEIGHT, PATH, VALUE);
        assert!(ask(&mut chain, &call).is_err(), "byte {at}");
    }
    ask(&mut chain, &membership(honest, HEIGHT, PATH, VALUE)).unwrap();
}

#[test]
fn every_byte_of_a_proof_of_absence_matters() {
    let (mut chain, attestors) = client();
    let honest = attestors.prove_packets(DOMAIN, HEIGHT, &[(keccak256(PATH), B256::ZERO)]);
    for (at, changed) in spoilt(&honest) {
        assert!(
            ask(&mut chain, &absence(changed, HEIGHT, PATH)).is_err(),
            "byte {at}"
        );
    }
    ask(&mut chain, &absence(honest, HEIGHT, PATH)).unwrap();
}

#[test]
fn every_byte_of_evidence_matters() {
    let (mut chain, attestors) = client();
    let first = attestors.prove_state(DOMAIN, 50, TIME);
    let evidence = misbehaviour(STATE, first, attestors.prove_state(DOMAIN, 50, TIME + 1));
    for (at, changed) in spoilt(&evidence.misbehaviourMsg) {
        let call = Client::misbehaviourCall {
            misbehaviourMsg: changed,
        };
        assert!(ask(&mut chain, &call).is_err(), "byte {at}");
    }
    ask(&mut chain, &evidence).unwrap();
}

/// What a proof is asked to show, and what it is asked about.
#[test]
fn a_proof_shows_its_own_height_path_and_value_alone() {
    let (mut chain, attestors) = client();
    let update = attestors.prove_state(DOMAIN, 50, TIME + 8);
    ask(&mut chain, &Client::updateClientCall { updateMsg: update }).unwrap();
    let honest = one_packet(&attestors);
    for bit in 0..64 {
        let call = membership(honest.clone(), HEIGHT ^ (1 << bit), PATH, VALUE);
        assert!(ask(&mut chain, &call).is_err(), "bit {bit} of the height");
    }
    ask(&mut chain, &membership(honest.clone(), 50, PATH, VALUE))
        .err()
        .expect("accepted");
    for (at, path) in spoilt(PATH) {
        let call = membership(honest.clone(), HEIGHT, &path, VALUE);
        assert!(ask(&mut chain, &call).is_err(), "byte {at} of the path");
    }
    for path in [
        &PATH[1..],
        &PATH[..PATH.len() - 1],
        &[],
        &[PATH, &[0]].concat(),
    ] {
        ask(&mut chain, &membership(honest.clone(), HEIGHT, path, VALUE))
            .err()
            .expect("accepted");
    }
    for (at, value) in spoilt(VALUE.as_slice()) {
        let call = membership(honest.clone(), HEIGHT, PATH, B256::from_slice(&value));
        assert!(ask(&mut chain, &call).is_err(), "byte {at} of the value");
    }
    for length in [0, 1, 31, 33, 64] {
        let mut call = membership(honest.clone(), HEIGHT, PATH, VALUE);
        call.msg_.value = vec![0x77; length].into();
        assert!(ask(&mut chain, &call).is_err(), "{length} bytes");
    }
    for elements in [
        vec![],
        vec![Bytes::new(), PATH.to_vec().into()],
        vec![PATH.to_vec().into(); 2],
    ] {
        let mut call = membership(honest.clone(), HEIGHT, PATH, VALUE);
        call.msg_.path = elements;
        ask(&mut chain, &call).err().expect("accepted");
    }
}

/// Nomad: a root of zero, trusted by mistake, proved everything.
#[test]
fn nothing_is_proven_where_nothing_is_set_up() {
    let (mut chain, attestors) = client();
    let zero = |height| membership(Bytes::new(), height, PATH, VALUE);
    for height in [0, 1, HEIGHT - 1, HEIGHT + 1, u64::MAX] {
        let failure = ask(&mut chain, &zero(height)).err().unwrap();
        assert!(
            failure.is::<Client::ConsensusTimestampNotFound>(),
            "{failure:?}"
        );
        ask(&mut chain, &absence(Bytes::new(), height, PATH))
            .err()
            .expect("accepted");
    }
    assert!(
        ask(&mut chain, &zero(HEIGHT))
            .err()
            .unwrap()
            .is::<Client::ProofNotCached>()
    );
    for length in [1, 4, 32, 64, 0xa0, 0x100] {
        let zeros = membership(vec![0; length].into(), HEIGHT, PATH, VALUE);
        ask(&mut chain, &zeros).err().expect("accepted");
    }
    let zero_height = attestors.prove_packets(DOMAIN, 0, &[(keccak256(PATH), VALUE)]);
    ask(&mut chain, &membership(zero_height, 0, PATH, VALUE))
        .err()
        .expect("accepted");
}

/// Code without its constructor: no attestors, no height, a threshold of zero.
#[test]
fn a_client_that_was_never_constructed_believes_nobody() {
    let (mut chain, attestors) = client();
    let bare = Address::repeat_byte(0xee);
    let code = chain.db.cache.accounts[&chain.client]
        .info
        .code
        .clone()
        .unwrap();
    chain
        .db
        .insert_account_info(bare, revm::state::AccountInfo::from_bytecode(code));
    chain.client = bare;
    let unsigned = proof(packets(HEIGHT, &[(keccak256(PATH), VALUE)]), vec![]);
    for proof in [Bytes::new(), unsigned, one_packet(&attestors)] {
        ask(&mut chain, &membership(proof.clone(), HEIGHT, PATH, VALUE))
            .err()
            .expect("accepted");
        ask(&mut chain, &membership(proof.clone(), 0, PATH, VALUE))
            .err()
            .expect("accepted");
        ask(&mut chain, &absence(proof, 0, PATH))
            .err()
            .expect("accepted");
    }
    let update = attestors.prove_state(DOMAIN, 50, TIME);
    ask(&mut chain, &Client::updateClientCall { updateMsg: update })
        .err()
        .expect("accepted");
    let handover = attestors.prove(ROTATION, DOMAIN, rotation(1, 0, &successors()));
    rotate(&mut chain, handover).err().expect("accepted");
}

/// Signatures that some verifier somewhere would take.
#[test]
fn signatures_have_one_form() {
    let data = packets(HEIGHT, &[(keccak256(PATH), VALUE)]);
    let hash = digest(PACKET, DOMAIN, &data);
    let (_, attestors) = client();
    let good: Vec<_> = attestors.keys[..3]
        .iter()
        .map(|key| sign(key, hash))
        .collect();
    let with_last = |last: Vec<u8>| vec![good[0].clone(), good[1].clone(), last];
    let third = &good[2];
    let mut cases: Vec<Vec<Vec<u8>>> = (0..=255u8)
        .filter(|v| *v != third[64])
        .map(|v| with_last([&third[..64], &[v]].concat()))
        .collect();
    // EIP-2098: the parity in the top bit of s, and 64 bytes in all.
    let mut compact = third[..64].to_vec();
    compact[32] |= (third[64] - 27) << 7;
    cases.push(with_last(compact));
    cases.push(with_last([third.as_slice(), &[0]].concat()));
    cases.push(with_last(vec![0; 65]));
    cases.push(with_last([&[0; 64][..], &[27]].concat()));
    cases.push(with_last([&[0xff; 64][..], &[27]].concat()));
    cases.push(with_last(vec![]));
    cases.push(with_last(good[0].clone()));
    cases.push(with_last(good[1].clone()));
    for signatures in cases {
        let (mut chain, _) = client();
        let call = membership(proof(data.clone(), signatures.clone()), HEIGHT, PATH, VALUE);
        assert!(ask(&mut chain, &call).is_err(), "{:?}", signatures[2]);
    }
}

/// The same values under other offsets and lengths, and with something in between or behind.
#[test]
fn a_proof_has_one_encoding() {
    let (mut chain, attestors) = client();
    let honest = one_packet(&attestors).to_vec();
    let word = |data: &[u8], at: usize| U256::from_be_slice(&data[at..at + 32]);
    for at in (0..honest.len()).step_by(32) {
        // A gap before any word, with whatever points behind it moved accordingly.
        let mut gap = [&honest[..at], &[0; 32], &honest[at..]].concat();
        ask(
            &mut chain,
            &membership(gap.clone().into(), HEIGHT, PATH, VALUE),
        )
        .err()
        .expect("accepted");
        for pointer in (0..at).step_by(32) {
            let moved = word(&gap, pointer).saturating_add(U256::from(32));
            gap[pointer..pointer + 32].copy_from_slice(&moved.to_be_bytes::<32>());
            let call = membership(gap.clone().into(), HEIGHT, PATH, VALUE);
            assert!(ask(&mut chain, &call).is_err(), "{at} {pointer}");
        }
        let mut huge = honest.clone();
        huge[at..at + 32].fill(0xff);
        ask(&mut chain, &membership(huge.into(), HEIGHT, PATH, VALUE))
            .err()
            .expect("accepted");
    }
    let prefixed = [&[0; 32], honest.as_slice()].concat();
    ask(
        &mut chain,
        &membership(prefixed.into(), HEIGHT, PATH, VALUE),
    )
    .err()
    .expect("accepted");
    let twice = [honest.clone(), honest].concat();
    ask(&mut chain, &membership(twice.into(), HEIGHT, PATH, VALUE))
        .err()
        .expect("accepted");
}

/// A delivery that is ready to be sent to chain B.
struct Delivery {
    net: Network,
    honest: Bytes,
    /// Where the packet's receipt goes, and what it is when the honest message is delivered.
    receipt: (B256, B256),
}

static DELIVERY: LazyLock<Delivery> = LazyLock::new(|| {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    let height = net.update(Side::B);
    let proof = net.attest(Side::B, height, &[(COMMITMENT, &packet)]);
    let honest: Bytes = Network::recv_call(&packet, proof, height)
        .abi_encode()
        .into();
    let path = path_hash(&packet.destClient, RECEIPT, packet.sequence);
    let mut chain = net.b.clone();
    chain
        .send_raw(RELAYER, net.b.router, U256::ZERO, honest.clone())
        .unwrap();
    let receipt = (path, chain.commitment(path));
    Delivery {
        net,
        honest,
        receipt,
    }
});

fn bobs(chain: &Chain, token: Address) -> U256 {
    let voucher = chain.voucher(&home(token));
    if voucher.is_zero() {
        U256::ZERO
    } else {
        chain.balance(voucher, BOB)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Bytes that the ABI leaves open may change; what comes of the message may not.
    #[test]
    fn a_changed_delivery_delivers_the_honest_packet_or_nothing(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1u8..=255), 1..4),
    ) {
        let Delivery { net, honest, receipt: (path, receipt) } = &*DELIVERY;
        let mut changed = honest.to_vec();
        for (at, change) in changes {
            let at = at.index(changed.len());
            changed[at] ^= change;
        }
        let mut chain = net.b.clone();
        if chain.send_raw(RELAYER, net.b.router, U256::ZERO, changed.into()).is_ok() {
            prop_assert_eq!(chain.commitment(*path), *receipt);
            prop_assert_eq!(bobs(&chain, net.token), U256::from(5));
        } else {
            prop_assert_eq!(chain.commitment(*path), B256::ZERO);
        }
    }

    #[test]
    fn nobody_but_a_quorum_proves_anything(
        signers in prop::collection::vec(1u8..10, 0..6),
        tag in 1u8..4,
        bound: bool,
    ) {
        let (mut chain, _) = client();
        let data = packets(HEIGHT, &[(keccak256(PATH), VALUE)]);
        let hash = digest(tag, if bound { DOMAIN } else { B256::ZERO }, &data);
        let keys: Vec<_> = signers.iter().map(|key| crate::harness::attestors::key(*key)).collect();
        let signed = proof(data, keys.iter().map(|key| sign(key, hash)).collect());
        let mut distinct = signers.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let expected = tag == PACKET
            && bound
            && distinct.len() == signers.len()
            && signers.len() >= 3
            && signers.iter().all(|key| *key <= 5);
        prop_assert_eq!(ask(&mut chain, &membership(signed, HEIGHT, PATH, VALUE)).is_ok(), expected);
    }
}

#[test]
fn a_proof_of_one_packet_settles_no_other() {
    let mut net = Network::new();
    let (first, second) = (
        net.transfer(Side::A, net.token, 5),
        net.transfer(Side::A, net.token, 7),
    );
    let ack = net
        .recv(Side::B, &first)
        .unwrap()
        .acknowledgements()
        .remove(0);
    let height = net.update(Side::A);
    let proven = net.attest(Side::A, height, &[(ACKNOWLEDGEMENT, &first)]);
    net.relay(
        Side::A,
        &Network::ack_call(&second, &ack, proven.clone(), height),
    )
    .err()
    .expect("accepted");
    net.relay(
        Side::A,
        &Network::timeout_call(&first, proven.clone(), height),
    )
    .err()
    .expect("accepted");
    // An update that proves a height proves nothing at it.
    let state = net
        .attestors
        .prove_state(net.domain(Side::A), height, net.b.timestamp);
    net.relay(
        Side::A,
        &Network::ack_call(&first, &ack, state.clone(), height),
    )
    .err()
    .expect("accepted");
    let call = ICS26Router::updateClientCall {
        clientId: net.a.client_id.clone(),
        updateMsg: proven.clone(),
    };
    net.relay(Side::A, &call).err().expect("accepted");
    net.relay(Side::A, &Network::ack_call(&first, &ack, proven, height))
        .unwrap();
}

#[test]
fn a_set_replaced_by_itself_with_fewer_loses_who_left() {
    let (mut chain, old) = client();
    let mut rest = Attestors::new(2, 3, 1);
    rotate(
        &mut chain,
        old.prove(ROTATION, DOMAIN, rotation(2, 0, &rest)),
    )
    .unwrap();
    ask(
        &mut chain,
        &membership(one_packet(&rest), HEIGHT, PATH, VALUE),
    )
    .unwrap();
    rest.keys = vec![old.keys[0].clone(), old.keys[4].clone()];
    let failure = ask(
        &mut chain,
        &membership(one_packet(&rest), HEIGHT, PATH, VALUE),
    )
    .err()
    .unwrap();
    assert!(failure.is::<Client::UnknownSigner>(), "{failure:?}");
}

#[test]
fn evidence_needs_both_halves_of_one_kind() {
    let (mut chain, attestors) = client();
    let state = attestors.prove_state(DOMAIN, HEIGHT, TIME + 1);
    let packet = one_packet(&attestors);
    for tag in [STATE, PACKET] {
        for (first, second) in [
            (state.clone(), packet.clone()),
            (packet.clone(), state.clone()),
        ] {
            ask(&mut chain, &misbehaviour(tag, first, second))
                .err()
                .expect("accepted");
        }
    }
    let empty = misbehaviour(STATE, Bytes::new(), Bytes::new());
    ask(&mut chain, &empty).err().expect("accepted");
    let nothing = (U256::ZERO, Bytes::new(), Bytes::new()).abi_encode_params();
    let call = Client::misbehaviourCall {
        misbehaviourMsg: nothing.into(),
    };
    ask(&mut chain, &call).err().expect("accepted");
}
