//! Which rotations are refused.

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::SolValue;
use causeway_contracts::attestation_light_client::AttestationLightClient as Client;
use proptest::prelude::*;

use crate::harness::attestors::{
    Attestors, PACKET, ROTATION, STATE, digest, proof, rotation, sign, wire,
};
use crate::harness::chain::{Chain, Failure, Receipt};
use crate::light_client::{DOMAIN, HEIGHT, PATH, TIME, VALUE, ask, client, membership};
use crate::misbehaviour::misbehaviour;
use crate::rotation::{OVERLAP, assert_is, believes, rotate, successors};

fn signed(by: &Attestors, data: Vec<u8>) -> Bytes {
    by.prove(ROTATION, DOMAIN, data)
}

/// What becomes of a quorum's rotation to a set with this threshold.
fn rotate_to(threshold: u8, members: Vec<Address>) -> Result<Receipt, Failure> {
    let (mut chain, old) = client();
    let data = wire::Rotation {
        setNumber: 2,
        overlapSeconds: OVERLAP,
        minRequiredSigs: threshold,
        attestorAddresses: members,
    };
    rotate(&mut chain, signed(&old, data.abi_encode()))
}

fn members(count: u16) -> Vec<Address> {
    (1..=count)
        .map(|index| Address::left_padding_from(&index.to_be_bytes()))
        .collect()
}

#[test]
fn too_few_and_strangers_rotate_nothing() {
    let (mut chain, old) = client();
    let data = rotation(2, OVERLAP, &successors());
    let mut few = old.clone();
    few.threshold = 2;
    assert_is::<Client::ThresholdNotMet>(rotate(&mut chain, signed(&few, data.clone())));
    let strangers = Attestors::new(3, 5, 60);
    assert_is::<Client::UnknownSigner>(rotate(&mut chain, signed(&strangers, data.clone())));
    few.threshold = 3;
    few.keys = vec![
        old.keys[0].clone(),
        old.keys[1].clone(),
        old.keys[0].clone(),
    ];
    assert_is::<Client::DuplicateSigner>(rotate(&mut chain, signed(&few, data.clone())));
    assert_is::<Client::EmptySignatures>(rotate(&mut chain, proof(data, vec![])));
    believes(&mut chain, &old).unwrap();
}

#[test]
fn a_rotation_serves_once() {
    let (mut chain, old) = client();
    // To itself, so that its own signatures still count.
    let message = signed(&old, rotation(2, OVERLAP, &old));
    rotate(&mut chain, message.clone()).unwrap();
    assert_is::<Client::WrongSetNumber>(rotate(&mut chain, message));
}

#[test]
fn a_rotation_is_to_the_next_set_alone() {
    for number in [0, 1, 3, u64::MAX] {
        let (mut chain, old) = client();
        let outcome = rotate(
            &mut chain,
            signed(&old, rotation(number, OVERLAP, &successors())),
        );
        assert_is::<Client::WrongSetNumber>(outcome);
    }
}

#[test]
fn a_replaced_set_does_not_bring_itself_back() {
    let (mut chain, old) = client();
    let new = successors();
    rotate(&mut chain, signed(&old, rotation(2, OVERLAP, &new))).unwrap();
    // It is believed still, but not about this.
    believes(&mut chain, &old).unwrap();
    let back = rotate(&mut chain, signed(&old, rotation(3, OVERLAP, &old)));
    assert_is::<Client::UnknownSigner>(back);
}

#[test]
fn a_rotation_of_another_client_is_refused() {
    let (mut chain, old) = client();
    let elsewhere = old.prove(
        ROTATION,
        B256::repeat_byte(0xd1),
        rotation(2, OVERLAP, &successors()),
    );
    assert_is::<Client::UnknownSigner>(rotate(&mut chain, elsewhere));
    let stock = old.prove(ROTATION, B256::ZERO, rotation(2, OVERLAP, &successors()));
    assert_is::<Client::UnknownSigner>(rotate(&mut chain, stock));
}

#[test]
fn an_attestation_is_no_rotation_and_a_rotation_no_attestation() {
    let (mut chain, old) = client();
    let data = rotation(2, OVERLAP, &successors());
    for tag in [STATE, PACKET] {
        assert_is::<Client::UnknownSigner>(rotate(
            &mut chain,
            old.prove(tag, DOMAIN, data.clone()),
        ));
    }
    let state = wire::StateAttestation {
        height: 50,
        timestamp: TIME,
    }
    .abi_encode();
    let update = Client::updateClientCall {
        updateMsg: signed(&old, state),
    };
    assert_is::<Client::UnknownSigner>(ask(&mut chain, &update));
    let packets = crate::harness::attestors::packets(HEIGHT, &[(B256::ZERO, VALUE)]);
    let proven = membership(signed(&old, packets), HEIGHT, PATH, VALUE);
    assert_is::<Client::UnknownSigner>(ask(&mut chain, &proven));
}

#[test]
fn two_rotations_are_no_evidence_of_misbehaviour() {
    let (mut chain, old) = client();
    let first = signed(&old, rotation(2, OVERLAP, &successors()));
    let second = signed(&old, rotation(2, 0, &successors()));
    assert_is::<Client::UnknownAttestationType>(ask(
        &mut chain,
        &misbehaviour(ROTATION, first, second),
    ));
}

#[test]
fn no_weak_set_follows_a_strong_one() {
    rotate_to(2, members(2)).unwrap();
    rotate_to(2, members(3)).unwrap();
    rotate_to(128, members(255)).unwrap();
    for (threshold, count) in [(1, 1), (1, 2), (1, 3), (2, 4), (2, 5), (127, 255)] {
        assert_is::<Client::WeakQuorum>(rotate_to(threshold, members(count)));
    }
}

#[test]
fn a_set_that_began_weak_may_stay_weak_until_it_is_strong() {
    let mut chain = Chain::empty(1);
    let one = Attestors::new(1, 1, 1);
    chain.client = chain.deploy_client(&one, HEIGHT, TIME, DOMAIN);
    let other = Attestors::new(1, 1, 2);
    rotate(&mut chain, signed(&one, rotation(2, 0, &other))).unwrap();
    let strong = successors();
    rotate(&mut chain, signed(&other, rotation(3, 0, &strong))).unwrap();
    let back = rotate(&mut chain, signed(&strong, rotation(4, 0, &one)));
    assert_is::<Client::WeakQuorum>(back);
}

#[test]
fn a_set_that_makes_no_sense_is_refused() {
    let [a, b] = [Address::repeat_byte(1), Address::repeat_byte(2)];
    assert_is::<Client::WeakQuorum>(rotate_to(0, vec![a, b]));
    assert_is::<Client::BadQuorum>(rotate_to(3, vec![a, b]));
    assert_is::<Client::NoAttestors>(rotate_to(2, vec![]));
    assert_is::<Client::DuplicateSigner>(rotate_to(2, vec![a, b, a]));
    assert_is::<Client::ZeroAttestor>(rotate_to(2, vec![a, Address::ZERO]));
    assert_is::<Client::TooManyAttestors>(rotate_to(129, members(256)));
    // Nor where weak sets are allowed.
    let mut chain = Chain::empty(1);
    let one = Attestors::new(1, 1, 1);
    chain.client = chain.deploy_client(&one, HEIGHT, TIME, DOMAIN);
    let mut nobody = Attestors::new(0, 1, 2);
    assert_is::<Client::BadQuorum>(rotate(&mut chain, signed(&one, rotation(2, 0, &nobody))));
    nobody.keys.clear();
    assert_is::<Client::NoAttestors>(rotate(&mut chain, signed(&one, rotation(2, 0, &nobody))));
}

#[test]
fn an_overlap_is_a_day_at_most() {
    let day = 24 * 60 * 60;
    for overlap in [day + 1, u64::MAX] {
        let (mut chain, old) = client();
        let outcome = rotate(
            &mut chain,
            signed(&old, rotation(2, overlap, &successors())),
        );
        assert_is::<Client::OverlapTooLong>(outcome);
    }
    let (mut chain, old) = client();
    rotate(&mut chain, signed(&old, rotation(2, day, &successors()))).unwrap();
}

#[test]
fn a_frozen_client_is_not_rotated() {
    let (mut chain, old) = client();
    let first = old.prove_state(DOMAIN, 50, TIME);
    ask(
        &mut chain,
        &misbehaviour(STATE, first, old.prove_state(DOMAIN, 50, TIME + 1)),
    )
    .unwrap();
    let outcome = rotate(
        &mut chain,
        signed(&old, rotation(2, OVERLAP, &successors())),
    );
    assert_is::<Client::FrozenClientState>(outcome);
}

#[test]
fn even_a_quorum_must_sign_a_canonical_rotation() {
    let good = rotation(2, OVERLAP, &successors());
    let with = |word: usize, byte: usize, value: u8| {
        let mut data = good.clone();
        data[word * 32 + byte] = value;
        data
    };
    for data in [
        [good.clone(), vec![0; 32]].concat(),
        [good.clone(), vec![0]].concat(),
        good[..good.len() - 32].to_vec(),
        good[..5 * 32].to_vec(),
        vec![],
        with(0, 31, 0x40),
        with(1, 23, 1),
        with(2, 23, 1),
        with(3, 30, 1),
        with(4, 31, 0xa0),
        with(5, 31, 2),
        with(5, 31, 4),
        with(5, 0, 1),
        with(6, 11, 1),
        with(8, 0, 1),
    ] {
        let (mut chain, old) = client();
        assert_is::<Client::MalformedEncoding>(rotate(&mut chain, signed(&old, data)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_rotation_with_a_changed_byte_is_accepted(at: prop::sample::Index, change in 1u8..=255) {
        let (mut chain, old) = client();
        let mut message = signed(&old, rotation(2, OVERLAP, &successors())).to_vec();
        let at = at.index(message.len());
        message[at] ^= change;
        prop_assert!(rotate(&mut chain, message.into()).is_err());
    }

    #[test]
    fn only_a_quorum_of_the_current_set_rotates(
        signers in prop::collection::vec(0u8..12, 0..6),
        rotations in 0u64..3,
    ) {
        // Keys 1 to 5 are the set at first, then 6 to 10: three of them must sign.
        let (mut chain, mut current) = client();
        let mut next = Attestors::new(3, 5, 6);
        for done in 0..rotations {
            rotate(&mut chain, signed(&current, rotation(2 + done, OVERLAP, &next))).unwrap();
            std::mem::swap(&mut current, &mut next);
        }
        let data = rotation(2 + rotations, OVERLAP, &successors());
        let hash = digest(ROTATION, DOMAIN, &data);
        let keys: Vec<_> = signers.iter().map(|index| crate::harness::attestors::key(1 + index)).collect();
        let message = proof(data, keys.iter().map(|key| sign(key, hash)).collect());
        let mut sorted = signers.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let first = if rotations % 2 == 0 { 0 } else { 5 };
        let all_current = signers.iter().all(|index| (first..first + 5).contains(index));
        let expected = all_current && sorted.len() == signers.len() && signers.len() >= 3;
        prop_assert_eq!(rotate(&mut chain, message).is_ok(), expected);
    }

    #[test]
    fn no_number_but_the_next_rotates(number: u64, high in any::<[u8; 24]>()) {
        let (mut chain, old) = client();
        let mut data = rotation(number, OVERLAP, &successors());
        data[32..56].copy_from_slice(&high);
        let word = U256::from_be_slice(&data[32..64]);
        prop_assume!(word != U256::from(2));
        prop_assert!(rotate(&mut chain, signed(&old, data)).is_err());
    }
}
