//! Taking back before the expiry, with the claimer's consent.

use alloy::primitives::{Address, U256};
use causeway_swap::SpentBy;
use causeway_swap_service::{Locked, SwapChain as _, Together};
use serde_json::json;

use crate::support::{
    Party, World,
    world::{ALICE, BOB, named},
};

#[tokio::test]
async fn what_the_claimer_consents_to_is_taken_back_at_once_and_for_good() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    let (lock, _) = world.lock(1).await;
    bob.side.watch(&lock, None);
    let at = alice.make(&lock).await;
    let locked = Locked {
        lock: &lock,
        at: &at,
    };
    let refund = Together::Refund;
    assert!(alice.side.ask(locked, refund).await.unwrap().is_none());
    let answer = bob.side.answer(locked, refund, "").await.unwrap();
    assert_eq!(bob.side.answer(locked, refund, "").await.unwrap(), answer);
    let signed = alice
        .side
        .check_answer(locked, refund, &answer)
        .await
        .unwrap();
    for _ in 0..2 {
        alice
            .side
            .spend_together(locked, refund, &signed)
            .await
            .unwrap();
        assert_eq!(bob.watcher.spent(&lock).await, SpentBy::Refund);
    }
    assert_eq!(world.coin(world.contract).await, U256::ZERO);
    // The terms are refused for ever.
    alice.side.lock(&lock).await.unwrap();
    assert_eq!(world.nonce(ALICE).await, 2);
}

#[tokio::test]
async fn what_is_not_the_claimers_consent_to_this_lock_is_refused() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    let (lock, _) = world.lock(1).await;
    let (other, _) = world.lock(2).await;
    let (at, at_other) = (alice.make(&lock).await, alice.make(&other).await);
    let locked = Locked {
        lock: &lock,
        at: &at,
    };
    let refund = Together::Refund;
    let of_other = Locked {
        lock: &other,
        at: &at_other,
    };
    let of_other = bob.side.answer(of_other, refund, "").await.unwrap();
    let answer = bob.side.answer(locked, refund, "").await.unwrap();
    let half = answer[..66].to_owned();
    for wrong in [
        &of_other,
        &half,
        "0x",
        "",
        "no",
        &"0x00".repeat(65),
        &"f".repeat(100_000),
    ] {
        let error = alice
            .side
            .check_answer(locked, refund, wrong)
            .await
            .unwrap_err();
        assert!(
            !error.passes && error.message.contains("consent"),
            "{error}"
        );
    }
    let error = alice.side.answer(locked, refund, "").await.unwrap_err();
    assert!(error.message.contains("not ours"), "{error}");
    // Whatever was stored, the contract decides.
    let error = alice
        .side
        .spend_together(locked, refund, &of_other)
        .await
        .unwrap_err();
    assert!(
        !error.passes && error.message.contains("WrongSignature"),
        "{error}"
    );
    for claim in [
        alice.side.ask(locked, Together::Claim).await.err(),
        bob.side.answer(locked, Together::Claim, "").await.err(),
        alice
            .side
            .check_answer(locked, Together::Claim, &answer)
            .await
            .err(),
        bob.side
            .spend_together(locked, Together::Claim, &answer)
            .await
            .err(),
    ] {
        assert!(!claim.unwrap().passes);
    }
    assert_eq!(world.nonce(ALICE).await, 2);
}

#[tokio::test]
async fn a_claimer_that_is_a_contract_consents_by_its_own_rules() {
    let world = World::new().await;
    let alice = Party::new(&world, ALICE).await;
    let refund = Together::Refund;
    // Answers with the magic value of ERC-1271 whatever it is asked, and with nothing.
    let cases = [("0x631626ba7e60e01b5f5260205ff3", true), ("0x00", false)];
    for (number, (code, consents)) in (1..).zip(cases) {
        let claimer = Address::repeat_byte(0xc0 + number);
        world.rpc("anvil_setCode", json!([claimer, code])).await;
        let (mut lock, _) = world.lock(number).await;
        lock.terms.claimer = named(claimer);
        let at = alice.make(&lock).await;
        let locked = Locked {
            lock: &lock,
            at: &at,
        };
        let checked = alice.side.check_answer(locked, refund, "0x010203").await;
        assert_eq!(checked.is_ok(), consents, "{checked:?}");
        let spent = alice.side.spend_together(locked, refund, "0x010203").await;
        assert_eq!(spent.is_ok(), consents, "{spent:?}");
    }
}
