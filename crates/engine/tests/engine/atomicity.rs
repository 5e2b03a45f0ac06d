use std::time::Duration;

use causeway_engine::{EffectFilter, EngineError, UnitError};

use tokio::time::timeout;

use crate::machine::{Adder, Refused, Store, add, at, effect, feed, on_each_store};

on_each_store! {
    a_unit_that_is_dropped_leaves_no_trace,
    a_committed_unit_is_there_after_reopening,
    a_refused_input_leaves_the_rest_of_the_unit_usable,
    a_unit_sees_its_own_writes_before_they_are_committed,
    units_of_many_tasks_take_turns_and_none_is_lost,
    two_engines_on_one_store_do_not_overwrite_each_other,
    a_name_that_would_make_effect_keys_ambiguous_is_refused,
    subscribers_hear_of_committed_effects_and_of_nothing_else,
    a_unit_whose_writes_failed_halfway_cannot_be_committed,
}

async fn a_unit_that_is_dropped_leaves_no_trace(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    let step = add(5).effect(effect("e"));
    unit.handle::<Adder>("p", Some(step)).await.unwrap();
    unit.set_cursor("stream", "7").await.unwrap();
    // Forces the buffered writes into the transaction, which is then rolled back.
    assert!(unit.due("clock", 0).await.unwrap().is_empty());
    drop(unit);
    assert!(engine.process::<Adder>("p").await.unwrap().is_none());
    assert!(engine.cursor("stream").await.unwrap().is_none());
    let effects = engine.effects(EffectFilter::default()).await.unwrap();
    assert!(effects.is_empty());
}

async fn a_committed_unit_is_there_after_reopening(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    let step = add(5).effect(effect("e"));
    unit.handle::<Adder>("p", Some(step)).await.unwrap();
    unit.set_cursor("stream", r#"{"height":7}"#).await.unwrap();
    assert!(engine.process::<Adder>("p").await.unwrap().is_none());
    unit.commit().await.unwrap();
    engine.close().await;

    let engine = store.open().await;
    let process = engine.process::<Adder>("p").await.unwrap().unwrap();
    assert_eq!((process.state, process.created_at), (5, at(1)));
    let cursor = engine.cursor("stream").await.unwrap();
    assert_eq!(cursor.as_deref(), Some(r#"{"height":7}"#));
    let effects = engine.effects(EffectFilter::default()).await.unwrap();
    assert_eq!(effects[0].key, "adder/p#e");
}

async fn a_refused_input_leaves_the_rest_of_the_unit_usable(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    unit.handle::<Adder>("p", Some(add(1))).await.unwrap();
    let error = unit.handle::<Adder>("p", None).await.unwrap_err();
    assert!(!error.is_transient());
    assert!(matches!(error, UnitError::Machine(Refused)));
    unit.handle::<Adder>("p", Some(add(2))).await.unwrap();
    unit.commit().await.unwrap();
    let process = engine.process::<Adder>("p").await.unwrap().unwrap();
    assert_eq!(process.state, 3);
}

async fn a_unit_sees_its_own_writes_before_they_are_committed(store: Store) {
    let engine = store.open().await;
    feed(&engine, "p", add(1), at(1)).await;
    let mut unit = engine.begin(at(2)).await.unwrap();
    unit.preload::<Adder>(&["p", "q", "p"]).await.unwrap();
    unit.handle::<Adder>("p", Some(add(1))).await.unwrap();
    unit.set_cursor("stream", "1").await.unwrap();
    let process = unit.process::<Adder>("p").await.unwrap().unwrap();
    assert_eq!((process.state, process.created_at), (2, at(1)));
    assert_eq!(process.updated_at, at(2));
    assert_eq!(unit.cursor("stream").await.unwrap().as_deref(), Some("1"));
    assert!(unit.process::<Adder>("q").await.unwrap().is_none());
}

async fn units_of_many_tasks_take_turns_and_none_is_lost(store: Store) {
    let engine = store.open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let engine = engine.clone();
        tasks.spawn(async move {
            for _ in 0..5 {
                feed(&engine, "shared", add(1), at(1)).await;
            }
        });
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap();
    }
    let process = engine.process::<Adder>("shared").await.unwrap().unwrap();
    assert_eq!(process.state, 80);
}

async fn two_engines_on_one_store_do_not_overwrite_each_other(store: Store) {
    let (one, other) = (store.open().await, store.open().await);
    let work = async |engine| {
        for _ in 0..20 {
            feed(engine, "shared", add(1), at(1)).await;
        }
    };
    tokio::join!(work(&one), work(&other));
    let process = one.process::<Adder>("shared").await.unwrap().unwrap();
    assert_eq!(process.state, 40);
}

async fn a_name_that_would_make_effect_keys_ambiguous_is_refused(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    let error = unit.handle::<Adder>("p#q", Some(add(1))).await.unwrap_err();
    assert!(matches!(
        error,
        UnitError::Engine(EngineError::InvalidName { forbidden: '#', .. })
    ));
}

async fn subscribers_hear_of_committed_effects_and_of_nothing_else(store: Store) {
    let engine = store.open().await;
    let mut changed = engine.changed();
    // Once a server is listened to, something may have been missed, and that is announced too.
    let quiet = Duration::from_millis(500);
    while timeout(quiet, changed.changed()).await.is_ok() {}
    feed(&engine, "p", add(1), at(1)).await;
    assert!(!changed.has_changed().unwrap());
    let mut unit = engine.begin(at(1)).await.unwrap();
    let step = add(1).effect(effect("e"));
    unit.handle::<Adder>("p", Some(step)).await.unwrap();
    assert!(!changed.has_changed().unwrap());
    unit.commit().await.unwrap();
    assert!(changed.has_changed().unwrap());
}

async fn a_unit_whose_writes_failed_halfway_cannot_be_committed(store: Store) {
    let engine = store.open().await;
    store
        .sql("ALTER TABLE effects RENAME TO gone")
        .await
        .unwrap();
    let mut unit = engine.begin(at(1)).await.unwrap();
    let step = add(1).effect(effect("e"));
    unit.handle::<Adder>("p", Some(step)).await.unwrap();
    let error = unit.due("clock", 0).await.unwrap_err();
    assert!(matches!(error, EngineError::Database(_)));
    // The state is written and its effect is not.
    let error = unit.commit().await.unwrap_err();
    assert!(matches!(error, EngineError::BrokenUnit));
    assert!(error.is_transient());
    assert!(engine.process::<Adder>("p").await.unwrap().is_none());
}
