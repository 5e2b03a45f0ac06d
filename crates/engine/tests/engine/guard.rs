use causeway_engine::{Conflict, Verdict};

use crate::machine::{Store, at, on_each_store};

on_each_store! {
    a_second_value_is_refused_also_after_reopening,
    one_conflict_among_many_keeps_none_of_them,
    two_values_offered_together_for_one_key_are_refused,
    of_many_at_once_exactly_one_value_wins,
    a_guard_in_a_unit_binds_only_when_the_unit_is_committed,
}

async fn a_second_value_is_refused_also_after_reopening(store: Store) {
    let engine = store.open().await;
    let guard = engine.guard();
    let verdict = guard.check_or_insert("state", "7", "x").await.unwrap();
    assert_eq!(verdict, Verdict::Accepted);
    engine.close().await;

    let engine = store.open().await;
    let guard = engine.guard();
    let verdict = guard.check_or_insert("state", "7", "x").await.unwrap();
    assert_eq!(verdict, Verdict::Accepted);
    let verdict = guard.check_or_insert("state", "7", "y").await.unwrap();
    let conflict = Conflict {
        key: "7".into(),
        existing: "x".into(),
        offered: "y".into(),
    };
    assert_eq!(verdict, Verdict::Conflict(conflict));
    let verdict = guard.check_or_insert("packets", "7", "y").await.unwrap();
    assert_eq!(verdict, Verdict::Accepted);
    let kept = guard.get("state", "7").await.unwrap();
    assert_eq!(kept.as_deref(), Some("x"));
}

async fn one_conflict_among_many_keeps_none_of_them(store: Store) {
    let engine = store.open().await;
    let guard = engine.guard();
    let verdict = guard.check_or_insert("d", "100", "old").await.unwrap();
    assert_eq!(verdict, Verdict::Accepted);
    let keys: Vec<String> = (0..150).map(|n| n.to_string()).collect();
    let pairs: Vec<_> = keys.iter().map(|key| (key.as_str(), "new")).collect();
    let verdict = guard.check_or_insert_all("d", &pairs).await.unwrap();
    assert!(matches!(verdict, Verdict::Conflict(conflict) if conflict.key == "100"));
    assert_eq!(guard.get("d", "0").await.unwrap(), None);
    let verdict = guard.check_or_insert_all("d", &pairs[..100]).await.unwrap();
    assert_eq!(verdict, Verdict::Accepted);
    assert_eq!(guard.get("d", "99").await.unwrap().as_deref(), Some("new"));
}

async fn two_values_offered_together_for_one_key_are_refused(store: Store) {
    let engine = store.open().await;
    let pairs = [("a", "1"), ("b", "1"), ("a", "1")];
    let verdict = engine
        .guard()
        .check_or_insert_all("d", &pairs)
        .await
        .unwrap();
    assert_eq!(verdict, Verdict::Accepted);
    let pairs = [("c", "1"), ("c", "2")];
    let verdict = engine
        .guard()
        .check_or_insert_all("d", &pairs)
        .await
        .unwrap();
    assert!(matches!(verdict, Verdict::Conflict(_)));
    assert_eq!(engine.guard().get("d", "c").await.unwrap(), None);
}

async fn of_many_at_once_exactly_one_value_wins(store: Store) {
    let engines = [store.open().await, store.open().await];
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..20 {
        let guard = engines[n % 2].guard();
        tasks.spawn(async move {
            let verdict = guard
                .check_or_insert("d", "key", &n.to_string())
                .await
                .unwrap();
            verdict == Verdict::Accepted
        });
    }
    let accepted = tasks.join_all().await;
    assert_eq!(accepted.into_iter().filter(|won| *won).count(), 1);
}

async fn a_guard_in_a_unit_binds_only_when_the_unit_is_committed(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    let verdict = unit.guard("d", &[("k", "dropped")]).await.unwrap();
    assert_eq!(verdict, Verdict::Accepted);
    drop(unit);
    let mut unit = engine.begin(at(1)).await.unwrap();
    let verdict = unit.guard("d", &[("k", "kept")]).await.unwrap();
    assert_eq!(verdict, Verdict::Accepted);
    unit.commit().await.unwrap();
    assert_eq!(
        engine.guard().get("d", "k").await.unwrap().as_deref(),
        Some("kept")
    );
}
