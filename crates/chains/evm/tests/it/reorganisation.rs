use causeway_evm::{Cursor, EvmError, Finality, Update};

use crate::support::{Anvil, Contract, Proxy, Reader, connect, soon, word};

#[tokio::test]
async fn a_reorganisation_withdraws_blocks_newest_first_and_tells_the_new_branch() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(10)).await;
    let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
    for number in 0..6 {
        contract.log(&anvil, number).await;
    }
    reader.read_logs(6).await;
    let old = reader.branch.clone();
    anvil.reorg(3).await;
    contract.log(&anvil, 100).await;
    let tip = anvil.block(anvil.height().await).await;
    reader.read_block(tip.hash).await;
    let gone: Vec<_> = old.iter().rev().take(3).map(|(block, _)| *block).collect();
    assert_eq!(reader.withdrawn, gone);
    assert_eq!(reader.words(), [word(0), word(1), word(2), word(100)]);
    for (block, _) in &reader.branch {
        assert_eq!(*block, anvil.block(block.height).await);
    }
}

#[tokio::test]
async fn a_reorganisation_while_down_is_found_from_the_saved_cursor() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let saved = {
        let chain = connect(&[&anvil.ws], Finality::Depth(10)).await;
        let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
        for number in 0..6 {
            contract.log(&anvil, number).await;
        }
        reader.read_logs(6).await;
        let saved = serde_json::to_string(&reader.follower.cursor()).unwrap();
        (saved, reader.branch)
    };
    anvil.reorg(4).await;
    anvil.mine(60).await;
    contract.log(&anvil, 100).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(10)).await;
    let (cursor, branch) = saved;
    let mut reader = Reader::new(&chain, &contract, serde_json::from_str(&cursor).unwrap());
    reader.branch.clone_from(&branch);
    while !reader.words().contains(&word(100)) {
        reader.read().await;
    }
    let gone: Vec<_> = branch
        .iter()
        .rev()
        .take(4)
        .map(|(block, _)| *block)
        .collect();
    assert_eq!(reader.withdrawn, gone);
    assert_eq!(reader.words(), [word(0), word(1), word(100)]);
    reader.read_final(anvil.height().await - 10).await;
}

#[tokio::test]
async fn a_reorganisation_below_finality_stops_the_follower_loudly() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let chain = connect(&[&anvil.ws], Finality::Depth(2)).await;
    let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
    for number in 0..8 {
        contract.log(&anvil, number).await;
    }
    let last_final = anvil.block(anvil.height().await - 2).await;
    reader.read_final(last_final.height).await;
    anvil.reorg(5).await;
    let error = loop {
        match soon(reader.follower.next()).await {
            Ok(Update::Withdrawn { block }) => assert!(block.height > last_final.height),
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    let EvmError::FinalityViolated {
        height,
        expected,
        got,
        ..
    } = error
    else {
        panic!("{error}");
    };
    assert_eq!((height, expected), (last_final.height, last_final.hash));
    assert_eq!(got, anvil.block(height).await.hash);
}

#[tokio::test]
async fn an_endpoint_that_is_behind_is_no_reorganisation() {
    let anvil = Anvil::start(&[]).await;
    let contract = Contract::deploy(&anvil).await;
    let (first, second) = (Proxy::start(&anvil).await, Proxy::start(&anvil).await);
    let chain = connect(&[&first.url, &second.url], Finality::Depth(20)).await;
    let mut reader = Reader::new(&chain, &contract, Cursor::at(0));
    for number in 0..4 {
        contract.log(&anvil, number).await;
    }
    let behind = anvil
        .rpc("eth_getBlockByNumber", serde_json::json!(["latest", false]))
        .await;
    second.frozen_at(behind);
    for number in 4..8 {
        contract.log(&anvil, number).await;
    }
    reader.read_logs(8).await;
    // Only the one that is behind is left.
    first.dead();
    crate::support::eventually(async || !chain.endpoints_health()[0].healthy).await;
    let quiet = std::time::Duration::from_millis(500);
    assert!(
        tokio::time::timeout(quiet, reader.follower.next())
            .await
            .is_err()
    );
    second.honest();
    contract.log(&anvil, 8).await;
    reader.read_logs(9).await;
    assert!(reader.withdrawn.is_empty());
    assert_eq!(reader.words(), (0..9).map(word).collect::<Vec<_>>());
}
