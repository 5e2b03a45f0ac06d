//! A lock from its making to its end.

use alloy::{
    primitives::{Address, U256},
    sol_types::SolCall as _,
};
use causeway_contracts::test_erc20::TestERC20;
use causeway_localnet::dev_key;
use causeway_swap::{Amount, SpentBy};
use causeway_swap_service::{Locked, Sight, SwapChain as _};
use causeway_types::AssetId;

use crate::support::{
    Party, World, eventually,
    world::{ALICE, BOB, TERM},
};

#[tokio::test]
async fn coin_is_locked_and_claimed_with_the_secret() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    let (lock, secret) = world.lock(1).await;
    alice.side.check(&lock.terms).unwrap();
    bob.side.check(&lock.terms).unwrap();
    bob.side.watch(&lock, None);
    let at = alice.make(&lock).await;
    assert_eq!(bob.watcher.locked(&lock).await, at);
    assert_eq!(world.coin(world.contract).await, U256::from(1_001));

    let locked = Locked {
        lock: &lock,
        at: &at,
    };
    bob.side
        .claim(locked, &secret, lock.terms.expiry)
        .await
        .unwrap();
    let by = SpentBy::Claim {
        secret: Some(secret.clone()),
    };
    assert_eq!(alice.watcher.spent(&lock).await, by);
    assert_eq!(bob.watcher.spent(&lock).await, by);
    assert_eq!(world.coin(world.contract).await, U256::ZERO);

    // Both become final, and nothing is told twice.
    world.mine(3).await;
    eventually(async || {
        let sights = alice.watcher.sights(&lock);
        sights.iter().all(|(.., is_final)| *is_final).then_some(())
    })
    .await;
    assert_eq!(alice.watcher.sights(&lock).len(), 2);
    assert_eq!((world.nonce(ALICE).await, world.nonce(BOB).await), (1, 1));
}

#[tokio::test]
async fn tokens_are_locked_and_claimed_and_one_allowance_serves_all_swaps() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    let token = world.token().await;
    let (first, secret) = world.lock_of_token(1, token).await;
    let (second, _) = world.lock_of_token(2, token).await;
    for lock in [&first, &second] {
        alice.side.watch(lock, None);
        bob.side.watch(lock, None);
    }
    // Side by side: neither takes the other's allowance away.
    let (made, made_too) = tokio::join!(alice.side.lock(&first), alice.side.lock(&second));
    made.unwrap();
    made_too.unwrap();
    let at = bob.watcher.locked(&first).await;
    bob.watcher.locked(&second).await;
    assert_eq!(
        world.tokens(token, world.contract).await,
        U256::from(1_001 + 1_002)
    );
    assert_eq!(world.nonce(ALICE).await, 3, "one allowance and two locks");

    let locked = Locked {
        lock: &first,
        at: &at,
    };
    bob.side
        .claim(locked, &secret, first.terms.expiry)
        .await
        .unwrap();
    let by = alice.watcher.spent(&first).await;
    assert_eq!(
        by,
        SpentBy::Claim {
            secret: Some(secret)
        }
    );
    let claimer = dev_key(BOB).address();
    assert_eq!(world.tokens(token, claimer).await, U256::from(1_001));
}

#[tokio::test]
async fn what_nobody_claims_is_taken_back_after_its_expiry_and_not_before() {
    let world = World::new().await;
    let alice = Party::new(&world, ALICE).await;
    let token = world.token().await;
    let (coin, _) = world.lock(1).await;
    let (tokens, _) = world.lock_of_token(2, token).await;
    let at = [alice.make(&coin).await, alice.make(&tokens).await];
    let sent = world.nonce(ALICE).await;
    let error = alice.refund(&coin, &at[0]).await.unwrap_err();
    assert!(
        error.passes && error.message.contains("TimelockNotOver"),
        "{error}"
    );
    assert_eq!(world.nonce(ALICE).await, sent, "nothing was sent");

    world.pass(TERM + 60).await;
    assert!(
        coin.terms
            .expiry
            .has_come(&alice.side.head().await.unwrap())
    );
    for (lock, at) in [&coin, &tokens].into_iter().zip(&at) {
        alice.refund(lock, at).await.unwrap();
        assert_eq!(alice.watcher.spent(lock).await, SpentBy::Refund);
    }
    assert_eq!(world.coin(world.contract).await, U256::ZERO);
    let refunder = dev_key(ALICE).address();
    assert_eq!(world.tokens(token, refunder).await, U256::from(1_000_000));
}

#[tokio::test]
async fn what_is_repeated_is_not_sent_again() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    let (lock, secret) = world.lock(1).await;
    let (late, _) = world.lock(2).await;
    let at = alice.make(&lock).await;
    let at_late = alice.make(&late).await;
    for _ in 0..3 {
        alice.side.watch(&lock, None);
        alice.side.lock(&lock).await.unwrap();
        alice.side.rebroadcast(&lock).await.unwrap();
    }
    assert_eq!(world.nonce(ALICE).await, 2);
    let locked = Locked {
        lock: &lock,
        at: &at,
    };
    let (one, other) = tokio::join!(
        bob.side.claim(locked, &secret, lock.terms.expiry),
        bob.side.claim(locked, &secret, lock.terms.expiry)
    );
    one.unwrap();
    other.unwrap();
    alice.watcher.spent(&lock).await;
    for _ in 0..3 {
        bob.side
            .claim(locked, &secret, lock.terms.expiry)
            .await
            .unwrap();
    }
    assert_eq!(world.nonce(BOB).await, 1);
    world.pass(TERM + 60).await;
    for _ in 0..3 {
        alice.refund(&late, &at_late).await.unwrap();
        // It is the other party's by now.
        alice.refund(&lock, &at).await.unwrap();
    }
    assert_eq!(world.nonce(ALICE).await, 3);
}

#[tokio::test]
async fn what_was_claimed_is_never_locked_again_also_from_an_old_store() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    let cursor = alice.watcher.cursor();
    let (lock, secret) = world.lock(1).await;
    let at = alice.make(&lock).await;
    let locked = Locked {
        lock: &lock,
        at: &at,
    };
    bob.side
        .claim(locked, &secret, lock.terms.expiry)
        .await
        .unwrap();
    alice.watcher.spent(&lock).await;
    // To the contract it is as if it had never been.
    assert_eq!(world.state(at.parse().unwrap()).await, 0);
    alice.side.lock(&lock).await.unwrap();
    assert_eq!(world.nonce(ALICE).await, 1);

    // A store from before the lock: neither its lane nor its place on the chain knows of it.
    let again = crate::support::Options {
        store: Some("sqlite::memory:".to_owned()),
        cursor: Some(cursor),
        ..Default::default()
    };
    drop(alice);
    let restored = Party::with(&world, ALICE, again).await;
    restored.side.watch(&lock, None);
    let _ = restored.side.lock(&lock).await;
    restored.watcher.spent(&lock).await;
    restored.side.lock(&lock).await.unwrap();
    assert_eq!(world.nonce(ALICE).await, 1);
}

#[tokio::test]
async fn a_claim_and_a_refund_race_and_one_of_them_wins() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    for number in [1, 2] {
        let (lock, secret) = world.lock(number).await;
        bob.side.watch(&lock, None);
        let at = alice.make(&lock).await;
        world.pass(TERM + 60).await;
        world.automine(false).await;
        let locked = Locked {
            lock: &lock,
            at: &at,
        };
        let (claimed, refunded) = tokio::join!(
            bob.side.claim(locked, &secret, lock.terms.expiry),
            alice.refund(&lock, &at)
        );
        claimed.unwrap();
        refunded.unwrap();
        assert_eq!(world.waiting().await, 2);
        world.automine(true).await;
        world.mine(1).await;
        let by = alice.watcher.spent(&lock).await;
        assert_eq!(bob.watcher.spent(&lock).await, by);
        let ends = |sight: &Sight| matches!(sight, Sight::Spent(_));
        let sights = alice.watcher.sights(&lock);
        assert_eq!(sights.iter().filter(|(sight, ..)| ends(sight)).count(), 1);
        // Whoever lost has nothing left to do, and does nothing.
        bob.side
            .claim(locked, &secret, lock.terms.expiry)
            .await
            .unwrap();
        alice.refund(&lock, &at).await.unwrap();
        assert_eq!(world.waiting().await, 0);
        assert_eq!(world.coin(world.contract).await, U256::ZERO);
    }
}

#[tokio::test]
async fn what_can_be_locked_leaves_out_what_fees_may_need() {
    let world = World::new().await;
    let alice = Party::new(&world, ALICE).await;
    let token = world.token().await;
    let chain = world.chain.id().clone();
    let balance = async |asset: &AssetId| alice.side.balance(asset).await;
    let coin = balance(&AssetId::coin(chain.clone(), 60)).await.unwrap();
    assert_eq!(
        coin,
        Amount::new(10_000 * 10u128.pow(18) - 2 * 10u128.pow(16))
    );
    let tokens = balance(&AssetId::erc20(chain.clone(), token))
        .await
        .unwrap();
    assert_eq!(tokens, Amount::new(1_000_000));
    let nothing = AssetId::erc20(chain.clone(), Address::repeat_byte(9));
    let error = balance(&nothing).await.unwrap_err();
    assert!(error.message.contains("does not answer"), "{error}");
    let error = balance(&AssetId::coin(chain, 0)).await.unwrap_err();
    assert!(
        !error.passes && error.message.contains("slip44:60"),
        "{error}"
    );
}

#[tokio::test]
async fn an_allowance_that_is_too_small_is_taken_back_before_it_is_given_anew() {
    let world = World::new().await;
    let alice = Party::new(&world, ALICE).await;
    let token = world.token().await;
    let (lock, _) = world.lock_of_token(1, token).await;
    let little = TestERC20::approveCall {
        spender: world.contract,
        value: U256::from(1_000),
    };
    world
        .send_as(ALICE, token, little.abi_encode().into(), 0)
        .await;
    alice.make(&lock).await;
    // The test's own, nothing, everything, and the lock.
    assert_eq!(world.nonce(ALICE).await, 4);
}
