use std::time::Duration;

use alloy_primitives::B256;
use causeway_evm::{EvmChain, Finality, LaneConfig, LaneError, Settled, TxCall, TxLane, TxRecord};
use serde_json::{Value, json};

use crate::support::{
    ACCOUNTS, Anvil, Contract, MemoryStore, Proxy, bad, connect, eventually, signer, soon, word,
};

async fn lane(chain: &EvmChain, store: &MemoryStore) -> TxLane<MemoryStore> {
    TxLane::open(
        chain.clone(),
        signer(0),
        store.clone(),
        LaneConfig::default(),
    )
    .await
    .unwrap()
}

fn call(contract: &Contract, word: B256) -> TxCall {
    TxCall::new(contract.address, word.into())
}

/// Takes transactions and throws them away.
fn swallow(request: &Value) -> Option<Value> {
    let lost = request["method"] == "eth_sendRawTransaction";
    lost.then(|| crate::support::error(request, -32603, "internal error"))
}

#[tokio::test]
async fn what_was_recorded_and_never_sent_is_sent_after_a_crash() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let store = MemoryStore::default();
    {
        let proxy = Proxy::start(&anvil).await;
        proxy.intercept(swallow);
        let chain = connect(&[&proxy.url], Finality::Depth(0)).await;
        let lane = lane(&chain, &store).await;
        for key in ["first", "second"] {
            let submission = lane.submit(key, call(&contract, word(1)));
            let waited = tokio::time::timeout(Duration::from_millis(300), submission).await;
            assert!(waited.is_err(), "{waited:?}");
        }
    }
    let signed: Vec<_> = store
        .records()
        .iter()
        .map(|each| each.attempts[0].hash)
        .collect();
    assert_eq!((signed.len(), anvil.nonce(ACCOUNTS[0]).await), (2, 0));
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let lane = lane(&chain, &store).await;
    for (key, hash) in ["first", "second"].into_iter().zip(signed) {
        let outcome = soon(lane.submit(key, call(&contract, word(1))))
            .await
            .unwrap();
        assert_eq!(outcome.hash, hash);
    }
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 2);
    eventually(async || store.settled()).await;
}

#[tokio::test]
async fn what_was_mined_while_down_is_learned() {
    let anvil = Anvil::start(&["--no-mining"]).await;
    anvil.rpc("evm_setAutomine", json!([true])).await;
    let contract = Contract::deploy(&anvil).await;
    anvil.rpc("evm_setAutomine", json!([false])).await;
    let store = MemoryStore::default();
    {
        let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
        let lane = lane(&chain, &store).await;
        let submission = lane.submit("key", call(&contract, word(1)));
        let waited = tokio::time::timeout(Duration::from_millis(300), submission).await;
        assert!(waited.is_err(), "{waited:?}");
    }
    anvil.mine(3).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let lane = lane(&chain, &store).await;
    let outcome = soon(lane.submit("key", call(&contract, word(1))))
        .await
        .unwrap();
    assert_eq!(store.records()[0].attempts[0].hash, outcome.hash);
    assert_eq!(
        (store.records().len(), anvil.nonce(ACCOUNTS[0]).await),
        (1, 1)
    );
}

#[tokio::test]
async fn what_was_reserved_and_never_signed_is_signed_after_a_crash() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let store = MemoryStore::default();
    store.break_recording(true);
    {
        let lane = lane(&chain, &store).await;
        let error = soon(lane.submit("key", call(&contract, word(1))))
            .await
            .expect_err("broken");
        assert!(matches!(error, LaneError::Store(_)), "{error}");
    }
    assert_eq!(
        (store.records().len(), anvil.nonce(ACCOUNTS[0]).await),
        (1, 0)
    );
    store.break_recording(false);
    let lane = lane(&chain, &store).await;
    soon(lane.submit("key", call(&contract, word(1))))
        .await
        .unwrap();
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 1);
}

#[tokio::test]
async fn what_was_reserved_and_reverts_by_now_leaves_no_gap() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let store = MemoryStore::default();
    store.insert(TxRecord {
        nonce: 0,
        key: "bad".to_owned(),
        call: TxCall {
            gas_limit: Some(100_000),
            ..call(&contract, bad(1))
        },
        attempts: Vec::new(),
        settled: None,
    });
    let lane = lane(&chain, &store).await;
    soon(lane.submit("good", call(&contract, word(2))))
        .await
        .unwrap();
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 2);
    eventually(async || store.settled()).await;
    assert_eq!(store.records()[0].settled, Some(Settled::Superseded));
}

#[tokio::test]
async fn a_transaction_whose_block_is_taken_back_is_sent_again() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(6)).await;
    let store = MemoryStore::default();
    let lane = lane(&chain, &store).await;
    anvil.mine(3).await;
    let outcome = soon(lane.submit("key", call(&contract, word(1))))
        .await
        .unwrap();
    anvil.mine(1).await;
    anvil.reorg(3).await;
    let gone = anvil.block(outcome.block.height).await;
    assert_ne!(gone.hash, outcome.block.hash);
    let receipt = async || {
        anvil
            .rpc("eth_getTransactionReceipt", json!([outcome.hash]))
            .await
    };
    eventually(async || receipt().await.is_object()).await;
    anvil.mine(8).await;
    eventually(async || store.settled()).await;
    let Some(Settled::Confirmed {
        hash,
        block,
        success,
        ..
    }) = store.records()[0].settled.clone()
    else {
        panic!("not confirmed");
    };
    assert_eq!((hash, success), (outcome.hash, true));
    assert_eq!(block, anvil.block(block.height).await);
}

#[tokio::test]
async fn a_chain_that_was_reset_under_the_store_is_an_error() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let store = MemoryStore::default();
    let block = anvil.block(0).await;
    let settled = Some(Settled::Confirmed {
        hash: word(9),
        block,
        success: true,
        gas_used: 21_000,
    });
    store.insert(TxRecord {
        nonce: 41,
        key: "before".to_owned(),
        call: call(&contract, word(1)),
        attempts: Vec::new(),
        settled,
    });
    let lane = lane(&chain, &store).await;
    let error = lane
        .submit("after", call(&contract, word(2)))
        .await
        .expect_err("a gap");
    assert!(
        matches!(
            error,
            LaneError::NonceGap {
                expected: 0,
                got: 42,
                ..
            }
        ),
        "{error}"
    );
    let error = lane
        .submit("before", call(&contract, word(1)))
        .await
        .expect_err("no receipt");
    assert!(matches!(error, LaneError::ReceiptGone(_)), "{error}");
}
