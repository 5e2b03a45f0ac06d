use alloy::signers::{SignerSync as _, local::PrivateKeySigner};
use alloy_primitives::keccak256;
use causeway_attestor::SourceError;
use causeway_ibc::{Committee, Domain, PathCommitment, StateAttestation};
use causeway_types::{ChainId, Timestamp};

use super::*;

const HEIGHT: u64 = 12;

#[derive(Clone, Copy)]
enum Says {
    /// What stands on the chain.
    Truth,
    /// Something else, well signed.
    Lie(u8),
    /// The truth, signed for another light client.
    ForAnother,
    /// The truth about another height.
    AnotherHeight,
    /// The truth about fewer paths than were asked for.
    FewerPaths,
    Nothing,
    /// No answer, ever.
    Hangs,
}

struct Voice {
    key: u8,
    says: Says,
}

fn signer(key: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::with_last_byte(key)).unwrap()
}

fn end() -> ClientEnd {
    ClientEnd {
        chain: ChainId::eip155(1),
        client: "client-0".parse().unwrap(),
    }
}

fn client() -> ClientView {
    let members = (1..=3).map(|key| signer(key).address()).collect();
    ClientView {
        id: end().client,
        address: Address::repeat_byte(7),
        committee: Committee::new(members, 2).unwrap(),
        set_number: 1,
        domain: Domain::of_client(1, Address::repeat_byte(9), &end().client),
        frozen: false,
        proof_once: true,
    }
}

fn paths() -> Vec<B256> {
    vec![keccak256("one"), keccak256("two")]
}

#[async_trait]
impl Witness for Voice {
    async fn attest(&self, request: &AttestRequest) -> Result<Attested, WitnessError> {
        let mut domain = client().domain;
        let (mut height, mut lie, mut paths) = (request.height, 0, request.paths.clone());
        match self.says {
            Says::Truth => {}
            Says::Lie(which) => lie = which,
            Says::ForAnother => domain = Domain(B256::repeat_byte(3)),
            Says::AnotherHeight => height += 1,
            Says::FewerPaths => paths.truncate(1),
            Says::Hangs => std::future::pending().await,
            Says::Nothing => {
                let reason = format!("number {} has no endpoint", self.key);
                let down = SourceError::Unreachable {
                    answering: 0,
                    needed: 1,
                    reason,
                };
                return Err(AttestError::from(down).into());
            }
        }
        let signed = |kind, data: Bytes| {
            let digest = attestation_digest(kind, &domain, &data);
            let signature = signer(self.key).sign_hash_sync(&digest).unwrap();
            Attestation {
                data,
                signature: Signature65::new(signature.as_bytes()),
            }
        };
        let commitment = B256::repeat_byte(1 + lie);
        let packets = paths
            .into_iter()
            .map(|path| PathCommitment { path, commitment })
            .collect();
        let packets = PacketAttestation { height, packets }.encode();
        let state = StateAttestation {
            height,
            timestamp: Timestamp::from_secs(5),
        }
        .encode();
        Ok(Attested {
            attestor: signer(self.key).address(),
            state: signed(AttestationKind::State, state),
            packets: Some(signed(AttestationKind::Packet, packets)),
        })
    }
}

fn committees(voices: &[(u8, Says)]) -> Committees {
    Committees::new(
        voices
            .iter()
            .map(|&(key, says)| Voice { key, says })
            .collect(),
    )
}

async fn gather(voices: &[(u8, Says)]) -> Result<Gathered, GatherError> {
    committees(voices)
        .gather(&end(), &client(), HEIGHT, &paths())
        .await
}

async fn check_quorum(voices: &[(u8, Says)]) {
    let (proof, attested) = gather(voices).await.unwrap();
    assert_eq!(proof.height, HEIGHT);
    assert_eq!(
        (proof.state.signatures.len(), proof.packets.signatures.len()),
        (2, 2)
    );
    let shown: Vec<_> = attested
        .packets
        .iter()
        .map(|entry| (entry.path, entry.commitment))
        .collect();
    let truth: Vec<_> = paths()
        .into_iter()
        .map(|path| (path, B256::repeat_byte(1)))
        .collect();
    assert_eq!(shown, truth);
}

async fn check_too_few(voices: &[(u8, Says)], expected: usize, why: &[&str]) {
    let error = gather(voices).await.unwrap_err();
    let GatherError::TooFew {
        have, need, height, ..
    } = &error;
    assert_eq!((*have, *need, *height), (expected, 2, HEIGHT));
    let text = error.to_string();
    for reason in why {
        assert!(text.contains(reason), "{reason:?} is not in {text:?}");
    }
}

#[tokio::test]
async fn one_attestor_of_three_that_lies_errs_or_is_away_costs_nothing() {
    let troubles = [
        Says::Lie(1),
        Says::ForAnother,
        Says::AnotherHeight,
        Says::FewerPaths,
        Says::Nothing,
        Says::Hangs,
    ];
    for trouble in troubles {
        check_quorum(&[(1, trouble), (2, Says::Truth), (3, Says::Truth)]).await;
        check_quorum(&[(1, Says::Truth), (2, Says::Truth), (3, trouble)]).await;
    }
}

#[tokio::test]
async fn with_too_few_attestors_every_reason_is_named() {
    check_too_few(
        &[(1, Says::Truth), (2, Says::Nothing), (3, Says::Nothing)],
        1,
        &[
            "1 of the 2 attestations needed",
            "0 endpoints answer, 1 must",
            "number 2",
            "number 3",
        ],
    )
    .await;
    let second = signer(2).address().to_string();
    check_too_few(
        &[
            (1, Says::Truth),
            (2, Says::ForAnother),
            (3, Says::AnotherHeight),
        ],
        1,
        &[
            &second,
            "is worth nothing",
            "it is about height 13, asked was 12",
        ],
    )
    .await;
    check_too_few(&[], 0, &["0 of the 2", "no attestor is known"]).await;
}

#[tokio::test]
async fn attestors_that_contradict_each_other_make_no_quorum() {
    check_too_few(
        &[(1, Says::Truth), (2, Says::Lie(1)), (3, Says::Lie(2))],
        1,
        &["the attestors say 3 different things"],
    )
    .await;
}

#[tokio::test]
async fn strangers_and_repetitions_do_not_count() {
    let stranger = format!("{} is not in the client's committee", signer(8).address());
    check_too_few(
        &[(1, Says::Truth), (1, Says::Truth), (8, Says::Truth)],
        1,
        &[&stranger],
    )
    .await;
}

#[tokio::test]
async fn the_same_trouble_reads_the_same_whoever_answers_first() {
    let voices = [(2, Says::Nothing), (3, Says::FewerPaths), (1, Says::Truth)];
    let mut turned = voices;
    turned.reverse();
    assert_eq!(
        gather(&voices).await.unwrap_err(),
        gather(&turned).await.unwrap_err()
    );
}

/// An attestor that is in trouble when the sixth question of all is put to it.
struct Counted(Voice, Arc<Mutex<usize>>);

#[async_trait]
impl Witness for Counted {
    async fn attest(&self, request: &AttestRequest) -> Result<Attested, WitnessError> {
        let question = {
            let mut questions = self.1.lock().unwrap();
            *questions += 1;
            *questions
        };
        // As from far away: nobody answers before everybody is asked.
        tokio::task::yield_now().await;
        let says = match question {
            6 => self.0.says,
            _ => Says::Truth,
        };
        let key = self.0.key;
        Voice { key, says }.attest(request).await
    }
}

#[tokio::test]
async fn a_sparing_relayer_asks_only_as_many_attestors_as_it_needs_until_one_fails() {
    for trouble in [Says::Nothing, Says::Lie(1), Says::ForAnother, Says::Hangs] {
        let questions = Arc::new(Mutex::new(0));
        let voices = (1..=3).map(|key| Counted(Voice { key, says: trouble }, questions.clone()));
        let committees = Committees::new(voices.collect()).sparing();
        // Nobody is known, so all three are asked; then two; then two and, when one of them fails,
        // the third; and whoever failed is not asked again.
        for (round, so_far) in [(1, 3), (2, 5), (3, 8), (4, 10)] {
            let (end, client, paths) = (end(), client(), paths());
            let gathered = committees.gather(&end, &client, HEIGHT, &paths);
            gathered.await.unwrap();
            assert_eq!(*questions.lock().unwrap(), so_far, "round {round}");
        }
    }
}
