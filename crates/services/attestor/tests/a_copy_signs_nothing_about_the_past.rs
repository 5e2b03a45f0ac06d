//! A database that was restored from an older copy has forgotten what was signed since. The attestor
//! notices, and signs nothing about blocks that may have been signed about.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use causeway_attestor::{AttestError, ProblemKind};
use common::{FakeSource, attestor, engine, path, request};

#[tokio::test]
async fn a_restored_copy_signs_again_what_it_remembers_and_anew_only_about_new_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let (live, copy) = (dir.path().join("live"), dir.path().join("copy"));
    let source = FakeSource::new();
    let original = attestor(&live, &source).await;
    let remembered = original.attest(request(60, &[])).await.unwrap();
    engine(&live).await.copy_to(&copy).await.unwrap();
    original.attest(request(70, &[])).await.unwrap();

    // The chain is at 110 when the copy takes the place of the original, and some of it has changed.
    source.story().newest_height = 110;
    source.story().final_height = 200;
    let restored = attestor(&copy, &source).await;
    assert_eq!(restored.attest(request(60, &[])).await.unwrap(), remembered);
    source.story().fork = 1;
    for height in [70, 110] {
        let error = restored.attest(request(height, &[])).await.unwrap_err();
        assert_eq!(error.kind(), ProblemKind::Forgotten, "{error}");
        let AttestError::Forgotten { forgotten, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(forgotten, 110);
    }
    source.story().fork = 0;
    // Another path at a height that it remembers is a new statement as well.
    let error = restored.attest(request(60, &[path(1)])).await.unwrap_err();
    assert_eq!(error.kind(), ProblemKind::Forgotten, "{error}");
    restored.attest(request(111, &[path(1)])).await.unwrap();

    // Started again it is no copy any more, and has not forgotten that it was one.
    drop(restored);
    source.story().newest_height = 150;
    let again = attestor(&copy, &source).await;
    again.attest(request(112, &[])).await.unwrap();
    let error = again.attest(request(70, &[])).await.unwrap_err();
    assert_eq!(error.kind(), ProblemKind::Forgotten, "{error}");
    // And the original never was one.
    let original = attestor(&live, &source).await;
    original.attest(request(71, &[])).await.unwrap();
}

#[tokio::test]
async fn a_new_database_signs_nothing_about_blocks_that_were_there_before() {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    source.story().newest_height = 90;
    let attestor = attestor(&dir.path().join("db"), &source).await;
    attestor.look_for_gaps().await.unwrap();
    let error = attestor.attest(request(90, &[])).await.unwrap_err();
    assert_eq!(error.kind(), ProblemKind::Forgotten, "{error}");
    assert!(!error.may_retry());
    attestor.attest(request(91, &[])).await.unwrap();
}
