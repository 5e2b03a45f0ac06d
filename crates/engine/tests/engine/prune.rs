use std::time::Duration;

use alloy_primitives::B256;
use causeway_engine::{
    EffectFilter, Engine, JournalEntry, MinedIn, ProcessId, Pruned, TxOutcome, UnixMillis,
};
use serde_json::json;

use crate::machine::{Adder, Store, add, at, effect, feed, on_each_store};

on_each_store! {
    only_what_ended_long_ago_and_nothing_open_needs_is_removed,
    nonces_go_on_where_they_were_after_pruning,
    one_call_removes_no_more_than_its_limit,
}

const LATER: UnixMillis = UnixMillis::from_millis(1000);

async fn complete_all(engine: &Engine, now: UnixMillis) {
    let lease = Duration::from_secs(1);
    let claimed = engine
        .claim::<String>("lane", "w", 100, lease, now)
        .await
        .unwrap();
    let ids: Vec<_> = claimed.iter().map(|effect| effect.id).collect();
    let leased = engine.complete(&ids, "w", now).await.unwrap();
    assert!(leased.lost.is_empty());
}

fn event(id: &str, process: &str) -> JournalEntry {
    JournalEntry {
        id: id.into(),
        height: 1,
        block_hash: B256::ZERO,
        process: ProcessId {
            kind: "adder".into(),
            key: process.into(),
        },
        body: json!({}),
    }
}

async fn only_what_ended_long_ago_and_nothing_open_needs_is_removed(store: Store) {
    let engine = store.open().await;
    feed(&engine, "done", add(1).effect(effect("e")).done(), at(1)).await;
    feed(&engine, "open", add(1).effect(effect("e")), at(1)).await;
    let early = add(1).effect(effect("e"));
    feed(&engine, "done just now", early, at(1)).await;
    complete_all(&engine, at(2)).await;
    feed(&engine, "pending", add(1).effect(effect("e")).done(), at(3)).await;
    feed(&engine, "recent", add(1).effect(effect("e")).done(), LATER).await;
    feed(&engine, "done just now", add(1).done(), LATER).await;
    let mut unit = engine.begin(at(4)).await.unwrap();
    let events = [
        event("a", "done"),
        event("b", "open"),
        event("c", "unknown"),
    ];
    unit.journal_all("s", &events).await.unwrap();
    unit.settle("s", 1).await.unwrap();
    unit.journal("s", &event("d", "done")).await.unwrap();
    unit.commit().await.unwrap();

    let before = Pruned::default();
    assert_eq!(engine.prune(at(1), 100).await.unwrap(), before);
    let pruned = engine.prune(LATER, 100).await.unwrap();
    assert_eq!((pruned.effects, pruned.journal), (1, 2));
    assert!(!pruned.more);
    let effects = engine.effects(EffectFilter::default()).await.unwrap();
    let kept: Vec<_> = effects.iter().map(|effect| &*effect.process.key).collect();
    assert_eq!(kept, ["open", "done just now", "pending", "recent"]);
    let mut unit = engine.begin(LATER).await.unwrap();
    assert!(!unit.journal("s", &event("b", "open")).await.unwrap());
    assert!(!unit.journal("s", &event("d", "done")).await.unwrap());
    drop(unit);
    // The process itself stays: it is what tells a repetition from news.
    assert!(engine.process::<Adder>("done").await.unwrap().is_some());
}

async fn nonces_go_on_where_they_were_after_pruning(store: Store) {
    let engine = store.open().await;
    let mined = MinedIn {
        height: 1,
        hash: B256::ZERO,
    };
    for key in ["a", "b", "adder/p#e", "d"] {
        let nonce = engine
            .lane_reserve("lane", key, 0, at(1))
            .await
            .unwrap()
            .nonce;
        let outcome = TxOutcome::Confirmed(mined);
        engine
            .lane_settle("lane", nonce, outcome, at(1))
            .await
            .unwrap();
    }
    engine
        .lane_reserve("lane", "pending", 0, at(1))
        .await
        .unwrap();
    // Its transaction is mined, but nobody has told the effect yet.
    feed(&engine, "p", add(1).effect(effect("e")), at(1)).await;
    let pruned = engine.prune(LATER, 100).await.unwrap();
    assert_eq!(pruned.transactions, 2);
    let kept = engine
        .lane_reserve("lane", "adder/p#e", 0, at(2))
        .await
        .unwrap();
    assert!(!kept.fresh);
    let next = engine.lane_reserve("lane", "new", 0, at(2)).await.unwrap();
    assert_eq!(next.nonce, 5);
}

async fn one_call_removes_no_more_than_its_limit(store: Store) {
    let engine = store.open().await;
    let step = (0..10).fold(add(1), |step, n| step.effect(effect(&n.to_string())));
    feed(&engine, "p", step.done(), at(1)).await;
    complete_all(&engine, at(2)).await;
    let pruned = engine.prune(LATER, 6).await.unwrap();
    assert_eq!((pruned.effects, pruned.more), (6, true));
    let pruned = engine.prune(LATER, 6).await.unwrap();
    assert_eq!((pruned.effects, pruned.more), (4, false));
}
