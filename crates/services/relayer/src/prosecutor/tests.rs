use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use causeway_ibc::{AttestationKind, ClientId, Misbehaviour, StateAttestation};
use causeway_types::{ChainId, Timestamp};

use super::*;
use crate::{
    contradictions::{Contradictions, tests as signing},
    host::{ClientView, Follow, HostError, Message, Proof, Submitted},
    route::{ClientEnd, Route},
};

/// A chain with a light client that takes evidence.
struct Court {
    chain: ChainId,
    frozen: AtomicBool,
    tries: AtomicUsize,
    /// How often the chain cannot be used before it can.
    failures: usize,
}

#[async_trait]
impl Host for Court {
    fn chain(&self) -> &ChainId {
        &self.chain
    }

    async fn follow(&self, _cursor: Option<&str>) -> Result<Box<dyn Follow>, HostError> {
        unreachable!("nobody follows here")
    }

    async fn client(&self, _client: &ClientId) -> Result<ClientView, HostError> {
        let frozen = self.frozen.load(Ordering::SeqCst);
        Ok(ClientView {
            frozen,
            ..signing::view()
        })
    }

    async fn moot(&self, _messages: &[&Message]) -> Result<Vec<bool>, HostError> {
        unreachable!("nothing is delivered here")
    }

    async fn submit(
        &self,
        _key: &str,
        _client: &ClientView,
        _proof: &Proof,
        _messages: &[Message],
    ) -> Vec<Result<Submitted, SubmitError>> {
        unreachable!("nothing is delivered here")
    }

    async fn freeze(
        &self,
        _key: &str,
        _client: &ClientId,
        evidence: &Misbehaviour,
    ) -> Result<Submitted, SubmitError> {
        if self.tries.fetch_add(1, Ordering::SeqCst) < self.failures {
            let down = io::Error::other("no endpoint answers");
            return Err(HostError::passing(&self.chain, down).into());
        }
        assert!(evidence.is_contradiction().unwrap());
        self.frozen.store(true, Ordering::SeqCst);
        Ok(Submitted {
            tx: alloy_primitives::B256::ZERO,
            height: 1,
        })
    }
}

fn court(failures: usize) -> Arc<Court> {
    Arc::new(Court {
        chain: ChainId::eip155(1),
        frozen: AtomicBool::new(false),
        tries: AtomicUsize::new(0),
        failures,
    })
}

fn routes(court: &Arc<Court>) -> Arc<Routes> {
    let other = Arc::new(Court {
        chain: ChainId::eip155(2),
        frozen: AtomicBool::new(false),
        tries: AtomicUsize::new(0),
        failures: 0,
    });
    let b = ClientEnd {
        chain: ChainId::eip155(2),
        client: "client-1".parse().unwrap(),
    };
    let route = Route {
        a: signing::end(),
        b,
    };
    Arc::new(Routes::new(vec![court.clone(), other], vec![route]).unwrap())
}

/// Two quorums that contradict each other, as a relayer hears them.
fn contradict(contradictions: &Contradictions) {
    for (key, seconds) in [(1, 1), (2, 1), (2, 2), (3, 2)] {
        let timestamp = Timestamp::from_secs(seconds);
        let data = StateAttestation {
            height: 9,
            timestamp,
        }
        .encode();
        signing::say(contradictions, 9, key, AttestationKind::State, &data);
    }
}

async fn eventually(done: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if done() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not in time");
}

#[tokio::test]
async fn evidence_is_kept_and_freezes_the_client_even_if_the_chain_is_away_for_a_while() {
    let directory = tempfile::tempdir().unwrap();
    let archive = Archive::new(directory.path().join("evidence"));
    let (court, contradictions) = (court(1), Contradictions::default());
    let prosecutor = Prosecutor {
        routes: routes(&court),
        archive: Some(archive.clone()),
        incoming: contradictions.take_evidence().unwrap(),
    };
    contradict(&contradictions);
    let stop = CancellationToken::new();
    let running = tokio::spawn(prosecutor.run(stop.clone()));
    eventually(|| court.frozen.load(Ordering::SeqCst)).await;
    stop.cancel();
    running.await.unwrap().unwrap();
    let mut kept: Vec<bool> = archive
        .kept()
        .iter()
        .map(|evidence| evidence.quorum)
        .collect();
    kept.sort_unstable();
    assert_eq!(
        kept,
        [false, true],
        "what one attestor did alone is kept too"
    );
}

#[tokio::test]
async fn evidence_that_was_kept_before_a_crash_is_submitted_after_it() {
    let directory = tempfile::tempdir().unwrap();
    let archive = Archive::new(directory.path().to_owned());
    let contradictions = Contradictions::default();
    let mut heard = contradictions.take_evidence().unwrap();
    contradict(&contradictions);
    while let Ok(evidence) = heard.try_recv() {
        archive.keep(&evidence).unwrap();
    }
    std::fs::write(directory.path().join("notes.json"), "not evidence").unwrap();
    for expected_tries in [1, 0] {
        let court = court(0);
        court.frozen.store(expected_tries == 0, Ordering::SeqCst);
        let prosecutor = Prosecutor {
            routes: routes(&court),
            archive: Some(archive.clone()),
            incoming: Contradictions::default().take_evidence().unwrap(),
        };
        let stop = CancellationToken::new();
        let running = tokio::spawn(prosecutor.run(stop.clone()));
        eventually(|| court.frozen.load(Ordering::SeqCst)).await;
        stop.cancel();
        running.await.unwrap().unwrap();
        assert_eq!(court.tries.load(Ordering::SeqCst), expected_tries);
    }
}
