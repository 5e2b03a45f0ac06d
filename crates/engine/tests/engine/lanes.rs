use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{B256, Bytes};
use causeway_engine::{Engine, EngineError, MinedIn, TxOutcome, TxState};
use causeway_local_postgres::PostgresServer;
use proptest::prelude::*;
use serde_json::json;

use crate::machine::{Store, at, on_each_store};

on_each_store! {
    nonces_go_up_from_what_the_chain_says_and_each_key_keeps_its_own,
    a_lagging_endpoint_does_not_make_a_mined_nonce_free,
    a_dropped_nonce_is_filled_before_a_new_one_is_opened,
    all_signed_forms_of_a_pending_transaction_are_known_after_reopening,
    an_ended_transaction_ends_only_once,
    a_transaction_whose_block_went_is_pending_again_but_a_dropped_one_is_not,
}

const MINED: MinedIn = MinedIn {
    height: 9,
    hash: B256::repeat_byte(9),
};

async fn reserve(engine: &Engine, key: &str, chain_next: u64) -> u64 {
    let reserved = engine
        .lane_reserve("lane", key, chain_next, at(1))
        .await
        .unwrap();
    assert_eq!(reserved.record.nonce, reserved.nonce);
    reserved.nonce
}

async fn settle(engine: &Engine, nonce: u64, outcome: TxOutcome) {
    engine
        .lane_settle("lane", nonce, outcome, at(2))
        .await
        .unwrap();
}

async fn nonces_go_up_from_what_the_chain_says_and_each_key_keeps_its_own(store: Store) {
    let engine = store.open().await;
    assert_eq!(reserve(&engine, "a", 5).await, 5);
    assert_eq!(reserve(&engine, "b", 5).await, 6);
    assert_eq!(reserve(&engine, "a", 5).await, 5);
    // Somebody else used the signer.
    assert_eq!(reserve(&engine, "c", 10).await, 10);
    let elsewhere = engine.lane_reserve("other", "a", 0, at(1)).await.unwrap();
    assert_eq!((elsewhere.nonce, elsewhere.fresh), (0, true));
}

async fn a_lagging_endpoint_does_not_make_a_mined_nonce_free(store: Store) {
    let engine = store.open().await;
    for (key, outcome) in [
        ("a", TxOutcome::Confirmed(MINED)),
        ("b", TxOutcome::Failed(MINED)),
        ("c", TxOutcome::Replaced),
    ] {
        let nonce = reserve(&engine, key, 0).await;
        settle(&engine, nonce, outcome).await;
    }
    assert_eq!(reserve(&engine, "d", 0).await, 3);
}

async fn a_dropped_nonce_is_filled_before_a_new_one_is_opened(store: Store) {
    let engine = store.open().await;
    for key in ["a", "b", "c"] {
        reserve(&engine, key, 0).await;
    }
    settle(&engine, 1, TxOutcome::Dropped).await;
    assert_eq!(reserve(&engine, "d", 0).await, 1);
    // The dropped key asks again and is a new transaction.
    let again = engine.lane_reserve("lane", "b", 0, at(3)).await.unwrap();
    assert_eq!((again.nonce, again.fresh), (3, true));
    assert!(again.record.hashes.is_empty());
}

async fn all_signed_forms_of_a_pending_transaction_are_known_after_reopening(store: Store) {
    let engine = store.open().await;
    let nonce = reserve(&engine, "a", 0).await;
    let (first, second) = (B256::repeat_byte(1), B256::repeat_byte(2));
    for (raw, hash) in [(vec![1], first), (vec![2], second), (vec![2], second)] {
        let body = json!({ "tip": raw[0] });
        engine
            .lane_record("lane", nonce, &Bytes::from(raw), hash, &body, at(2))
            .await
            .unwrap();
    }
    engine.close().await;

    let engine = store.open().await;
    let pending = engine.lane_pending("lane").await.unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].raw, Some(Bytes::from(vec![2])));
    assert_eq!(pending[0].hashes, [first, second]);
    assert_eq!(pending[0].body, Some(json!({ "tip": 2 })));
    settle(&engine, nonce, TxOutcome::Confirmed(MINED)).await;
    assert!(engine.lane_pending("lane").await.unwrap().is_empty());
    let record = engine.lane_transaction("lane", "a").await.unwrap().unwrap();
    assert_eq!(
        (record.state, record.mined),
        (TxState::Confirmed, Some(MINED))
    );
    let json = serde_json::to_string(&record).unwrap();
    assert_eq!(
        serde_json::from_str::<causeway_engine::TxRecord>(&json).unwrap(),
        record
    );
}

async fn an_ended_transaction_ends_only_once(store: Store) {
    let engine = store.open().await;
    let nonce = reserve(&engine, "a", 0).await;
    settle(&engine, nonce, TxOutcome::Confirmed(MINED)).await;
    settle(&engine, nonce, TxOutcome::Confirmed(MINED)).await;
    let error = engine
        .lane_settle("lane", nonce, TxOutcome::Dropped, at(3))
        .await
        .unwrap_err();
    let EngineError::TransactionState {
        expected, found, ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((expected, found), (TxState::Pending, TxState::Confirmed));
    let error = engine
        .lane_record(
            "lane",
            nonce,
            &Bytes::new(),
            B256::ZERO,
            &json!(null),
            at(3),
        )
        .await
        .unwrap_err();
    assert!(matches!(error, EngineError::TransactionState { .. }));
    let error = engine
        .lane_settle("lane", 99, TxOutcome::Dropped, at(3))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        EngineError::UnknownTransaction { nonce: 99, .. }
    ));
}

async fn a_transaction_whose_block_went_is_pending_again_but_a_dropped_one_is_not(store: Store) {
    let engine = store.open().await;
    let nonce = reserve(&engine, "a", 0).await;
    settle(&engine, nonce, TxOutcome::Confirmed(MINED)).await;
    engine.lane_reopen("lane", nonce, at(3)).await.unwrap();
    let pending = engine.lane_pending("lane").await.unwrap();
    assert_eq!((pending[0].nonce, pending[0].mined), (nonce, None));
    settle(&engine, nonce, TxOutcome::Dropped).await;
    assert!(engine.lane_reopen("lane", nonce, at(4)).await.is_err());
}

#[derive(Clone, Debug)]
enum Act {
    Reserve(u8),
    ReserveAndCrash(u8),
    MineLowest,
    DropHighest,
    Restart,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0u8..40).prop_map(Act::Reserve),
        2 => (0u8..40).prop_map(Act::ReserveAndCrash),
        3 => Just(Act::MineLowest),
        1 => Just(Act::DropHighest),
        1 => Just(Act::Restart),
    ];
    prop::collection::vec(act, 1..40)
}

/// A chain that mines strictly in order, and what each key was promised.
async fn nonces_follow_the_model(store: Store, acts: Vec<Act>) -> Result<(), TestCaseError> {
    let mut engine = store.open().await;
    let mut chain_next = 0;
    let mut mined: BTreeMap<u8, u64> = BTreeMap::new();
    let mut pending: BTreeMap<u8, u64> = BTreeMap::new();
    for act in acts {
        match act {
            Act::Reserve(key) => {
                let name = key.to_string();
                // The endpoint may lag behind by a block.
                let said = u64::from(key) % 2;
                let reserved = engine
                    .lane_reserve("lane", &name, chain_next - said.min(chain_next), at(1))
                    .await
                    .unwrap();
                let known = pending.get(&key).or_else(|| mined.get(&key)).copied();
                let lowest = (chain_next..=chain_next + 40)
                    .find(|n| !pending.values().any(|held| held == n));
                prop_assert_eq!(Some(reserved.nonce), known.or(lowest));
                prop_assert_eq!(reserved.fresh, known.is_none());
                if reserved.fresh {
                    pending.insert(key, reserved.nonce);
                }
            }
            Act::ReserveAndCrash(key) => {
                let mut unit = engine.begin(at(1)).await.unwrap();
                let name = key.to_string();
                unit.lane_reserve("lane", &name, chain_next).await.unwrap();
            }
            Act::MineLowest => {
                let lowest = pending.iter().map(|(key, nonce)| (*nonce, *key)).min();
                if let Some((nonce, key)) = lowest {
                    // Would fail if a nonce had been skipped: the chain would wait for ever.
                    prop_assert_eq!(nonce, chain_next);
                    settle(&engine, nonce, TxOutcome::Confirmed(MINED)).await;
                    pending.remove(&key);
                    mined.insert(key, nonce);
                    chain_next += 1;
                }
            }
            Act::DropHighest => {
                let highest = pending.iter().map(|(key, nonce)| (*nonce, *key)).max();
                if let Some((nonce, key)) = highest {
                    settle(&engine, nonce, TxOutcome::Dropped).await;
                    pending.remove(&key);
                }
            }
            Act::Restart => {
                engine.close().await;
                engine = store.open().await;
            }
        }
        let stored = engine.lane_pending("lane").await.unwrap();
        let stored: BTreeSet<u64> = stored.iter().map(|record| record.nonce).collect();
        prop_assert_eq!(stored, pending.values().copied().collect::<BTreeSet<_>>());
    }
    Ok(())
}

fn check_the_model(store: fn() -> Store) {
    proptest!(ProptestConfig::with_cases(24), |(acts in acts())| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(nonces_follow_the_model(store(), acts))?;
    });
}

#[test]
fn nonces_are_never_reused_nor_skipped_whatever_is_dropped_or_interrupted() {
    check_the_model(Store::sqlite);
}

#[test]
fn nonces_on_postgres_are_never_reused_nor_skipped_either() {
    // One server for all cases.
    let _server = PostgresServer::shared().unwrap();
    check_the_model(Store::postgres);
}
