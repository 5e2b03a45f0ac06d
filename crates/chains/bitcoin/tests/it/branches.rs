//! Two nodes that do not see the same chain.

use std::time::Duration;

use causeway_bitcoin::{
    AgreementError, BitcoinChain, BitcoinError, Cursor, Follower, RpcClient, RpcLimits, Update,
    Watch,
};
use causeway_local_bitcoin::{NodeKind, RegtestNode};
use serde_json::json;

use crate::support::{Fixture, config, endpoint, start};

/// A second node with the chain of the first.
async fn second(first: &Fixture) -> (RegtestNode, RpcClient) {
    let node = start(NodeKind::Bitcoin);
    let limits = RpcLimits::default();
    let rpc = RpcClient::new(endpoint(&node), first.network, limits).unwrap();
    first.give_blocks_to(&rpc).await;
    (node, rpc)
}

/// A follower of both, the second node first.
async fn follow(first: &Fixture, second: &RegtestNode, agreement: usize) -> Follower {
    let mut config = config(first.network, vec![endpoint(second), endpoint(&first.node)]);
    config.agreement = agreement;
    let next = u64::from(first.height().await) + 1;
    let chain = BitcoinChain::new(config).unwrap();
    chain.follow(Watch::default(), Cursor::at(next))
}

/// The next update; a test that waits for what never comes should say so.
async fn soon(follower: &mut Follower) -> Update {
    let waited = tokio::time::timeout(Duration::from_secs(30), follower.next()).await;
    waited.expect("nothing is told").unwrap()
}

fn height(update: &Update) -> u64 {
    match update {
        Update::Block { block, .. } => block.height,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stands_still_holds_up_nothing_that_another_knows() {
    let first = Fixture::new(NodeKind::Bitcoin).await;
    let (node, _) = second(&first).await;
    let start = u64::from(first.height().await);
    let mut follower = follow(&first, &node, 1).await;
    for above in 1..=2 {
        first.mine(1).await;
        assert_eq!(height(&soon(&mut follower).await), start + above);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_branches_the_one_that_was_told_stands_until_the_other_is_the_chain_of_more() {
    let first = Fixture::new(NodeKind::Bitcoin).await;
    let (node, rpc) = second(&first).await;
    let mut follower = follow(&first, &node, 1).await;
    let address = first.network.address(&first.own_script()).unwrap();
    let _: Vec<String> = rpc
        .call("generatetoaddress", json!([1, address]))
        .await
        .unwrap();
    let told = soon(&mut follower).await;
    first.mine(1).await;
    assert_ne!(rpc.head().await.unwrap(), first.rpc.head().await.unwrap());
    assert_eq!(follower.try_next().await.unwrap(), None);
    // The first node's branch grows, and the second node comes over to it.
    first.mine(1).await;
    let fork = first.height().await - 1;
    for height in [fork, fork + 1] {
        let hash = first
            .rpc
            .block_hash_at(height.into())
            .await
            .unwrap()
            .unwrap()
            .to_string();
        let params = json!([hash.trim_start_matches("0x"), 0]);
        let block: String = first.rpc.call("getblock", params).await.unwrap();
        let _: serde_json::Value = rpc.call("submitblock", json!([block])).await.unwrap();
    }
    let withdrawn = soon(&mut follower).await;
    let Update::Block { block, .. } = told else {
        panic!("{told:?}");
    };
    assert_eq!(withdrawn, Update::Withdrawn { block });
    for expected in [fork, fork + 1] {
        assert_eq!(height(&soon(&mut follower).await), u64::from(expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_that_say_that_a_block_is_gone_are_an_error_and_not_believed() {
    let first = Fixture::new(NodeKind::Bitcoin).await;
    let (node, _) = second(&first).await;
    let mut follower = follow(&first, &node, 2).await;
    first.mine(1).await;
    soon(&mut follower).await;
    node.kill().unwrap();
    first.take_back_newest_block().await;
    let error = follower.try_next().await.unwrap_err();
    let BitcoinError::Agreement(AgreementError { needed, .. }) = error else {
        panic!("{error}");
    };
    assert_eq!(needed, 2);
}
