//! What a person does to effects that wait.

use std::time::Duration;

use causeway_engine::{EffectFilter, EffectView, Engine, ProcessId, UnixMillis};

use crate::machine::{Store, add, at, effect, feed, on_each_store};

on_each_store! {
    what_is_held_back_is_claimed_by_nobody_until_it_is_hastened,
    what_failed_is_hastened_and_counts_as_fresh,
    what_somebody_carries_is_left_to_them_unless_it_is_held_back,
}

const LEASE: Duration = Duration::from_secs(1);

fn process() -> ProcessId {
    ProcessId {
        kind: "adder".into(),
        key: "p".into(),
    }
}

async fn one_effect(store: &Store) -> (Engine, EffectView) {
    let engine = store.open().await;
    feed(&engine, "p", add(1).effect(effect("a")), at(0)).await;
    let view = engine.effects(EffectFilter::default()).await.unwrap();
    (engine, view[0].clone())
}

async fn claimable(engine: &Engine, owner: &str, now: UnixMillis) -> usize {
    let claimed = engine.claim::<String>("lane", owner, 9, LEASE, now).await;
    claimed.unwrap().len()
}

async fn hasten(engine: &Engine, all_failed: bool, now: UnixMillis) -> u64 {
    let mut unit = engine.begin(now).await.unwrap();
    let changed = if all_failed {
        unit.hasten_failed("adder").await.unwrap()
    } else {
        unit.hasten(&process()).await.unwrap()
    };
    unit.commit().await.unwrap();
    changed
}

async fn hold(engine: &Engine, effect: &EffectView, now: UnixMillis) -> bool {
    let mut unit = engine.begin(now).await.unwrap();
    let held = unit.hold(effect.id, "skipped: by hand").await.unwrap();
    unit.commit().await.unwrap();
    held
}

async fn troubled(engine: &Engine) -> Vec<EffectView> {
    let filter = EffectFilter {
        troubled_only: true,
        ..EffectFilter::default()
    };
    engine.effects(filter).await.unwrap()
}

async fn what_is_held_back_is_claimed_by_nobody_until_it_is_hastened(store: Store) {
    let (engine, effect) = one_effect(&store).await;
    assert!(troubled(&engine).await.is_empty());
    assert!(hold(&engine, &effect, at(1)).await);
    let held = troubled(&engine).await;
    assert_eq!(held[0].due_at, UnixMillis::NEVER);
    assert_eq!(held[0].last_error.as_deref(), Some("skipped: by hand"));
    let much_later = at(i64::MAX / 2);
    assert_eq!(claimable(&engine, "worker", much_later).await, 0);
    assert_eq!(hasten(&engine, true, at(2)).await, 0);
    assert_eq!(hasten(&engine, false, at(2)).await, 1);
    assert_eq!(claimable(&engine, "worker", at(2)).await, 1);
}

async fn what_failed_is_hastened_and_counts_as_fresh(store: Store) {
    let (engine, effect) = one_effect(&store).await;
    assert_eq!(hasten(&engine, true, at(1)).await, 0);
    assert_eq!(claimable(&engine, "worker", at(1)).await, 1);
    let failed = engine.retry(&[effect.id], "worker", "no", at(1)).await;
    assert_eq!(failed.unwrap().held.len(), 1);
    assert_eq!(claimable(&engine, "worker", at(2)).await, 0);
    assert_eq!(hasten(&engine, true, at(2)).await, 1);
    let claimed = engine.claim::<String>("lane", "worker", 9, LEASE, at(2));
    let claimed = claimed.await.unwrap();
    assert_eq!((claimed.len(), claimed[0].attempts), (1, 0));
}

async fn what_somebody_carries_is_left_to_them_unless_it_is_held_back(store: Store) {
    let (engine, effect) = one_effect(&store).await;
    assert_eq!(claimable(&engine, "worker", at(1)).await, 1);
    assert_eq!(hasten(&engine, false, at(2)).await, 0);
    assert!(hold(&engine, &effect, at(3)).await);
    let late = engine.retry(&[effect.id], "worker", "no", at(4)).await;
    assert_eq!(late.unwrap().lost, [effect.id]);
    assert_eq!(troubled(&engine).await[0].due_at, UnixMillis::NEVER);
    let done = engine.complete(&[effect.id], "worker", at(5)).await;
    assert_eq!(done.unwrap().lost, [effect.id]);
}
