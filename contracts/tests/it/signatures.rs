//! Which signatures count.

use alloy::primitives::{B256, Bytes, U256, keccak256, uint};
use causeway_contracts::attestation_light_client::AttestationLightClient as Client;
use k256::ecdsa::SigningKey;
use proptest::prelude::*;

use crate::harness::attestors::{self, Attestors, PACKET, digest, packets, proof, sign};
use crate::harness::chain::{Failure, path_hash};
use crate::harness::network::{COMMITMENT, Network, Side};
use crate::light_client::{
    DOMAIN, HEIGHT, PATH, TIME, VALUE, ask, client, client_in, membership, one_packet,
};

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
    let path = path_hash(&packet.sourceClient, COMMITMENT, packet.sequence);
    let entry = (path, net.a.commitment(path));
    let proof = net
        .attestors
        .prove_packets(net.domain(Side::A), height, &[entry]);
    net.relay(Side::B, &Network::recv_call(&packet, proof, height))
        .err()
        .expect("accepted");
    net.recv(Side::B, &packet).unwrap();
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
