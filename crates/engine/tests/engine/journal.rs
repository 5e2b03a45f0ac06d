use alloy_primitives::B256;
use causeway_engine::{EngineError, JournalEntry, ProcessId};
use serde_json::json;

use crate::machine::{Store, at, on_each_store};

on_each_store! {
    an_event_that_is_already_there_is_not_added_again,
    events_settle_once_in_order_of_height_and_arrival,
    a_removed_block_takes_its_events_with_it_and_they_can_come_again,
    a_block_that_goes_after_it_was_final_is_reported_as_such,
    unsettled_blocks_are_known_after_a_restart,
    a_height_that_the_database_cannot_hold_is_an_error,
    hundreds_of_events_keep_their_order,
}

fn entry(id: &str, height: u64, block: u8) -> JournalEntry {
    JournalEntry {
        id: id.into(),
        height,
        block_hash: B256::repeat_byte(block),
        process: ProcessId {
            kind: "adder".into(),
            key: format!("process of {id}"),
        },
        body: json!({ "what": id, "amount": 3 }),
    }
}

async fn an_event_that_is_already_there_is_not_added_again(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    let twice = [entry("a", 1, 1), entry("b", 1, 1), entry("a", 1, 1)];
    let new = unit.journal_all("s", &twice).await.unwrap();
    assert_eq!(new, [true, true, false]);
    assert!(!unit.journal("s", &entry("a", 1, 1)).await.unwrap());
    assert!(
        unit.journal("other stream", &entry("a", 1, 1))
            .await
            .unwrap()
    );
    unit.commit().await.unwrap();

    let mut unit = engine.begin(at(2)).await.unwrap();
    assert!(!unit.journal("s", &entry("a", 1, 1)).await.unwrap());
    assert_eq!(unit.settle("s", 1).await.unwrap(), twice[..2]);
    // A settled event is still known.
    assert!(!unit.journal("s", &entry("a", 1, 1)).await.unwrap());
}

async fn events_settle_once_in_order_of_height_and_arrival(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    let events = [
        entry("c", 7, 7),
        entry("b", 5, 5),
        entry("a", 5, 5),
        entry("d", 8, 8),
    ];
    unit.journal_all("s", &events).await.unwrap();
    unit.journal("other", &entry("z", 1, 1)).await.unwrap();
    assert!(unit.settle("s", 4).await.unwrap().is_empty());
    let settled = unit.settle("s", 7).await.unwrap();
    let ids: Vec<_> = settled.iter().map(|entry| &*entry.id).collect();
    assert_eq!(ids, ["b", "a", "c"]);
    assert_eq!(settled[2], events[0]);
    assert!(unit.settle("s", 7).await.unwrap().is_empty());
    assert_eq!(
        unit.settle("s", u64::MAX).await.unwrap(),
        [entry("d", 8, 8)]
    );
}

async fn a_removed_block_takes_its_events_with_it_and_they_can_come_again(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    unit.journal_all("s", &[entry("a", 5, 5), entry("b", 5, 5), entry("c", 6, 6)])
        .await
        .unwrap();
    // The new block's events may be seen before the old block is known to be gone.
    assert!(unit.journal("s", &entry("a", 5, 55)).await.unwrap());
    let withdrawn = unit.withdraw("s", B256::repeat_byte(5)).await.unwrap();
    let gone: Vec<_> = withdrawn
        .iter()
        .map(|gone| (&*gone.entry.id, gone.was_settled))
        .collect();
    assert_eq!(gone, [("a", false), ("b", false)]);
    assert!(
        unit.withdraw("s", B256::repeat_byte(5))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(unit.journal("s", &entry("b", 5, 5)).await.unwrap());
    let settled = unit.settle("s", 5).await.unwrap();
    assert_eq!(settled, [entry("a", 5, 55), entry("b", 5, 5)]);
}

async fn a_block_that_goes_after_it_was_final_is_reported_as_such(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    unit.journal("s", &entry("a", 5, 5)).await.unwrap();
    unit.settle("s", 5).await.unwrap();
    let withdrawn = unit.withdraw("s", B256::repeat_byte(5)).await.unwrap();
    assert!(withdrawn[0].was_settled);
}

async fn unsettled_blocks_are_known_after_a_restart(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    let events = [
        entry("a", 5, 5),
        entry("b", 6, 6),
        entry("c", 6, 6),
        entry("d", 7, 7),
    ];
    unit.journal_all("s", &events).await.unwrap();
    unit.settle("s", 5).await.unwrap();
    unit.commit().await.unwrap();
    engine.close().await;
    let blocks = store.open().await.unsettled_blocks("s").await.unwrap();
    let blocks: Vec<_> = blocks
        .iter()
        .map(|block| (block.height, block.hash[0]))
        .collect();
    assert_eq!(blocks, [(6, 6), (7, 7)]);
}

async fn a_height_that_the_database_cannot_hold_is_an_error(store: Store) {
    let engine = store.open().await;
    let mut unit = engine.begin(at(1)).await.unwrap();
    let error = unit
        .journal("s", &entry("a", u64::MAX, 1))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        EngineError::OutOfRange { what: "height", .. }
    ));
    assert!(!error.is_transient());
}

async fn hundreds_of_events_keep_their_order(store: Store) {
    let engine = store.open().await;
    let events: Vec<_> = (0..333)
        .map(|n| entry(&format!("e{}", 999 - n), 9, 9))
        .collect();
    let mut unit = engine.begin(at(1)).await.unwrap();
    let new = unit.journal_all("s", &events).await.unwrap();
    assert!(new.into_iter().all(|new| new));
    assert_eq!(unit.settle("s", 9).await.unwrap(), events);
}
