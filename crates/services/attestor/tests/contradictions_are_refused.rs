//! An attestor never signs two different things for one height: not after a reorganisation, not after
//! a restart, not when two requests race.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::{Arc, Mutex};

use alloy_primitives::{Address, B256};
use causeway_attestor::{AttestError, Attestor, ProblemKind, SignError, Signer};
use causeway_ibc::Signature65;
use common::{FakeSource, attestor, attestor_with, domain, key, path, request, served};
use futures::future::{BoxFuture, join_all};

async fn conflict(attestor: &Attestor, height: u64, paths: &[B256]) -> String {
    let error = attestor.attest(request(height, paths)).await.unwrap_err();
    assert_eq!(error.kind(), ProblemKind::RefusedConflict, "{error}");
    assert!(!error.may_retry());
    let AttestError::RefusedConflict { subject, .. } = error else {
        panic!("{error}")
    };
    subject
}

#[tokio::test]
async fn another_block_at_a_signed_height_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let attestor = attestor(&dir.path().join("db"), &source).await;
    let answer = attestor.attest(request(42, &[])).await.unwrap();

    source.story().fork = 1;
    assert_eq!(conflict(&attestor, 42, &[]).await, "the block");
    assert_eq!(conflict(&attestor, 42, &[path(1)]).await, "the block");
    assert_eq!(attestor.stats().refused(), 2);
    attestor.attest(request(43, &[])).await.unwrap();

    source.story().fork = 0;
    assert_eq!(attestor.attest(request(42, &[])).await.unwrap(), answer);
}

#[tokio::test]
async fn another_time_of_the_same_block_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let attestor = attestor(&dir.path().join("db"), &source).await;
    attestor.attest(request(42, &[])).await.unwrap();
    source.story().clock_skew = 1;
    assert_eq!(conflict(&attestor, 42, &[]).await, "the block");
}

#[tokio::test]
async fn another_commitment_in_the_same_block_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let attestor = attestor(&dir.path().join("db"), &source).await;
    attestor
        .attest(request(42, &[path(1), path(2)]))
        .await
        .unwrap();
    source
        .story()
        .commitments
        .insert(path(2), B256::repeat_byte(1));
    let subject = conflict(&attestor, 42, &[path(3), path(2)]).await;
    assert!(subject.contains(&path(2).to_string()), "{subject}");
    attestor
        .attest(request(42, &[path(1), path(3)]))
        .await
        .unwrap();
    attestor.attest(request(43, &[path(2)])).await.unwrap();
}

#[tokio::test]
async fn a_contradiction_is_refused_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("db");
    let source = FakeSource::new();
    attestor(&file, &source)
        .await
        .attest(request(42, &[path(1)]))
        .await
        .unwrap();

    source
        .story()
        .commitments
        .insert(path(1), B256::repeat_byte(1));
    let restarted = attestor(&file, &source).await;
    let subject = conflict(&restarted, 42, &[path(1)]).await;
    assert!(subject.contains(&path(1).to_string()), "{subject}");
    source.story().fork = 1;
    assert_eq!(
        conflict(&attestor(&file, &source).await, 42, &[]).await,
        "the block"
    );
}

#[tokio::test]
async fn a_refused_request_binds_the_attestor_to_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let attestor = attestor(&dir.path().join("db"), &source).await;
    attestor.attest(request(42, &[path(1)])).await.unwrap();

    source
        .story()
        .commitments
        .extend([1, 2, 3].map(|n| (path(n), B256::repeat_byte(n))));
    conflict(&attestor, 42, &[path(2), path(1), path(3)]).await;
    source.story().commitments.clear();
    attestor
        .attest(request(42, &[path(1), path(2), path(3)]))
        .await
        .unwrap();
}

#[tokio::test]
async fn light_clients_with_different_domains_are_bound_separately() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let engine = common::engine(&dir.path().join("db")).await;
    let mut other = served(&source);
    other.client = "client-1".parse().unwrap();
    other.domain.0 = B256::repeat_byte(9);
    let clients = vec![served(&source), other.clone()];
    let attestor = Attestor::new(Arc::new(key()), clients, engine).unwrap();

    let answer = attestor.attest(request(42, &[path(1)])).await.unwrap();
    source.story().fork = 1;
    let mut to_other = request(42, &[path(1)]);
    to_other.client = other.reference();
    let other_answer = attestor.attest(to_other.clone()).await.unwrap();
    other_answer.verify(&to_other, &other.domain).unwrap();
    assert!(other_answer.verify(&to_other, &domain()).is_err());
    assert_ne!(other_answer.state.signature, answer.state.signature);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_racing_requests_that_contradict_each_other_one_alone_is_signed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("db");
    let source = FakeSource::new();
    source.story().fickle = true;
    // Two processes with one database, which no lock in memory can hold apart.
    let attestors = [
        attestor(&file, &source).await,
        attestor(&file, &source).await,
    ]
    .map(Arc::new);
    // Block 0 is there when the attestors first see their database, and is not signed for that.
    for height in 1..=20 {
        let racers = (0..8).map(|racer| {
            let attestor = attestors[racer % 2].clone();
            tokio::spawn(async move { attestor.attest(request(height, &[path(1)])).await })
        });
        let mut signed = Vec::new();
        for outcome in join_all(racers).await {
            match outcome.unwrap() {
                Ok(attested) => signed.push(attested),
                Err(error) => assert_eq!(error.kind(), ProblemKind::RefusedConflict, "{error}"),
            }
        }
        assert_eq!(signed.len(), 1, "at height {height}");
    }
}

/// Before it signs, has a liar with the same database try to contradict.
struct SuspiciousSigner {
    liar: Attestor,
    verdicts: Arc<Mutex<Vec<ProblemKind>>>,
}

impl Signer for SuspiciousSigner {
    fn address(&self) -> Address {
        key().address()
    }

    fn sign(&self, digest: B256) -> BoxFuture<'_, Result<Signature65, SignError>> {
        Box::pin(async move {
            let verdict = self
                .liar
                .attest(request(42, &[path(1)]))
                .await
                .unwrap_err()
                .kind();
            self.verdicts.lock().unwrap().push(verdict);
            Signer::sign(&key(), digest).await
        })
    }
}

#[tokio::test]
async fn a_statement_binds_before_the_key_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("db");
    let lie = FakeSource::new();
    lie.story()
        .commitments
        .insert(path(1), B256::repeat_byte(66));
    let verdicts = Arc::default();
    let signer = SuspiciousSigner {
        liar: attestor(&file, &lie).await,
        verdicts: Arc::clone(&verdicts),
    };
    let attestor = attestor_with(Arc::new(signer), &file, &FakeSource::new()).await;
    attestor.attest(request(42, &[path(1)])).await.unwrap();
    assert_eq!(*verdicts.lock().unwrap(), [ProblemKind::RefusedConflict; 2]);
}
