use alloy_primitives::{B256, U256};
use causeway_evm::{
    EvmChain, Finality, LaneConfig, LaneError, RevertReason, Settled, Severity, TxCall, TxLane,
};
use futures::future::join_all;
use serde_json::json;

use crate::support::{
    ACCOUNTS, Anvil, Contract, MemoryStore, Proxy, bad, connect, error, eventually, signer, soon,
    word,
};

async fn lane(chain: &EvmChain, store: &MemoryStore) -> TxLane<MemoryStore> {
    let config = LaneConfig {
        replace_after_blocks: 2,
        ..LaneConfig::default()
    };
    TxLane::open(chain.clone(), signer(0), store.clone(), config)
        .await
        .unwrap()
}

fn call(contract: &Contract, word: B256) -> TxCall {
    TxCall::new(contract.address, word.into())
}

#[tokio::test]
async fn twenty_submissions_at_once_are_mined_in_order_without_gaps() {
    let anvil = Anvil::start(&["--block-time", "1"]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let store = MemoryStore::default();
    let lane = lane(&chain, &store).await;
    let submit = |number: u64| {
        let (lane, call) = (lane.clone(), call(&contract, word(number)));
        async move { lane.submit(&format!("key {number}"), call).await }
    };
    let outcomes = soon(join_all((0..20).map(submit))).await;
    let mut places = Vec::new();
    for (number, outcome) in (0..20).zip(outcomes) {
        let outcome = outcome.unwrap();
        assert!(outcome.success);
        assert_eq!(outcome.block, anvil.block(outcome.block.height).await);
        let [log] = &outcome.logs[..] else {
            panic!("{outcome:?}")
        };
        assert_eq!(log.data()[..], word(number)[..]);
        let record = store
            .records()
            .into_iter()
            .find(|each| each.key == format!("key {number}"));
        places.push((record.unwrap().nonce, log.block_height, log.log_index));
    }
    places.sort_unstable();
    let nonces: Vec<_> = places.iter().map(|(nonce, ..)| *nonce).collect();
    assert_eq!(nonces, (0..20).collect::<Vec<_>>());
    assert!(places.is_sorted_by_key(|(_, height, index)| (*height, *index)));
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 20);
    eventually(async || store.settled()).await;
}

#[tokio::test]
async fn a_guessed_gas_limit_is_taken_if_it_is_enough_and_replaced_by_an_estimate_if_not() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let store = MemoryStore::default();
    let lane = lane(&chain, &store).await;
    let submit = async |key: &str, guess: u64, word: B256| {
        let call = TxCall {
            gas_limit: Some(guess),
            ..call(&contract, word)
        };
        soon(lane.submit(key, call)).await
    };
    let guesses = [("enough", 123_456), ("short", 25_000), ("absurd", 3)];
    for (number, (key, guess)) in (1..).zip(guesses) {
        let outcome = submit(key, guess, word(number)).await.unwrap();
        assert!(outcome.success, "{key}");
        let records = store.records();
        let record = records.iter().find(|record| record.key == key).unwrap();
        let limit = record.call.gas_limit.unwrap();
        assert_eq!(limit == guess, key == "enough", "{key}: {limit}");
        assert!(limit >= outcome.gas_used, "{key}: {limit}");
    }
    // What reverts is refused all the same, and costs no nonce.
    let refused = submit("bad", 123_456, bad(1)).await.unwrap_err();
    assert!(matches!(refused, LaneError::Reverted { .. }), "{refused}");
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 3);
}

/// Deploys on a chain that makes its blocks by time or by hand.
async fn deployed(anvil: &Anvil) -> Contract {
    anvil.rpc("evm_setAutomine", json!([true])).await;
    let contract = Contract::deploy(anvil).await;
    anvil.rpc("evm_setAutomine", json!([false])).await;
    contract
}

#[tokio::test]
async fn a_stuck_transaction_is_replaced_with_higher_fees() {
    let anvil = Anvil::start(&["--no-mining"]).await;
    let contract = deployed(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let store = MemoryStore::default();
    let lane = lane(&chain, &store).await;
    let submission = {
        let (lane, call) = (lane.clone(), call(&contract, word(1)));
        tokio::spawn(async move { lane.submit("stuck", call).await })
    };
    eventually(async || {
        store
            .records()
            .first()
            .is_some_and(|each| each.attempts.len() == 1)
    })
    .await;
    let attempts = async || {
        // Each block is dearer than the first attempt pays.
        anvil
            .rpc("anvil_setNextBlockBaseFeePerGas", json!(["0x174876e800"]))
            .await;
        anvil.mine(1).await;
        store.records()[0].attempts.len()
    };
    eventually(async || attempts().await >= 2).await;
    anvil
        .rpc("anvil_setNextBlockBaseFeePerGas", json!(["0x174876e800"]))
        .await;
    eventually(async || {
        anvil.mine(1).await;
        submission.is_finished()
    })
    .await;
    let outcome = submission.await.unwrap().unwrap();
    assert!(outcome.success);
    let attempts = store.records()[0].attempts.clone();
    assert_ne!(outcome.hash, attempts[0].hash);
    assert!(attempts.iter().any(|attempt| attempt.hash == outcome.hash));
    for pair in attempts.windows(2) {
        assert!(pair[1].max_fee * 100 >= pair[0].max_fee * 110, "{pair:?}");
        assert!(
            pair[1].priority_fee * 100 >= pair[0].priority_fee * 110,
            "{pair:?}"
        );
    }
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 1);
}

#[tokio::test]
async fn a_transaction_that_was_taken_and_is_never_mined_is_replaced() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let proxy = Proxy::start(&anvil).await;
    let chain = connect(&[&proxy.url], Finality::Depth(0)).await;
    let store = MemoryStore::default();
    let lane = lane(&chain, &store).await;
    // The endpoint says that it has the first one, and loses it.
    let lost = std::sync::atomic::AtomicBool::new(false);
    proxy.intercept(move |request| {
        let first = request["method"] == "eth_sendRawTransaction"
            && !lost.swap(true, std::sync::atomic::Ordering::Relaxed);
        first.then(|| crate::support::result(request, word(1).to_string()))
    });
    let submission = {
        let (lane, call) = (lane.clone(), call(&contract, word(1)));
        tokio::spawn(async move { lane.submit("lost", call).await })
    };
    eventually(async || {
        anvil.mine(1).await;
        submission.is_finished()
    })
    .await;
    let outcome = submission.await.unwrap().unwrap();
    let attempts = store.records()[0].attempts.clone();
    assert_eq!(attempts.len(), 2);
    assert_eq!(attempts[1].hash, outcome.hash);
    assert!(
        attempts[1].max_fee * 100 >= attempts[0].max_fee * 110,
        "{attempts:?}"
    );
}

#[tokio::test]
async fn the_same_key_at_once_or_later_is_one_transaction() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(1)).await;
    let store = MemoryStore::default();
    let lane = lane(&chain, &store).await;
    let submit = || lane.submit("one", call(&contract, word(1)));
    let outcomes = soon(join_all([submit(), submit(), submit()])).await;
    let hashes: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap().hash)
        .collect();
    assert_eq!(hashes, [hashes[0]; 3]);
    assert_eq!(soon(submit()).await.unwrap().hash, hashes[0]);
    anvil.mine(2).await;
    eventually(async || store.settled()).await;
    let settled = soon(submit()).await.unwrap();
    assert_eq!((settled.hash, settled.logs.len()), (hashes[0], 1));
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 1);
}

#[tokio::test]
async fn a_call_that_reverts_takes_no_nonce_and_brings_its_data() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let store = MemoryStore::default();
    let lane = lane(&chain, &store).await;
    let error = lane
        .submit("bad", call(&contract, bad(3)))
        .await
        .expect_err("it reverts");
    assert_eq!(error.severity(), Severity::Stop);
    let LaneError::Reverted { data, reason } = error else {
        panic!("{error}")
    };
    assert_eq!(data[..], bad(3)[..]);
    assert!(matches!(reason, RevertReason::Custom { .. }));
    assert_eq!(store.records(), []);
    lane.submit("good", call(&contract, word(3))).await.unwrap();
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 1);
}

#[tokio::test]
async fn an_empty_account_is_named_with_its_chain() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let store = MemoryStore::default();
    let poor = alloy::signers::local::PrivateKeySigner::random();
    let account = poor.address();
    let config = LaneConfig::default();
    let lane = TxLane::open(chain, poor, store.clone(), config)
        .await
        .unwrap();
    let error = lane
        .submit("key", call(&contract, word(1)))
        .await
        .expect_err("no coin");
    assert!(
        matches!(error, LaneError::InsufficientFunds { .. }),
        "{error}"
    );
    let text = error.to_string();
    assert!(
        text.contains(&account.to_string()) && text.contains("eip155:31337"),
        "{text}"
    );
    assert_eq!(store.records(), []);
    // With coin, the same submission goes through.
    anvil
        .rpc("anvil_setBalance", json!([account, "0xde0b6b3a7640000"]))
        .await;
    lane.submit("key", call(&contract, word(1))).await.unwrap();
}

#[tokio::test]
async fn a_nonce_that_somebody_else_used_is_made_up_for() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let store = MemoryStore::default();
    let lane = lane(&chain, &store).await;
    anvil
        .send(json!({ "from": ACCOUNTS[0], "to": ACCOUNTS[1], "value": "0x1" }))
        .await;
    let outcome = soon(lane.submit("key", call(&contract, word(1))))
        .await
        .unwrap();
    assert!(outcome.success);
    let records = store.records();
    let ends: Vec<_> = records
        .iter()
        .map(|each| (each.nonce, each.settled.clone()))
        .collect();
    assert_eq!(ends[0], (0, Some(Settled::Superseded)));
    assert_eq!(ends[1].0, 1);
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 2);
}

#[tokio::test]
async fn a_transaction_that_is_refused_for_good_leaves_no_gap() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let proxy = Proxy::start(&anvil).await;
    let chain = connect(&[&proxy.url], Finality::Depth(0)).await;
    let store = MemoryStore::default();
    let lane = lane(&chain, &store).await;
    let refused = std::sync::atomic::AtomicBool::new(false);
    proxy.intercept(move |request| {
        let first = request["method"] == "eth_sendRawTransaction"
            && !refused.swap(true, std::sync::atomic::Ordering::Relaxed);
        first.then(|| error(request, -32000, "oversized data"))
    });
    let error = soon(lane.submit("refused", call(&contract, word(1))))
        .await
        .expect_err("refused");
    assert!(matches!(error, LaneError::Rejected(_)), "{error}");
    soon(lane.submit("next", call(&contract, word(2))))
        .await
        .unwrap();
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 2);
    eventually(async || store.settled()).await;
    assert_eq!(store.records()[0].settled, Some(Settled::Superseded));
}

#[tokio::test]
async fn a_contract_can_be_created_and_coin_can_be_sent() {
    let anvil = Anvil::start(&[]).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let lane = lane(&chain, &MemoryStore::default()).await;
    let creation = TxCall {
        to: None,
        // Returns one byte of code, STOP.
        data: alloy_primitives::bytes!("60016000f3"),
        value: U256::ZERO,
        gas_limit: None,
    };
    let outcome = lane.submit("create", creation).await.unwrap();
    assert_eq!(outcome.created, Some(ACCOUNTS[0].create(0)));
    let to = alloy_primitives::Address::repeat_byte(7);
    let gift = TxCall {
        value: U256::from(5),
        ..TxCall::new(to, [].into())
    };
    lane.submit("gift", gift).await.unwrap();
    assert_eq!(chain.balance(to).await.unwrap(), U256::from(5));
}
