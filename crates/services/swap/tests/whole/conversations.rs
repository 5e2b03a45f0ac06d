//! Strangers and other parties who say what they should not.

use alloy_primitives::B256;
use causeway_swap::{Phase, SwapId};
use serde_json::{Value, json};

use crate::support::{
    Moves, Setup, Who, World,
    stranger::{Stranger, Talker},
};

const SEED: [u8; 32] = [0x99; 32];

fn asks_to_claim(secret: u8) -> Value {
    json!({ "talk": "asks_to_claim", "secret": B256::repeat_byte(secret), "request": "" })
}

fn asks_for_refund() -> Value {
    json!({ "talk": "asks_for_refund", "request": "" })
}

fn answers(what: &str) -> Value {
    json!({ "talk": "answers", "what": what, "answer": "00" })
}

/// Fails unless the last words were refused because of this.
fn refused(answer: Option<Value>, words: &str) {
    let answer = answer.expect("the other end hung up");
    let reason = answer["reason"].as_str().unwrap_or_default();
    assert_eq!(answer["frame"], "refused", "{answer}");
    assert!(reason.contains(words), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_heard_about_a_swap_of_others() {
    let mut world = World::new(Setup::COINS_FIRST).await;
    let before = world.purses().await;
    let stranger = Stranger::new(&world, SEED);
    let swap = world.agree().await;
    world.hold_what_waits(causeway_swap::Leg::Second).await;
    let mut talker = Talker::introduced(&world, &stranger.key).await;
    let record = world.maker.record(swap).await;
    for talk in [
        asks_to_claim(1),
        asks_for_refund(),
        answers("claim"),
        answers("refund"),
    ] {
        let unknown = SwapId(B256::repeat_byte(1));
        // Whether there is such a swap is not told either.
        for swap in [swap, unknown] {
            let answer = talker.say(&stranger.key, swap, &talk).await;
            refused(answer, &format!("there is no swap {swap} here"));
        }
    }
    let now = world.maker.record(swap).await;
    assert_eq!((now.swap, now.asked), (record.swap, record.asked));
    world.flow(causeway_swap::Leg::Second);
    world.complete(swap).await;
    let moves = world.all_moves(before).await;
    assert_eq!(moves, [Moves::INITIATED, Moves::RESPONDED]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_changes_nothing() {
    let mut world = World::new(Setup::COINS_FIRST).await;
    world.taker.stop().await;
    let stranger = Stranger::new(&world, SEED);
    let swap = stranger.agree(&world, 1).await;
    let record = world.maker.record(swap).await;
    let mut talker = Talker::introduced(&world, &stranger.key).await;
    for (talk, words) in [
        (answers("claim"), "no claim was asked for"),
        (answers("refund"), "no refund was asked for"),
        (json!({}), "missing field"),
        (json!({ "talk": "sings" }), "unknown variant"),
        (
            json!({ "talk": "answers", "what": "both", "answer": "" }),
            "unknown variant",
        ),
        (
            json!({ "talk": "asks_for_refund", "request": "", "now": true }),
            "unknown field",
        ),
    ] {
        let answer = talker.say(&stranger.key, swap, &talk).await;
        refused(answer, words);
    }
    assert_eq!(world.maker.record(swap).await, record);

    // A secret proves itself, or is none; and there is nothing to sign yet.
    let heard = talker.say(&stranger.key, swap, &asks_to_claim(2)).await;
    assert_eq!(heard.unwrap()["frame"], "heard");
    world.a_while().await;
    let now = world.maker.record(swap).await;
    assert_eq!(now.swap.facts().secret, None);
    assert!(!now.swap.facts().secret_is_out);
    assert_eq!(now.swap.intents(), record.swap.intents());
    assert_eq!(now.swap.wanted(), record.swap.wanted());

    // Whoever talks on and on is cut off.
    let long = json!({ "talk": "asks_for_refund", "request": "0".repeat(40_000) });
    assert_eq!(talker.say(&stranger.key, swap, &long).await, None);
}

/// A secret that is shown before there is anything to lose for it makes a responder lock nothing.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_locked_for_a_secret_that_is_out_already() {
    let mut world = World::new(Setup::COINS_FIRST).await;
    let before = world.purse(Who::Maker).await;
    world.taker.stop().await;
    let stranger = Stranger::new(&world, SEED);
    let swap = stranger.agree(&world, 1).await;
    let mut talker = Talker::introduced(&world, &stranger.key).await;
    let heard = talker.say(&stranger.key, swap, &asks_to_claim(1)).await;
    assert_eq!(heard.unwrap()["frame"], "heard");
    let script = world.script_of_first_lock(swap).await;
    world.pay(&script, crate::support::AMOUNT_OF_COINS).await;
    world
        .until("the free lunch is eaten", async |world| {
            world.maker.record(swap).await.swap.phase() == Phase::Done
        })
        .await;
    let moves = world.moves(Who::Maker, before).await;
    assert_eq!(moves.first, crate::support::Moved::Got);
    assert_eq!(moves.second, crate::support::Moved::Kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_conversation_cannot_be_had_again() {
    let mut world = World::new(Setup::COINS_FIRST).await;
    world.taker.stop().await;
    let stranger = Stranger::new(&world, SEED);
    let swap = stranger.agree(&world, 1).await;
    let mut talker = Talker::introduced(&world, &stranger.key).await;
    let heard = talker.say(&stranger.key, swap, &asks_to_claim(2)).await;
    assert_eq!(heard.unwrap()["frame"], "heard");
    let recorded = talker.sent.clone();
    assert_eq!(recorded.len(), 2);
    // On the same connection,
    talker.send(recorded[1].clone()).await;
    assert_eq!(talker.hear().await, None);
    // on another one,
    let mut replay = Talker::call(&world).await;
    replay.send(recorded[0].clone()).await;
    assert_eq!(replay.hear().await, None);
    // on another one of the same party,
    let mut replay = Talker::introduced(&world, &stranger.key).await;
    replay.send(recorded[1].clone()).await;
    assert_eq!(replay.hear().await, None);
    // and before anybody has said who it is.
    let mut replay = Talker::call(&world).await;
    replay.send(recorded[1].clone()).await;
    assert_eq!(replay.hear().await, None);
}
