//! Chains take blocks back before they are final: what was sent in them is never minted, what was
//! sent again in another block is delivered once, and what was delivered in them is delivered again.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use alloy::primitives::U256;
use causeway_ibc_evm::{Sent, Token};
use causeway_localnet::{Side, roles};
use common::{
    LONG, Scene,
    books::{Books, Tally, all_over, balance, books, events},
    eventually, mining, send,
};

/// How many blocks must follow a block before it is final.
const DEPTH: u64 = 5;

/// A network whose chains have finality.
async fn scene() -> Scene {
    let scene = Scene::set_and_run(|options| options.depth = DEPTH).await;
    // The descriptions of tokens travel before the story begins, and what it counts is transfers.
    let (a, b) = (&scene.network.a, &scene.network.b);
    let bob = b.account(roles::BOB).address();
    let alice = a.account(roles::ALICE);
    send((a, b), &alice, (scene.tusd(), 1), bob, LONG).await;
    assert_eq!(all_over((a, b)).await.acknowledged, 2);
    scene
}

/// Sends on a chain that stands still, with two blocks on top: not final by far.
async fn send_before_finality(scene: &Scene, amount: u64) -> Sent {
    let (a, b) = (&scene.network.a, &scene.network.b);
    mining::stand_still(a).await;
    let hurry = a.hurry();
    let (alice, bob) = (a.account(roles::ALICE), b.account(roles::BOB).address());
    let sent = send((a, b), &alice, (scene.tusd(), amount), bob, LONG).await;
    drop(hurry);
    mining::mine(a, 2).await;
    eventually("the relayer has seen the packet", async || {
        (phase(scene, a, &sent).await? == "observed").then_some(())
    })
    .await;
    sent
}

async fn phase(scene: &Scene, source: &Side, sent: &Sent) -> Option<String> {
    let story = scene.story_of(source, sent).await?;
    Some(story["phase"].as_str().unwrap().to_owned())
}

/// How many blocks must be taken back for this one to go.
async fn blocks_since(side: &Side, height: u64) -> u64 {
    mining::height(side).await - height + 1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_is_taken_back_is_never_minted_and_its_packet_vanishes() {
    let scene = scene().await;
    let (a, b, tusd) = (&scene.network.a, &scene.network.b, scene.tusd());
    let alice = a.account(roles::ALICE).address();
    let before = balance(a, tusd, alice).await;

    let sent = send_before_finality(&scene, 70).await;
    mining::reorg(a, blocks_since(a, sent.height).await, &[]).await;
    assert_eq!(
        balance(a, tusd, alice).await,
        before,
        "the send is still there"
    );
    mining::mine(a, 4 * DEPTH).await;
    eventually("the packet vanishes", async || {
        phase(&scene, a, &sent).await.is_none().then_some(())
    })
    .await;

    // The next transfer takes the sequence of the one that is gone, and is not mistaken for it.
    let _beat = mining::go_on(a);
    let (account, bob) = (a.account(roles::ALICE), b.account(roles::BOB).address());
    let later = send((a, b), &account, (tusd, 9), bob, LONG).await;
    assert_eq!(later.packet.sequence, sent.packet.sequence);
    assert_eq!(all_over((a, b)).await.acknowledged, 3);
    assert_eq!(books((a, b), tusd).await, Books::balanced(1 + 9));
    assert_eq!(balance(a, tusd, alice).await, before - U256::from(9));
    let received = events(b).await;
    assert!(received.iter().all(|event| event.packet != sent.packet));
    scene.network.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_moves_to_another_block_is_delivered_once() {
    let scene = scene().await;
    let (a, b, tusd) = (&scene.network.a, &scene.network.b, scene.tusd());
    let sent = send_before_finality(&scene, 70).await;
    let raw = mining::raw_transaction(a, sent.tx).await;
    let blocks = blocks_since(a, sent.height).await;
    mining::reorg(a, blocks, &[(raw, 1)]).await;
    let _beat = mining::go_on(a);

    let expected = Tally {
        acknowledged: 3,
        ..Tally::default()
    };
    assert_eq!(all_over((a, b)).await, expected);
    assert_eq!(books((a, b), tusd).await, Books::balanced(1 + 70));
    let story = eventually("the relayer knows the end of it", async || {
        let story = scene.story_of(a, &sent).await?;
        (story["phase"] == "acknowledged").then_some(story)
    })
    .await;
    assert_eq!(story["facts"][0]["height"], sent.height + 1, "{story:#}");
    scene.network.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_is_taken_back_is_made_again_once() {
    let scene = scene().await;
    let (a, b, tusd) = (&scene.network.a, &scene.network.b, scene.tusd());
    mining::stand_still(b).await;
    let (alice, bob) = (a.account(roles::ALICE), b.account(roles::BOB).address());
    let sent = send((a, b), &alice, (tusd, 70), bob, LONG).await;
    eventually("the delivery waits for a block", async || {
        (mining::waiting(b).await > 0).then_some(())
    })
    .await;
    mining::mine(b, 3).await;
    let delivered = Books::balanced(1 + 70);
    assert_eq!(books((a, b), tusd).await, delivered, "not delivered");
    eventually("the relayer has seen its delivery", async || {
        let story = scene.story_of(a, &sent).await?;
        let facts = story["facts"].as_array().unwrap();
        facts
            .iter()
            .any(|fact| fact["fact"] == "received")
            .then_some(())
    })
    .await;

    mining::reorg(b, 3, &[]).await;
    let undone = Books {
        locked: U256::from(1 + 70),
        minted: U256::from(1),
    };
    assert_eq!(books((a, b), tusd).await, undone, "still delivered");
    let _beat = mining::go_on(b);
    assert_eq!(all_over((a, b)).await.acknowledged, 3);
    assert_eq!(books((a, b), tusd).await, delivered);
    let voucher = Token::Erc20(common::books::voucher((a, b), tusd).await.unwrap());
    assert_eq!(balance(b, voucher, bob).await, U256::from(1 + 70));
    scene.network.stop().await.unwrap();
}
