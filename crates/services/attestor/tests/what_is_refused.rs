//! What an attestor does not sign, apart from contradictions.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use alloy::signers::local::PrivateKeySigner;
use alloy_primitives::{Address, B256};
use causeway_attestor::{
    AttestError, AttestedClient, Attestor, ProblemKind, SetUpError, SignError, Signer, Source,
    SourceError,
};
use causeway_ibc::{Domain, Signature65};
use causeway_types::{BlockRef, ChainId};
use common::{FakeSource, attestor, attestor_with, client_ref, engine, key, path, request, served};
use futures::future::BoxFuture;

/// Counts how often it is asked to sign.
struct CountingSigner {
    key: PrivateKeySigner,
    asked: AtomicUsize,
}

impl Signer for CountingSigner {
    fn address(&self) -> Address {
        self.key.address()
    }

    fn sign(&self, digest: B256) -> BoxFuture<'_, Result<Signature65, SignError>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Signer::sign(&self.key, digest)
    }
}

#[tokio::test]
async fn nothing_is_signed_when_the_source_cannot_state_the_fact() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let signer = Arc::new(CountingSigner {
        key: key(),
        asked: AtomicUsize::new(0),
    });
    let attestor = attestor_with(signer.clone(), &dir.path().join("db"), &source).await;
    let text = || "x".to_owned();
    for (failure, kind) in [
        (
            SourceError::Disagreement {
                subject: text(),
                agreeing: 1,
                needed: 2,
                reason: text(),
            },
            ProblemKind::Disagreement,
        ),
        (
            SourceError::Unreachable {
                answering: 1,
                needed: 2,
                reason: text(),
            },
            ProblemKind::Unreachable,
        ),
        (
            SourceError::StatePruned {
                height: 42,
                reason: text(),
            },
            ProblemKind::StatePruned,
        ),
    ] {
        source.story().failure = Some(failure.clone());
        let error = attestor.attest(request(42, &[path(1)])).await.unwrap_err();
        assert_eq!(error.kind(), kind);
        assert_eq!(error.may_retry(), failure.may_retry());
        assert_eq!(attestor.stats().failed(kind), 1);
    }
    assert_eq!(signer.asked.load(Ordering::Relaxed), 0);
    assert_eq!(attestor.stats().signed(), 0);

    source.story().failure = None;
    attestor.attest(request(42, &[path(1)])).await.unwrap();
    assert_eq!(attestor.stats().signed(), 1);
}

#[tokio::test]
async fn a_height_that_is_not_final_is_not_signed() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let attestor = attestor(&dir.path().join("db"), &source).await;
    let error = attestor.attest(request(101, &[])).await.unwrap_err();
    let AttestError::Source(SourceError::NotYetFinal {
        height,
        final_height,
    }) = error
    else {
        panic!("{error}")
    };
    assert_eq!((height, final_height), (101, Some(100)));
}

#[tokio::test]
async fn a_request_of_256_paths_is_served_and_one_of_257_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let attestor = attestor(&dir.path().join("db"), &source).await;
    let mut paths: Vec<B256> = (0..=255).map(path).collect();
    attestor.attest(request(42, &paths)).await.unwrap();
    paths.push(B256::ZERO);
    let questions = source.story().questions;
    let error = attestor.attest(request(42, &paths)).await.unwrap_err();
    assert!(
        matches!(error, AttestError::TooManyPaths { count: 257 }),
        "{error}"
    );
    assert_eq!(
        source.story().questions,
        questions,
        "the chain is not asked"
    );
}

#[tokio::test]
async fn a_path_asked_for_twice_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let attestor = attestor(&dir.path().join("db"), &FakeSource::new()).await;
    let error = attestor
        .attest(request(42, &[path(1), path(2), path(1)]))
        .await
        .unwrap_err();
    assert!(matches!(error, AttestError::DuplicatePath { path: twice } if twice == path(1)));
}

#[tokio::test]
async fn a_light_client_of_the_same_name_on_another_chain_is_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let attestor = attestor(&dir.path().join("db"), &FakeSource::new()).await;
    let mut request = request(42, &[]);
    request.client.chain = ChainId::eip155(31339);
    let error = attestor.attest(request).await.unwrap_err();
    assert!(
        matches!(error, AttestError::UnknownClient { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_about_another_height_or_of_another_length_is_not_signed() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let attestor = attestor(&dir.path().join("db"), &source).await;
    source.story().height_offset = 1;
    let error = attestor.attest(request(42, &[path(1)])).await.unwrap_err();
    assert_eq!(error.kind(), ProblemKind::SourceDefect);
    source.story().height_offset = 0;
    source.story().surplus_commitments = 1;
    let error = attestor.attest(request(42, &[path(1)])).await.unwrap_err();
    assert_eq!(error.kind(), ProblemKind::SourceDefect);
    // Neither answer was recorded, or the truth would be refused now.
    source.story().surplus_commitments = 0;
    attestor.attest(request(42, &[path(1)])).await.unwrap();
}

/// Signs with a key that is not the one whose address it gives.
struct ConfusedSigner;

impl Signer for ConfusedSigner {
    fn address(&self) -> Address {
        Address::repeat_byte(5)
    }

    fn sign(&self, digest: B256) -> BoxFuture<'_, Result<Signature65, SignError>> {
        Box::pin(async move { Signer::sign(&key(), digest).await })
    }
}

#[tokio::test]
async fn a_signature_of_another_key_is_not_handed_out() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("db");
    let attestor = attestor_with(Arc::new(ConfusedSigner), &file, &FakeSource::new()).await;
    let error = attestor.attest(request(42, &[])).await.unwrap_err();
    let AttestError::Sign(SignError::WrongKey { expected, actual }) = error else {
        panic!("{error}")
    };
    assert_eq!(
        (expected, actual),
        (Address::repeat_byte(5), Some(key().address()))
    );
}

/// The same chain's fake, but of another chain.
struct OtherChain(Arc<FakeSource>, ChainId);

impl Source for OtherChain {
    fn chain(&self) -> &ChainId {
        &self.1
    }

    fn final_block(
        &self,
        height: u64,
        patience: std::time::Duration,
    ) -> BoxFuture<'_, Result<BlockRef, SourceError>> {
        self.0.final_block(height, patience)
    }

    fn commitments<'a>(
        &'a self,
        block: &'a BlockRef,
        paths: &'a [B256],
    ) -> BoxFuture<'a, Result<Vec<B256>, SourceError>> {
        self.0.commitments(block, paths)
    }

    fn final_height(&self) -> Option<u64> {
        self.0.final_height()
    }

    fn newest_height(&self) -> BoxFuture<'_, Result<u64, SourceError>> {
        self.0.newest_height()
    }

    fn health(&self) -> Vec<causeway_attestor::EndpointHealth> {
        self.0.health()
    }
}

#[tokio::test]
async fn light_clients_that_would_share_signatures_about_different_chains_are_not_served() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(&dir.path().join("db")).await;
    let source = FakeSource::new();
    let set_up = |clients| Attestor::new(Arc::new(key()), clients, engine.clone()).map(|_| ());

    let first = AttestedClient {
        domain: Domain::NONE,
        ..served(&source)
    };
    let mut second = AttestedClient {
        client: "client-1".parse().unwrap(),
        ..first.clone()
    };
    set_up(vec![first.clone(), second.clone()]).unwrap();

    second.source = Arc::new(OtherChain(source.clone(), ChainId::eip155(1)));
    let error = set_up(vec![first.clone(), second.clone()]).unwrap_err();
    let shared = SetUpError::SharedDomain {
        first: client_ref(),
        second: second.reference(),
    };
    assert_eq!(error, shared);

    let error = set_up(vec![first.clone(), first]).unwrap_err();
    assert_eq!(
        error,
        SetUpError::DuplicateClient {
            client: client_ref()
        }
    );
}
