//! Prints what things cost here; asserts only that they happened.

use std::time::{Duration, Instant};

use alloy_primitives::B256;
use causeway_engine::{Engine, JournalEntry, ProcessId};
use serde_json::json;

use crate::machine::{Adder, Store, add, at, effect, on_each_store};

on_each_store! {
    what_a_busy_block_costs,
    what_a_backlog_costs,
}

fn entry(n: usize, round: usize) -> JournalEntry {
    JournalEntry {
        id: format!("{round}-{n}"),
        height: 1,
        block_hash: B256::repeat_byte(1),
        process: ProcessId {
            kind: "adder".into(),
            key: n.to_string(),
        },
        body: json!({ "payload": "00".repeat(200), "sequence": n }),
    }
}

async fn unit_of_200(engine: &Engine, round: usize, batched: bool) -> Duration {
    let keys: Vec<String> = (0..200).map(|n| format!("packet-{n}")).collect();
    let entries: Vec<_> = (0..200).map(|n| entry(n, round)).collect();
    let began = Instant::now();
    let mut unit = engine.begin(at(1)).await.unwrap();
    if batched {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        unit.preload::<Adder>(&keys).await.unwrap();
        unit.journal_all("s", &entries).await.unwrap();
    } else {
        for entry in &entries {
            assert!(unit.journal("s", entry).await.unwrap());
        }
    }
    for key in &keys {
        let step = add(1).effect(effect(&format!("effect of round {round}")));
        unit.handle::<Adder>(key, Some(step)).await.unwrap();
    }
    unit.commit().await.unwrap();
    began.elapsed()
}

async fn what_a_busy_block_costs(store: Store) {
    let engine = store.open().await;
    for round in 0..4 {
        let took = unit_of_200(&engine, round, round % 2 == 1).await;
        let how = if round % 2 == 1 {
            "batched"
        } else {
            "one by one"
        };
        println!("200 inputs, 200 effects, 200 events, {how}: {took:?}");
    }
    let lease = Duration::from_secs(10);
    for _ in 0..3 {
        let began = Instant::now();
        let claimed = engine
            .claim::<String>("lane", "w", 50, lease, at(2))
            .await
            .unwrap();
        let claim = began.elapsed();
        assert_eq!(claimed.len(), 50);
        let ids: Vec<_> = claimed.iter().map(|effect| effect.id).collect();
        let began = Instant::now();
        let leased = engine.complete(&ids, "w", at(3)).await.unwrap();
        println!(
            "claim 50 of 800: {claim:?}, complete 50: {:?}",
            began.elapsed()
        );
        assert!(leased.lost.is_empty());
    }
}

async fn what_a_backlog_costs(store: Store) {
    let engine = store.open().await;
    let began = Instant::now();
    for unit_number in 0..50 {
        let mut unit = engine.begin(at(1)).await.unwrap();
        for n in 0..400 {
            let step = add(1).effect(effect("deliver"));
            let key = format!("{unit_number}-{n}");
            unit.handle::<Adder>(&key, Some(step)).await.unwrap();
        }
        unit.commit().await.unwrap();
    }
    println!(
        "20,000 new processes in units of 400: {:?}",
        began.elapsed()
    );
    let lease = Duration::from_secs(10);
    for max in [50, 250, 250] {
        let began = Instant::now();
        let claimed = engine
            .claim::<String>("lane", "w", max, lease, at(2))
            .await
            .unwrap();
        println!("claim {max} of 20,000: {:?}", began.elapsed());
        assert_eq!(claimed.len(), max);
    }
    let began = Instant::now();
    let open: u64 = engine
        .lanes()
        .await
        .unwrap()
        .iter()
        .map(|lane| lane.open)
        .sum();
    println!("count the lanes of 20,000: {:?}", began.elapsed());
    assert_eq!(open, 20_000);
}
