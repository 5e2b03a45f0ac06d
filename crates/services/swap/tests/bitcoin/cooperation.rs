//! What both parties sign together.

use causeway_local_bitcoin::NodeKind;
use causeway_swap::{Expiry, LockForm, SpentBy};
use causeway_swap_service::{Locked, Sight, SwapChain as _, Together, bitcoin::BitcoinSide};
use serde_json::{Value, json};

use crate::support::{Eyes, VALUE, World, locked_at, secret};

const KINDS: [NodeKind; 2] = [NodeKind::Bitcoin, NodeKind::Litecoin];

/// One asks, the other answers, and the first has a transaction.
async fn sign(
    (asking, for_asking): (&BitcoinSide, Locked<'_>),
    (answering, for_answering): (&BitcoinSide, Locked<'_>),
    what: Together,
) -> String {
    let session = asking.ask(for_asking, what).await.unwrap().unwrap();
    let request = session.request();
    let answer = answering.answer(for_answering, what, &request).await;
    session.finish(&answer.unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_both_sign_is_mined_at_99_bytes_and_both_know_it_for_a_claim() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let pair = world.lock(LockForm::Taproot, 20).await;
        let (mut alice, mut bob) = (Eyes::of(&world.alice).await, Eyes::of(&world.bob).await);
        world.alice.side.watch(&pair.alice, None);
        world.bob.side.watch(&pair.bob, None);
        let at = world.locked(&pair).await;
        let (for_alice, for_bob) = (pair.for_alice(&at), pair.for_bob(&at));
        let (asking, answering) = (&world.bob.side, &world.alice.side);
        let signed = sign((asking, for_bob), (answering, for_alice), Together::Claim).await;
        asking
            .spend_together(for_bob, Together::Claim, &signed)
            .await
            .unwrap();
        let claim = world.only_pending().await;
        // Once more does no harm.
        asking
            .spend_together(for_bob, Together::Claim, &signed)
            .await
            .unwrap();
        assert_eq!(world.only_pending().await, claim);
        world.mine(1).await;
        assert_eq!(world.size_in_newest_block(claim).await, 99);
        let claimed = Sight::Spent(SpentBy::Claim { secret: None });
        let expected = [locked_at(&at, VALUE), claimed];
        let height = world.height().await;
        assert_eq!(alice.see(height).await, expected);
        assert_eq!(bob.see(height).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_both_sign_is_mined_at_99_bytes_before_the_expiry() {
    for kind in KINDS {
        let world = World::new(kind).await;
        let pair = world.lock(LockForm::Taproot, 20).await;
        let (mut alice, mut bob) = (Eyes::of(&world.alice).await, Eyes::of(&world.bob).await);
        world.alice.side.watch(&pair.alice, None);
        world.bob.side.watch(&pair.bob, None);
        let at = world.locked(&pair).await;
        let (for_alice, for_bob) = (pair.for_alice(&at), pair.for_bob(&at));
        let (asking, answering) = (&world.alice.side, &world.bob.side);
        let signed = sign((asking, for_alice), (answering, for_bob), Together::Refund).await;
        asking
            .spend_together(for_alice, Together::Refund, &signed)
            .await
            .unwrap();
        let refund = world.only_pending().await;
        world.mine(1).await;
        assert_eq!(world.size_in_newest_block(refund).await, 99);
        let expected = [locked_at(&at, VALUE), Sight::Spent(SpentBy::Refund)];
        let height = world.height().await;
        assert_eq!(alice.see(height).await, expected);
        assert_eq!(bob.see(height).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_is_signed_with_another_nonce_each_time() {
    let world = World::new(NodeKind::Bitcoin).await;
    let pair = world.lock(LockForm::Taproot, 20).await;
    let at = world.locked(&pair).await;
    let (for_alice, for_bob) = (pair.for_alice(&at), pair.for_bob(&at));
    let session = world.bob.side.ask(for_bob, Together::Claim).await;
    let session = session.unwrap().unwrap();
    let request = session.request();
    let mut nonces = Vec::new();
    for _ in 0..2 {
        let answer = world
            .alice
            .side
            .answer(for_alice, Together::Claim, &request);
        let answer: Value = serde_json::from_str(&answer.await.unwrap()).unwrap();
        nonces.push(answer["nonce"].clone());
    }
    assert_ne!(nonces[0], nonces[1]);
    // And whoever asks again begins anew.
    let other = world.bob.side.ask(for_bob, Together::Claim).await;
    assert_ne!(other.unwrap().unwrap().request(), request);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_answers_are_read_strictly() {
    let world = World::new(NodeKind::Bitcoin).await;
    let pair = world.lock(LockForm::Taproot, 20).await;
    let at = world.locked(&pair).await;
    let (for_alice, for_bob) = (pair.for_alice(&at), pair.for_bob(&at));
    let ask = || async {
        let session = world.bob.side.ask(for_bob, Together::Claim).await;
        session.unwrap().unwrap()
    };
    let session = ask().await;
    let request: Value = serde_json::from_str(&session.request()).unwrap();
    let changes = [
        ("a field too many", "note", json!(1)),
        ("no payee", "payee", json!("")),
        ("a long payee", "payee", json!("00".repeat(101))),
        ("no script", "payee", json!("zz")),
        ("no rate", "rate", json!(0)),
        ("too high a rate", "rate", json!(2_500_001)),
        ("a rate below nothing", "rate", json!(-1)),
        ("a short nonce", "nonce", json!("00")),
        ("a nonce that is none", "nonce", json!("11".repeat(66))),
    ];
    for (what, field, value) in changes {
        let mut changed = request.clone();
        changed[field] = value;
        let text = changed.to_string();
        let answer = world
            .alice
            .side
            .answer(for_alice, Together::Claim, &text)
            .await;
        assert!(!answer.expect_err(what).passes, "{what}");
    }
    for text in [String::new(), "{}".to_owned(), "[".repeat(10_000)] {
        let answer = world.alice.side.answer(for_alice, Together::Claim, &text);
        assert!(!answer.await.unwrap_err().passes);
        let finished = ask().await.finish(&text).await;
        assert!(finished.unwrap_err().passes);
    }
    // An answer to another session, and our own words sent back.
    let request = session.request();
    let answer = world
        .alice
        .side
        .answer(for_alice, Together::Claim, &request);
    let answer = answer.await.unwrap();
    assert!(ask().await.finish(&answer).await.unwrap_err().passes);
    session.finish(&answer).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_parties_of_a_taproot_lock_ask_and_answer_each_for_their_own() {
    let world = World::new(NodeKind::Bitcoin).await;
    let pair = world.lock(LockForm::Taproot, 20).await;
    let at = world.locked(&pair).await;
    let (for_alice, for_bob) = (pair.for_alice(&at), pair.for_bob(&at));
    let session = world.bob.side.ask(for_bob, Together::Claim).await;
    let request = session.unwrap().unwrap().request();
    // Bob does not sign his own claim for himself, nor does Alice ask for it.
    let answer = world
        .bob
        .side
        .answer(for_bob, Together::Claim, &request)
        .await;
    assert!(!answer.unwrap_err().passes);
    assert!(
        world
            .alice
            .side
            .ask(for_alice, Together::Claim)
            .await
            .is_err()
    );
    assert!(world.bob.side.ask(for_bob, Together::Refund).await.is_err());
    let script = world.lock_numbered(LockForm::WitnessScript, 20, 1).await;
    let at = world.locked(&script).await;
    let asked = world
        .bob
        .side
        .ask(script.for_bob(&at), Together::Claim)
        .await;
    let Err(error) = asked else {
        panic!("there is no key path")
    };
    assert!(
        !error.passes && error.message.contains("taproot"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_by_the_script_takes_the_place_of_one_that_both_signed() {
    let world = World::new(NodeKind::Bitcoin).await;
    let pair = world.lock(LockForm::Taproot, 5).await;
    let at = world.locked(&pair).await;
    let (for_alice, for_bob) = (pair.for_alice(&at), pair.for_bob(&at));
    let (asking, answering) = (&world.bob.side, &world.alice.side);
    let signed = sign((asking, for_bob), (answering, for_alice), Together::Claim).await;
    asking
        .spend_together(for_bob, Together::Claim, &signed)
        .await
        .unwrap();
    let together = world.only_pending().await;
    world.mine_empty().await;
    // The expiry is near, and a block has gone by without it.
    let before = Expiry::Height(pair.expiry());
    asking.claim(for_bob, &secret(), before).await.unwrap();
    let alone = world.only_pending().await;
    assert_ne!(alone, together);
    // What was signed before is sent again and does not come back.
    asking
        .spend_together(for_bob, Together::Claim, &signed)
        .await
        .unwrap();
    assert_eq!(world.only_pending().await, alone);
    world.mine(1).await;
    assert_eq!(world.size_in_newest_block(alone).await, 143);
}
