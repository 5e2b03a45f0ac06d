//! Limits, held transfers and pauses, by the command and on running chains: what is over the limit
//! waits and arrives later, what is large is looked at first, and a pause stops nothing for good.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::time::Duration;

use alloy::{
    primitives::{Address, U256},
    providers::Provider as _,
};
use causeway_ibc_evm::Token;
use causeway_localnet::{Side, dev_key_hex, roles};
use common::{
    LONG, Outcome, Scene,
    books::{balance, voucher},
    eventually, run_causeway, send,
};
use serde_json::Value;

/// Runs the command with the key of the deployer, who holds every role here.
async fn operate(scene: &Scene, arguments: &[&str]) -> Outcome {
    let key = dev_key_hex(roles::DEPLOYER);
    let variables = [("CAUSEWAY_KEY", key.as_str())];
    run_causeway(&scene.network.user_config(), &variables, arguments).await
}

/// The same, where it has to work; the lines that it prints.
async fn ordered(scene: &Scene, arguments: &[&str]) -> Vec<Value> {
    let outcome = operate(scene, &[arguments, &["--json"]].concat()).await;
    assert_eq!(outcome.code, 0, "{arguments:?}: {outcome:?}");
    outcome.lines()
}

async fn bob_has(b: &Side, token: Token, amount: u64) {
    let bob = b.account(roles::BOB).address();
    let what = format!("Bob has {amount}");
    eventually(&what, async || {
        (balance(b, token, bob).await == U256::from(amount)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_a_limit_or_paused_waits_and_what_is_held_can_be_vetoed() {
    let scene = Scene::set_and_run(|_| ()).await;
    let (a, b, tusd) = (&scene.network.a, &scene.network.b, scene.tusd());
    let (alice, bob) = (a.account(roles::ALICE), b.account(roles::BOB).address());
    let route = ["--on", "beta", "--with", "alpha"];
    send((a, b), &alice, (tusd, 100), bob, LONG).await;
    let on_b = eventually("the voucher is there", async || {
        voucher((a, b), tusd).await.map(Token::Erc20)
    })
    .await;
    bob_has(b, on_b, 100).await;

    limits_are_set_and_keep_waiting(&scene, &route, on_b, bob).await;
    a_pause_makes_packets_wait(&scene, on_b, bob).await;
    held_transfers_are_released_vetoed_and_returned(&scene, &route, on_b, bob).await;
    scene.network.stop().await.unwrap();
}

async fn limits_are_set_and_keep_waiting(
    scene: &Scene,
    route: &[&str; 4],
    on_b: Token,
    bob: Address,
) {
    let (a, b, tusd) = (&scene.network.a, &scene.network.b, scene.tusd());
    let alice = a.account(roles::ALICE);
    let token = format!("voucher:{}", scene.token);
    let token = ["--token", token.as_str()];
    let set = [&["limits", "set"], &route[..], &token].concat();
    let limited = [&set[..], &["--in", "0.001", "--per", "24h"]].concat();
    let done = ordered(scene, &limited).await;
    assert_eq!(done[0]["event"], "limited");
    let show = [&["limits", "show"], &route[..], &token].concat();
    let shown = ordered(scene, &show).await.remove(0);
    assert_eq!(shown["incoming"]["capacity"], "1000");
    assert_eq!(shown["incoming"]["period_seconds"], 86_400);
    assert!(shown["outgoing"].is_null() && shown["hold"].is_null());
    let told = operate(scene, &show).await;
    assert!(told.stdout.contains("0.001 TUSD per 1day"), "{told:?}");

    // Alice has no such role.
    let refused = scene.causeway(&limited).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.stderr.contains("AccessManagedUnauthorized"),
        "{refused:?}"
    );

    send((a, b), &alice, (tusd, 900), bob, LONG).await;
    bob_has(b, on_b, 1000).await;
    send((a, b), &alice, (tusd, 500), bob, LONG).await;
    send((a, b), &alice, (tusd, 7), bob, LONG).await;
    // The small one passes the one that waits.
    bob_has(b, on_b, 1007).await;
    let lifted = [&set[..], &["--in", "none"]].concat();
    ordered(scene, &lifted).await;
    bob_has(b, on_b, 1507).await;

    // Over the limit, nothing leaves, and the command says why.
    let route = ["--on", "alpha", "--with", "beta"];
    let address = scene.token.to_string();
    let set = [&["limits", "set"], &route[..], &["--token", &address]].concat();
    ordered(scene, &[&set[..], &["--out", "0.00001"]].concat()).await;
    let transfer = [
        "transfer", "--from", "alpha", "--to", "beta", "--token", &address, "--amount", "0.00002",
    ];
    let bob = bob.to_string();
    let refused = scene
        .causeway(&[&transfer[..], &["--receiver", &bob]].concat())
        .await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("ICS20LimitExceeded"), "{refused:?}");
    ordered(scene, &[&set[..], &["--out", "none"]].concat()).await;
}

async fn a_pause_makes_packets_wait(scene: &Scene, on_b: Token, bob: Address) {
    let (a, b, tusd) = (&scene.network.a, &scene.network.b, scene.tusd());
    let alice = a.account(roles::ALICE);
    for with in [&["--with", "alpha"][..], &[]] {
        let before = balance(b, on_b, bob).await;
        let pause = [&["pause", "--on", "beta"], with].concat();
        let done = ordered(scene, &pause).await;
        assert_eq!(done.len(), 2, "transfers and calls: {done:?}");
        assert_eq!(ordered(scene, &pause).await[0]["event"], "unchanged");
        send((a, b), &alice, (tusd, 30), bob, LONG).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(balance(b, on_b, bob).await, before, "it was delivered");
        ordered(scene, &[&["unpause", "--on", "beta"], with].concat()).await;
        let expected = before + U256::from(30);
        eventually("what waited is delivered", async || {
            (balance(b, on_b, bob).await == expected).then_some(())
        })
        .await;
    }
}

async fn held_transfers_are_released_vetoed_and_returned(
    scene: &Scene,
    route: &[&str; 4],
    on_b: Token,
    bob: Address,
) {
    let (a, b, tusd) = (&scene.network.a, &scene.network.b, scene.tusd());
    let alice = a.account(roles::ALICE);
    let token = format!("voucher:{}", scene.token);
    let hold = [
        "--token",
        &token,
        "--hold-from",
        "0.001",
        "--hold-for",
        "1h",
    ];
    ordered(scene, &[&["limits", "set"], &route[..], &hold].concat()).await;
    let before = balance(b, on_b, bob).await;
    let at_home = balance(a, tusd, alice.address()).await;
    for amount in [1000, 2000, 3000] {
        send((a, b), &alice, (tusd, amount), bob, LONG).await;
    }
    let held = ["transfers", "held", "--on", "beta"];
    let listed = eventually("three are held", async || {
        let list = ordered(scene, &held).await.remove(0);
        let transfers = list["transfers"].as_array().unwrap().clone();
        (transfers.len() == 3).then_some(transfers)
    })
    .await;
    assert_eq!(balance(b, on_b, bob).await, before);
    let id_of = |amount: &str| {
        let found = listed.iter().find(|transfer| transfer["amount"] == amount);
        found.unwrap()["id"].to_string()
    };
    let on = ["--on", "beta"];
    let early = operate(
        scene,
        &[&["transfers", "release", &id_of("1000")], &on[..]].concat(),
    )
    .await;
    assert!(
        early.code == 1 && early.stderr.contains("is held until"),
        "{early:?}"
    );
    for amount in ["2000", "3000"] {
        ordered(
            scene,
            &[&["transfers", "veto", &id_of(amount)], &on[..]].concat(),
        )
        .await;
    }
    let told = operate(scene, &held).await;
    assert!(
        told.stdout.contains("vetoed") && told.stdout.contains("held"),
        "{told:?}"
    );
    ordered(
        scene,
        &[&["transfers", "release", &id_of("2000")], &on[..]].concat(),
    )
    .await;
    assert_eq!(balance(b, on_b, bob).await, before + U256::from(2000));
    ordered(
        scene,
        &[&["transfers", "return", &id_of("3000")], &on[..]].concat(),
    )
    .await;
    eventually("Alice has back what was vetoed", async || {
        let has = balance(a, tusd, alice.address()).await;
        (has == at_home - U256::from(3000)).then_some(())
    })
    .await;

    let provider = b.chain.provider();
    let later = provider.raw_request::<_, Value>("evm_increaseTime".into(), [3600]);
    later.await.unwrap();
    eventually("the delay is over", async || {
        let release = ["transfers", "release", &id_of("1000")];
        // Anybody may.
        let outcome = scene.causeway(&[&release[..], &on].concat()).await;
        (outcome.code == 0).then_some(())
    })
    .await;
    assert_eq!(balance(b, on_b, bob).await, before + U256::from(3000));
    let list = ordered(scene, &held).await.remove(0);
    assert!(list["transfers"].as_array().unwrap().is_empty(), "{list}");
    let all = [&held[..], &["--all"]].concat();
    let list = ordered(scene, &all).await.remove(0);
    let list = list["transfers"].as_array().unwrap();
    let mut statuses: Vec<_> = list
        .iter()
        .map(|held| held["status"].as_str().unwrap())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, ["released", "released", "returned"]);
}
