//! Attestors hand over to others, and are believed no more.

use alloy::primitives::{Address, B256, Bytes, keccak256};
use causeway_contracts::attestation_light_client::AttestationLightClient as Client;
use causeway_ibc::{Committee, Domain, Rotation, SignedAttestation};

use crate::harness::attestors::{
    Attestors, PACKET, ROTATION, STATE, digest, packets, proof, rotation, sign,
};
use crate::harness::chain::{Chain, Failure, Receipt};
use crate::harness::network::{COMMITMENT, Network, Side};
use crate::light_client::{
    DOMAIN, HEIGHT, PATH, TIME, VALUE, ask, client, client_in, membership, one_packet, state_update,
};
use crate::misbehaviour::misbehaviour;

/// Ten minutes.
pub const OVERLAP: u64 = 600;

/// Two of three others.
pub fn successors() -> Attestors {
    Attestors::new(2, 3, 20)
}

pub fn rotate(chain: &mut Chain, rotation_msg: Bytes) -> Result<Receipt, Failure> {
    let call = Client::rotateAttestorsCall {
        rotationMsg: rotation_msg,
    };
    ask(chain, &call)
}

/// A client whose attestors have handed over.
fn rotated(overlap: u64) -> (Chain, Attestors, Attestors) {
    let (mut chain, old) = client();
    let new = successors();
    rotate(
        &mut chain,
        old.prove(ROTATION, DOMAIN, rotation(2, overlap, &new)),
    )
    .unwrap();
    (chain, old, new)
}

pub fn believes(chain: &mut Chain, attestors: &Attestors) -> Result<(), Failure> {
    ask(
        chain,
        &membership(one_packet(attestors), HEIGHT, PATH, VALUE),
    )
    .map(|_| ())
}

pub fn assert_is<E: alloy::sol_types::SolError>(outcome: Result<impl Sized, Failure>) {
    let failure = outcome.err().expect("accepted");
    assert!(failure.is::<E>(), "{failure:?}");
}

#[test]
fn the_quorum_hands_over_to_another_set() {
    let (mut chain, old) = client();
    let new = successors();
    let message = old.prove(ROTATION, DOMAIN, rotation(2, OVERLAP, &new));
    let receipt = rotate(&mut chain, message).unwrap();
    let until = chain.timestamp + OVERLAP;
    let event = receipt.events::<Client::AttestorsRotated>().remove(0);
    assert_eq!((event.setNumber, event.attestors), (2, new.addresses()));
    assert_eq!((event.minRequiredSigs, event.previousUntil), (2, until));

    let set = chain.view(chain.client, &Client::getAttestationSetCall {});
    assert_eq!(
        (set.attestorAddresses, set.minRequiredSigs),
        (new.addresses(), 2)
    );
    let state = chain.view(chain.client, &Client::getRotationStateCall {});
    assert_eq!((state.setNumber, state.previousUntil), (2, until));
    assert_eq!(
        (state.previousAttestors, state.previousMinRequiredSigs),
        (old.addresses(), 3)
    );
    believes(&mut chain, &new).unwrap();
    ask(&mut chain, &state_update(&new, 50, TIME + 8)).unwrap();
}

#[test]
fn the_first_set_has_number_one_and_none_before_it() {
    let (chain, _) = client();
    let state = chain.view(chain.client, &Client::getRotationStateCall {});
    assert_eq!((state.setNumber, state.previousUntil), (1, 0));
    assert_eq!(
        (state.previousAttestors, state.previousMinRequiredSigs),
        (vec![], 0)
    );
}

#[test]
fn during_the_overlap_either_set_is_believed() {
    let (mut chain, old, new) = rotated(OVERLAP);
    chain.timestamp += OVERLAP - 1;
    believes(&mut chain, &old).unwrap();
    believes(&mut chain, &new).unwrap();
    ask(&mut chain, &state_update(&old, 50, TIME + 8)).unwrap();
}

#[test]
fn after_the_overlap_the_old_set_is_never_believed_again() {
    let (mut chain, old, new) = rotated(OVERLAP);
    chain.timestamp += OVERLAP;
    for _ in 0..2 {
        assert_is::<Client::UnknownSigner>(believes(&mut chain, &old));
        assert_is::<Client::UnknownSigner>(ask(&mut chain, &state_update(&old, 50, TIME)));
        believes(&mut chain, &new).unwrap();
        chain.timestamp += 1_000_000;
    }
}

#[test]
fn without_an_overlap_the_old_set_falls_silent_at_once() {
    let (mut chain, old, new) = rotated(0);
    assert_is::<Client::UnknownSigner>(believes(&mut chain, &old));
    believes(&mut chain, &new).unwrap();
}

#[test]
fn a_mixture_of_both_sets_is_not_believed() {
    let (mut chain, old, new) = rotated(OVERLAP);
    let data = packets(HEIGHT, &[(keccak256(PATH), VALUE)]);
    let hash = digest(PACKET, DOMAIN, &data);
    let keys = [&old.keys[0], &old.keys[1], &new.keys[0], &new.keys[1]];
    for count in 3..=4 {
        let signatures = keys[4 - count..]
            .iter()
            .map(|key| sign(key, hash))
            .collect();
        let mixed = membership(proof(data.clone(), signatures), HEIGHT, PATH, VALUE);
        assert_is::<Client::UnknownSigner>(ask(&mut chain, &mixed));
    }
}

#[test]
fn each_set_is_held_to_its_own_threshold() {
    let (mut chain, mut old, mut new) = rotated(OVERLAP);
    old.threshold = 2;
    believes(&mut chain, &old).expect_err("two of the old three");
    new.threshold = 1;
    assert_is::<Client::ThresholdNotMet>(believes(&mut chain, &new));
}

#[test]
fn who_is_in_both_sets_counts_once_in_each() {
    let (mut chain, old) = client();
    let mut new = successors();
    new.keys[0] = old.keys[0].clone();
    rotate(
        &mut chain,
        old.prove(ROTATION, DOMAIN, rotation(2, OVERLAP, &new)),
    )
    .unwrap();
    believes(&mut chain, &old).unwrap();
    believes(&mut chain, &new).unwrap();
    new.keys = vec![new.keys[0].clone(), new.keys[0].clone()];
    assert_is::<Client::DuplicateSigner>(believes(&mut chain, &new));
}

#[test]
fn a_second_rotation_silences_the_first_set_at_once() {
    let (mut chain, old, new) = rotated(OVERLAP);
    let third = Attestors::new(2, 3, 40);
    rotate(
        &mut chain,
        new.prove(ROTATION, DOMAIN, rotation(3, OVERLAP, &third)),
    )
    .unwrap();
    assert_is::<Client::UnknownSigner>(believes(&mut chain, &old));
    believes(&mut chain, &new).unwrap();
    believes(&mut chain, &third).unwrap();
}

#[test]
fn a_contradiction_across_the_two_sets_freezes_the_client() {
    let evidence = |old: &Attestors, new: &Attestors| {
        let first = old.prove_state(DOMAIN, 50, TIME);
        misbehaviour(STATE, first, new.prove_state(DOMAIN, 50, TIME + 1))
    };
    let (mut chain, old, new) = rotated(OVERLAP);
    ask(&mut chain, &evidence(&old, &new)).unwrap();
    assert_is::<Client::FrozenClientState>(believes(&mut chain, &new));

    // Nor does a contradicting update go unpunished.
    let (mut chain, old, new) = rotated(OVERLAP);
    ask(&mut chain, &state_update(&new, 50, TIME)).unwrap();
    ask(&mut chain, &state_update(&old, 50, TIME + 1)).unwrap();
    assert_is::<Client::FrozenClientState>(believes(&mut chain, &new));

    // When the overlap is over, keys of the old set can do no more harm of this kind either.
    let (mut chain, old, new) = rotated(OVERLAP);
    chain.timestamp += OVERLAP;
    assert_is::<Client::UnknownSigner>(ask(&mut chain, &evidence(&old, &new)));
    believes(&mut chain, &new).unwrap();
}

#[test]
fn what_rust_signs_rotates_the_client() {
    let (mut chain, old) = client();
    let new = successors();
    let handover = Rotation {
        set_number: 2,
        overlap_seconds: OVERLAP,
        committee: Committee::new(new.addresses(), new.threshold).unwrap(),
    };
    let domain = Domain(DOMAIN);
    let current = Committee::new(old.addresses(), old.threshold).unwrap();
    handover.check(&domain, 1, &current).unwrap();
    let digest = handover.digest(&domain);
    let signatures = old.keys.iter().map(|key| sign(key, digest));
    let signed: SignedAttestation = current
        .assemble(digest, handover.encode(), signatures)
        .unwrap();
    rotate(&mut chain, signed.encode()).unwrap();
    believes(&mut chain, &new).unwrap();
    assert_eq!(Rotation::decode(&rotation(2, OVERLAP, &new)), Ok(handover));
}

#[test]
fn packets_flow_on_through_a_rotation() {
    let mut net = Network::new();
    let (first, second) = (
        net.transfer(Side::A, net.token, 5),
        net.transfer(Side::A, net.token, 7),
    );
    let height = net.update(Side::B);
    let proof = net.attest(Side::B, height, &[(COMMITMENT, &first)]);
    let new = successors();
    let domain = net.domain(Side::B);
    let rotation_msg = net
        .attestors
        .prove(ROTATION, domain, rotation(2, OVERLAP, &new));
    let client = net.b.client;
    // Anybody may bring it.
    net.b.must(
        Address::repeat_byte(0x99),
        client,
        &Client::rotateAttestorsCall {
            rotationMsg: rotation_msg,
        },
    );
    net.relay(Side::B, &Network::recv_call(&first, proof.clone(), height))
        .unwrap();
    net.attestors = new;
    net.recv(Side::B, &second).unwrap();
    net.b.timestamp += OVERLAP;
    let late = net.relay(Side::B, &Network::recv_call(&second, proof, height));
    assert_is::<Client::UnknownSigner>(late);
}

#[test]
fn a_client_without_a_domain_is_not_rotated() {
    let (mut chain, old) = client_in(B256::ZERO);
    let message = old.prove(ROTATION, B256::ZERO, rotation(2, OVERLAP, &successors()));
    assert_is::<Client::NoDomain>(rotate(&mut chain, message));
}
