//! What is seen is told as what it is, and taken back with its block.

use alloy::{
    primitives::{Address, B256, U256},
    sol_types::SolCall as _,
};
use causeway_contracts::{claim_window, hash_time_lock::HashTimeLock, test_erc20::TestERC20};
use causeway_localnet::dev_key;
use causeway_swap::{Amount, Expiry, SpentBy, SwapId, WrongLock};
use causeway_swap_service::{ChainUpdate, Lock, Locked, Sight, SwapChain as _};
use causeway_types::Timestamp;
use serde_json::json;

use crate::support::{
    Party, World, eventually,
    world::{ALICE, BOB},
};

fn timelock(lock: &Lock) -> u64 {
    match lock.terms.expiry {
        Expiry::Time(time) => time.as_secs(),
        Expiry::Height(_) => panic!("a time"),
    }
}

#[tokio::test]
async fn a_lock_of_another_amount_is_told_with_that_amount() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    let (agreed, _) = world.lock(1).await;
    bob.side.watch(&agreed, None);
    // To Alice, who has made other terms out, it is another swap.
    let mut less = agreed.clone();
    less.swap = SwapId(B256::repeat_byte(9));
    less.terms.amount = Amount::new(999);
    let at = alice.make(&less).await;
    assert_eq!(
        bob.watcher.locked_with(&agreed).await,
        (at.clone(), Amount::new(999))
    );
    // It is not what was agreed on, and nothing is done about it as if it were.
    let error = alice.refund(&agreed, &at).await.unwrap_err();
    assert!(
        !error.passes && error.message.contains("is another"),
        "{error}"
    );
    // What was agreed on may come yet.
    alice.side.forget(&less);
    let right = alice.make(&agreed).await;
    eventually(async || {
        let sights = bob.watcher.sights(&agreed);
        let is_it = |sight: &Sight| {
            *sight
                == Sight::Locked {
                    at: right.clone(),
                    amount: agreed.terms.amount,
                }
        };
        sights.iter().any(|(sight, ..)| is_it(sight)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_lock_of_other_terms_is_told_as_such() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    let (agreed, _) = world.lock(1).await;
    bob.side.watch(&agreed, None);
    let mut other = agreed.clone();
    other.terms.expiry = Expiry::Time(Timestamp::from_secs(timelock(&agreed) - 1));
    alice.side.watch(&other, None);
    alice.side.lock(&other).await.unwrap();
    let wrong = |sight: &Sight| match sight {
        Sight::LockedOtherwise(wrong) => Some(wrong.clone()),
        _ => None,
    };
    assert_eq!(bob.watcher.sight(&agreed, wrong).await, WrongLock::Terms);
    assert_eq!(bob.watcher.sights(&agreed).len(), 1);
}

#[tokio::test]
async fn what_strangers_lock_under_the_same_hash_concerns_nobody() {
    let world = World::new().await;
    let bob = Party::new(&world, BOB).await;
    let (agreed, _) = world.lock(1).await;
    bob.side.watch(&agreed, None);
    let hash_lock = agreed.hash_lock.hash();
    let nobody = claim_window(Address::repeat_byte(7), timelock(&agreed));
    world.stranger_locks(hash_lock, nobody, 5).await;
    // Also what is claimed, refunded and locked beside it.
    world.stranger_locks(B256::repeat_byte(8), nobody, 5).await;
    let for_bob = claim_window(dev_key(BOB).address(), timelock(&agreed));
    world.stranger_locks(hash_lock, for_bob, 5).await;
    bob.watcher
        .reached(world.chain.head().await.unwrap().height)
        .await;
    let sights = bob.watcher.sights(&agreed);
    let only = Sight::LockedOtherwise(WrongLock::Terms);
    assert_eq!(
        sights.iter().map(|(sight, ..)| sight).collect::<Vec<_>>(),
        [&only]
    );
}

#[tokio::test]
async fn a_lock_that_is_forgotten_is_not_told_of() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    let (lock, _) = world.lock(1).await;
    bob.side.watch(&lock, None);
    bob.side.forget(&lock);
    alice.make(&lock).await;
    bob.watcher
        .reached(world.chain.head().await.unwrap().height)
        .await;
    assert!(bob.watcher.sights(&lock).is_empty());
    let error = bob.side.lock(&lock).await.unwrap_err();
    assert!(error.message.contains("to make"), "{error}");
}

#[tokio::test]
async fn a_lock_and_a_claim_that_a_reorganisation_removes_are_withdrawn_and_sent_again() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    let (lock, secret) = world.lock(1).await;
    bob.side.watch(&lock, None);
    let at = alice.make(&lock).await;
    bob.watcher.locked(&lock).await;
    let gone = reorganise(&world, &bob, &lock).await;
    // The lane sends the same again by itself, and repeating the lock adds nothing to it.
    alice.side.lock(&lock).await.unwrap();
    world.mine(1).await;
    assert_eq!(bob.watcher.locked(&lock).await, at);
    assert_ne!(bob.watcher.sights(&lock)[0].1, gone);
    assert_eq!(world.nonce(ALICE).await, 1);

    world.mine(3).await;
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
    bob.watcher.spent(&lock).await;
    reorganise(&world, &bob, &lock).await;
    bob.side
        .claim(locked, &secret, lock.terms.expiry)
        .await
        .unwrap();
    world.mine(1).await;
    assert_eq!(bob.watcher.spent(&lock).await, by);
    assert_eq!(alice.watcher.spent(&lock).await, by);
    assert_eq!(world.nonce(BOB).await, 1);
    assert_eq!(world.coin(world.contract).await, U256::ZERO);
}

/// Replaces the newest block, which holds the newest sight of the lock, by an empty one. Gives the block that is gone.
async fn reorganise(world: &World, party: &Party, lock: &Lock) -> causeway_types::BlockRef {
    let (_, block, _) = party.watcher.sights(lock).pop().unwrap();
    assert_eq!(block, world.chain.head().await.unwrap());
    world.automine(false).await;
    world.rpc("anvil_reorg", json!([1, []])).await;
    eventually(async || {
        let gone = ChainUpdate::Withdrawn { block };
        party.watcher.updates().contains(&gone).then_some(())
    })
    .await;
    world.automine(true).await;
    block
}

#[tokio::test]
async fn a_second_swap_under_the_same_hash_is_not_locked_for() {
    let world = World::new().await;
    let alice = Party::new(&world, ALICE).await;
    let (first, _) = world.lock(1).await;
    let (mut second, _) = world.lock(2).await;
    second.hash_lock = first.hash_lock;
    alice.side.watch(&first, None);
    alice.side.watch(&second, None);
    for lock in [&first, &second] {
        let error = alice.side.lock(lock).await.unwrap_err();
        assert!(
            !error.passes && error.message.contains("same hash lock"),
            "{error}"
        );
    }
    alice.side.forget(&second);
    alice.make(&first).await;
    assert_eq!(world.nonce(ALICE).await, 1);
}

#[tokio::test]
async fn a_claim_in_anybodys_name_and_in_a_batch_is_told_with_its_secret() {
    let world = World::new().await;
    let alice = Party::new(&world, ALICE).await;
    let token = world.token().await;
    let (lock, secret) = world.lock_of_token(1, token).await;
    alice.make(&lock).await;
    let entry = causeway_contracts::hash_time_lock::IHashTimeLock::BatchEntry {
        secret: secret.to_bytes().into(),
        amount: U256::from(lock.terms.amount.units()),
        timelock: timelock(&lock),
        refunder: dev_key(ALICE).address(),
    };
    let call = HashTimeLock::claimBatchCall {
        token,
        claimer: dev_key(BOB).address(),
        entries: vec![entry],
    };
    world
        .execute(world.contract, call.abi_encode().into(), 0)
        .await;
    let by = SpentBy::Claim {
        secret: Some(secret),
    };
    assert_eq!(alice.watcher.spent(&lock).await, by);
    let balance = TestERC20::balanceOfCall {
        account: dev_key(BOB).address(),
    };
    let held = world
        .chain
        .call(token, balance.abi_encode().into())
        .await
        .unwrap();
    assert_eq!(U256::from_be_slice(&held), U256::from(1_001));
}

#[tokio::test]
async fn what_is_locked_once_more_after_its_claim_is_no_part_of_the_swap() {
    let world = World::new().await;
    let (alice, bob) = (
        Party::new(&world, ALICE).await,
        Party::new(&world, BOB).await,
    );
    let (lock, secret) = world.lock(1).await;
    bob.side.watch(&lock, None);
    let at = alice.make(&lock).await;
    let locked = Locked {
        lock: &lock,
        at: &at,
    };
    bob.side
        .claim(locked, &secret, lock.terms.expiry)
        .await
        .unwrap();
    bob.watcher.spent(&lock).await;
    let call = HashTimeLock::lockCoinCall {
        hashLock: lock.hash_lock.hash(),
        window: claim_window(dev_key(BOB).address(), timelock(&lock)),
    };
    let (data, value) = (call.abi_encode().into(), lock.terms.amount.units());
    world.send_as(ALICE, world.contract, data, value).await;
    // A node may answer before the block that it makes for it.
    while world.state(at.parse().unwrap()).await != 2 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    bob.watcher
        .reached(world.chain.head().await.unwrap().height)
        .await;
    assert_eq!(bob.watcher.sights(&lock).len(), 2);
}
