//! What the attestation light client believes, and what it does not.

use alloy::primitives::{Address, B256, Bytes, hex, keccak256};
use alloy::sol_types::{SolCall, SolValue};
use causeway_contracts::attestation_light_client::{
    AttestationLightClient as Client,
    IICS02ClientMsgs::Height,
    ILightClientMsgs::{MsgVerifyMembership, MsgVerifyNonMembership},
};
use serde_json::Value;

use crate::harness::attestors::{Attestors, PACKET, STATE, packets, proof, wire};
use crate::harness::chain::{ADMIN, Chain, Failure, RELAYER, Receipt};

pub const HEIGHT: u64 = 42;
pub const TIME: u64 = 1_700_000_000;
pub const DOMAIN: B256 = B256::repeat_byte(0xd0);
pub const PATH: &[u8] = b"some-path";
pub const VALUE: B256 = B256::repeat_byte(0x77);

/// A chain with nothing but a light client, three of five, that trusts height 42.
pub fn client() -> (Chain, Attestors) {
    client_in(DOMAIN)
}

pub fn client_in(domain: B256) -> (Chain, Attestors) {
    let mut chain = Chain::empty(1);
    let attestors = Attestors::new(3, 5, 1);
    chain.client = chain.deploy_client(&attestors, HEIGHT, TIME, domain);
    (chain, attestors)
}

pub fn membership(
    proof: Bytes,
    height: u64,
    path: &[u8],
    value: B256,
) -> Client::verifyMembershipCall {
    Client::verifyMembershipCall {
        msg_: MsgVerifyMembership {
            proof,
            proofHeight: Height {
                revisionNumber: 0,
                revisionHeight: height,
            },
            path: vec![path.to_vec().into()],
            value: value.to_vec().into(),
        },
    }
}

pub fn absence(proof: Bytes, height: u64, path: &[u8]) -> Client::verifyNonMembershipCall {
    Client::verifyNonMembershipCall {
        msg_: MsgVerifyNonMembership {
            proof,
            proofHeight: Height {
                revisionNumber: 0,
                revisionHeight: height,
            },
            path: vec![path.to_vec().into()],
        },
    }
}

pub fn ask<C: SolCall>(chain: &mut Chain, call: &C) -> Result<Receipt, Failure> {
    chain.send(RELAYER, chain.client, call)
}

pub fn state_update(attestors: &Attestors, height: u64, time: u64) -> Client::updateClientCall {
    Client::updateClientCall {
        updateMsg: attestors.prove_state(DOMAIN, height, time),
    }
}

pub fn one_packet(attestors: &Attestors) -> Bytes {
    attestors.prove_packets(DOMAIN, HEIGHT, &[(keccak256(PATH), VALUE)])
}

/// The published attestations, on a client without a domain.
pub fn accepts_stock(vectors: &Value) {
    let bytes =
        |kind: &str, field: &str| hex::decode(vectors[kind][field].as_str().unwrap()).unwrap();
    let mut chain = Chain::empty(1);
    let attestors = Attestors::new(1, 1, 1);
    chain.client = chain.deploy_client(&attestors, 1, 1, B256::ZERO);
    let update = proof(bytes("state", "data"), vec![bytes("state", "sig")]);
    ask(&mut chain, &Client::updateClientCall { updateMsg: update }).unwrap();
    let packet = bytes("packet", "data");
    let value = B256::from_slice(&packet[packet.len() - 32..]);
    let path = [b"channel-0".as_slice(), &[1], &1u64.to_be_bytes()].concat();
    let packet = proof(packet, vec![bytes("packet", "sig")]);
    ask(&mut chain, &membership(packet, 42, &path, value)).unwrap();
}

#[test]
fn a_forged_commitment_is_refused() {
    let (mut chain, attestors) = client();
    let proof = one_packet(&attestors);
    let failure = ask(
        &mut chain,
        &membership(proof, HEIGHT, PATH, B256::repeat_byte(1)),
    )
    .err()
    .unwrap();
    assert!(failure.is::<Client::NotMember>());
}

#[test]
fn a_state_attestation_proves_no_packet_and_a_packet_attestation_no_state() {
    let (mut chain, attestors) = client();
    let data = packets(HEIGHT, &[(keccak256(PATH), VALUE)]);
    let as_state = attestors.prove(STATE, DOMAIN, data);
    ask(&mut chain, &membership(as_state, HEIGHT, PATH, VALUE))
        .err()
        .expect("accepted");
    let state = wire::StateAttestation {
        height: 43,
        timestamp: TIME + 1,
    }
    .abi_encode();
    let update = Client::updateClientCall {
        updateMsg: attestors.prove(PACKET, DOMAIN, state),
    };
    ask(&mut chain, &update).err().expect("accepted");
}

#[test]
fn a_height_must_be_trusted_first() {
    let (mut chain, attestors) = client();
    let proof = attestors.prove_packets(DOMAIN, 50, &[(keccak256(PATH), VALUE)]);
    let failure = ask(&mut chain, &membership(proof.clone(), 50, PATH, VALUE))
        .err()
        .unwrap();
    assert!(failure.is::<Client::ConsensusTimestampNotFound>());
    ask(&mut chain, &state_update(&attestors, 50, TIME + 8)).unwrap();
    ask(&mut chain, &membership(proof, 50, PATH, VALUE)).unwrap();
}

#[test]
fn an_attestation_serves_its_own_height_only() {
    let (mut chain, attestors) = client();
    ask(&mut chain, &state_update(&attestors, 50, TIME + 8)).unwrap();
    let failure = ask(
        &mut chain,
        &membership(one_packet(&attestors), 50, PATH, VALUE),
    )
    .err()
    .unwrap();
    assert!(failure.is::<Client::HeightMismatch>());
}

#[test]
fn presence_is_not_absence_and_absence_is_not_presence() {
    let (mut chain, attestors) = client();
    let failure = ask(&mut chain, &absence(one_packet(&attestors), HEIGHT, PATH))
        .err()
        .unwrap();
    assert!(failure.is::<Client::NotNonMember>());
    let nothing = attestors.prove_packets(DOMAIN, HEIGHT, &[(keccak256(PATH), B256::ZERO)]);
    ask(&mut chain, &absence(nothing.clone(), HEIGHT, PATH)).unwrap();
    let failure = ask(&mut chain, &membership(nothing, HEIGHT, PATH, B256::ZERO))
        .err()
        .unwrap();
    assert!(failure.is::<Client::EmptyValue>());
}

#[test]
fn an_unattested_path_is_not_absent() {
    let (mut chain, attestors) = client();
    let failure = ask(
        &mut chain,
        &absence(one_packet(&attestors), HEIGHT, b"other"),
    )
    .err()
    .unwrap();
    assert!(failure.is::<Client::NotMember>());
}

#[test]
fn values_are_32_bytes_and_paths_one_element() {
    let (mut chain, attestors) = client();
    let mut call = membership(one_packet(&attestors), HEIGHT, PATH, VALUE);
    call.msg_.value = [VALUE.as_slice(), &[0]].concat().into();
    assert!(
        ask(&mut chain, &call)
            .err()
            .unwrap()
            .is::<Client::EmptyValue>()
    );
    let mut call = membership(one_packet(&attestors), HEIGHT, PATH, VALUE);
    call.msg_.path.push(Bytes::new());
    assert!(
        ask(&mut chain, &call)
            .err()
            .unwrap()
            .is::<Client::InvalidPathLength>()
    );
}

#[test]
fn an_attestation_of_nothing_is_refused() {
    let (mut chain, attestors) = client();
    let nothing = attestors.prove_packets(DOMAIN, HEIGHT, &[]);
    let failure = ask(&mut chain, &membership(nothing, HEIGHT, PATH, VALUE))
        .err()
        .unwrap();
    assert!(failure.is::<Client::EmptyPackets>());
}

#[test]
fn an_empty_proof_proves_nothing_by_itself() {
    let (mut chain, attestors) = client();
    let empty = membership(Bytes::new(), HEIGHT, PATH, VALUE);
    let failure = ask(&mut chain, &empty).err().unwrap();
    assert!(failure.is::<Client::ProofNotCached>());
    // Nor does what an earlier transaction proved.
    ask(
        &mut chain,
        &membership(one_packet(&attestors), HEIGHT, PATH, VALUE),
    )
    .unwrap();
    let failure = ask(&mut chain, &empty).err().unwrap();
    assert!(failure.is::<Client::ProofNotCached>());
}

#[test]
fn updates_learn_heights_once() {
    let (mut chain, attestors) = client();
    let result = |receipt: Receipt| receipt.output[31];
    assert_eq!(
        result(ask(&mut chain, &state_update(&attestors, 50, TIME + 8)).unwrap()),
        0
    );
    assert_eq!(
        result(ask(&mut chain, &state_update(&attestors, 50, TIME + 8)).unwrap()),
        2
    );
    let timestamp = |height| Client::getConsensusTimestampCall {
        revisionHeight: height,
    };
    assert_eq!(chain.view(chain.client, &timestamp(50)), TIME + 8);
    assert_eq!(chain.view(chain.client, &timestamp(51)), 0);
    for (height, time) in [(0, TIME), (60, 0)] {
        let failure = ask(&mut chain, &state_update(&attestors, height, time))
            .err()
            .unwrap();
        assert!(failure.is::<Client::InvalidState>());
    }
}

fn construct(
    attestors: Vec<Address>,
    threshold: u8,
    height: u64,
    time: u64,
) -> Result<Address, Failure> {
    use alloy::sol_types::SolConstructor;
    let arguments = Client::constructorCall {
        attestors,
        minRequiredSigs: threshold,
        initialHeight: height,
        initialTimestampSeconds: time,
        roleManager: Address::ZERO,
        domain_: DOMAIN,
    };
    Chain::empty(1).try_create(
        [Client::BYTECODE.to_vec(), arguments.abi_encode()]
            .concat()
            .into(),
    )
}

#[test]
fn a_client_that_could_not_be_safe_cannot_be_made() {
    let [a, b] = [Address::repeat_byte(1), Address::repeat_byte(2)];
    construct(vec![a, b], 2, 1, 1).unwrap();
    assert!(
        construct(vec![], 1, 1, 1)
            .unwrap_err()
            .is::<Client::NoAttestors>()
    );
    assert!(
        construct(vec![a, b], 0, 1, 1)
            .unwrap_err()
            .is::<Client::BadQuorum>()
    );
    assert!(
        construct(vec![a, b], 3, 1, 1)
            .unwrap_err()
            .is::<Client::BadQuorum>()
    );
    assert!(
        construct(vec![a, b, a], 2, 1, 1)
            .unwrap_err()
            .is::<Client::DuplicateSigner>()
    );
    assert!(
        construct(vec![a, Address::ZERO], 1, 1, 1)
            .unwrap_err()
            .is::<Client::ZeroAttestor>()
    );
    assert!(
        construct(vec![a, b], 1, 0, 1)
            .unwrap_err()
            .is::<Client::InvalidState>()
    );
    assert!(
        construct(vec![a, b], 1, 1, 0)
            .unwrap_err()
            .is::<Client::InvalidState>()
    );
    let many = (0..256u16).map(|index| Address::left_padding_from(&(index + 1).to_be_bytes()));
    assert!(
        construct(many.collect(), 1, 1, 1)
            .unwrap_err()
            .is::<Client::TooManyAttestors>()
    );
}

#[test]
fn the_state_is_what_was_configured() {
    let (chain, attestors) = client();
    let set = chain.view(chain.client, &Client::getAttestationSetCall {});
    assert_eq!(
        (set.attestorAddresses, set.minRequiredSigs),
        (attestors.addresses(), 3)
    );
    assert_eq!(chain.view(chain.client, &Client::domainCall {}), DOMAIN);
    alloy::sol! { struct State { address[] attestors; uint8 threshold; uint64 height; bool frozen; } }
    let state = chain.view(chain.client, &Client::getClientStateCall {});
    let state = State::abi_decode(&state).unwrap();
    assert_eq!(
        (state.attestors, state.threshold),
        (attestors.addresses(), 3)
    );
    assert_eq!((state.height, state.frozen), (HEIGHT, false));
}

#[test]
fn a_role_manager_decides_who_submits_proofs() {
    let mut chain = Chain::empty(1);
    let attestors = Attestors::new(3, 5, 1);
    let arguments = Client::constructorCall {
        attestors: attestors.addresses(),
        minRequiredSigs: 3,
        initialHeight: HEIGHT,
        initialTimestampSeconds: TIME,
        roleManager: ADMIN,
        domain_: DOMAIN,
    };
    chain.client = chain.deploy(&Client::BYTECODE, &arguments);
    let call = membership(one_packet(&attestors), HEIGHT, PATH, VALUE);
    let failure = ask(&mut chain, &call).err().unwrap();
    assert!(failure.is::<Client::AccessControlUnauthorizedAccount>());
    assert!(ask(&mut chain, &state_update(&attestors, 50, TIME)).is_err());
    let role = chain.view(chain.client, &Client::PROOF_SUBMITTER_ROLECall {});
    let grant = |account| Client::grantRoleCall { role, account };
    chain
        .send(RELAYER, chain.client, &grant(RELAYER))
        .err()
        .expect("granted itself a role");
    chain.must(ADMIN, chain.client, &grant(RELAYER));
    ask(&mut chain, &call).unwrap();
}

#[test]
fn even_a_quorum_must_sign_canonical_data() {
    let (mut chain, attestors) = client();
    let good = packets(HEIGHT, &[(keccak256(PATH), VALUE)]);
    let with = |at: usize, word: u8| {
        let mut data = good.clone();
        data[at * 32 + 31] = word;
        data
    };
    let mut high = good.clone();
    high[32 + 23] = 1;
    for data in [
        [good.clone(), vec![0; 32]].concat(),
        [good.clone(), vec![0; 64]].concat(),
        good[..good.len() - 32].to_vec(),
        good[..96].to_vec(),
        with(0, 0x40),
        with(2, 0x60),
        with(3, 0),
        with(3, 2),
        high,
    ] {
        let proof = attestors.prove(PACKET, DOMAIN, data);
        let failure = ask(&mut chain, &membership(proof, HEIGHT, PATH, VALUE))
            .err()
            .unwrap();
        assert!(failure.is::<Client::MalformedEncoding>(), "{failure:?}");
    }
    let state = wire::StateAttestation {
        height: 50,
        timestamp: TIME,
    }
    .abi_encode();
    let mut high = state.clone();
    high[23] = 1;
    for data in [
        [state.clone(), vec![0; 32]].concat(),
        state[..32].to_vec(),
        high,
    ] {
        let update = Client::updateClientCall {
            updateMsg: attestors.prove(STATE, DOMAIN, data),
        };
        let failure = ask(&mut chain, &update).err().unwrap();
        assert!(failure.is::<Client::MalformedEncoding>(), "{failure:?}");
    }
}
