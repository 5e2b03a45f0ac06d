use std::time::Duration;

use causeway_engine::{Engine, EngineError, Term};

use crate::machine::{Store, at, on_each_store};

on_each_store! {
    of_many_at_once_one_leads,
    a_term_that_runs_out_is_followed_by_another_and_by_none_before,
    a_leader_that_wakes_up_too_late_writes_nothing,
    a_leader_that_was_slow_but_not_replaced_still_writes,
    a_leader_that_resigns_is_followed_at_once,
    the_same_name_begins_a_new_term_at_once_and_so_fences_its_own_past,
}

const LENGTH: Duration = Duration::from_secs(1);

async fn lead(engine: &Engine, leader: &str, millis: i64) -> Option<Term> {
    engine
        .lead("lane", leader, LENGTH, at(millis))
        .await
        .unwrap()
}

/// Writes as the leader of this term.
async fn write(engine: &Engine, term: &Term, text: &str) -> Result<(), EngineError> {
    let mut unit = engine.begin(at(1)).await?;
    unit.set_cursor("stream", text).await?;
    unit.fence(term).await?;
    unit.commit().await
}

async fn of_many_at_once_one_leads(store: Store) {
    let mut engines = Vec::new();
    for _ in 0..6 {
        engines.push(store.open().await);
    }
    let mut tasks = tokio::task::JoinSet::new();
    for (n, engine) in engines.into_iter().enumerate() {
        tasks.spawn(async move { lead(&engine, &n.to_string(), 1).await.is_some() });
    }
    let led = tasks.join_all().await;
    assert_eq!(led.into_iter().filter(|leads| *leads).count(), 1);
}

async fn a_term_that_runs_out_is_followed_by_another_and_by_none_before(store: Store) {
    let engine = store.open().await;
    let first = lead(&engine, "first", 0).await.unwrap();
    assert!(lead(&engine, "second", 999).await.is_none());
    assert!(engine.extend(&first, LENGTH, at(500)).await.unwrap());
    assert!(lead(&engine, "second", 1499).await.is_none());
    let second = lead(&engine, "second", 1500).await.unwrap();
    assert!(second.number() > first.number());
    assert!(!engine.extend(&first, LENGTH, at(1501)).await.unwrap());
    let leaders = engine.leaders().await.unwrap();
    assert_eq!(leaders.len(), 1);
    assert_eq!(
        (&*leaders[0].leader, leaders[0].until),
        ("second", at(2500))
    );
    // What is led elsewhere is another's business.
    let elsewhere = engine.lead("other lane", "first", LENGTH, at(1)).await;
    assert_eq!(elsewhere.unwrap().unwrap().name(), "other lane");
}

async fn a_leader_that_wakes_up_too_late_writes_nothing(store: Store) {
    let (one, other) = (store.open().await, store.open().await);
    let asleep = lead(&one, "asleep", 0).await.unwrap();
    write(&one, &asleep, "by the first").await.unwrap();
    let awake = lead(&other, "awake", 1000).await.unwrap();
    write(&other, &awake, "by the second").await.unwrap();
    let error = write(&one, &asleep, "too late").await.unwrap_err();
    assert!(matches!(&error, EngineError::Deposed { name } if name == "lane"));
    assert!(error.is_transient());
    // Its farewell does not end the other's term.
    one.resign(&asleep).await.unwrap();
    assert!(lead(&one, "third", 1001).await.is_none());
    let cursor = one.cursor("stream").await.unwrap();
    assert_eq!(cursor.as_deref(), Some("by the second"));
}

async fn a_leader_that_was_slow_but_not_replaced_still_writes(store: Store) {
    let engine = store.open().await;
    let term = lead(&engine, "slow", 0).await.unwrap();
    // Long after the term ran out by the clock.
    write(&engine, &term, "still mine").await.unwrap();
    assert!(engine.extend(&term, LENGTH, at(90_000)).await.unwrap());
}

async fn a_leader_that_resigns_is_followed_at_once(store: Store) {
    let engine = store.open().await;
    let term = lead(&engine, "first", 0).await.unwrap();
    let changed = engine.changed();
    engine.resign(&term).await.unwrap();
    assert!(changed.has_changed().unwrap());
    assert!(lead(&engine, "second", 1).await.is_some());
    assert!(write(&engine, &term, "gone").await.is_err());
}

async fn the_same_name_begins_a_new_term_at_once_and_so_fences_its_own_past(store: Store) {
    let engine = store.open().await;
    let before = lead(&engine, "node", 0).await.unwrap();
    let after = lead(&engine, "node", 1).await.unwrap();
    assert!(after.number() > before.number());
    assert!(write(&engine, &before, "past").await.is_err());
    write(&engine, &after, "present").await.unwrap();
}
