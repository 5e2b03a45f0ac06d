use std::time::Duration;

use causeway_engine::{EffectFilter, EffectStatus, Engine, NewEffect, ProcessId, Step};

use crate::machine::{Adder, Store, add, at, effect, feed, on_each_store};

on_each_store! {
    an_effect_asked_for_again_while_open_or_done_is_the_same_effect,
    two_processes_may_use_the_same_effect_key,
    a_done_effect_is_opened_again_only_on_request,
    a_cancelled_effect_is_not_carried_out_and_its_claimant_learns_of_it,
    cancelling_and_asking_in_one_step_replaces_the_effect,
    a_vanished_process_takes_its_effects_with_it_done_ones_too,
    inside_one_unit_effects_change_in_the_order_in_which_it_was_asked,
    a_unit_completes_an_effect_and_feeds_its_outcome_back_together,
    inside_one_unit_claims_and_completions_follow_what_machines_asked_before,
    the_listing_says_why_nothing_moves,
}

const LEASE: Duration = Duration::from_secs(10);

/// The keys that can be claimed at this time, each at once completed.
async fn carry_out(engine: &Engine, millis: i64) -> Vec<String> {
    let claimed = engine
        .claim::<String>("lane", "worker", 100, LEASE, at(millis))
        .await
        .unwrap();
    let ids: Vec<_> = claimed.iter().map(|effect| effect.id).collect();
    let leased = engine.complete(&ids, "worker", at(millis)).await.unwrap();
    assert_eq!(leased.held, ids);
    claimed.into_iter().map(|effect| effect.effect).collect()
}

async fn an_effect_asked_for_again_while_open_or_done_is_the_same_effect(store: Store) {
    let engine = store.open().await;
    let twice = add(1).effect(effect("e")).effect(effect("e"));
    feed(&engine, "p", twice, at(1)).await;
    feed(&engine, "p", add(1).effect(effect("e")), at(2)).await;
    assert_eq!(carry_out(&engine, 3).await, ["e"]);
    feed(&engine, "p", add(1).effect(effect("e")), at(4)).await;
    assert!(carry_out(&engine, 5).await.is_empty());
}

async fn two_processes_may_use_the_same_effect_key(store: Store) {
    let engine = store.open().await;
    feed(&engine, "p", add(1).effect(effect("e")), at(1)).await;
    feed(&engine, "q", add(1).effect(effect("e")), at(2)).await;
    let claimed = engine
        .claim::<String>("lane", "worker", 100, LEASE, at(3))
        .await
        .unwrap();
    let keys: Vec<_> = claimed.iter().map(|effect| &*effect.key).collect();
    assert_eq!(keys, ["adder/p#e", "adder/q#e"]);
}

async fn a_done_effect_is_opened_again_only_on_request(store: Store) {
    let engine = store.open().await;
    feed(&engine, "p", add(1).effect(effect("e")), at(1)).await;
    assert_eq!(carry_out(&engine, 2).await, ["e"]);
    let again = NewEffect::new("e", "lane", "once more".to_owned()).reopen();
    feed(&engine, "p", add(1).effect(again.clone()), at(3)).await;
    assert_eq!(carry_out(&engine, 4).await, ["once more"]);
    // While it is open, the request changes nothing, whoever holds it.
    feed(&engine, "p", add(1).effect(again.clone()), at(5)).await;
    let held = engine
        .claim::<String>("lane", "worker", 1, LEASE, at(6))
        .await
        .unwrap();
    feed(&engine, "p", add(1).effect(again), at(7)).await;
    let leased = engine
        .complete(&[held[0].id], "worker", at(8))
        .await
        .unwrap();
    assert!(leased.lost.is_empty());
    assert!(carry_out(&engine, 9).await.is_empty());
}

async fn a_cancelled_effect_is_not_carried_out_and_its_claimant_learns_of_it(store: Store) {
    let engine = store.open().await;
    let step = add(1).effect(effect("keep")).effect(effect("stop"));
    feed(&engine, "p", step, at(1)).await;
    let claimed = engine
        .claim::<String>("lane", "worker", 100, LEASE, at(2))
        .await
        .unwrap();
    feed(&engine, "p", add(1).cancel("stop"), at(3)).await;
    let ids: Vec<_> = claimed.iter().map(|effect| effect.id).collect();
    let leased = engine.complete(&ids, "worker", at(4)).await.unwrap();
    assert_eq!(leased.held, [ids[0]]);
    assert_eq!(leased.lost, [ids[1]]);
    // Wanted again after all: it needs no reopening, because it was never done.
    feed(&engine, "p", add(1).effect(effect("stop")), at(5)).await;
    assert_eq!(carry_out(&engine, 6).await, ["stop"]);
}

async fn cancelling_and_asking_in_one_step_replaces_the_effect(store: Store) {
    let engine = store.open().await;
    feed(&engine, "p", add(1).effect(effect("e")), at(1)).await;
    let new = NewEffect::new("e", "lane", "new".to_owned());
    feed(&engine, "p", add(1).cancel("e").effect(new), at(2)).await;
    assert_eq!(carry_out(&engine, 3).await, ["new"]);
}

async fn a_vanished_process_takes_its_effects_with_it_done_ones_too(store: Store) {
    let engine = store.open().await;
    feed(&engine, "p", add(1).effect(effect("done")), at(1)).await;
    assert_eq!(carry_out(&engine, 2).await, ["done"]);
    feed(&engine, "p", add(1).effect(effect("open")), at(3)).await;
    feed(&engine, "bystander", add(1).effect(effect("open")), at(3)).await;
    let farewell = Step::vanish().effect(effect("farewell"));
    feed(&engine, "p", farewell, at(4)).await;
    assert_eq!(carry_out(&engine, 5).await, ["open", "farewell"]);
    // The process that begins anew is not taken for the old one.
    feed(&engine, "p", add(1).effect(effect("done")), at(6)).await;
    assert_eq!(carry_out(&engine, 7).await, ["done"]);
}

async fn inside_one_unit_effects_change_in_the_order_in_which_it_was_asked(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    for step in [
        add(1).effect(effect("a")).effect(effect("b")),
        add(1).cancel("a"),
        add(1).effect(effect("c")),
        add(1).effect(effect("a")).cancel("b"),
        add(1)
            .effect(effect("d").reopen())
            .effect(effect("c").reopen()),
    ] {
        unit.handle::<Adder>("p", Some(step)).await.unwrap();
    }
    unit.commit().await.unwrap();
    let mut carried_out = carry_out(&engine, 2).await;
    carried_out.sort();
    assert_eq!(carried_out, ["a", "c", "d"]);
}

async fn a_unit_completes_an_effect_and_feeds_its_outcome_back_together(store: Store) {
    let engine = store.open().await;
    feed(&engine, "p", add(1).effect(effect("first")), at(1)).await;
    let mut unit = engine.begin(at(2)).await.unwrap();
    let claimed = unit
        .claim::<String>("lane", "worker", 1, LEASE)
        .await
        .unwrap();
    let leased = unit.complete(&[claimed[0].id], "worker").await.unwrap();
    assert!(leased.lost.is_empty());
    let step = add(1)
        .effect(effect("first").reopen())
        .effect(effect("second"));
    unit.handle::<Adder>("p", Some(step)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(carry_out(&engine, 3).await, ["first", "second"]);
}

async fn inside_one_unit_claims_and_completions_follow_what_machines_asked_before(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    let step = add(1).effect(effect("e"));
    unit.handle::<Adder>("p", Some(step)).await.unwrap();
    let claimed = unit
        .claim::<String>("lane", "worker", 9, LEASE)
        .await
        .unwrap();
    assert_eq!(claimed.len(), 1);
    let step = add(1).cancel("e");
    unit.handle::<Adder>("p", Some(step)).await.unwrap();
    let leased = unit.complete(&[claimed[0].id], "worker").await.unwrap();
    assert_eq!(leased.lost, [claimed[0].id]);
}

async fn the_listing_says_why_nothing_moves(store: Store) {
    let engine = store.open().await;
    feed(&engine, "p", add(1).effect(effect("e")), at(1)).await;
    let on_other = NewEffect::new("f", "other lane", "f".to_owned());
    feed(&engine, "q", add(1).effect(on_other), at(1)).await;
    let claimed = engine
        .claim::<String>("lane", "worker", 1, LEASE, at(2))
        .await
        .unwrap();
    let leased = engine
        .retry(&[claimed[0].id], "worker", "two of three attestors", at(3))
        .await
        .unwrap();
    assert_eq!(leased.held.len(), 1);

    let stuck = engine
        .effects(EffectFilter {
            lane_prefix: Some("la".into()),
            open_only: true,
            ..EffectFilter::default()
        })
        .await
        .unwrap();
    assert_eq!(stuck.len(), 1);
    assert_eq!(stuck[0].attempts, 1);
    assert_eq!(
        stuck[0].last_error.as_deref(),
        Some("two of three attestors")
    );
    assert_eq!(stuck[0].status, EffectStatus::Pending);
    assert_eq!(stuck[0].lease, None);
    assert!(stuck[0].due_at > at(3));
    let of_q = EffectFilter {
        process: Some(ProcessId {
            kind: "adder".into(),
            key: "q".into(),
        }),
        ..EffectFilter::default()
    };
    assert_eq!(engine.effects(of_q).await.unwrap()[0].body, "f");
    let lanes = engine.lanes().await.unwrap();
    let lanes: Vec<_> = lanes.iter().map(|lane| (&*lane.lane, lane.open)).collect();
    assert_eq!(lanes, [("lane", 1), ("other lane", 1)]);
}
