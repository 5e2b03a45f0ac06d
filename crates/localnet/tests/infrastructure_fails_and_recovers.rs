//! The only endpoint of each chain fails in every way that endpoints do, while packets are under way:
//! the relayer neither ends nor loses a packet nor delivers one twice, and goes on by itself when the
//! endpoint is well again.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::time::Duration;

use causeway_ibc_evm::Token;
use causeway_localnet::{FaultProxy, Faults, Garble, Lie, Refusal, roles};
use common::{
    LONG, Scene,
    books::{Books, all_over, books},
    eventually, send, through,
};
use serde_json::Value;

/// How long each fault lasts; longer than the relayer waits before it tries again.
const LASTS: Duration = Duration::from_millis(1_500);

/// A scene whose relayer reaches each chain through one proxy only.
async fn scene(web_socket: bool) -> (Scene, Vec<FaultProxy>) {
    let mut scene = Scene::set(|_| ()).await;
    let mut proxies = Vec::new();
    let mut config = scene.own_relayer_config().unwrap();
    for side in [&scene.network.a, &scene.network.b] {
        let proxy = FaultProxy::in_front_of(side.anvil.http_url())
            .await
            .unwrap();
        let url = if web_socket {
            proxy.ws_url()
        } else {
            proxy.http_url()
        };
        config = through(&config, side, &[url], 1);
        proxies.push(proxy);
    }
    for index in 0..3 {
        scene.start_attestor(index).await.unwrap();
    }
    scene.start_relayer_with(&config).await.unwrap();
    (scene, proxies)
}

/// Lets packets cross both ways while the endpoints are like this, and then well again.
async fn survive(mut scene: Scene, proxies: Vec<FaultProxy>, faults: Vec<Faults>) {
    let mut crossed = 0;
    for fault in faults {
        eprintln!("{fault:?}");
        let asked: Vec<u64> = proxies.iter().map(FaultProxy::requests).collect();
        for proxy in &proxies {
            proxy.set(fault.clone());
            proxy.cut();
        }
        let (a, b) = (&scene.network.a, &scene.network.b);
        for (from, to) in [(a, b), (b, a)] {
            let alice = from.account(roles::ALICE);
            let bob = to.account(roles::BOB).address();
            send((from, to), &alice, (Token::Native, 1), bob, LONG).await;
        }
        crossed += 1;
        tokio::time::sleep(LASTS).await;
        for (proxy, asked) in proxies.iter().zip(asked) {
            eventually("the relayer has asked", async || {
                (proxy.requests() > asked).then_some(())
            })
            .await;
            proxy.heal();
        }
        for route in [(a, b), (b, a)] {
            let tally = all_over(route).await;
            assert_eq!((tally.refused, tally.timed_out), (0, 0));
            let balanced = Books::balanced(crossed);
            assert_eq!(books(route, Token::Native).await, balanced);
        }
        scene.network.ensure_running().unwrap();
    }
    eventually("the relayer knows that nothing is open", async || {
        let packets = scene.packets().await;
        let ended = |packet: &Value| packet["phase"] == "acknowledged";
        packets.iter().all(ended).then_some(())
    })
    .await;
    eventually("the status has no problem left", async || {
        let problems = scene.status().await["problems"].clone();
        problems.as_array().unwrap().is_empty().then_some(())
    })
    .await;
    scene.network.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_refuses_or_breaks_off_is_survived() {
    let (scene, proxies) = scene(false).await;
    let status = |code, retry_after| Faults::refuses(Refusal::Status { code, retry_after });
    let faults = vec![
        status(429, None),
        status(429, Some(1)),
        status(503, None),
        Faults::refuses(Refusal::Error {
            code: -32005,
            message: "daily request count exceeded, request rate limited",
        }),
        Faults {
            breaks_every: Some(2),
            ..Faults::default()
        },
        Faults {
            delay: Duration::from_millis(400),
            ..Faults::default()
        },
        Faults::garbles(Garble::Silence),
    ];
    survive(scene, proxies, faults).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_talks_nonsense_is_survived() {
    let (scene, proxies) = scene(true).await;
    let faults = [
        Garble::Truncated,
        Garble::NotJson,
        Garble::WrongId,
        // Beyond what is read of one answer, 32 MiB.
        Garble::Huge(33 << 20),
        Garble::Deep(100_000),
        Garble::Null,
    ];
    survive(scene, proxies, faults.map(Faults::garbles).to_vec()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_behind_or_ahead_is_survived() {
    let (scene, proxies) = scene(true).await;
    let faults = [Lie::Lag(4), Lie::Frozen(1), Lie::Ahead(1_000)];
    let faults = faults.map(|lie| Faults::lies([lie]));
    survive(scene, proxies, faults.to_vec()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_loses_transactions_or_lies_about_their_receipts_is_survived() {
    let (scene, proxies) = scene(true).await;
    let faults = [
        Lie::SwallowedTransactions,
        Lie::NoReceipts,
        Lie::FailedReceipts,
    ];
    let faults = faults.map(|lie| Faults::lies([lie]));
    survive(scene, proxies, faults.to_vec()).await;
}
