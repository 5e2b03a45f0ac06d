//! What is different when several processes share a `PostgreSQL` store.

use std::time::Duration;

use causeway_engine::{Engine, EngineError};
use causeway_local_postgres::PostgresServer;
use tokio::time::timeout;

use crate::machine::{Adder, Store, add, at, effect, feed};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn work_that_one_replica_commits_wakes_the_others_at_once() {
    let store = Store::postgres();
    let (one, other) = (store.open().await, store.open().await);
    let mut changed = other.changed();
    // Once the other listens, it says so; what comes after that is news.
    timeout(PATIENCE, changed.changed()).await.unwrap().unwrap();
    feed(&one, "p", add(1), at(1)).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!changed.has_changed().unwrap(), "nothing was to be done");
    feed(&one, "p", add(1).effect(effect("e")), at(1)).await;
    timeout(PATIENCE, changed.changed()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_replica_that_stops_halfway_through_a_unit_does_not_hold_up_the_others_for_long() {
    let store = Store::postgres();
    let (stuck, other) = (store.open().await, store.open().await);
    let mut unit = stuck.begin(at(1)).await.unwrap();
    unit.handle::<Adder>("p", Some(add(1))).await.unwrap();
    unit.set_cursor("stream", "of the stuck").await.unwrap();
    let begun = timeout(PATIENCE, other.begin(at(2))).await.unwrap();
    let mut next = begun.unwrap();
    next.set_cursor("stream", "of the other").await.unwrap();
    next.commit().await.unwrap();
    let error = unit.commit().await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    let cursor = other.cursor("stream").await.unwrap();
    assert_eq!(cursor.as_deref(), Some("of the other"));
    // It goes on by itself.
    feed(&stuck, "p", add(1), at(3)).await;
}

#[tokio::test]
async fn a_restart_of_the_database_is_survived() {
    let server = PostgresServer::start().unwrap();
    let url = server.create_database().unwrap();
    let engine = Engine::open(&url).await.unwrap();
    feed(&engine, "p", add(1), at(1)).await;
    let mut changed = engine.changed();
    let unit = engine.begin(at(2)).await.unwrap();
    server.kill().unwrap();
    let error = unit.commit().await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    let error = engine.cursor("s").await.unwrap_err();
    assert!(error.is_transient(), "{error:?}");

    server.start_again().unwrap();
    changed.borrow_and_update();
    let mut failures = 0;
    let sum = timeout(PATIENCE, async {
        loop {
            match add_one(&engine).await {
                Ok(sum) => return sum,
                Err(error) => assert!(error.is_transient(), "{error:?}"),
            }
            failures += 1;
        }
    });
    assert_eq!(sum.await.unwrap(), 2, "after {failures} failures");
    // It listens again, and says that it may have missed something.
    timeout(PATIENCE, changed.changed()).await.unwrap().unwrap();
}

async fn add_one(engine: &Engine) -> Result<u64, EngineError> {
    let mut unit = engine.begin(at(3)).await?;
    unit.handle::<Adder>("p", Some(add(1))).await.unwrap();
    unit.commit().await?;
    let process = engine.process::<Adder>("p").await?;
    Ok(process.unwrap().state)
}

#[tokio::test]
async fn the_debug_form_of_an_engine_shows_no_password() {
    let store = Store::postgres();
    let url = store.url().replace("causeway@", "causeway:secret@");
    let engine = Engine::open(&url).await.unwrap();
    let unit = engine.begin(at(1)).await.unwrap();
    assert!(!format!("{engine:?} {unit:?}").contains("secret"));
}
