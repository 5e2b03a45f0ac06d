use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use alloy_primitives::{Address, B256};
use causeway_evm::{Finality, LaneConfig, LaneError, TxCall, TxLane, TxOutcome};

use crate::support::{
    ACCOUNTS, Anvil, Contract, MemoryStore, Proxy, bad, connect, result, signer, soon, word,
};

type Answers = Vec<(B256, Result<Arc<TxOutcome>, LaneError>)>;

fn encode(contract: Address) -> impl Fn(&[B256]) -> TxCall + Send + Sync {
    move |words| TxCall::new(contract, words.concat().into())
}

async fn submit(lane: &TxLane<MemoryStore>, contract: &Contract, words: &[B256]) -> Answers {
    soon(lane.submit_batch("batch", words.to_vec(), encode(contract.address))).await
}

/// Ten words of which the contract refuses two.
fn ten() -> Vec<B256> {
    (0..10)
        .map(|number| {
            if number == 3 || number == 8 {
                bad(number)
            } else {
                word(number)
            }
        })
        .collect()
}

/// Each good word succeeded and each bad one was refused with itself as the reason.
fn check(answers: &Answers, words: &[B256]) -> Vec<B256> {
    assert!(answers.iter().map(|(word, _)| word).eq(words));
    let mut hashes = Vec::new();
    for (word, answer) in answers {
        match answer {
            Ok(outcome) => {
                assert_eq!(word[0], 0);
                assert!(outcome.success);
                assert!(outcome.logs.iter().any(|log| log.data()[..] == word[..]));
                hashes.push(outcome.hash);
            }
            Err(LaneError::Reverted { data, .. }) => {
                assert_eq!(word[0], 0xff);
                assert_eq!(data[..], word[..]);
            }
            Err(error) => panic!("{error}"),
        }
    }
    hashes.dedup();
    hashes
}

#[tokio::test]
async fn messages_that_revert_are_sifted_out_and_the_others_share_one_transaction() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let store = MemoryStore::default();
    let config = LaneConfig::default();
    let lane = TxLane::open(chain, signer(0), store.clone(), config)
        .await
        .unwrap();
    let answers = submit(&lane, &contract, &ten()).await;
    assert_eq!(check(&answers, &ten()).len(), 1);
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 1);
    assert_eq!(store.records()[0].key, "batch#0-2,4-7,9");
    // The same batch again finds what was sent.
    let again = submit(&lane, &contract, &ten()).await;
    assert_eq!(check(&again, &ten()), check(&answers, &ten()));
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 1);
}

#[tokio::test]
async fn a_batch_without_offenders_is_one_transaction_and_an_empty_one_none() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let config = LaneConfig::default();
    let lane = TxLane::open(chain, signer(0), MemoryStore::default(), config)
        .await
        .unwrap();
    assert!(submit(&lane, &contract, &[]).await.is_empty());
    let words: Vec<_> = (0..50).map(word).collect();
    let answers = submit(&lane, &contract, &words).await;
    assert_eq!(check(&answers, &words).len(), 1);
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 1);
}

#[tokio::test]
async fn a_batch_of_offenders_sends_nothing() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let config = LaneConfig::default();
    let lane = TxLane::open(chain, signer(0), MemoryStore::default(), config)
        .await
        .unwrap();
    let words: Vec<_> = (0..5).map(bad).collect();
    let answers = submit(&lane, &contract, &words).await;
    assert!(check(&answers, &words).is_empty());
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 0);
}

#[tokio::test]
async fn a_batch_that_needs_too_much_gas_is_split() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let config = LaneConfig {
        max_gas_per_tx: 80_000,
        ..LaneConfig::default()
    };
    let lane = TxLane::open(chain, signer(0), MemoryStore::default(), config)
        .await
        .unwrap();
    let words: Vec<_> = (1..41).map(word).collect();
    let answers = submit(&lane, &contract, &words).await;
    let hashes = check(&answers, &words);
    assert!(
        (2..20).contains(&hashes.len()),
        "{} transactions",
        hashes.len()
    );
    let used = answers
        .iter()
        .map(|(_, answer)| answer.as_ref().unwrap().gas_used)
        .max()
        .unwrap();
    assert!(used <= 80_000, "{used}");
}

#[tokio::test]
async fn a_batch_that_reverts_only_when_mined_is_sifted_too() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let proxy = Proxy::start(&anvil).await;
    let chain = connect(&[&proxy.url], Finality::Depth(0)).await;
    let config = LaneConfig::default();
    let lane = TxLane::open(chain, signer(0), MemoryStore::default(), config)
        .await
        .unwrap();
    // The first estimate says that all is well.
    let lied = AtomicBool::new(false);
    proxy.rule(move |request, answer| {
        if request["method"] == "eth_estimateGas" && !lied.swap(true, Ordering::Relaxed) {
            return Some(result(request, serde_json::json!("0x40000")));
        }
        Some(answer)
    });
    let answers = submit(&lane, &contract, &ten()).await;
    assert_eq!(check(&answers, &ten()).len(), 1);
    assert_eq!(anvil.nonce(ACCOUNTS[0]).await, 2);
}
