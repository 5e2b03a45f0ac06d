//! What reverts, or cannot be paid, is told clearly and can be done later.

use alloy::primitives::{Address, U256};
use alloy::signers::local::PrivateKeySigner;
use causeway_swap::{Amount, Expiry};
use causeway_swap_service::{Lock, Locked, SwapChain as _};
use causeway_types::Timestamp;
use serde_json::json;

use crate::support::{
    Options, Party, World,
    world::{ALICE, BOB, named},
};

/// Code that reverts, whatever it is called with.
const REVERTS: &str = "0x5f5ffd";

#[tokio::test]
async fn a_claim_that_reverts_in_its_block_is_made_again_at_once() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    let (lock, secret) = world.lock(1).await;
    bob.side.watch(&lock, None);
    let at = alice.make(&lock).await;
    world.automine(false).await;
    let locked = Locked {
        lock: &lock,
        at: &at,
    };
    bob.side
        .claim(locked, &secret, lock.terms.expiry)
        .await
        .unwrap();
    // In the block, the contract turns out to be empty.
    let set = async |wei: &str| {
        world
            .rpc("anvil_setBalance", json!([world.contract, wei]))
            .await;
    };
    set("0x0").await;
    world.mine(1).await;
    assert_eq!(
        (
            world.nonce(BOB).await,
            world.state(at.parse().unwrap()).await
        ),
        (1, 2)
    );
    let error = bob
        .side
        .claim(locked, &secret, lock.terms.expiry)
        .await
        .unwrap_err();
    assert!(
        error.passes && error.message.contains("CoinRefused"),
        "{error}"
    );
    set("0x3e9").await;
    bob.side
        .claim(locked, &secret, lock.terms.expiry)
        .await
        .unwrap();
    world.mine(1).await;
    bob.watcher.spent(&lock).await;
    assert_eq!(world.nonce(BOB).await, 2);
}

#[tokio::test]
async fn a_lock_that_reverts_in_its_block_is_made_again_when_that_block_will_stay() {
    let world = World::new().await;
    let alice = Party::new(&world, ALICE).await;
    let token = world.token().await;
    let (first, _) = world.lock_of_token(1, token).await;
    let (lock, _) = world.lock_of_token(2, token).await;
    // The allowance is there.
    alice.make(&first).await;
    alice.side.watch(&lock, None);
    world.automine(false).await;
    alice.side.lock(&lock).await.unwrap();
    let code = world.rpc("eth_getCode", json!([token, "latest"])).await;
    world.rpc("anvil_setCode", json!([token, REVERTS])).await;
    world.mine(1).await;
    world.rpc("anvil_setCode", json!([token, code])).await;
    let sent = world.nonce(ALICE).await;
    for _ in 0..2 {
        let error = alice.side.lock(&lock).await.unwrap_err();
        assert!(
            error.passes && error.message.contains("when that block is final"),
            "{error}"
        );
    }
    assert_eq!((world.nonce(ALICE).await, world.waiting().await), (sent, 0));
    world.mine(3).await;
    world.automine(true).await;
    let at = crate::support::eventually(async || {
        alice.side.lock(&lock).await.ok()?;
        Some(alice.watcher.locked(&lock).await)
    })
    .await;
    assert_eq!(world.state(at.parse().unwrap()).await, 2);
    assert_eq!(world.nonce(ALICE).await, sent + 1);
}

#[tokio::test]
async fn an_account_that_cannot_pay_is_named_with_what_it_needs() {
    let world = World::new().await;
    let key = PrivateKeySigner::random();
    let poor = key.address();
    let options = Options {
        key: Some(key),
        ..Options::default()
    };
    let party = Party::with(&world, 9, options).await;
    let (mut lock, _) = world.lock(1).await;
    lock.terms.refunder = named(poor);
    party.side.watch(&lock, None);
    let error = party.side.lock(&lock).await.unwrap_err();
    assert!(error.passes, "{error}");
    for words in [&poor.to_string(), "too little coin", "send it some"] {
        assert!(error.message.contains(words), "{error}");
    }
    // Once it can, it does.
    world
        .rpc("anvil_setBalance", json!([poor, "0xde0b6b3a7640000"]))
        .await;
    party.side.lock(&lock).await.unwrap();
    party.watcher.locked(&lock).await;
}

#[tokio::test]
async fn tokens_that_are_not_there_are_not_locked() {
    let world = World::new().await;
    let alice = Party::new(&world, ALICE).await;
    let token = world.token().await;
    let (mut lock, _) = world.lock_of_token(1, token).await;
    lock.terms.amount = Amount::new(1_000_001);
    alice.side.watch(&lock, None);
    let error = alice.side.lock(&lock).await.unwrap_err();
    assert!(
        error.passes && error.message.contains("ERC20InsufficientBalance"),
        "{error}"
    );
    let (nothing, _) = world.lock_of_token(2, Address::repeat_byte(5)).await;
    alice.side.watch(&nothing, None);
    let error = alice.side.lock(&nothing).await.unwrap_err();
    assert!(error.message.contains("does not answer"), "{error}");
}

#[tokio::test]
async fn nothing_is_locked_too_near_its_expiry_or_by_another() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    let (mut lock, _) = world.lock(1).await;
    let head = alice.side.head().await.unwrap().time.as_secs();
    let refused = async |party: &Party, lock: &Lock| {
        party.side.watch(lock, None);
        let error = party.side.lock(lock).await.unwrap_err();
        party.side.forget(lock);
        assert!(!error.passes, "{error}");
        error.message
    };
    assert!(refused(&bob, &lock).await.contains("to make"));
    for left in [0, 60, 119] {
        lock.terms.expiry = Expiry::Time(Timestamp::from_secs(head + left));
        assert!(refused(&alice, &lock).await.contains("too late"));
    }
    assert_eq!(world.coin(world.contract).await, U256::ZERO);
    assert_eq!(world.nonce(ALICE).await, 0);
}
