//! Who contradicts himself is believed no more.

use alloy::primitives::{B256, Bytes, keccak256};
use alloy::sol_types::SolValue;
use causeway_contracts::attestation_light_client::AttestationLightClient as Client;

use crate::harness::attestors::{Attestors, PACKET, STATE, wire};
use crate::harness::chain::Chain;
use crate::harness::network::{COMMITMENT, Network, Side};
use crate::light_client::{
    DOMAIN, HEIGHT, PATH, TIME, VALUE, absence, ask, client, membership, one_packet, state_update,
};

fn is_frozen(chain: &mut Chain, attestors: &Attestors) -> bool {
    let calls = [
        ask(
            chain,
            &membership(one_packet(attestors), HEIGHT, PATH, VALUE),
        ),
        ask(chain, &absence(one_packet(attestors), HEIGHT, PATH)),
        ask(chain, &state_update(attestors, 90, TIME + 90)),
    ];
    calls
        .into_iter()
        .all(|call| call.is_err_and(|failure| failure.is::<Client::FrozenClientState>()))
}

#[test]
fn a_contradicting_update_freezes_the_client() {
    let (mut chain, attestors) = client();
    let receipt = ask(&mut chain, &state_update(&attestors, HEIGHT, TIME + 1)).unwrap();
    assert_eq!(receipt.output[31], 1);
    assert!(is_frozen(&mut chain, &attestors));
    alloy::sol! { struct State { address[] attestors; uint8 threshold; uint64 height; bool frozen; } }
    let state = chain.view(chain.client, &Client::getClientStateCall {});
    assert!(State::abi_decode(&state).unwrap().frozen);
}

pub fn misbehaviour(tag: u8, first: Bytes, second: Bytes) -> Client::misbehaviourCall {
    let evidence = wire::Misbehaviour {
        attestationType: tag,
        first,
        second,
    };
    Client::misbehaviourCall {
        misbehaviourMsg: evidence.abi_encode().into(),
    }
}

#[test]
fn two_timestamps_for_one_height_freeze_the_client() {
    let (mut chain, attestors) = client();
    let first = attestors.prove_state(DOMAIN, 50, TIME);
    let second = attestors.prove_state(DOMAIN, 50, TIME + 1);
    ask(&mut chain, &misbehaviour(STATE, first, second)).unwrap();
    assert!(is_frozen(&mut chain, &attestors));
}

#[test]
fn two_commitments_for_one_path_freeze_the_client() {
    let (mut chain, attestors) = client();
    let entry = |value| [(B256::ZERO, VALUE), (keccak256(PATH), value)];
    let first = attestors.prove_packets(DOMAIN, 50, &entry(VALUE));
    let second = attestors.prove_packets(DOMAIN, 50, &entry(B256::ZERO));
    ask(&mut chain, &misbehaviour(PACKET, first, second)).unwrap();
    assert!(is_frozen(&mut chain, &attestors));
}

#[test]
fn what_does_not_contradict_is_no_misbehaviour() {
    let (mut chain, attestors) = client();
    let state = |height, time| attestors.prove_state(DOMAIN, height, time);
    let packet = |height, path: u8, value: u8| {
        attestors.prove_packets(
            DOMAIN,
            height,
            &[(B256::repeat_byte(path), B256::repeat_byte(value))],
        )
    };
    for call in [
        misbehaviour(STATE, state(50, TIME), state(50, TIME)),
        misbehaviour(STATE, state(50, TIME), state(51, TIME + 1)),
        misbehaviour(PACKET, packet(50, 1, 1), packet(50, 1, 1)),
        misbehaviour(PACKET, packet(50, 1, 1), packet(51, 1, 2)),
        misbehaviour(PACKET, packet(50, 1, 1), packet(50, 2, 2)),
    ] {
        assert!(
            ask(&mut chain, &call)
                .err()
                .unwrap()
                .is::<Client::NoConflict>()
        );
    }
    assert!(!is_frozen(&mut chain, &attestors));
}

#[test]
fn forged_evidence_freezes_nothing() {
    let (mut chain, attestors) = client();
    let strangers = Attestors::new(3, 5, 50);
    let honest = attestors.prove_state(DOMAIN, 50, TIME);
    let forged = strangers.prove_state(DOMAIN, 50, TIME + 1);
    for (first, second) in [(honest.clone(), forged.clone()), (forged, honest)] {
        let failure = ask(&mut chain, &misbehaviour(STATE, first, second))
            .err()
            .unwrap();
        assert!(failure.is::<Client::UnknownSigner>());
    }
    let evidence = misbehaviour(3, one_packet(&attestors), one_packet(&attestors));
    assert!(
        ask(&mut chain, &evidence)
            .err()
            .unwrap()
            .is::<Client::UnknownAttestationType>()
    );
    assert!(!is_frozen(&mut chain, &attestors));
}

#[test]
fn misbehaviour_can_be_submitted_through_the_router_by_anyone() {
    use causeway_contracts::ics26_router::ICS26Router;
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    let domain = net.domain(Side::B);
    let evidence = wire::Misbehaviour {
        attestationType: STATE,
        first: net.attestors.prove_state(domain, 500, 1),
        second: net.attestors.prove_state(domain, 500, 2),
    };
    let receipt = net
        .relay(
            Side::B,
            &ICS26Router::submitMisbehaviourCall {
                clientId: net.b.client_id.clone(),
                misbehaviourMsg: evidence.abi_encode().into(),
            },
        )
        .unwrap();
    assert_eq!(
        receipt
            .events::<ICS26Router::ICS02MisbehaviourSubmitted>()
            .len(),
        1
    );
    let height = net.a.height;
    let proof = net.attest(Side::B, height, &[(COMMITMENT, &packet)]);
    let failure = net
        .relay(Side::B, &Network::recv_call(&packet, proof, height))
        .err()
        .unwrap();
    assert!(failure.is::<Client::FrozenClientState>());
    assert!(
        net.try_update(Side::B)
            .err()
            .unwrap()
            .is::<Client::FrozenClientState>()
    );
}
