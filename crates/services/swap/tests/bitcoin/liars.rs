//! One of three endpoints lies.

use causeway_local_bitcoin::NodeKind;
use causeway_swap::{Amount, ChainTiming, Expiry, LockForm};
use causeway_swap_service::{
    SwapChain as _,
    bitcoin::{BitcoinSettings, BitcoinSide},
};
use serde_json::json;

use crate::support::{Eyes, Liar, VALUE, World, endpoint, locked_at, secret};

/// A world in which Bob has three endpoints, of which the first, which is asked first, may lie.
async fn world() -> (World, Liar) {
    let mut world = World::new(NodeKind::Bitcoin).await;
    let liar = Liar::before(&world.rpc).await;
    let honest = endpoint(&world.node);
    let endpoints = vec![liar.endpoint.clone(), honest.clone(), honest];
    world.bob.reopen_through(endpoints).await;
    (world, liar)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_one_endpoint_invents_never_becomes_final() {
    let (world, liar) = world().await;
    let pair = world.lock(LockForm::Taproot, 20).await;
    let mut bob = Eyes::of(&world.bob).await;
    world.bob.side.watch(&pair.bob, None);
    let height = world.height().await;
    bob.see(height).await;
    let (script, invented) = (pair.script(world.network), "22".repeat(32));
    let txid = invented.clone();
    liar.lies(move |method, mut result| {
        if method == "getblock" && result["height"] == json!(height + 1) {
            let invented = json!({
                "txid": txid,
                "vin": [{ "txid": "11".repeat(32), "vout": 0, "txinwitness": [] }],
                "vout": [{ "n": 0, "value": 0.01, "scriptPubKey": { "hex": script } }],
            });
            result["tx"].as_array_mut().unwrap().push(invented);
        }
        result
    });
    world.mine(1).await;
    let lie = locked_at(&format!("{invented}:0"), VALUE);
    assert_eq!(bob.see(height + 1).await, [lie]);
    // The real one is found in spite of it.
    let at = world.locked(&pair).await;
    world.mine(3).await;
    bob.settle(height + 2).await;
    assert!(!bob.withdrawn.is_empty());
    assert_eq!(bob.standing(), [locked_at(&at, VALUE)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_endpoint_neither_raises_nor_stops_what_is_paid() {
    let (world, liar) = world().await;
    let pair = world.lock(LockForm::Taproot, 20).await;
    let at = world.locked(&pair).await;
    liar.lies(|method, mut result| match method {
        "estimatesmartfee" => json!({ "feerate": 1.0, "blocks": 2 }),
        "getmempoolinfo" => {
            result["mempoolminfee"] = json!(1.0);
            result
        }
        _ => result,
    });
    let before = Expiry::Height(pair.expiry());
    let locked = pair.for_bob(&at);
    world
        .bob
        .side
        .claim(locked, &secret(), before)
        .await
        .unwrap();
    let claim = world.only_pending().await;
    assert_eq!(world.pending_rate(claim).await, 1);
    // It boasts of a height at which all is over: that may cost a raise, and keeps nobody from sending.
    world.forget_pending().await;
    liar.lies(|method, mut result| {
        if method == "getblockchaininfo" {
            result["blocks"] = json!(1_000_000);
        }
        result
    });
    world
        .bob
        .side
        .claim(locked, &secret(), before)
        .await
        .unwrap();
    assert_eq!(world.only_pending().await, claim);
    let head = world.bob.side.head().await.unwrap();
    assert_eq!(head.height, 1_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_endpoint_that_says_it_is_done_keeps_nobody_from_raising_a_fee() {
    for (code, words) in [
        (-27, "Transaction already in block chain"),
        (-25, "bad-txns-inputs-missingorspent"),
    ] {
        let (world, liar) = world().await;
        let pair = world.lock(LockForm::Taproot, 5).await;
        let at = world.locked(&pair).await;
        let before = Expiry::Height(pair.expiry());
        let (locked, secret) = (pair.for_bob(&at), secret());
        liar.refuses(move |_| Some((code, words)));
        world.bob.side.claim(locked, &secret, before).await.unwrap();
        let claim = world.only_pending().await;
        world.mine_empty().await;
        world.bob.side.claim(locked, &secret, before).await.unwrap();
        assert_ne!(world.only_pending().await, claim, "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_endpoint_that_answers_is_not_believed_that_it_is_done() {
    let mut world = World::new(NodeKind::Bitcoin).await;
    let (liar, silent) = (
        Liar::before(&world.rpc).await,
        Liar::before(&world.rpc).await,
    );
    let endpoints = vec![liar.endpoint.clone(), silent.endpoint.clone()];
    world.bob.reopen_through(endpoints).await;
    let pair = world.lock(LockForm::Taproot, 5).await;
    let at = world.locked(&pair).await;
    let before = Expiry::Height(pair.expiry());
    let (locked, secret) = (pair.for_bob(&at), secret());
    liar.refuses(|_| Some((-27, "Transaction already in block chain")));
    silent.swallows();
    world.bob.side.claim(locked, &secret, before).await.unwrap();
    world.mine_empty().await;
    world.bob.side.claim(locked, &secret, before).await.unwrap();
    let mut claims = silent.swallowed();
    claims.dedup();
    assert_eq!(claims.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn coins_that_one_endpoint_invents_are_not_counted() {
    let (world, liar) = world().await;
    let asset = world.lock(LockForm::Taproot, 20).await.bob.terms.asset;
    let balance = world.bob.side.balance(&asset).await.unwrap();
    // Ten rewards of 50 coins, less what a payment of all of them costs.
    let all = 500 * 100_000_000;
    let fee = 153 + 9 * 68;
    assert_eq!(balance, Amount::new(all - fee));
    liar.lies(|method, mut result| {
        if method == "scantxoutset" {
            result["unspents"][0]["amount"] = json!(5_000);
        }
        result
    });
    let other = world.bob.another().await;
    let told = other.balance(&asset).await.unwrap();
    assert_eq!(told, Amount::new(all - 50 * 100_000_000 - (fee - 68)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_others_could_outvote_is_refused() {
    let world = World::new(NodeKind::Bitcoin).await;
    let honest = || endpoint(&world.node);
    let opened = |endpoints, agreement, dev| {
        let store = world.bob.engine();
        let chain = crate::support::chain_with(world.network, endpoints, agreement);
        async move {
            let settings = BitcoinSettings {
                dev,
                ..BitcoinSettings::new(ChainTiming::BITCOIN)
            };
            BitcoinSide::open(chain, &[1; 32], store.await, settings).await
        }
    };
    let two = || vec![honest(), honest()];
    let error = opened(two(), 1, false).await.unwrap_err();
    assert!(
        !error.passes && error.message.contains("agreement"),
        "{error}"
    );
    opened(two(), 1, true).await.unwrap();
    opened(two(), 2, false).await.unwrap();
    opened(vec![honest()], 1, false).await.unwrap();
}
