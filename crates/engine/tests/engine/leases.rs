use std::time::Duration;

use causeway_engine::{Claimed, EffectFilter, EffectId, Engine};

use crate::machine::{RETRY, Store, add, at, effect, feed, on_each_store};

on_each_store! {
    a_reason_with_any_character_in_it_is_kept,
    hundreds_are_claimed_and_completed_in_order_by_age,
    a_leased_effect_is_claimed_by_nobody_else,
    an_expired_lease_is_taken_over_and_the_late_owner_changes_nothing,
    an_owner_that_was_slow_but_not_replaced_still_completes,
    a_renewed_lease_lasts_longer,
    a_restarted_owner_gets_its_leases_back_at_once,
    each_failure_waits_longer_within_the_bounds_of_jitter,
    what_failed_goes_behind_what_is_fresh,
    a_postponed_effect_waits_without_having_failed,
    an_effect_that_cannot_be_read_fails_alone,
    effects_that_never_failed_can_be_claimed_apart_from_those_that_did,
}

const LEASE: Duration = Duration::from_secs(1);

async fn claim(engine: &Engine, owner: &str, max: usize, millis: i64) -> Vec<Claimed<String>> {
    engine
        .claim("lane", owner, max, LEASE, at(millis))
        .await
        .unwrap()
}

fn ids(claimed: &[Claimed<String>]) -> Vec<EffectId> {
    claimed.iter().map(|effect| effect.id).collect()
}

async fn with_effects(store: &Store, keys: &[&str]) -> Engine {
    let engine = store.open().await;
    let step = keys
        .iter()
        .fold(add(1), |step, key| step.effect(effect(key)));
    feed(&engine, "p", step, at(0)).await;
    engine
}

async fn a_leased_effect_is_claimed_by_nobody_else(store: Store) {
    let engine = with_effects(&store, &["a", "b", "c"]).await;
    let first = claim(&engine, "first", 2, 1).await;
    let second = claim(&engine, "second", 2, 1).await;
    assert_eq!(first[0].effect, "a");
    assert_eq!(first[1].effect, "b");
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].effect, "c");
    let other_lane = engine
        .claim::<String>("elsewhere", "third", 9, LEASE, at(1))
        .await
        .unwrap();
    assert!(other_lane.is_empty());
}

async fn an_expired_lease_is_taken_over_and_the_late_owner_changes_nothing(store: Store) {
    let engine = with_effects(&store, &["a"]).await;
    let late = ids(&claim(&engine, "late", 1, 0).await);
    assert!(claim(&engine, "new", 1, 999).await.is_empty());
    let new = ids(&claim(&engine, "new", 1, 1000).await);
    assert_eq!(late, new);

    let lost = [
        engine.complete(&late, "late", at(1001)).await.unwrap(),
        engine
            .retry(&late, "late", "too slow", at(1001))
            .await
            .unwrap(),
        engine
            .postpone(&late, "late", at(9999), at(1001))
            .await
            .unwrap(),
        engine.renew(&late, "late", LEASE, at(1001)).await.unwrap(),
    ];
    for leased in lost {
        assert_eq!((leased.held, leased.lost), (vec![], late.clone()));
    }
    let view = &engine.effects(EffectFilter::default()).await.unwrap()[0];
    assert_eq!(view.lease, Some(("new".into(), at(2000))));
    assert_eq!((view.attempts, &view.last_error), (0, &None));
    let leased = engine.complete(&new, "new", at(1002)).await.unwrap();
    assert_eq!(leased.held, new);
    // Done is done, also for the one who did it.
    let leased = engine.complete(&new, "new", at(1003)).await.unwrap();
    assert_eq!(leased.lost, new);
}

async fn an_owner_that_was_slow_but_not_replaced_still_completes(store: Store) {
    let engine = with_effects(&store, &["a"]).await;
    let slow = ids(&claim(&engine, "slow", 1, 0).await);
    let leased = engine.complete(&slow, "slow", at(5000)).await.unwrap();
    assert_eq!(leased.held, slow);
    assert!(claim(&engine, "other", 1, 9000).await.is_empty());
}

async fn a_renewed_lease_lasts_longer(store: Store) {
    let engine = with_effects(&store, &["a"]).await;
    let held = ids(&claim(&engine, "owner", 1, 0).await);
    let leased = engine.renew(&held, "owner", LEASE, at(900)).await.unwrap();
    assert_eq!(leased.held, held);
    assert!(claim(&engine, "other", 1, 1899).await.is_empty());
    assert_eq!(claim(&engine, "other", 1, 1900).await.len(), 1);
}

async fn a_restarted_owner_gets_its_leases_back_at_once(store: Store) {
    let engine = with_effects(&store, &["a", "b"]).await;
    claim(&engine, "owner", 1, 0).await;
    claim(&engine, "other", 1, 0).await;
    let changed = engine.changed();
    assert_eq!(engine.release("owner").await.unwrap(), 1);
    assert!(changed.has_changed().unwrap());
    let again = claim(&engine, "owner", 9, 1).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].effect, "a");
    assert_eq!(engine.release("nobody").await.unwrap(), 0);
}

async fn each_failure_waits_longer_within_the_bounds_of_jitter(store: Store) {
    let engine = with_effects(&store, &["a"]).await;
    let mut now = 0;
    let mut waits = Vec::new();
    for attempt in 1..=10u16 {
        let claimed = claim(&engine, "owner", 1, now).await;
        assert_eq!(claimed[0].attempts, u32::from(attempt) - 1);
        let leased = engine
            .retry(&ids(&claimed), "owner", "not yet", at(now))
            .await
            .unwrap();
        assert_eq!(leased.held, ids(&claimed));
        let due = engine.lanes().await.unwrap()[0].next_due;
        let wait = due.since(at(now));
        let full = RETRY
            .first
            .mul_f64(2f64.powi(i32::from(attempt) - 1))
            .min(RETRY.max);
        assert!(wait <= full && wait + Duration::from_millis(1) >= full.mul_f64(0.8));
        waits.push(wait.as_secs_f64() / full.as_secs_f64());
        assert!(
            claim(&engine, "owner", 1, due.as_millis() - 1)
                .await
                .is_empty()
        );
        now = due.as_millis();
    }
    let spread = waits.iter().copied().fold(f64::MIN, f64::max)
        - waits.iter().copied().fold(f64::MAX, f64::min);
    assert!(spread > 0.02, "no jitter: {waits:?}");
}

async fn what_failed_goes_behind_what_is_fresh(store: Store) {
    let engine = with_effects(&store, &["poisoned"]).await;
    let poisoned = ids(&claim(&engine, "owner", 1, 0).await);
    let _ = engine.retry(&poisoned, "owner", "no", at(0)).await.unwrap();
    feed(&engine, "q", add(1).effect(effect("fresh")), at(50)).await;
    let claimed = claim(&engine, "owner", 9, 60_000).await;
    let order: Vec<_> = claimed.iter().map(|effect| &*effect.effect).collect();
    assert_eq!(order, ["fresh", "poisoned"]);
}

async fn a_postponed_effect_waits_without_having_failed(store: Store) {
    let engine = with_effects(&store, &["a"]).await;
    let held = ids(&claim(&engine, "owner", 1, 0).await);
    let leased = engine
        .postpone(&held, "owner", at(700), at(1))
        .await
        .unwrap();
    assert_eq!(leased.held, held);
    assert!(claim(&engine, "owner", 1, 699).await.is_empty());
    let claimed = claim(&engine, "owner", 1, 700).await;
    assert_eq!(claimed[0].attempts, 0);
}

#[derive(Debug, PartialEq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Known {
    Deliver,
    Refund,
}

async fn an_effect_that_cannot_be_read_fails_alone(store: Store) {
    let engine = with_effects(&store, &["deliver", "from the future", "refund"]).await;
    let claimed = engine
        .claim::<Known>("lane", "owner", 9, LEASE, at(0))
        .await
        .unwrap();
    let effects: Vec<_> = claimed.into_iter().map(|effect| effect.effect).collect();
    assert_eq!(effects, [Known::Deliver, Known::Refund]);
    let views = engine.effects(EffectFilter::default()).await.unwrap();
    assert_eq!((views[1].attempts, &views[1].lease), (1, &None));
    let error = views[1].last_error.as_deref().unwrap();
    assert!(error.contains("cannot be read") && error.contains("from the future"));
    assert_eq!((views[0].attempts, views[2].attempts), (0, 0));
}

async fn hundreds_are_claimed_and_completed_in_order_by_age(store: Store) {
    let engine = store.open().await;
    for n in 0..3 {
        let step = (0..100).fold(add(1), |step, m| {
            step.effect(effect(&format!("{n}-{m:02}")))
        });
        feed(&engine, &format!("p{n}"), step, at(10 - n)).await;
    }
    let claimed = claim(&engine, "owner", 1000, 20).await;
    assert_eq!(claimed.len(), 300);
    assert_eq!(claimed[0].effect, "2-00");
    assert_eq!(claimed[299].effect, "0-99");
    let leased = engine
        .complete(&ids(&claimed), "owner", at(21))
        .await
        .unwrap();
    assert_eq!(leased.held, ids(&claimed));
    assert!(engine.lanes().await.unwrap().is_empty());
}

async fn a_reason_with_any_character_in_it_is_kept(store: Store) {
    let engine = with_effects(&store, &["a"]).await;
    let held = ids(&claim(&engine, "owner", 1, 0).await);
    let leased = engine.retry(&held, "owner", "a\0b", at(1)).await.unwrap();
    assert_eq!(leased.held, held);
    let view = &engine.effects(EffectFilter::default()).await.unwrap()[0];
    assert_eq!(view.last_error.as_deref(), Some("a\u{fffd}b"));
}

async fn effects_that_never_failed_can_be_claimed_apart_from_those_that_did(store: Store) {
    let engine = with_effects(&store, &["a", "b", "c"]).await;
    let claimed = claim(&engine, "w", 2, 0).await;
    let failed = engine.retry(&ids(&claimed), "w", "refused", at(1)).await;
    assert!(failed.unwrap().lost.is_empty());
    // All of them are due, those that failed for longer than the one that is asked for now.
    feed(&engine, "p", add(1).effect(effect("d")), at(60_000)).await;
    let of = async |attempts, max| {
        let claimed = engine
            .claim_attempted::<String>("lane", "w", attempts, max, LEASE, at(60_001))
            .await
            .unwrap();
        claimed
            .into_iter()
            .map(|effect| effect.effect)
            .collect::<Vec<_>>()
    };
    assert_eq!(of(0..=0, 9).await, ["c", "d"]);
    assert_eq!(of(1..=u32::MAX, 1).await, ["a"]);
    assert_eq!(of(0..=u32::MAX, 9).await, ["b"]);
}
