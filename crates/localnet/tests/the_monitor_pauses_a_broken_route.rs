//! The monitor pauses a route that breaks *minted + in flight ≤ locked*, and no other; refunds go on.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::sync::{Arc, Mutex};

use alloy::{
    primitives::{Address, B256, U256, keccak256},
    providers::Provider as _,
    sol_types::SolValue as _,
};
use axum::{Json, Router, routing::post};
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_ibc_evm::Token;
use causeway_localnet::{FaultProxy, Faults, Lie, Side, roles};
use common::{
    LONG, Scene,
    books::{self, all_over, books},
    eventually, mining, order, send,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Within how many blocks of the theft both ends are paused.
const WITHIN_BLOCKS: u64 = 20;

/// The slot of ERC-20 balances and supply in our vouchers: `OpenZeppelin`'s ERC-7201 namespace.
const ERC20_STORAGE: B256 =
    alloy::primitives::b256!("52c63247e1f47db19d5ce0460030c497f067ca4cebf71ba98eeadabe20bace00");

async fn scene() -> Scene {
    let mut scene = Scene::set_and_run(|_| ()).await;
    scene.start_monitor().await.unwrap();
    scene
}

async fn is_paused(side: &Side, app: Address) -> bool {
    let app = ICS20Transfer::new(app, side.chain.provider());
    app.paused().call().await.unwrap()
}

async fn all_paused(scene: &Scene) -> bool {
    for side in [&scene.network.a, &scene.network.b] {
        for app in [side.contracts.transfer, side.contracts.gmp] {
            if !is_paused(side, app).await {
                return false;
            }
        }
    }
    true
}

async fn none_paused(scene: &Scene) -> bool {
    for side in [&scene.network.a, &scene.network.b] {
        for app in [side.contracts.transfer, side.contracts.gmp] {
            if is_paused(side, app).await {
                return false;
            }
        }
    }
    true
}

async fn set_storage(side: &Side, contract: Address, slot: B256, value: U256) {
    let params = json!([contract, slot, B256::from(value)]);
    let provider = side.chain.provider();
    let set: Value = provider
        .raw_request("anvil_setStorageAt".into(), params)
        .await
        .unwrap();
    assert_eq!(set, json!(true));
}

/// Mints vouchers behind everybody's back: supply and a thief's balance.
async fn mint_unbacked(side: &Side, voucher: Address, amount: u64) {
    let supply_slot = U256::from_be_bytes(ERC20_STORAGE.0) + U256::from(2);
    let supply_slot = B256::from(supply_slot);
    let provider = side.chain.provider();
    let supply = provider.get_storage_at(voucher, supply_slot.into()).await;
    set_storage(
        side,
        voucher,
        supply_slot,
        supply.unwrap() + U256::from(amount),
    )
    .await;
    let thief = Address::repeat_byte(0x66);
    let balance_slot = keccak256((thief, ERC20_STORAGE).abi_encode());
    set_storage(side, voucher, balance_slot, U256::from(amount)).await;
}

/// Carries coin from alpha to beta, so that there is something to steal.
async fn something_crossed(scene: &Scene, amount: u64) {
    let (a, b) = (&scene.network.a, &scene.network.b);
    let bob = b.account(roles::BOB).address();
    let coin = (Token::Native, amount);
    send((a, b), &a.account(roles::ALICE), coin, bob, LONG).await;
    all_over((a, b)).await;
}

/// Takes alerts, as the operator's pager would.
struct Hook {
    url: String,
    taken: Arc<Mutex<Vec<Value>>>,
}

impl Hook {
    fn listen() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let taken: Arc<Mutex<Vec<Value>>> = Arc::default();
        let keep = taken.clone();
        let take = async move |Json(alert): Json<Value>| keep.lock().unwrap().push(alert);
        let router = Router::new().route("/", post(take));
        let listener = TcpListener::from_std(listener).unwrap();
        tokio::spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { url, taken }
    }

    /// The alert of this name, if it came.
    fn told(&self, name: &str) -> Option<Value> {
        let taken = self.taken.lock().unwrap();
        let found = taken.iter().find(|notice| notice["alert"]["name"] == name);
        found.map(|notice| notice["alert"].clone())
    }
}

/// What the monitor says of itself.
async fn monitor_status(scene: &mut Scene) -> Value {
    let listen = scene.network.monitor().unwrap().listen();
    let url = format!("http://{listen}");
    scene
        .causeway(&["status", "--json", "--url", &url])
        .await
        .json()
}

/// Waits until the monitor has compared blocks that are younger than this moment.
async fn compared_since(scene: &mut Scene) {
    let (a, b) = (&scene.network.a, &scene.network.b);
    let (height_a, height_b) = (mining::height(a).await, mining::height(b).await);
    eventually("the monitor compares what is now", async || {
        let status = monitor_status(scene).await;
        let compared = &status["monitor"]["routes"][0]["compared"];
        let past = |index: usize, height| compared[index].as_u64().is_some_and(|at| at > height);
        (past(0, height_a) && past(1, height_b)).then_some(())
    })
    .await;
}

/// Waits for the pause and says how many blocks it took on the slower chain.
async fn blocks_until_paused(scene: &Scene, (since_a, since_b): (u64, u64)) -> u64 {
    eventually("both ends are paused", async || {
        all_paused(scene).await.then_some(())
    })
    .await;
    let (a, b) = (&scene.network.a, &scene.network.b);
    (mining::height(a).await - since_a).max(mining::height(b).await - since_b)
}

async fn heights(scene: &Scene) -> (u64, u64) {
    let (a, b) = (&scene.network.a, &scene.network.b);
    (mining::height(a).await, mining::height(b).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unbacked_voucher_pauses_both_ends_and_refunds_go_on() {
    let mut scene = Scene::set_and_run(|_| ()).await;
    let hook = Hook::listen();
    let config = scene.network.monitor_config().unwrap();
    let config = format!("{config}\n[alerts]\nwebhook = \"{}\"\n", hook.url);
    scene.network.start_monitor_with(&config).await.unwrap();
    something_crossed(&scene, 1_000).await;
    compared_since(&mut scene).await;
    assert!(none_paused(&scene).await);

    // What is on its way when the route is paused comes back: nobody delivers it any more.
    scene.network.stop_relayer().await.unwrap();
    let (a, b) = (&scene.network.a, &scene.network.b);
    let alice = a.account(roles::ALICE);
    let bob = b.account(roles::BOB).address();
    let escrow_before = books((a, b), Token::Native).await.locked;
    let sent = order((a, b), (Token::Native, 77), bob, 30).await;
    alice.transfer(&sent).await.unwrap();

    let voucher = books::voucher((a, b), Token::Native).await.unwrap();
    let since = heights(&scene).await;
    mint_unbacked(b, voucher, 1).await;
    let blocks = blocks_until_paused(&scene, since).await;
    println!("paused within {blocks} blocks of an unbacked mint of 1 wei");
    assert!(blocks <= WITHIN_BLOCKS, "{blocks} blocks");

    let alert = eventually("somebody is told", async || hook.told("route-broken")).await;
    assert_eq!(alert["severity"], "critical");
    assert!(
        alert["summary"].as_str().unwrap().contains("1001 vouchers"),
        "{alert}"
    );

    let status = monitor_status(&mut scene).await;
    let incident = status["monitor"]["routes"][0]["incident"].to_string();
    assert!(incident.contains("1001 vouchers"), "{incident}");
    assert!(
        status["problems"].to_string().contains("ROUTE BROKEN"),
        "{status}"
    );

    scene.network.start_relayer().await.unwrap();
    let (a, b) = (&scene.network.a, &scene.network.b);
    let tally = all_over((a, b)).await;
    assert_eq!(
        (tally.acknowledged, tally.refused + tally.timed_out),
        (2, 1)
    );
    assert_eq!(books((a, b), Token::Native).await.locked, escrow_before);
    scene.network.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drained_escrow_pauses_both_ends_even_if_the_monitor_is_killed_meanwhile() {
    let mut scene = scene().await;
    something_crossed(&scene, 1_000).await;
    compared_since(&mut scene).await;
    let a = &scene.network.a;
    let transfer = ICS20Transfer::new(a.contracts.transfer, a.chain.provider());
    let escrow = transfer
        .getEscrow(a.client.to_string())
        .call()
        .await
        .unwrap();
    let since = heights(&scene).await;
    let drained: Value = a
        .chain
        .provider()
        .raw_request("anvil_setBalance".into(), json!([escrow, "0x3e7"]))
        .await
        .unwrap();
    assert_eq!(drained, Value::Null);
    scene.network.kill_monitor().await.unwrap();
    let config = scene.network.monitor_config().unwrap();
    scene.network.start_monitor_with(&config).await.unwrap();
    let blocks = blocks_until_paused(&scene, since).await;
    println!("paused within {blocks} blocks of a drained escrow, a SIGKILL and a restart");
    scene.network.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn honest_traffic_with_refunds_refusals_and_reorganisations_never_pauses() {
    let mut scene = Scene::set_and_run(|options| options.depth = 3).await;
    scene.start_monitor().await.unwrap();
    let (a, b) = (&scene.network.a, &scene.network.b);
    let (alice_a, alice_b) = (a.account(roles::ALICE), b.account(roles::ALICE));
    let bob = b.account(roles::BOB).address();
    for round in 1..=3_u64 {
        send(
            (a, b),
            &alice_a,
            (Token::Native, round),
            alice_b.address(),
            LONG,
        )
        .await;
        send((b, a), &alice_b, (Token::Native, round), bob, LONG).await;
        // Too short to be delivered before it is final, and so refunded.
        let short = order((a, b), (Token::Native, 5), bob, 1).await;
        let _ = alice_a.transfer(&short).await;
        // Refused by the other side: the receiver is no address.
        let mut refused = order((a, b), (Token::Native, 7), bob, LONG).await;
        refused.receiver = "nobody".to_owned();
        alice_a.transfer(&refused).await.unwrap();
        mining::reorg(a, 2, &[]).await;
        mining::reorg(b, 1, &[]).await;
    }
    // Strangers' gifts to the escrow are no fault either.
    all_over((a, b)).await;
    all_over((b, a)).await;
    if let Some(voucher) = books::voucher((a, b), Token::Native).await {
        let back = order((b, a), (Token::Erc20(voucher), 1), bob, LONG).await;
        if alice_b.transfer(&back).await.is_ok() {
            all_over((b, a)).await;
        }
    }
    compared_since(&mut scene).await;
    let status = monitor_status(&mut scene).await;
    assert_eq!(
        status["monitor"]["routes"][0]["incident"],
        json!([]),
        "{status:#}"
    );
    assert!(none_paused(&scene).await);
    scene.network.stop().await.unwrap();
}

/// A monitor that asks three endpoints of beta, of which two must agree; this one lies.
async fn monitor_with_a_liar(scene: &mut Scene) -> FaultProxy {
    let b = &scene.network.b;
    let liar = FaultProxy::in_front_of(b.anvil.http_url()).await.unwrap();
    let config = format!(
        "{}\n[[monitor.chains]]\nid = \"{}\"\nendpoints = [\"{}\", \"{}\", \"{}\"]\nagreement = 2\n",
        scene.network.monitor_config().unwrap(),
        b.id(),
        liar.http_url(),
        b.anvil.ws_url(),
        b.anvil.http_url(),
    );
    scene.network.start_monitor_with(&config).await.unwrap();
    liar
}

#[tokio::test(flavor = "multi_thread")]
async fn one_lying_endpoint_neither_causes_nor_prevents_a_pause() {
    let mut scene = Scene::set_and_run(|_| ()).await;
    let liar = monitor_with_a_liar(&mut scene).await;
    something_crossed(&scene, 1_000).await;
    let (a, b) = (&scene.network.a, &scene.network.b);
    let voucher = books::voucher((a, b), Token::Native).await.unwrap();
    let supply_is = |supply: u64| {
        let (token, supply) = (voucher, U256::from(supply));
        liar.set(Faults::lies([Lie::TotalSupply { token, supply }]));
    };
    supply_is(1_000_000);
    eventually("a lie", async || (liar.lies_told() > 0).then_some(())).await;
    compared_since(&mut scene).await;
    assert!(none_paused(&scene).await, "a lie caused a pause");

    supply_is(1_000);
    let since = heights(&scene).await;
    mint_unbacked(&scene.network.b, voucher, 500).await;
    let blocks = blocks_until_paused(&scene, since).await;
    assert!(blocks <= WITHIN_BLOCKS, "{blocks} blocks");
    scene.network.stop().await.unwrap();
}
