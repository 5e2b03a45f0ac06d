use std::time::Duration;

use alloy_primitives::B256;
use causeway_evm::{Cursor, EvmChain, EvmConfig, Finality, Update};

use crate::support::{Anvil, Contract, Reader, TcpProxy, config, connect, word};

fn words(range: std::ops::Range<u64>) -> Vec<B256> {
    range.map(word).collect()
}

#[tokio::test]
async fn nothing_is_missed_when_blocks_come_faster_than_they_are_read() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(2)).await;
    let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
    let sending = async {
        for number in 0..300 {
            contract.log(&anvil, number).await;
        }
    };
    tokio::join!(sending, reader.read_logs(300));
    assert_eq!(reader.words(), words(0..300));
    let height = anvil.height().await;
    reader.read_final(height - 2).await;
    assert_eq!(reader.final_block, Some(anvil.block(height - 2).await));
    assert!(reader.withdrawn.is_empty());
    for (block, _) in &reader.branch {
        assert_eq!(*block, anvil.block(block.height).await);
    }
}

#[tokio::test]
async fn every_block_near_the_head_is_told_of_with_or_without_logs() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(50)).await;
    let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
    contract.log(&anvil, 7).await;
    anvil.mine(40).await;
    let tip = anvil.block(anvil.height().await).await;
    reader.read_block(tip.hash).await;
    let heights: Vec<_> = reader
        .branch
        .iter()
        .map(|(block, _)| block.height)
        .collect();
    assert_eq!(heights, (0..=tip.height).collect::<Vec<_>>());
    assert_eq!(reader.words(), [word(7)]);
    assert_eq!(reader.final_block, None);
}

#[tokio::test]
async fn an_endpoint_that_cannot_push_is_polled() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.http], Finality::Depth(0)).await;
    let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
    for number in 0..20 {
        contract.log(&anvil, number).await;
        reader.read_logs(usize::try_from(number).unwrap() + 1).await;
    }
    assert_eq!(reader.words(), words(0..20));
}

#[tokio::test]
async fn a_pushed_block_is_told_of_without_waiting_for_a_poll() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let rare = EvmConfig {
        poll_interval: Duration::from_hours(1),
        ..config(&[&anvil.ws], Finality::Depth(0))
    };
    let chain = EvmChain::connect(rare).await.unwrap();
    let mut heads = chain.watch_head();
    let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
    for number in 0..10 {
        contract.log(&anvil, number).await;
        reader.read_logs(usize::try_from(number).unwrap() + 1).await;
    }
    heads
        .wait_for(|head| head.is_some_and(|head| head.height == 11))
        .await
        .unwrap();
}

#[tokio::test]
async fn each_block_becomes_final_right_after_it_at_depth_zero() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(0)).await;
    let mut reader = Reader::new(&chain, &contract, Cursor::at(1));
    for number in 0..5 {
        let Update::Block { block, .. } = reader.read().await else {
            panic!("no block")
        };
        assert_eq!(reader.read().await, Update::Final { block });
        contract.log(&anvil, number).await;
    }
}

#[tokio::test]
async fn the_finalized_tag_decides_where_the_rule_says_so() {
    let anvil = Anvil::start(&["--slots-in-an-epoch", "4"]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Finalized).await;
    let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
    anvil.mine(20).await;
    let last = chain.final_block().await.unwrap();
    assert!(
        last.height > 0 && last.height < anvil.height().await,
        "{last:?}"
    );
    reader.read_final(last.height).await;
    assert_eq!(reader.final_block, Some(last));
}

#[tokio::test]
async fn a_cut_connection_is_made_anew_and_nothing_is_missed() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let proxy = TcpProxy::start(&anvil).await;
    let chain = connect(&[&proxy.url], Finality::Depth(3)).await;
    let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
    contract.log(&anvil, 0).await;
    reader.read_logs(1).await;
    proxy.cut();
    for number in 1..30 {
        contract.log(&anvil, number).await;
    }
    crate::support::eventually(async || !chain.endpoints_health()[0].healthy).await;
    proxy.mend();
    // The follower reports that every endpoint failed, and can be asked again.
    let mut failures = 0;
    while reader.words().len() < 30 {
        match reader.follower.next().await {
            Ok(update) => reader.take(&update),
            Err(error) => {
                failures += 1;
                assert!(failures < 100, "{error}");
                assert_eq!(error.severity(), causeway_evm::Severity::Retry);
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    assert_eq!(reader.words(), words(0..30));
    contract.log(&anvil, 30).await;
    reader.read_logs(31).await;
    assert!(chain.endpoints_health()[0].healthy);
}
