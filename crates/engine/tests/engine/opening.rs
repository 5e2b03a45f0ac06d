use std::time::Duration;

use alloy_primitives::B256;
use causeway_engine::{EffectFilter, Engine, EngineError, Filter, TxOutcome, Verdict};

use crate::machine::{Adder, Store, add, at, effect, feed, on_each_store};

on_each_store! {
    a_database_of_the_first_version_is_brought_up_to_date_and_keeps_its_rows,
    a_database_of_a_later_version_is_left_alone,
    many_may_open_the_same_new_file_together,
    whoever_only_reads_waits_for_no_writer_and_writes_nothing,
    whoever_only_reads_leaves_other_tables_alone,
    all_of_it_can_be_done_from_a_spawned_task,
}

async fn a_database_of_the_first_version_is_brought_up_to_date_and_keeps_its_rows(store: Store) {
    store.migrate_to_first_version().await;
    store
        .sql("INSERT INTO cursors (stream, body, updated_at) VALUES ('s', '41', 0)")
        .await
        .unwrap();
    let guards = store.sql("SELECT * FROM guards").await;
    assert!(guards.is_err(), "the old version already has the new table");

    let engine = store.open().await;
    assert_eq!(engine.cursor("s").await.unwrap().as_deref(), Some("41"));
    assert_eq!(engine.guard().get("d", "k").await.unwrap(), None);
}

async fn a_database_of_a_later_version_is_left_alone(store: Store) {
    store.open().await.close().await;
    store
        .sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
             execution_time) VALUES (9999, 'from the future', TRUE, '', 0)",
        )
        .await
        .unwrap();
    let error = Engine::open(&store.url()).await.unwrap_err();
    assert!(matches!(error, EngineError::Migration(_)));
    assert!(!error.is_transient());
}

async fn many_may_open_the_same_new_file_together(store: Store) {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let url = store.url();
        tasks.spawn(async move { Engine::open(&url).await.unwrap() });
    }
    assert_eq!(tasks.join_all().await.len(), 6);
}

async fn whoever_only_reads_waits_for_no_writer_and_writes_nothing(store: Store) {
    let engine = store.open().await;
    feed(&engine, "p", add(1), at(1)).await;
    // Another process writes, for as long as it likes.
    let mut unit = engine.begin(at(2)).await.unwrap();
    unit.handle::<Adder>("p", Some(add(1))).await.unwrap();
    unit.set_cursor("s", "flushes").await.unwrap();
    let read = async {
        let reader = Engine::open_to_read(&store.url()).await.unwrap();
        let seen = reader.process::<Adder>("p").await.unwrap().unwrap();
        (reader, seen.state)
    };
    let (reader, seen) = tokio::time::timeout(Duration::from_secs(5), read)
        .await
        .expect("the reader waits for the writer");
    assert_eq!(seen, 1, "what is not committed was seen");
    unit.commit().await.unwrap();
    let seen = reader.process::<Adder>("p").await.unwrap().unwrap();
    assert_eq!(seen.state, 2);
    let written = async {
        let mut unit = reader.begin(at(3)).await?;
        unit.set_cursor("s", "changed").await?;
        unit.commit().await
    };
    assert!(matches!(written.await, Err(EngineError::Database(_))));
    assert_eq!(
        engine.cursor("s").await.unwrap().as_deref(),
        Some("flushes")
    );
}

async fn whoever_only_reads_leaves_other_tables_alone(store: Store) {
    let outdated = |error: EngineError| matches!(error, EngineError::Outdated { .. });
    store.migrate_to_first_version().await;
    assert!(outdated(
        Engine::open_to_read(&store.url()).await.unwrap_err()
    ));
    let guards = store.sql("SELECT * FROM guards").await;
    assert!(guards.is_err(), "the tables were brought up to date");
    store.open().await.close().await;
    Engine::open_to_read(&store.url()).await.unwrap();
    store
        .sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
             execution_time) VALUES (9999, 'from the future', TRUE, '', 0)",
        )
        .await
        .unwrap();
    let later = Engine::open_to_read(&store.url()).await.unwrap_err();
    assert!(matches!(later, EngineError::Migration(_)));
}

async fn all_of_it_can_be_done_from_a_spawned_task(store: Store) {
    let engine = store.open().await;
    let task = async move {
        let lease = Duration::from_secs(1);
        let mut unit = engine.begin(at(1)).await?;
        unit.preload::<Adder>(&["p"]).await?;
        let step = add(1).effect(effect("e"));
        unit.handle::<Adder>("p", Some(step)).await.unwrap();
        unit.journal_all("s", &[]).await?;
        unit.settle("s", 1).await?;
        unit.withdraw("s", B256::ZERO).await?;
        unit.due("clock", 1).await?;
        let verdict = unit.guard("d", &[("k", "v")]).await?;
        assert_eq!(verdict, Verdict::Accepted);
        unit.lane_reserve("signer", "key", 0).await?;
        unit.commit().await?;
        let claimed = engine.claim::<String>("lane", "w", 1, lease, at(2)).await?;
        let ids = [claimed[0].id];
        let renewed = engine.renew(&ids, "w", lease, at(2)).await?;
        let retried = engine.retry(&ids, "w", "no", at(2)).await?;
        assert_eq!((renewed.held.len(), retried.held.len()), (1, 1));
        engine.release("w").await?;
        engine.lanes().await?;
        engine.effects(EffectFilter::default()).await?;
        engine.processes::<Adder>(Filter::default()).await?;
        engine
            .lane_settle("signer", 0, TxOutcome::Dropped, at(3))
            .await?;
        engine.prune(at(4), 10).await?;
        engine.close().await;
        Ok::<_, EngineError>(())
    };
    tokio::spawn(task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_private_database_serves_readers_beside_a_unit_and_is_shared_by_clones_only() {
    let engine = Engine::open("sqlite::memory:").await.unwrap();
    feed(&engine, "p", add(1), at(1)).await;
    let mut unit = engine.begin(at(2)).await.unwrap();
    unit.handle::<Adder>("p", Some(add(1))).await.unwrap();
    let seen = engine.clone().process::<Adder>("p").await.unwrap().unwrap();
    assert_eq!(seen.state, 1);
    unit.commit().await.unwrap();
    let seen = engine.process::<Adder>("p").await.unwrap().unwrap();
    assert_eq!(seen.state, 2);
    let other = Engine::open("sqlite::memory:").await.unwrap();
    assert!(other.process::<Adder>("p").await.unwrap().is_none());
}

#[tokio::test]
async fn a_store_of_an_unknown_kind_is_refused_without_showing_its_password() {
    let error = Engine::open("mysql://user:secret@host/db")
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::UnsupportedStore { .. }));
    assert!(error.to_string().contains("mysql"));
    assert!(!format!("{error:?} {error}").contains("secret"));
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_an_error_that_shows_no_password() {
    for url in [
        "postgres://user:secret@%2Fnowhere/db",
        "postgres://user:secret@host:port/db",
    ] {
        let error = Engine::open(url).await.unwrap_err();
        assert!(matches!(error, EngineError::Database(_)));
        assert!(!format!("{error:?} {error}").contains("secret"));
    }
}

#[tokio::test]
async fn a_directory_that_does_not_exist_is_an_error_and_not_created() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing/engine.sqlite");
    let result = Engine::open(&format!("sqlite://{}", path.display())).await;
    assert!(matches!(result, Err(EngineError::Database(_))));
    assert!(!path.parent().unwrap().exists());
}

#[tokio::test]
async fn reading_makes_no_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("engine.sqlite");
    let url = format!("sqlite://{}", path.display());
    assert!(Engine::open_to_read(&url).await.is_err());
    assert!(!path.exists());
    // A file that nobody has written to yet has no tables, and gets none.
    std::fs::write(&path, "").unwrap();
    let error = Engine::open_to_read(&url).await.unwrap_err();
    assert!(matches!(error, EngineError::Outdated { found: 0, .. }));
}

#[tokio::test]
async fn whoever_waits_too_long_for_another_process_is_told_so() {
    let store = Store::sqlite();
    let (one, other) = (store.open().await, store.open().await);
    let _unit = one.begin(at(1)).await.unwrap();
    let error = other.begin(at(1)).await.unwrap_err();
    assert!(matches!(error, EngineError::Busy), "{error:?}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_copy_is_the_store_as_it_was_and_takes_the_place_of_no_other_file() {
    let store = Store::sqlite();
    let engine = store.open().await;
    feed(&engine, "p", add(1).effect(effect("e")), at(1)).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("copy.sqlite");
    engine.copy_to(&file).await.unwrap();
    feed(&engine, "p", add(1), at(2)).await;
    assert!(engine.copy_to(&file).await.is_err());

    let copy = Engine::open(&format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    let process = copy.process::<Adder>("p").await.unwrap().unwrap();
    assert_eq!(process.state, 1);
    let effects = copy.effects(EffectFilter::default()).await.unwrap();
    assert_eq!(effects.len(), 1);
}
