use std::time::Duration;

use causeway_engine::{Change, Engine, Kept, Step};

use crate::machine::{Adder, Store, add, at, feed, on_each_store};

on_each_store! {
    what_changes_is_told_in_the_order_of_the_commits,
    what_changes_nothing_is_not_told,
    what_is_rolled_back_is_not_told,
    old_changes_go_and_the_newest_stays,
    whoever_waits_is_woken,
}

async fn all(engine: &Engine) -> Vec<Change> {
    engine.feed(0, 1_000).await.unwrap()
}

async fn what_changes_is_told_in_the_order_of_the_commits(store: Store) {
    let engine = store.open().await;
    assert_eq!(engine.feed_kept().await.unwrap(), Kept::default());
    feed(&engine, "b", add(1), at(1)).await;
    feed(&engine, "a", add(1), at(2)).await;
    feed(&engine, "b", add(1).done(), at(3)).await;
    feed(&engine, "a", Step::vanish(), at(4)).await;
    let changes = all(&engine).await;
    let told: Vec<_> = changes
        .iter()
        .map(|change| (&*change.process.key, &*change.phase, change.done))
        .collect();
    assert_eq!(
        told,
        [
            ("b", "adding", false),
            ("a", "adding", false),
            ("b", "adding", true),
            ("a", "", true),
        ]
    );
    assert!(changes.is_sorted_by(|a, b| a.id < b.id));
    assert_eq!(changes[2].at, at(3));
    let rest = engine.feed(changes[1].id, 1).await.unwrap();
    assert_eq!(rest, changes[2..3]);
    let kept = engine.feed_kept().await.unwrap();
    assert_eq!((kept.oldest, kept.newest), (changes[0].id, changes[3].id));
}

async fn what_changes_nothing_is_not_told(store: Store) {
    let engine = store.open().await;
    feed(&engine, "a", add(1), at(1)).await;
    feed(&engine, "a", add(0).wake("clock", 5), at(2)).await;
    // Several changes in one unit are one.
    let mut unit = engine.begin(at(3)).await.unwrap();
    for _ in 0..3 {
        unit.handle::<Adder>("b", Some(add(1))).await.unwrap();
    }
    unit.commit().await.unwrap();
    let keys: Vec<_> = all(&engine)
        .await
        .into_iter()
        .map(|c| c.process.key)
        .collect();
    assert_eq!(keys, ["a", "b"]);
}

async fn what_is_rolled_back_is_not_told(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    unit.handle::<Adder>("a", Some(add(1))).await.unwrap();
    // Written, but not committed.
    unit.due("clock", 1).await.unwrap();
    drop(unit);
    assert_eq!(all(&engine).await, []);
}

async fn old_changes_go_and_the_newest_stays(store: Store) {
    let engine = store.open().await;
    for n in 1..=9 {
        feed(&engine, "a", add(1), at(n)).await;
    }
    let before = all(&engine).await;
    assert_eq!(engine.prune_feed(at(1), 100).await.unwrap(), 0);
    assert_eq!(engine.prune_feed(at(6), 3).await.unwrap(), 3);
    assert_eq!(engine.prune_feed(at(6), 100).await.unwrap(), 2);
    assert_eq!(all(&engine).await, before[5..]);
    assert_eq!(engine.prune_feed(at(100), 100).await.unwrap(), 3);
    assert_eq!(all(&engine).await, before[8..]);
    feed(&engine, "a", add(1), at(101)).await;
    assert!(all(&engine).await[1].id > before[8].id);
}

async fn whoever_waits_is_woken(store: Store) {
    let engine = store.open().await;
    let mut fed = engine.fed();
    let other = store.open().await;
    let mut fed_elsewhere = other.fed();
    feed(&engine, "a", add(1), at(1)).await;
    let patience = Duration::from_secs(10);
    let woken = tokio::time::timeout(patience, fed.changed());
    woken.await.unwrap().unwrap();
    if matches!(store, Store::Postgres { .. }) {
        let woken = tokio::time::timeout(patience, fed_elsewhere.changed());
        woken.await.unwrap().unwrap();
    }
}
