//! Each chain takes back as many blocks as it may, one, two, and so on up to all that are not final:
//! with the send in them, with the delivery in them, and with the acknowledgement in them. Nothing is
//! minted before its lock is final, and every packet is delivered and acknowledged once.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use alloy::primitives::U256;
use causeway_ibc_evm::{Sent, Token};
use causeway_localnet::{Side, roles};
use common::{
    LONG, Scene,
    books::{Books, all_over, books},
    eventually, mining, send,
};

/// How many blocks must follow a block before it is final.
const DEPTH: u64 = 4;

/// Sends one unit, in a block of its own on a chain that stands still.
async fn send_one(scene: &Scene) -> Sent {
    let (a, b) = (&scene.network.a, &scene.network.b);
    let (alice, bob) = (a.account(roles::ALICE), b.account(roles::BOB).address());
    let _hurry = a.hurry();
    send((a, b), &alice, (Token::Native, 1), bob, LONG).await
}

async fn a_transaction_waits(side: &Side) {
    eventually(
        "a transaction of the relayer waits for a block",
        async || (mining::waiting(side).await > 0).then_some(()),
    )
    .await;
}

/// Waits until the relayer has seen this fact of the packet.
async fn seen(scene: &Scene, sent: &Sent, fact: &str) {
    eventually(fact, async || {
        let story = scene.story_of(&scene.network.a, sent).await?;
        let facts = story["facts"].as_array().unwrap();
        facts.iter().any(|seen| seen["fact"] == fact).then_some(())
    })
    .await;
}

/// What is locked on alpha and minted on beta.
async fn balance_sheet(scene: &Scene) -> (U256, U256) {
    let Books { locked, minted } = books((&scene.network.a, &scene.network.b), Token::Native).await;
    (locked, minted)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_not_final_may_be_taken_back_at_every_depth() {
    let scene = Scene::set_and_run(|options| options.depth = DEPTH).await;
    let (a, b) = (&scene.network.a, &scene.network.b);
    // The description of the coin travels before the story begins.
    let bob = b.account(roles::BOB).address();
    let coin = (Token::Native, 1);
    send((a, b), &a.account(roles::ALICE), coin, bob, LONG).await;
    all_over((a, b)).await;
    for side in [a, b] {
        mining::stand_still(side).await;
        mining::mine(side, 2 * DEPTH).await;
    }

    for depth in 1..=DEPTH {
        let one = U256::from(1);
        let so_far = U256::from(depth);
        assert_eq!(balance_sheet(&scene).await, (so_far, so_far));

        // The send is gone, and nothing was minted for it.
        let gone = send_one(&scene).await;
        mining::mine(a, depth - 1).await;
        seen(&scene, &gone, "sent").await;
        assert_eq!(mining::waiting(b).await, 0, "delivered before finality");
        mining::reorg(a, depth, &[]).await;
        assert_eq!(balance_sheet(&scene).await, (so_far, so_far), "{depth}");

        // The delivery is gone, and made again.
        let sent = send_one(&scene).await;
        assert_eq!(sent.packet.sequence, gone.packet.sequence);
        mining::mine(a, DEPTH).await;
        a_transaction_waits(b).await;
        mining::mine(b, depth).await;
        let after = (so_far + one, so_far + one);
        assert_eq!(balance_sheet(&scene).await, after, "{depth}");
        seen(&scene, &sent, "received").await;
        assert_eq!(mining::waiting(a).await, 0, "acknowledged before finality");
        mining::reorg(b, depth, &[]).await;
        assert_eq!(
            balance_sheet(&scene).await,
            (so_far + one, so_far),
            "{depth}"
        );

        // The acknowledgement is gone, and made again.
        let beat = mining::go_on(b);
        a_transaction_waits(a).await;
        drop(beat);
        assert_eq!(balance_sheet(&scene).await, after, "{depth}");
        mining::mine(a, depth).await;
        seen(&scene, &sent, "acknowledged").await;
        mining::reorg(a, depth, &[]).await;
        let beat = mining::go_on(a);
        all_over((a, b)).await;
        seen(&scene, &sent, "acknowledged").await;
        drop(beat);
        mining::mine(a, 2 * DEPTH).await;
    }
    let tally = all_over((a, b)).await;
    assert_eq!(tally.acknowledged, usize::try_from(DEPTH).unwrap() + 2);
    scene.network.stop().await.unwrap();
}
