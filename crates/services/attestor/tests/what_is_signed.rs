//! What an attestor signs when nothing is amiss.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use alloy_primitives::{Address, B256, b256, bytes, fixed_bytes, keccak256};
use causeway_attestor::{AnswerDefect, Attestation, AttestedClient, Attestor};
use causeway_ibc::{
    AttestationKind, Committee, Domain, PacketAttestation, PathCommitment, StateAttestation,
    attestation_digest,
};
use causeway_types::Timestamp;
use common::{FakeSource, attestor, client_ref, domain, engine, key, path, request, served};

#[tokio::test]
async fn a_final_block_is_signed_for_its_light_client() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    source
        .story()
        .commitments
        .insert(path(1), B256::repeat_byte(1));
    let request = request(42, &[path(2), path(1)]);
    let attested = attestor(&dir.path().join("db"), &source)
        .await
        .attest(request.clone())
        .await
        .unwrap();

    let state = StateAttestation::decode(&attested.state.data).unwrap();
    assert_eq!(
        (state.height, state.timestamp),
        (42, Timestamp::from_secs(1_700_000_000))
    );
    let packets = attested.packets.clone().unwrap();
    let stated = PacketAttestation::decode(&packets.data).unwrap();
    let absent = PathCommitment {
        path: path(2),
        commitment: B256::ZERO,
    };
    let present = PathCommitment {
        path: path(1),
        commitment: B256::repeat_byte(1),
    };
    assert_eq!((stated.height, stated.packets), (42, vec![absent, present]));

    let committee = Committee::new(vec![key().address()], 1).unwrap();
    for (kind, attestation) in [
        (AttestationKind::State, &attested.state),
        (AttestationKind::Packet, &packets),
    ] {
        let digest = attestation_digest(kind, &domain(), &attestation.data);
        let signatures = [attestation.signature];
        committee
            .assemble(digest, attestation.data.clone(), signatures)
            .unwrap();
    }
    attested.verify(&request, &domain()).unwrap();
}

#[tokio::test]
async fn without_a_domain_the_bytes_are_those_of_the_public_implementation() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let path = keccak256(bytes!("6368616e6e656c2d30010000000000000001"));
    let commitment = b256!("b691a1950f6fb0bbbcf4bdb16fe2c4d0aa7ef783eb7803073f475cb8164d9b7a");
    source.story().commitments.insert(path, commitment);
    let client = AttestedClient {
        domain: Domain::NONE,
        ..served(&source)
    };
    let engine = engine(&dir.path().join("db")).await;
    let attestor = Attestor::new(std::sync::Arc::new(key()), vec![client], engine).unwrap();

    let attested = attestor.attest(request(42, &[path])).await.unwrap();
    assert_eq!(
        attested.state.data,
        bytes!(
            "000000000000000000000000000000000000000000000000000000000000002a"
            "000000000000000000000000000000000000000000000000000000006553f100"
        )
    );
    assert_eq!(
        attested.state.signature,
        fixed_bytes!(
            "6f000f37496426ea874fb6a6211082de5e00ccaf8148f695dd58b3502c4fc448"
            "704ae838299f4d9771e4f1ece13202eeb135c78e65b0580572ef7b521fc0694f1c"
        )
    );
    assert_eq!(
        attested.packets.unwrap().signature,
        fixed_bytes!(
            "06deab7840b9616ef766abaad61656e7517bef2e462d14d36cbed13ca4c802c9"
            "3e93322521bce211a5af1502fb6d0716699a0db0a9770f054fca4f3b18159f291c"
        )
    );
}

#[tokio::test]
async fn a_request_without_paths_gets_the_state_alone() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let request = request(42, &[]);
    let attested = attestor(&dir.path().join("db"), &source)
        .await
        .attest(request.clone())
        .await
        .unwrap();
    assert_eq!(attested.packets, None);
    attested.verify(&request, &domain()).unwrap();
}

#[tokio::test]
async fn the_same_request_gets_the_same_signatures_even_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("db");
    let source = FakeSource::new();
    let first = attestor(&file, &source).await;
    let answer = first.attest(request(42, &[path(1)])).await.unwrap();
    assert_eq!(first.attest(request(42, &[path(1)])).await.unwrap(), answer);
    drop(first);
    let second = attestor(&file, &source).await;
    assert_eq!(
        second.attest(request(42, &[path(1)])).await.unwrap(),
        answer
    );
}

#[tokio::test]
async fn a_signature_is_worth_nothing_on_another_light_client() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let request = request(42, &[path(1)]);
    let attested = attestor(&dir.path().join("db"), &source)
        .await
        .attest(request.clone())
        .await
        .unwrap();
    let other = Domain::of_client(31339, Address::repeat_byte(7), &client_ref().id);
    for domain in [other, Domain::NONE] {
        let defect = attested.verify(&request, &domain).unwrap_err();
        assert!(
            matches!(
                defect,
                AnswerDefect::WrongSigner { .. } | AnswerDefect::Unsigned(_)
            ),
            "{defect}"
        );
    }
}

#[tokio::test]
async fn an_answer_to_another_request_is_recognised() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let attestor = attestor(&dir.path().join("db"), &source).await;
    let asked = request(42, &[path(1), path(2)]);
    let answer = attestor.attest(asked.clone()).await.unwrap();

    let other_height = attestor
        .attest(request(43, &[path(1), path(2)]))
        .await
        .unwrap();
    let defect = AnswerDefect::WrongHeight {
        expected: 42,
        actual: 43,
    };
    assert_eq!(other_height.verify(&asked, &domain()), Err(defect.clone()));
    let mut mixed = answer.clone();
    mixed.packets.clone_from(&other_height.packets);
    assert_eq!(mixed.verify(&asked, &domain()), Err(defect.clone()));
    let mut mixed = answer.clone();
    mixed.state = other_height.state;
    assert_eq!(mixed.verify(&asked, &domain()), Err(defect));

    for paths in [&[path(2), path(1)][..], &[path(1)], &[]] {
        let other = attestor.attest(request(42, paths)).await.unwrap();
        let defect = AnswerDefect::WrongPaths {
            expected: 2,
            actual: paths.len(),
        };
        assert_eq!(other.verify(&asked, &domain()), Err(defect));
    }
}

#[tokio::test]
async fn each_signature_of_an_answer_is_verified() {
    let dir = tempfile::tempdir().unwrap();
    let asked = request(42, &[path(1)]);
    let attestor = attestor(&dir.path().join("db"), &FakeSource::new()).await;
    let answer = attestor.attest(asked.clone()).await.unwrap();
    answer.verify(&asked, &domain()).unwrap();

    let mut of_another = answer.clone();
    of_another.attestor = Address::repeat_byte(9);
    // Signatures of the two kinds must not stand for each other.
    let packets = answer.packets.clone().unwrap();
    let mut state_replaced = answer.clone();
    state_replaced.state.signature = packets.signature;
    let mut packets_replaced = answer.clone();
    packets_replaced.packets = Some(Attestation {
        signature: answer.state.signature,
        ..packets
    });
    for forged in [of_another, state_replaced, packets_replaced] {
        let defect = forged.verify(&asked, &domain()).unwrap_err();
        assert!(
            matches!(
                defect,
                AnswerDefect::WrongSigner { .. } | AnswerDefect::Unsigned(_)
            ),
            "{defect}"
        );
    }
}

#[tokio::test]
async fn no_answer_with_a_changed_byte_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let asked = request(42, &[path(1), path(2)]);
    let attestor = attestor(&dir.path().join("db"), &FakeSource::new()).await;
    let answer = attestor.attest(asked.clone()).await.unwrap();
    answer.verify(&asked, &domain()).unwrap();
    let changed = |data: &[u8], at: usize, mask: u8| {
        let mut data = data.to_vec();
        data[at] ^= mask;
        data
    };
    let packets = answer.packets.clone().unwrap();
    for mask in [0x01, 0x80] {
        for at in 0..answer.state.data.len() {
            let mut forged = answer.clone();
            forged.state.data = changed(&answer.state.data, at, mask).into();
            assert!(
                forged.verify(&asked, &domain()).is_err(),
                "byte {at} of the state"
            );
        }
        for at in 0..packets.data.len() {
            let mut forged = answer.clone();
            forged.packets.as_mut().unwrap().data = changed(&packets.data, at, mask).into();
            assert!(
                forged.verify(&asked, &domain()).is_err(),
                "byte {at} of the packets"
            );
        }
        for at in 0..65 {
            let mut forged = answer.clone();
            forged.state.signature.0 = changed(&answer.state.signature.0, at, mask)
                .try_into()
                .unwrap();
            assert!(
                forged.verify(&asked, &domain()).is_err(),
                "byte {at} of a signature"
            );
            let mut forged = answer.clone();
            let signature = changed(&packets.signature.0, at, mask);
            forged.packets.as_mut().unwrap().signature.0 = signature.try_into().unwrap();
            assert!(
                forged.verify(&asked, &domain()).is_err(),
                "byte {at} of a signature"
            );
        }
        for at in 0..20 {
            let mut forged = answer.clone();
            forged.attestor.0.0 = changed(forged.attestor.as_slice(), at, mask)
                .try_into()
                .unwrap();
            assert!(
                forged.verify(&asked, &domain()).is_err(),
                "byte {at} of the attestor"
            );
        }
    }
}

#[tokio::test]
async fn a_height_that_becomes_final_while_the_request_waits_is_signed() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let attestor = attestor(&dir.path().join("db"), &source)
        .await
        .with_patience(Duration::from_secs(30));
    let growth = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        source.story().final_height = 101;
    };
    let (attested, ()) = tokio::join!(attestor.attest(request(101, &[])), growth);
    attested.unwrap();
}
