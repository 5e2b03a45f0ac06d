//! Fees that rise while a lock has to be spent in time.

use std::ops::RangeInclusive;

use bitcoin::Txid;
use causeway_local_bitcoin::NodeKind;
use causeway_swap::{Expiry, LockForm};
use causeway_swap_service::{Locked, SwapChain as _};
use serde_json::{Value, json};

use crate::support::{Liar, VALUE, World, secret, settings};

/// The endpoint says that so many satoshis per virtual byte get a transaction mined.
fn asks(liar: &Liar, sat_per_vb: u64) {
    liar.lies(move |method, result| match method {
        "estimatesmartfee" => json!({ "feerate": in_coins(sat_per_vb), "blocks": 2 }),
        _ => result,
    });
}

/// As nodes write rates: coins per 1,000 virtual bytes.
fn in_coins(sat_per_vb: u64) -> Value {
    let whole = format!(
        "{}.{:08}",
        sat_per_vb / 100_000,
        sat_per_vb % 100_000 * 1_000
    );
    serde_json::from_str(&whole).unwrap()
}

/// What all pending transactions pay together, in satoshis, and their size.
async fn package(world: &World) -> (u64, u64) {
    let (mut fee, mut size) = (0, 0);
    for txid in world.pending().await {
        fee += world.rpc.pending_fee(txid).await.unwrap().unwrap().to_sat();
        let bytes = world
            .rpc
            .raw_transaction(txid, None)
            .await
            .unwrap()
            .unwrap();
        let tx: bitcoin::Transaction = bitcoin::consensus::deserialize(&bytes).unwrap();
        size += tx.weight().to_vbytes_ceil();
    }
    (fee, size)
}

/// Bob claims, and what then waits for its block pays a rate within these.
async fn claimed_at(
    world: &World,
    locked: Locked<'_>,
    before: Expiry,
    rates: RangeInclusive<u64>,
) -> Txid {
    let claimed = world.bob.side.claim(locked, &secret(), before).await;
    claimed.unwrap();
    let claim = world.only_pending().await;
    let rate = world.pending_rate(claim).await;
    assert!(rates.contains(&rate), "{rate}");
    claim
}

#[tokio::test(flavor = "multi_thread")]
async fn bitcoin_replaces_a_claim_when_fees_rise_fifty_fold_before_its_deadline() {
    let mut world = World::new(NodeKind::Bitcoin).await;
    let liar = Liar::before(&world.rpc).await;
    asks(&liar, 1);
    world.bob.reopen_through(vec![liar.endpoint.clone()]).await;
    let pair = world.lock(LockForm::Taproot, 6).await;
    let at = world.locked(&pair).await;
    let before = Expiry::Height(pair.expiry());
    let claim = || async {
        let locked = pair.for_bob(&at);
        world
            .bob
            .side
            .claim(locked, &secret(), before)
            .await
            .unwrap();
        world.only_pending().await
    };
    let first = claim().await;
    assert_eq!(world.pending_rate(first).await, 1);
    asks(&liar, 50);
    // It has not missed a block yet.
    assert_eq!(claim().await, first);
    world.mine_empty().await;
    let second = claim().await;
    assert_ne!(second, first);
    assert!(world.pending_rate(second).await >= 50);
    // With every further block it pays more.
    world.mine_empty().await;
    let third = claim().await;
    assert!(world.pending_rate(third).await >= 62);
    world.mine(1).await;
    assert_eq!(world.size_in_newest_block(third).await, 143);
}

#[tokio::test(flavor = "multi_thread")]
async fn litecoin_gets_children_that_pay_for_a_claim_when_fees_rise_fifty_fold() {
    let mut world = World::new(NodeKind::Litecoin).await;
    let liar = Liar::before(&world.rpc).await;
    asks(&liar, 1);
    world.bob.reopen_through(vec![liar.endpoint.clone()]).await;
    let pair = world.lock(LockForm::Taproot, 6).await;
    let at = world.locked(&pair).await;
    let before = Expiry::Height(pair.expiry());
    let (locked, secret) = (pair.for_bob(&at), secret());
    let claim = || world.bob.side.claim(locked, &secret, before);
    claim().await.unwrap();
    let first = world.only_pending().await;
    asks(&liar, 50);
    claim().await.unwrap();
    assert_eq!(world.only_pending().await, first);
    world.mine_empty().await;
    claim().await.unwrap();
    assert_eq!(package(&world).await, (50 * 253, 253));
    world.mine_empty().await;
    claim().await.unwrap();
    // A quarter more, for all three together.
    let (fee, size) = package(&world).await;
    assert_eq!((fee, size), ((50 * 363_u64 * 5).div_ceil(4), 363));
    // The same again after a restart, without another.
    world.bob.reopen().await;
    world.forget_pending().await;
    world.bob.side.claim(locked, &secret, before).await.unwrap();
    assert_eq!(package(&world).await, (fee, size));
    world.mine(1).await;
    assert_eq!(world.size_in_newest_block(first).await, 143);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_may_not_pay_more_says_what_to_do_and_stays_where_it_is() {
    let mut world = World::new(NodeKind::Bitcoin).await;
    let liar = Liar::before(&world.rpc).await;
    asks(&liar, 50);
    world.bob.reopen_through(vec![liar.endpoint.clone()]).await;
    let mut stingy = settings();
    stingy.most_sat_per_vb = 20;
    world.bob.reopen_with(stingy).await;
    let pair = world.lock(LockForm::Taproot, 6).await;
    let at = world.locked(&pair).await;
    let (locked, before) = (pair.for_bob(&at), Expiry::Height(pair.expiry()));
    world
        .bob
        .side
        .claim(locked, &secret(), before)
        .await
        .unwrap();
    let claim: Txid = world.only_pending().await;
    assert_eq!(world.pending_rate(claim).await, 20);
    world.mine_empty().await;
    let error = world
        .bob
        .side
        .claim(locked, &secret(), before)
        .await
        .unwrap_err();
    assert!(
        error.passes && error.message.contains("most_sat_per_vb"),
        "{error}"
    );
    assert_eq!(world.only_pending().await, claim);
    // With other settings it goes on.
    world.bob.reopen_with(settings()).await;
    world
        .bob
        .side
        .claim(locked, &secret(), before)
        .await
        .unwrap();
    let raised = world.only_pending().await;
    assert!(world.pending_rate(raised).await >= 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nodes_take_only_for_more_than_it_may_cost_is_told() {
    let mut world = World::new(NodeKind::Bitcoin).await;
    let liar = Liar::before(&world.rpc).await;
    world.bob.reopen_through(vec![liar.endpoint.clone()]).await;
    let pair = world.lock(LockForm::Taproot, 6).await;
    let at = world.locked(&pair).await;
    liar.lies(|method, mut result| {
        if method == "getmempoolinfo" {
            result["mempoolminfee"] = in_coins(10_000);
        }
        result
    });
    let before = Expiry::Height(pair.expiry());
    let error = world
        .bob
        .side
        .claim(pair.for_bob(&at), &secret(), before)
        .await;
    let error = error.unwrap_err();
    assert!(
        error.passes && error.message.contains("nothing below 10000"),
        "{error}"
    );
    assert_eq!(world.pending().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_waits_gets_a_child_that_pays_for_it_and_its_change_is_not_lost() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let mut world = World::new(kind).await;
        world.impoverish(5 * VALUE).await;
        let liar = Liar::before(&world.rpc).await;
        asks(&liar, 1);
        let endpoints = vec![liar.endpoint.clone()];
        world.alice.reopen_through(endpoints).await;
        let pair = world.lock(LockForm::Taproot, 20).await;
        let lock = || world.alice.side.lock(&pair.alice);
        lock().await.unwrap();
        let first = world.only_pending().await;
        asks(&liar, 30);
        lock().await.unwrap();
        assert_eq!(world.only_pending().await, first);
        world.mine_empty().await;
        lock().await.unwrap();
        assert_eq!(package(&world).await, (30 * 263, 263));
        world.mine_empty().await;
        lock().await.unwrap();
        assert_eq!(package(&world).await, (30 * 263, 263));
        // The next lock is paid from what the child has left, by whoever comes after a crash.
        world.alice.reopen().await;
        let next = world.lock_numbered(LockForm::Taproot, 20, 1).await;
        world.alice.side.lock(&next.alice).await.unwrap();
        assert_eq!(world.pending().await.len(), 3);
        world.mine(1).await;
        assert_eq!(world.pending().await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_nodes_have_dropped_and_refuse_for_its_fee_is_made_anew_at_once() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let mut world = World::new(kind).await;
        let liar = Liar::before(&world.rpc).await;
        world.bob.reopen_through(vec![liar.endpoint.clone()]).await;
        let pair = world.lock(LockForm::Taproot, 20).await;
        let at = world.locked(&pair).await;
        let (locked, before) = (pair.for_bob(&at), Expiry::Height(pair.expiry()));
        claimed_at(&world, locked, before, 1..=1).await;
        world.forget_pending().await;
        liar.refuses(|bytes| {
            let tx: bitcoin::Transaction = bitcoin::consensus::deserialize(bytes).unwrap();
            let fee = VALUE - tx.output[0].value.to_sat();
            (fee < 20 * 143).then_some((-26, "mempool min fee not met"))
        });
        let second = claimed_at(&world, locked, before, 20..=25).await;
        world.mine(1).await;
        assert_eq!(world.size_in_newest_block(second).await, 143);
    }
}

/// No word of a node is altered here: it comes back with what it asks for raised, and has dropped what
/// pays less.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_asks_for_fifty_times_as_much_gets_it_in_time() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let world = World::new(kind).await;
        let pair = world.lock(LockForm::Taproot, 6).await;
        let at = world.locked(&pair).await;
        let (locked, before) = (pair.for_bob(&at), Expiry::Height(pair.expiry()));
        claimed_at(&world, locked, before, 1..=1).await;
        world.node.stop().unwrap();
        let dear = "-minrelaytxfee=0.00050000";
        world.node.start_again_with(&[dear]).unwrap();
        assert_eq!(world.pending().await, []);
        let second = claimed_at(&world, locked, before, 50..=63).await;
        world.mine(1).await;
        assert_eq!(world.size_in_newest_block(second).await, 143);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_outbids_a_refund_that_came_first_where_nodes_replace() {
    for kind in [NodeKind::Bitcoin, NodeKind::Litecoin] {
        let mut world = World::new(kind).await;
        let liar = Liar::before(&world.rpc).await;
        asks(&liar, 30);
        world
            .alice
            .reopen_through(vec![liar.endpoint.clone()])
            .await;
        let pair = world.lock(LockForm::Taproot, 3).await;
        let at = world.locked(&pair).await;
        world.mine_up_to(pair.expiry()).await;
        world.alice.side.refund(pair.for_alice(&at)).await.unwrap();
        let refund = world.only_pending().await;
        assert_eq!(world.pending_rate(refund).await, 30);
        let before = Expiry::Height(pair.expiry());
        let claim = world
            .bob
            .side
            .claim(pair.for_bob(&at), &secret(), before)
            .await;
        if kind == NodeKind::Litecoin {
            let error = claim.unwrap_err();
            assert!(
                error.passes && error.message.contains("spends the same"),
                "{error}"
            );
            continue;
        }
        claim.unwrap();
        let claim = world.only_pending().await;
        assert_ne!(claim, refund);
        assert!((30..=40).contains(&world.pending_rate(claim).await));
        // And the refund outbids it in its turn: whoever pays more wins, up to the limits.
        world.alice.side.refund(pair.for_alice(&at)).await.unwrap();
        assert_ne!(world.only_pending().await, claim);
    }
}
