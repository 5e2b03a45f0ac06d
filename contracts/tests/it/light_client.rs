//! What the attestation light client believes, and what it does not.

use alloy::primitives::{Address, B256, Bytes, U256, hex, keccak256, uint};
use alloy::sol_types::{SolCall, SolValue};
use causeway_contracts::attestation_light_client::{
    AttestationLightClient as Client,
    IICS02ClientMsgs::Height,
    ILightClientMsgs::{MsgVerifyMembership, MsgVerifyNonMembership},
};
use k256::ecdsa::SigningKey;
use proptest::prelude::*;
use serde_json::Value;

use crate::harness::attestors::{
    self, Attestors, PACKET, STATE, digest, packets, proof, sign, wire,
};
use crate::harness::chain::{ADMIN, Chain, Failure, RELAYER, Receipt};
use crate::harness::network::{COMMITMENT, Network, Side};

const HEIGHT: u64 = 42;
const TIME: u64 = 1_700_000_000;
const DOMAIN: B256 = B256::repeat_byte(0xd0);
const PATH: &[u8] = b"some-path";
const VALUE: B256 = B256::repeat_byte(0x77);

/// A chain with nothing but a light client, three of five, that trusts height 42.
fn client() -> (Chain, Attestors) {
    client_in(DOMAIN)
}

fn client_in(domain: B256) -> (Chain, Attestors) {
    let mut chain = Chain::empty(1);
    let attestors = Attestors::new(3, 5, 1);
    chain.client = chain.deploy_client(&attestors, HEIGHT, TIME, domain);
    (chain, attestors)
}

fn membership(proof: Bytes, height: u64, path: &[u8], value: B256) -> Client::verifyMembershipCall {
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

fn absence(proof: Bytes, height: u64, path: &[u8]) -> Client::verifyNonMembershipCall {
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

fn ask<C: SolCall>(chain: &mut Chain, call: &C) -> Result<Receipt, Failure> {
    chain.send(RELAYER, chain.client, call)
}

fn state_update(attestors: &Attestors, height: u64, time: u64) -> Client::updateClientCall {
    Client::updateClientCall {
        updateMsg: attestors.prove_state(DOMAIN, height, time),
    }
}

fn one_packet(attestors: &Attestors) -> Bytes {
    attestors.prove_packets(DOMAIN, HEIGHT, &[(keccak256(PATH), VALUE)])
}

/// Signatures over the usual packet attestation.
fn signed_by(keys: &[SigningKey]) -> Bytes {
    let data = packets(HEIGHT, &[(keccak256(PATH), VALUE)]);
    let hash = digest(PACKET, DOMAIN, &data);
    proof(data, keys.iter().map(|key| sign(key, hash)).collect())
}

fn rejects(keys: &[SigningKey]) -> Failure {
    let (mut chain, _) = client();
    ask(
        &mut chain,
        &membership(signed_by(keys), HEIGHT, PATH, VALUE),
    )
    .err()
    .expect("accepted")
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
fn a_quorum_is_believed() {
    let (mut chain, attestors) = client();
    let receipt = ask(
        &mut chain,
        &membership(one_packet(&attestors), HEIGHT, PATH, VALUE),
    )
    .unwrap();
    assert_eq!(U256::from_be_slice(&receipt.output), U256::from(TIME));
}

#[test]
fn signatures_count_in_any_order() {
    let (mut chain, attestors) = client();
    let keys: Vec<_> = [4, 0, 2]
        .map(|index: usize| attestors.keys[index].clone())
        .into();
    ask(
        &mut chain,
        &membership(signed_by(&keys), HEIGHT, PATH, VALUE),
    )
    .unwrap();
}

#[test]
fn one_signature_too_few_is_refused() {
    let failure = rejects(&Attestors::new(3, 2, 1).keys);
    assert!(failure.is::<Client::ThresholdNotMet>(), "{failure:?}");
}

#[test]
fn no_signature_at_all_is_refused() {
    assert!(rejects(&[]).is::<Client::EmptySignatures>());
}

#[test]
fn one_attestor_counts_once() {
    let key = attestors::key(1);
    let failure = rejects(&[key.clone(), key, attestors::key(2)]);
    assert!(failure.is::<Client::DuplicateSigner>(), "{failure:?}");
}

#[test]
fn a_stranger_does_not_count() {
    let failure = rejects(&[attestors::key(1), attestors::key(2), attestors::key(99)]);
    assert!(failure.is::<Client::UnknownSigner>(), "{failure:?}");
}

/// Changes the third of three signatures.
fn with_third_signature(change: impl Fn(&mut Vec<u8>)) -> Failure {
    let (mut chain, attestors) = client();
    let data = packets(HEIGHT, &[(keccak256(PATH), VALUE)]);
    let hash = digest(PACKET, DOMAIN, &data);
    let mut signatures: Vec<_> = attestors.keys[..3]
        .iter()
        .map(|key| sign(key, hash))
        .collect();
    change(&mut signatures[2]);
    ask(
        &mut chain,
        &membership(proof(data, signatures), HEIGHT, PATH, VALUE),
    )
    .err()
    .expect("accepted")
}

#[test]
fn the_mirror_image_of_a_signature_is_refused() {
    let order = uint!(0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141_U256);
    let failure = with_third_signature(|signature| {
        let s = order - U256::from_be_slice(&signature[32..64]);
        signature[32..64].copy_from_slice(&s.to_be_bytes::<32>());
        signature[64] = 27 + 28 - signature[64];
    });
    assert!(failure.is::<Client::SignatureInvalid>(), "{failure:?}");
}

#[test]
fn v_is_27_or_28_and_nothing_else() {
    let failure = with_third_signature(|signature| signature[64] -= 27);
    assert!(failure.is::<Client::SignatureInvalid>(), "{failure:?}");
}

#[test]
fn signatures_are_65_bytes_long() {
    for length in [64, 66] {
        let failure = with_third_signature(|signature| signature.resize(length, 0));
        assert!(
            failure.is::<Client::InvalidSignatureLength>(),
            "{length}: {failure:?}"
        );
    }
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
fn a_signature_for_another_client_is_refused() {
    let (mut chain, attestors) = client();
    let elsewhere =
        attestors.prove_packets(B256::repeat_byte(0xd1), HEIGHT, &[(keccak256(PATH), VALUE)]);
    let failure = ask(&mut chain, &membership(elsewhere, HEIGHT, PATH, VALUE))
        .err()
        .unwrap();
    assert!(failure.is::<Client::UnknownSigner>(), "{failure:?}");
}

#[test]
fn the_stock_digest_is_refused_where_there_is_a_domain_and_the_other_way_round() {
    let (mut bound, attestors) = client();
    let stock = attestors.prove_packets(B256::ZERO, HEIGHT, &[(keccak256(PATH), VALUE)]);
    ask(&mut bound, &membership(stock.clone(), HEIGHT, PATH, VALUE))
        .err()
        .expect("accepted");
    let (mut unbound, _) = client_in(B256::ZERO);
    ask(&mut unbound, &membership(stock, HEIGHT, PATH, VALUE)).unwrap();
    ask(
        &mut unbound,
        &membership(one_packet(&attestors), HEIGHT, PATH, VALUE),
    )
    .err()
    .expect("accepted");
}

#[test]
fn the_two_clients_of_a_connection_do_not_believe_each_others_signatures() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    let height = net.update(Side::B);
    // Signed for the client on A, presented to the one on B.
    let path = crate::harness::chain::path_hash(&packet.sourceClient, COMMITMENT, packet.sequence);
    let entry = (path, net.a.commitment(path));
    let proof = net
        .attestors
        .prove_packets(net.domain(Side::A), height, &[entry]);
    net.relay(Side::B, &Network::recv_call(&packet, proof, height))
        .err()
        .expect("accepted");
    net.recv(Side::B, &packet).unwrap();
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
    let state = chain.view(chain.client, &Client::getClientStateCall {});
    assert_eq!(state.last(), Some(&0).filter(|_| false).or(state.last()));
}

fn misbehaviour(tag: u8, first: Bytes, second: Bytes) -> Client::misbehaviourCall {
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_proof_with_a_changed_byte_is_accepted(at: prop::sample::Index, change in 1u8..=255) {
        let (mut chain, attestors) = client();
        let mut proof = one_packet(&attestors).to_vec();
        let at = at.index(proof.len());
        proof[at] ^= change;
        prop_assert!(ask(&mut chain, &membership(proof.into(), HEIGHT, PATH, VALUE)).is_err());
    }

    #[test]
    fn no_proof_that_is_longer_or_shorter_is_accepted(cut in 0usize..700, extra in 1usize..70) {
        let (mut chain, attestors) = client();
        let proof = one_packet(&attestors).to_vec();
        let shorter = proof[..cut.min(proof.len() - 1)].to_vec();
        prop_assert!(ask(&mut chain, &membership(shorter.into(), HEIGHT, PATH, VALUE)).is_err());
        let longer = [proof, vec![0; extra]].concat();
        prop_assert!(ask(&mut chain, &membership(longer.into(), HEIGHT, PATH, VALUE)).is_err());
    }

    #[test]
    fn no_update_with_a_changed_byte_is_accepted(at: prop::sample::Index, change in 1u8..=255) {
        let (mut chain, attestors) = client();
        let mut update = attestors.prove_state(DOMAIN, 50, TIME + 8).to_vec();
        let at = at.index(update.len());
        update[at] ^= change;
        let call = Client::updateClientCall { updateMsg: update.into() };
        prop_assert!(ask(&mut chain, &call).is_err());
    }
}
