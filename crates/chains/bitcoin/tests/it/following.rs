//! Everything is told in order, and taken back when the chain takes it back.

use bitcoin::OutPoint;
use causeway_bitcoin::{
    BitcoinError, BlockEvent, Cursor, Follower, LockForm, LockSpend, Severity, Update, Watch,
};
use causeway_local_bitcoin::NodeKind;

use crate::support::{Fixture, ONE, secret};

async fn next_block(follower: &mut Follower) -> (u64, Vec<BlockEvent>) {
    match follower.next().await.unwrap() {
        Update::Block { block, events } => (block.height, events),
        other => panic!("{other:?}"),
    }
}

async fn all(follower: &mut Follower) -> Vec<Update> {
    let mut updates = Vec::new();
    while let Some(update) = follower.try_next().await.unwrap() {
        updates.push(update);
    }
    updates
}

fn finals(updates: &[Update]) -> Vec<u64> {
    let height = |update: &Update| match update {
        Update::Final { block } => Some(block.height),
        _ => None,
    };
    updates.iter().filter_map(height).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_is_told_of_from_its_payment_to_its_claim_with_the_secret() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let mut fixture = Fixture::new(kind).await;
        let height = u64::from(fixture.height().await);
        let to = fixture.own_script();
        let lock = fixture.lock(LockForm::Taproot, fixture.height().await + 20);
        let script = lock.script_pubkey();
        let mut follower = fixture
            .chain
            .follow(Watch::default(), Cursor::at(height + 1));
        follower.watch_script(script.clone());

        let (_, coin) = fixture.pay(&script, 1_000_000).await;
        fixture.mine(1).await;
        let coinbase = false;
        let expected = BlockEvent::Paid {
            coin,
            script,
            coinbase,
        };
        assert_eq!(
            next_block(&mut follower).await,
            (height + 1, vec![expected])
        );

        // The follower begins anew from what was stored, and knows the output by its name.
        let stored = serde_json::to_string(&follower.cursor()).unwrap();
        let mut follower = fixture
            .chain
            .follow(Watch::default(), serde_json::from_str(&stored).unwrap());
        follower.watch_outpoint(coin.outpoint);
        let claim = lock
            .claim(coin, &secret(), &fixture.claim_key(), &to, ONE)
            .unwrap();
        fixture.mined_size(&claim).await;
        let (at, events) = next_block(&mut follower).await;
        assert_eq!(at, height + 2);
        let [
            BlockEvent::Spent {
                outpoint,
                txid,
                witness,
            },
        ] = &events[..]
        else {
            panic!("{events:?}");
        };
        assert_eq!((*outpoint, *txid), (coin.outpoint, claim.txid()));
        assert_eq!(lock.classify(witness), LockSpend::Claim(secret()));

        fixture.mine(3).await;
        let updates = all(&mut follower).await;
        // The newest block has one confirmation, and three make it final.
        assert_eq!(finals(&updates), [height + 1, height + 2, height + 3]);
        let (_, hash) = fixture.rpc.head().await.unwrap();
        assert_eq!(follower.cursor().tip().map(|tip| tip.hash), Some(hash));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_and_its_spend_in_one_block_are_both_told() {
    let mut fixture = Fixture::new(NodeKind::Litecoin).await;
    let next = u64::from(fixture.height().await) + 1;
    let to = fixture.own_script();
    let lock = fixture.lock(LockForm::Taproot, fixture.height().await + 20);
    let (_, coin) = fixture.pay(&lock.script_pubkey(), 1_000_000).await;
    let claim = lock
        .claim(coin, &secret(), &fixture.claim_key(), &to, ONE)
        .unwrap();
    fixture.mined_size(&claim).await;
    let mut follower = fixture.chain.follow(Watch::default(), Cursor::at(next));
    follower.watch_script(lock.script_pubkey());
    let (_, events) = next_block(&mut follower).await;
    let told = |event: &BlockEvent| match event {
        BlockEvent::Paid { coin, .. } => ("paid", coin.outpoint),
        BlockEvent::Spent { outpoint, .. } => ("spent", *outpoint),
    };
    let told: Vec<_> = events.iter().map(told).collect();
    assert_eq!(told, [("paid", coin.outpoint), ("spent", coin.outpoint)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorganisation_takes_back_what_it_removes_and_tells_the_rest_anew() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let mut fixture = Fixture::new(kind).await;
        let height = u64::from(fixture.height().await);
        let lock = fixture.lock(LockForm::Taproot, fixture.height().await + 20);
        let script = lock.script_pubkey();
        let mut follower = fixture
            .chain
            .follow(Watch::default(), Cursor::at(height + 1));
        follower.watch_script(script.clone());
        let (_, coin) = fixture.pay(&script, 1_000_000).await;
        fixture.mine(2).await;
        let before = all(&mut follower).await;
        assert_eq!(before.len(), 2);

        fixture.take_back_newest_block().await;
        fixture.take_back_newest_block().await;
        let took_back = all(&mut follower).await;
        let removed = |update: &Update| match update {
            Update::Withdrawn { block } | Update::Block { block, .. } => (block.height, block.hash),
            Update::Final { .. } => panic!("{update:?}"),
        };
        let expected: Vec<_> = before.iter().rev().map(removed).collect();
        assert_eq!(took_back.iter().map(removed).collect::<Vec<_>>(), expected);
        assert!(
            took_back
                .iter()
                .all(|update| matches!(update, Update::Withdrawn { .. }))
        );

        // Another branch, longer, with the payment in its second block only: an empty one comes first.
        let address = fixture.network.address(&fixture.own_script()).unwrap();
        let params = serde_json::json!([address, []]);
        let _: serde_json::Value = fixture.rpc.call("generateblock", params).await.unwrap();
        fixture
            .chain
            .broadcast(&{
                let raw = fixture
                    .rpc
                    .raw_transaction(coin.outpoint.txid, None)
                    .await
                    .unwrap();
                raw.expect("the block's transactions are pending again")
            })
            .await
            .unwrap();
        fixture.mine(1).await;
        let (first, events) = next_block(&mut follower).await;
        assert_eq!((first, events), (height + 1, vec![]));
        let (second, events) = next_block(&mut follower).await;
        assert_eq!(second, height + 2);
        assert!(matches!(&events[..], [BlockEvent::Paid { coin: paid, .. }] if *paid == coin));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_back_a_final_block_is_an_error_for_good() {
    let fixture = Fixture::new(NodeKind::Litecoin).await;
    let height = u64::from(fixture.height().await);
    let mut follower = fixture
        .chain
        .follow(Watch::default(), Cursor::at(height + 1));
    fixture.mine(3).await;
    assert_eq!(finals(&all(&mut follower).await), [height + 1]);
    for _ in 0..3 {
        fixture.take_back_newest_block().await;
    }
    let error = loop {
        match follower.try_next().await {
            Ok(Some(Update::Withdrawn { .. })) => {}
            Ok(other) => panic!("{other:?}"),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error, BitcoinError::FinalityViolated { .. }),
        "{error}"
    );
    assert_eq!(error.severity(), Severity::Stop);
}

#[tokio::test(flavor = "multi_thread")]
async fn following_goes_on_after_the_node_was_stopped() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let fixture = Fixture::new(kind).await;
        let height = u64::from(fixture.height().await);
        let mut follower = fixture
            .chain
            .follow(Watch::default(), Cursor::at(height + 1));
        fixture.mine(1).await;
        assert_eq!(next_block(&mut follower).await.0, height + 1);
        fixture.node.stop().unwrap();
        let down = follower.next().await.unwrap_err();
        assert_eq!(down.severity(), Severity::Retry, "{down}");
        fixture.node.start_again().unwrap();
        fixture.mine(1).await;
        // As a service does, in a task of its own.
        let following = tokio::spawn(async move { next_block(&mut follower).await });
        assert_eq!(following.await.unwrap().0, height + 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forgotten_is_not_told() {
    let mut fixture = Fixture::new(NodeKind::Litecoin).await;
    let next = u64::from(fixture.height().await) + 1;
    let lock = fixture.lock(LockForm::Taproot, fixture.height().await + 20);
    let script = lock.script_pubkey();
    let watch = Watch {
        scripts: [script.clone()].into(),
        outpoints: [OutPoint::null()].into(),
    };
    let mut follower = fixture.chain.follow(watch, Cursor::at(next));
    follower.forget(&script, Some(&OutPoint::null()));
    fixture.pay(&script, 1_000_000).await;
    fixture.mine(1).await;
    assert_eq!(next_block(&mut follower).await, (next, vec![]));
}
