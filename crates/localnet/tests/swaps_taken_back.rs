//! Swaps that come to nothing: what was locked comes back, by consent or when its time lock ends, and also
//! when the party is gone for ever and a watchtower stands in for it.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::process::Stdio;

use causeway_local_bitcoin::NodeKind;
use causeway_localnet::Party;
use common::{eventually, swaps::SwapScene};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Child,
};

/// More than fees come to, in satoshis and in wei.
const SATOSHIS: u128 = 1_000_000;
const WEI: u128 = 10_000_000_000_000_000;

/// An amount of the asset that the taker gets.
const ETHER: (&str, &str) = ("eip155", "0.5");
const COINS: (&str, &str) = ("bip122", "10");
/// What the maker wants for that ether, in satoshis: 25 coins each and half a per cent.
const PRICE_OF_ETHER: u128 = 1_256_250_000;
/// What the maker wants for those coins, in wei: 0.04 ether each and half a per cent.
const PRICE_OF_COINS: u128 = 402_000_000_000_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_that_was_interrupted_and_one_that_was_killed_are_gone_on_with() {
    let scene = SwapScene::set(NodeKind::Bitcoin).await;
    let satoshis = scene.satoshis(Party::Taker).await;
    let wei = scene.wei(Party::Taker).await;
    let (mut take, swap) = take(&scene, ETHER).await;
    let mut told = BufReader::new(take.stdout.take().unwrap()).lines();
    let told = told.next_line().await.unwrap().unwrap();
    assert!(told.contains("agreed"), "{told}");
    // As Ctrl-C does.
    let pid = Pid::from_raw(i32::try_from(take.id().unwrap()).unwrap());
    kill_process(pid.unwrap(), Signal::INT).unwrap();
    assert_eq!(take.wait().await.unwrap().code(), Some(1));
    let mut resume = scene.swaps.command(Party::Taker, &["swap", "resume"]);
    resume.stdout(Stdio::null()).stderr(Stdio::null());
    let mut resume = resume.spawn().unwrap();
    shows(&scene, &swap, "our lock", |shown| {
        shown["legs"][0]["lock"].is_string()
    })
    .await;
    // As a power cut does.
    resume.kill().await.unwrap();
    let resumed = scene.run(Party::Taker, &["swap", "resume", &swap]).await;
    assert_eq!(resumed.code, 0, "{resumed:?}");
    assert!(resumed.stdout.contains("claimed for good"), "{resumed:?}");
    let (gave, got) = (PRICE_OF_ETHER, 500_000_000_000_000_000);
    back(
        satoshis - gave,
        scene.satoshis(Party::Taker).await,
        SATOSHIS,
    );
    back(wei + got, scene.wei(Party::Taker).await, WEI);
    scene.swaps.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_maker_that_is_there_lets_the_taker_take_back_at_once() {
    let mut scene = SwapScene::set(NodeKind::Bitcoin).await;
    let before = scene.satoshis(Party::Taker).await;
    // Without blocks the taker's lock does not become final, and the maker does not lock.
    scene.swaps.stop_mining();
    let (mut take, swap) = take(&scene, ETHER).await;
    one_waits_for_a_block(&scene, "the lock").await;
    scene.swaps.coins().mine(1).await.unwrap();
    shows(&scene, &swap, "a lock in one block", |shown| {
        shown["phase"] == "lock1_intent" && shown["legs"][0]["confirmations"] == 1
    })
    .await;
    // Whoever works on the swap does it; nobody else has to wait for the store.
    let refund = ["swap", "refund", &swap, "--json"];
    let refund = scene.run(Party::Taker, &refund).await;
    assert_eq!(refund.code, 1, "{refund:?}");
    let told: Value = serde_json::from_str(&refund.stderr).unwrap();
    assert_eq!(told["error"]["field"], "store", "{told}");
    let remedy = told["error"]["remedy"].as_str().unwrap();
    assert!(remedy.contains("has been told to end the swap"), "{told}");
    // The maker's signature is asked for before blocks come again.
    is_in(&scene, &swap, "refunding").await;
    one_waits_for_a_block(&scene, "the refund that both have signed").await;
    scene.swaps.keep_mining();
    assert_eq!(take.wait().await.unwrap().code(), Some(3));
    // The time lock has hundreds of blocks left.
    let shown = shown(&scene, Party::Taker, &swap).await;
    let expires = shown["legs"][0]["expires"].as_str().unwrap();
    let expires: u64 = expires.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(scene.swaps.coins().height().await.unwrap() + 100 < expires);
    back(before, scene.satoshis(Party::Taker).await, SATOSHIS);
    scene.swaps.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_locked_for_a_maker_that_is_gone_comes_back_when_its_time_is_over() {
    let mut scene = SwapScene::set(NodeKind::Litecoin).await;
    let satoshis = scene.satoshis(Party::Taker).await;
    let wei = scene.wei(Party::Taker).await;
    // Who gets ether has locked coins, and the other way round.
    for what in [ETHER, COINS] {
        let swaps = locked_with_nobody(&mut scene, &[what]).await;
        let swap = &swaps[0];
        let refund = refund(&scene, swap);
        is_in(&scene, swap, "refunding").await;
        if what == ETHER {
            scene.locks_of_coins_expire().await;
        } else {
            scene.locks_of_ether_expire().await;
        }
        ends_refunded(refund).await;
        scene.swaps.start_maker().await.unwrap();
    }
    back(satoshis, scene.satoshis(Party::Taker).await, SATOSHIS);
    back(wei, scene.wei(Party::Taker).await, WEI);
    // Asked once more, there is nothing to take back.
    let swap = scene.known(Party::Taker).await[0]["swap"].clone();
    let again = scene
        .run(Party::Taker, &["swap", "refund", swap.as_str().unwrap()])
        .await;
    assert_eq!(again.code, 2, "{again:?}");
    assert!(again.stderr.contains("nothing to take back"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watchtower_takes_back_for_a_taker_that_never_returns() {
    let mut scene = SwapScene::set(NodeKind::Litecoin).await;
    let satoshis = scene.satoshis(Party::Taker).await;
    let wei = scene.wei(Party::Taker).await;
    let swaps = locked_with_nobody(&mut scene, &[ETHER, COINS]).await;
    let files = ["one.json", "two.json"];
    for (swap, file) in swaps.iter().zip(files) {
        delegated(&scene, swap, file).await;
    }
    let tower = tower(&scene, &files);
    is_watched(&scene, 2).await;
    scene.all_locks_expire().await;
    let ended = tower.wait_with_output().await.unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let told = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(told.matches("\"over\"").count(), 2, "{told}");
    // The taker's own store knows nothing of it; its coins are there.
    back(satoshis, scene.satoshis(Party::Taker).await, SATOSHIS);
    back(wei, scene.wei(Party::Taker).await, WEI);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watchtower_claims_for_a_taker_that_never_returns() {
    let mut scene = SwapScene::set(NodeKind::Litecoin).await;
    scene.maker_locks_first().await;
    let satoshis = scene.satoshis(Party::Taker).await;
    let wei = scene.wei(Party::Taker).await;
    let (mut take, swap) = take(&scene, COINS).await;
    // The maker has locked, and does not show the secret before it comes back.
    shows(&scene, &swap, "the maker's lock", |shown| {
        shown["legs"][0]["lock"].is_string()
    })
    .await;
    scene.swaps.kill_maker().await.unwrap();
    shows(&scene, &swap, "both locks", |shown| {
        shown["legs"][0]["is_final"] == true && shown["legs"][1]["is_final"] == true
    })
    .await;
    let told = delegated(&scene, &swap, "watch.json").await;
    assert_eq!(told["claims"], true, "{told}");
    take.kill().await.unwrap();
    let tower = tower(&scene, &["watch.json"]);
    is_watched(&scene, 1).await;
    scene.swaps.start_maker().await.unwrap();
    let ended = tower.wait_with_output().await.unwrap();
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    // As the taker's own store has it, nothing was claimed; as the chains have it, all was.
    let shown = shown(&scene, Party::Taker, &swap).await;
    assert_eq!(shown["settled"], false, "{shown}");
    let (gave, got) = (PRICE_OF_COINS, 1_000_000_000);
    back(wei - gave, scene.wei(Party::Taker).await, WEI);
    back(satoshis + got, scene.satoshis(Party::Taker).await, SATOSHIS);
}

/// Begins to take an offer, and gives back the command once the swap is agreed on.
async fn take(scene: &SwapScene, (gives_on, get): (&str, &str)) -> (Child, String) {
    let known = scene.known(Party::Taker).await.len();
    let offer = scene.swaps.offer(gives_on).await.unwrap();
    let maker = scene.swaps.maker_url();
    let arguments = [
        "swap", "take", "--maker", &maker, "--offer", &offer, "--get", get,
    ];
    let mut command = scene.swaps.command(Party::Taker, &arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    let swap = eventually("the swap is agreed on", async || {
        let swaps = scene.known(Party::Taker).await;
        let swap = swaps.first().filter(|_| swaps.len() > known)?;
        Some(swap["swap"].as_str().unwrap().to_owned())
    })
    .await;
    (child, swap)
}

/// Swaps for which the taker alone has locked: the maker is killed before any lock is final, and so is the
/// taker's command after that.
async fn locked_with_nobody(scene: &mut SwapScene, all: &[(&str, &str)]) -> Vec<String> {
    // Nothing is mined on either chain until the maker is gone.
    scene.hold_blocks().await;
    let mut swaps = Vec::new();
    let mut newest = None;
    for what in all {
        // Dropped, the one before is killed; the next goes on with its swap as well.
        drop(newest.take());
        let (command, swap) = take(scene, *what).await;
        newest = Some(command);
        swaps.push(swap);
    }
    scene.swaps.kill_maker().await.unwrap();
    scene.let_blocks_come().await;
    for swap in &swaps {
        is_in(scene, swap, "lock1_final").await;
    }
    if let Some(mut command) = newest {
        command.kill().await.unwrap();
    }
    swaps
}

fn refund(scene: &SwapScene, swap: &str) -> Child {
    let mut command = scene.swaps.command(Party::Taker, &["swap", "refund", swap]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// The command ends as one about a transfer that was refunded.
async fn ends_refunded(refund: Child) {
    let ended = refund.wait_with_output().await.unwrap();
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    let told = String::from_utf8(ended.stdout).unwrap();
    assert!(told.contains("\"refunded_final\""), "{told}");
    let error = String::from_utf8(ended.stderr).unwrap();
    assert!(error.contains("nothing was lost but fees"), "{error}");
}

async fn shown(scene: &SwapScene, party: Party, swap: &str) -> Value {
    let shown = scene.lines(party, &["swap", "show", swap]).await;
    shown.into_iter().next().unwrap()
}

/// Waits until the taker's swap looks so.
async fn shows(scene: &SwapScene, swap: &str, what: &str, looks: impl Fn(&Value) -> bool) {
    eventually(what, async || {
        looks(&shown(scene, Party::Taker, swap).await).then_some(())
    })
    .await;
}

async fn is_in(scene: &SwapScene, swap: &str, phase: &str) {
    shows(scene, swap, phase, |shown| shown["phase"] == phase).await;
}

/// Waits until a transaction with coins has been sent and is in no block.
async fn one_waits_for_a_block(scene: &SwapScene, what: &str) {
    eventually(what, async || {
        let pool = scene.swaps.coins().ask("getrawmempool", json!([]));
        (pool.await.unwrap().as_array().unwrap().len() == 1).then_some(())
    })
    .await;
}

/// Writes down what a watchtower needs, and gives back what was said.
async fn delegated(scene: &SwapScene, swap: &str, file: &str) -> Value {
    let arguments = ["swap", "delegate", swap, "--out", file];
    let told = scene.lines(Party::Taker, &arguments).await;
    assert_eq!(told[0]["event"], "written", "{told:?}");
    assert_eq!(told[0]["refunds"], true, "{told:?}");
    told[0].clone()
}

fn tower(scene: &SwapScene, files: &[&str]) -> Child {
    let arguments = [&["swap", "tower"], files].concat();
    let mut command = scene.swaps.command(Party::Tower, &arguments);
    command
        .current_dir(scene.scene.network.dir())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits until the tower's store holds so many watches.
async fn is_watched(scene: &SwapScene, many: usize) {
    let config = scene.swaps.config_path(Party::Tower);
    let url = format!("sqlite://{}", config.with_extension("db").display());
    eventually("the tower watches", async || {
        let engine = causeway_engine::Engine::open_to_read(&url).await.ok()?;
        let ledger = causeway_swap_service::Ledger::new(engine);
        let open = ledger.watches(true).await.ok()?;
        (open.len() == many).then_some(())
    })
    .await;
}

/// Checks that an amount is what it is to be but for fees.
fn back(wanted: u128, is: u128, fees: u128) {
    assert!((wanted - fees..=wanted).contains(&is), "{is}, not {wanted}");
}
