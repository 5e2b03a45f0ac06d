use alloy::signers::{SignerSync as _, local::PrivateKeySigner};
use causeway_ibc::{PacketAttestation, PathCommitment, StateAttestation};
use causeway_types::{ChainId, Timestamp};

use super::*;

pub(crate) fn signer(key: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::with_last_byte(key)).unwrap()
}

pub(crate) fn end() -> ClientEnd {
    ClientEnd {
        chain: ChainId::eip155(1),
        client: "client-0".parse().unwrap(),
    }
}

pub(crate) fn view() -> ClientView {
    let members = (1..=3).map(|key| signer(key).address()).collect();
    ClientView {
        id: end().client,
        address: Address::repeat_byte(7),
        committee: Committee::new(members, 2).unwrap(),
        set_number: 1,
        domain: Domain(B256::repeat_byte(5)),
        frozen: false,
        proof_once: true,
    }
}

fn state(height: u64, seconds: u64) -> (AttestationKind, Bytes) {
    let timestamp = Timestamp::from_secs(seconds);
    (
        AttestationKind::State,
        StateAttestation { height, timestamp }.encode(),
    )
}

fn packets(height: u64, entries: &[(u8, u8)]) -> (AttestationKind, Bytes) {
    let packets = entries.iter().map(|&(path, commitment)| PathCommitment {
        path: B256::repeat_byte(path),
        commitment: B256::repeat_byte(commitment),
    });
    let packets = packets.collect();
    (
        AttestationKind::Packet,
        PacketAttestation { height, packets }.encode(),
    )
}

/// What comes out when these attestors say these things about one height.
fn hear(height: u64, said: &[(u8, (AttestationKind, Bytes))]) -> Vec<Evidence> {
    let contradictions = Contradictions::default();
    let mut evidence = contradictions.take_evidence().unwrap();
    for (key, (kind, data)) in said {
        say(&contradictions, height, *key, *kind, data);
    }
    std::iter::from_fn(|| evidence.try_recv().ok()).collect()
}

pub(crate) fn say(
    contradictions: &Contradictions,
    height: u64,
    key: u8,
    kind: AttestationKind,
    data: &Bytes,
) {
    let digest = attestation_digest(kind, &view().domain, data);
    let signature = signer(key).sign_hash_sync(&digest).unwrap();
    let attestation = Attestation {
        data: data.clone(),
        signature: Signature65::new(signature.as_bytes()),
    };
    let attestor = signer(key).address();
    contradictions.note(&end(), &view(), height, kind, attestor, &attestation);
}

#[test]
fn one_attestor_that_says_two_things_is_noticed() {
    for (first, second) in [
        (state(9, 1), state(9, 2)),
        (packets(9, &[(1, 1)]), packets(9, &[(1, 2)])),
        (packets(9, &[(1, 1), (2, 2)]), packets(9, &[(2, 0)])),
    ] {
        let found = hear(9, &[(1, first.clone()), (2, first), (1, second)]);
        assert_eq!(found.len(), 1);
        let evidence = &found[0];
        assert_eq!((evidence.height, evidence.quorum), (9, false));
        assert_eq!(evidence.attestors, [signer(1).address()]);
        assert!(evidence.misbehaviour.is_contradiction().unwrap());
        assert!(!evidence.misbehaviour.second.signatures.is_empty());
        assert!(
            evidence
                .to_string()
                .contains("signed two different things about height 9")
        );
    }
}

#[test]
fn two_quorums_that_contradict_each_other_are_evidence_that_freezes() {
    let (truth, lie) = (packets(9, &[(1, 1)]), packets(9, &[(1, 0)]));
    let found = hear(
        9,
        &[(1, truth.clone()), (2, truth), (2, lie.clone()), (3, lie)],
    );
    let [alone, together] = &found[..] else {
        panic!("{found:?}")
    };
    assert!(!alone.quorum);
    assert!(together.quorum);
    assert_eq!(together.attestors, [signer(2).address()]);
    let Misbehaviour {
        kind,
        first,
        second,
    } = &together.misbehaviour;
    for half in [first, second] {
        let digest = attestation_digest(*kind, &together.domain, &half.data);
        let again = view()
            .committee
            .assemble(digest, half.data.clone(), &half.signatures);
        assert_eq!(again.as_ref(), Ok(half));
    }
    assert_eq!(
        Misbehaviour::decode(&together.misbehaviour.encode()),
        Ok(together.misbehaviour.clone())
    );
}

#[test]
fn what_does_not_contradict_is_no_evidence() {
    let said = [
        (1, state(9, 1)),
        (1, state(9, 1)),
        (2, state(9, 1)),
        // Another says otherwise: that is a disagreement, and nobody's contradiction.
        (3, state(9, 2)),
        (1, packets(9, &[(1, 1)])),
        (1, packets(9, &[(1, 1), (2, 2)])),
        (1, packets(9, &[(3, 3)])),
    ];
    assert_eq!(hear(9, &said), []);
}

#[test]
fn a_contradiction_is_told_once_and_stays_told() {
    let contradictions = Contradictions::default();
    let mut evidence = contradictions.take_evidence().unwrap();
    for _ in 0..3 {
        for (kind, data) in [state(9, 1), state(9, 2)] {
            say(&contradictions, 9, 1, kind, &data);
        }
    }
    assert!(evidence.try_recv().is_ok());
    assert!(evidence.try_recv().is_err());
    assert_eq!(contradictions.told().len(), 1);
}

#[test]
fn only_the_newest_heights_are_kept() {
    let contradictions = Contradictions::default();
    let mut evidence = contradictions.take_evidence().unwrap();
    for height in 0..2 * HEIGHTS as u64 {
        let (kind, data) = state(height, 1);
        say(&contradictions, height, 1, kind, &data);
    }
    assert_eq!(lock(&contradictions.known).statements.len(), HEIGHTS);
    let (kind, data) = state(2 * HEIGHTS as u64 - 1, 2);
    say(&contradictions, 2 * HEIGHTS as u64 - 1, 1, kind, &data);
    assert!(evidence.try_recv().is_ok());
}
