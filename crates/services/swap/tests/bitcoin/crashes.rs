//! A party that is gone between storing and sending, and comes back.

use causeway_local_bitcoin::NodeKind;
use causeway_swap::{Expiry, LockForm};
use causeway_swap_service::SwapChain as _;

use crate::support::{Eyes, Liar, VALUE, World, claimed, endpoint, locked_at, secret};

const KINDS: [NodeKind; 2] = [NodeKind::Bitcoin, NodeKind::Litecoin];

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_and_not_sent_is_sent_by_whoever_comes_after() {
    for kind in KINDS {
        let mut world = World::new(kind).await;
        let pair = world.lock(LockForm::Taproot, 20).await;
        // Nothing gets out, so that each stops where a crash would: after storing.
        let silent = Liar::before(&world.rpc).await;
        silent.swallows();
        world
            .alice
            .reopen_through(vec![silent.endpoint.clone()])
            .await;
        world.alice.side.lock(&pair.alice).await.unwrap_err();
        let stored = silent.swallowed();
        assert_eq!(world.pending().await, []);

        world
            .alice
            .reopen_through(vec![endpoint(&world.node)])
            .await;
        // Its coins are known to be spent.
        let (first, second) = (
            &pair.alice,
            world.lock_numbered(LockForm::Taproot, 20, 1).await,
        );
        world.alice.side.lock(&second.alice).await.unwrap();
        let other = world.only_pending().await;
        world.alice.side.lock(first).await.unwrap();
        world.alice.side.lock(first).await.unwrap();
        let pending = world.pending().await;
        assert_eq!(pending.len(), 2, "{pending:?}");
        let lock = *pending.iter().find(|txid| **txid != other).unwrap();
        let bytes = world
            .rpc
            .raw_transaction(lock, None)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(stored, [bytes]);
        world.mine(1).await;

        let at = format!("{lock}:0");
        let before = Expiry::Height(pair.expiry());
        world
            .bob
            .reopen_through(vec![silent.endpoint.clone()])
            .await;
        silent.forget_swallowed();
        let secret = secret();
        let claim = world.bob.side.claim(pair.for_bob(&at), &secret, before);
        claim.await.unwrap_err();
        let stored = silent.swallowed();
        assert_eq!(world.pending().await, []);
        world.bob.reopen_through(vec![endpoint(&world.node)]).await;
        world
            .bob
            .side
            .claim(pair.for_bob(&at), &secret, before)
            .await
            .unwrap();
        let claim = world.only_pending().await;
        let bytes = world
            .rpc
            .raw_transaction(claim, None)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(stored, [bytes]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn following_goes_on_where_it_stood() {
    let mut world = World::new(NodeKind::Litecoin).await;
    // Several have to agree on what each block holds, so that whoever looks for less is contradicted.
    let endpoints = vec![endpoint(&world.node); 3];
    world.alice.reopen_through(endpoints).await;
    let pair = world.lock(LockForm::Taproot, 20).await;
    let mut alice = Eyes::of(&world.alice).await;
    world.alice.side.watch(&pair.alice, None);
    let at = world.locked(&pair).await;
    let height = world.height().await;
    assert_eq!(alice.see(height).await, [locked_at(&at, VALUE)]);
    let cursor = alice.cursor();
    drop(alice);
    let before = Expiry::Height(pair.expiry());
    world
        .bob
        .side
        .claim(pair.for_bob(&at), &secret(), before)
        .await
        .unwrap();
    world.mine(3).await;
    world.alice.reopen().await;
    world.alice.side.watch(&pair.alice, Some(&at));
    let mut alice = Eyes::from(&world.alice, Some(&cursor)).await;
    assert_eq!(alice.see(height + 3).await, [claimed()]);
    alice.settle(height + 1).await;
    // What was looked up in the store is not taken for news.
    assert_eq!(alice.withdrawn, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_is_sent_although_nothing_else_can_be_known() {
    let mut world = World::new(NodeKind::Bitcoin).await;
    let liar = Liar::before(&world.rpc).await;
    world.bob.reopen_through(vec![liar.endpoint.clone()]).await;
    let pair = world.lock(LockForm::Taproot, 20).await;
    let at = world.locked(&pair).await;
    let (locked, before) = (pair.for_bob(&at), Expiry::Height(pair.expiry()));
    world
        .bob
        .side
        .claim(locked, &secret(), before)
        .await
        .unwrap();
    let claim = world.only_pending().await;
    world.forget_pending().await;
    liar.lies(|method, result| match method {
        "getmempoolinfo" | "getblockchaininfo" => serde_json::Value::Null,
        _ => result,
    });
    let claimed = world.bob.side.claim(locked, &secret(), before).await;
    assert!(claimed.unwrap_err().passes);
    assert_eq!(world.only_pending().await, claim);
}
