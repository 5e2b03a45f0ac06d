use causeway_evm::{Cursor, EvmChain, EvmConfig, Finality};
use serde_json::{Value, json};

use crate::support::{
    Anvil, Contract, Proxy, Reader, config, connect, error, eventually, result, word,
};

fn number(quantity: &Value) -> Option<u64> {
    u64::from_str_radix(quantity.as_str()?.trim_start_matches("0x"), 16).ok()
}

/// The number of blocks that a log request asks for, if it asks by range.
fn span(request: &Value) -> Option<u64> {
    let filter = &request["params"][0];
    Some(number(&filter["toBlock"])? - number(&filter["fromBlock"])? + 1)
}

#[tokio::test]
async fn back_fill_narrows_its_ranges_where_the_endpoint_refuses_wide_ones() {
    const WIDEST: u64 = 37;
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    for number in 0..10 {
        contract.log(&anvil, number).await;
        anvil.mine(100).await;
    }
    let proxy = Proxy::start(&anvil).await;
    proxy.rule(|request, answer| {
        if request["method"] == "eth_getLogs" && span(request).is_some_and(|span| span > WIDEST) {
            return Some(error(request, -32005, "block range is too wide"));
        }
        Some(answer)
    });
    let chain = connect(&[&proxy.url], Finality::Depth(5)).await;
    let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
    reader.read_final(anvil.height().await - 5).await;
    assert_eq!(reader.words(), (0..10).map(word).collect::<Vec<_>>());
}

#[tokio::test]
async fn back_fill_starts_at_any_height_and_takes_few_requests() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    for number in 0..5 {
        contract.log(&anvil, number).await;
    }
    let from = anvil.height().await + 1;
    contract.log(&anvil, 5).await;
    anvil.mine(1_500).await;
    contract.log(&anvil, 6).await;
    let proxy = Proxy::start(&anvil).await;
    let chain = connect(&[&proxy.url], Finality::Depth(0)).await;
    let before = proxy.requests();
    let mut reader = Reader::new(&chain, &contract, Cursor::at(from));
    reader.read_logs(2).await;
    assert_eq!(reader.words(), [word(5), word(6)]);
    let spent = proxy.requests() - before;
    assert!(spent < 100, "{spent} requests for 1500 blocks");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_asked_for_in_smaller_pieces() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    for number in 0..120 {
        contract.log(&anvil, number).await;
    }
    let small = EvmConfig {
        max_response_bytes: 20_000,
        ..config(&[&anvil.http], Finality::Depth(0))
    };
    let chain = EvmChain::connect(EvmConfig {
        max_batch: 4,
        ..small
    })
    .await
    .unwrap();
    let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
    while reader.words().len() < 120 {
        // A cut answer counts as a failure of the only endpoint, so errors come in between.
        if let Ok(update) = reader.follower.next().await {
            reader.take(&update);
        }
    }
    assert_eq!(reader.words(), (0..120).map(word).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_endpoint_that_hides_logs_is_betrayed_by_the_header() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let (liar, honest) = (Proxy::start(&anvil).await, Proxy::start(&anvil).await);
    liar.rule(
        |request, answer| match request["method"].as_str().unwrap() {
            "eth_getLogs" => Some(result(request, json!([]))),
            _ => Some(answer),
        },
    );
    let chain = connect(&[&liar.url, &honest.url], Finality::Depth(50)).await;
    let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
    for number in 0..5 {
        contract.log(&anvil, number).await;
    }
    reader.read_logs(5).await;
    assert_eq!(reader.words(), (0..5).map(word).collect::<Vec<_>>());
    let doubted = async || chain.endpoints_health()[0].last_error.is_some();
    eventually(doubted).await;
}
