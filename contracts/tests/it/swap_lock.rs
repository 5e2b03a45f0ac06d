//! How swaps are locked.

use alloy::primitives::{Address, Bytes, U256};
use causeway_contracts::claim_window;
use causeway_contracts::hash_time_lock::HashTimeLock;

use crate::harness::chain::{ALICE, BOB, Failure, RELAYER};
use crate::harness::swap::{LOCKED, NONE, Swap, Swaps, secret};

const THIRTY_DAYS: u64 = 30 * 24 * 3600;

/// Locks as the terms say, and expects to be refused.
fn refused(swaps: &mut Swaps, swap: &Swap) -> Failure {
    let Err(failure) = swaps.lock(swap) else {
        panic!("{swap:?} was locked");
    };
    assert_eq!(swaps.state(swap), NONE);
    failure
}

/// The same swap of coin and of a token.
fn of_both(swaps: &mut Swaps) -> [Swap; 2] {
    let token = swaps.new_token();
    [swaps.native(1, 500), swaps.of_token(1, token, 500)]
}

#[test]
fn locked_coin_is_told_of_with_all_its_terms() {
    let mut swaps = Swaps::new();
    let swap = swaps.native(1, 500);
    let receipt = swaps.lock(&swap).unwrap();
    let [told] = receipt
        .events::<HashTimeLock::CoinLocked>()
        .try_into()
        .unwrap();
    assert_eq!(told.hashLock, swap.hash_lock());
    assert_eq!(told.amount, swap.amount);
    assert_eq!(told.window, claim_window(swap.claimer, swap.timelock));
    assert_eq!(told.refunder, ALICE);
    assert_eq!(swaps.state(&swap), LOCKED);
    assert_eq!(swaps.chain.native_balance(swaps.contract), swap.amount);
}

#[test]
fn locked_tokens_are_told_of_with_all_their_terms() {
    let mut swaps = Swaps::new();
    let token = swaps.new_token();
    let swap = swaps.of_token(1, token, 500);
    let receipt = swaps.lock(&swap).unwrap();
    let [told] = receipt
        .events::<HashTimeLock::TokenLocked>()
        .try_into()
        .unwrap();
    assert_eq!(told.hashLock, swap.hash_lock());
    assert_eq!(told.token, token);
    assert_eq!(told.amount, swap.amount);
    assert_eq!(told.window, claim_window(swap.claimer, swap.timelock));
    assert_eq!(told.refunder, ALICE);
    assert_eq!(swaps.state(&swap), LOCKED);
    assert_eq!(swaps.chain.balance(token, swaps.contract), swap.amount);
}

#[test]
fn the_same_terms_are_not_locked_twice() {
    let mut swaps = Swaps::new();
    for swap in of_both(&mut swaps) {
        swaps.lock(&swap).unwrap();
        let failure = swaps.lock(&swap).err().unwrap();
        assert_eq!(
            failure.decode::<HashTimeLock::SwapExists>().swapId,
            swaps.id(&swap)
        );
    }
}

#[test]
fn every_term_makes_another_swap() {
    let mut swaps = Swaps::new();
    let token = swaps.new_token();
    let swap = swaps.native(1, 500);
    swaps.lock(&swap).unwrap();
    let others = [
        Swap {
            secret: secret(2),
            ..swap.clone()
        },
        Swap {
            amount: U256::from(501),
            ..swap.clone()
        },
        Swap {
            token,
            ..swap.clone()
        },
        Swap {
            claimer: RELAYER,
            ..swap.clone()
        },
        Swap {
            timelock: swap.timelock - 1,
            ..swap.clone()
        },
        Swap {
            refunder: RELAYER,
            ..swap.clone()
        },
        Swap {
            bond: 1,
            ..swap.clone()
        },
    ];
    swaps.expire(&swap);
    for other in others {
        assert_eq!(swaps.state(&other), NONE, "{other:?}");
        for settled in [swaps.claim(BOB, &other), swaps.refund(ALICE, &other)] {
            let failure = settled.err().expect("settled on other terms");
            assert!(
                failure.is::<HashTimeLock::SwapNotLocked>(),
                "{other:?}: {failure:?}"
            );
        }
    }
    assert_eq!(swaps.state(&swap), LOCKED);
}

#[test]
fn nothing_is_locked_under_a_hash_of_zero() {
    let mut swaps = Swaps::new();
    let window = swaps.native(1, 1).window();
    let call = HashTimeLock::lockCoinCall {
        hashLock: [0; 32].into(),
        window,
    };
    let failure = swaps.call(ALICE, U256::ONE, &call).err().unwrap();
    assert!(failure.is::<HashTimeLock::ZeroHashLock>());
}

#[test]
fn nothing_is_locked_for_nobody() {
    let mut swaps = Swaps::new();
    for swap in of_both(&mut swaps) {
        let swap = Swap {
            claimer: Address::ZERO,
            ..swap
        };
        assert!(refused(&mut swaps, &swap).is::<HashTimeLock::ZeroClaimer>());
    }
}

#[test]
fn nothing_is_no_amount() {
    let mut swaps = Swaps::new();
    for swap in of_both(&mut swaps) {
        let swap = Swap {
            amount: U256::ZERO,
            ..swap
        };
        assert!(refused(&mut swaps, &swap).is::<HashTimeLock::ZeroAmount>());
    }
}

#[test]
fn a_timelock_that_is_over_is_refused() {
    let mut swaps = Swaps::new();
    let now = swaps.chain.timestamp;
    for swap in of_both(&mut swaps) {
        for timelock in [0, now - 1, now] {
            let swap = Swap {
                timelock,
                ..swap.clone()
            };
            let failure = refused(&mut swaps, &swap);
            assert!(failure.is::<HashTimeLock::TimelockOutOfRange>());
        }
        let timelock = now + 1;
        swaps.lock(&Swap { timelock, ..swap }).unwrap();
    }
}

#[test]
fn a_timelock_lies_thirty_days_ahead_at_most() {
    let mut swaps = Swaps::new();
    let latest = swaps.chain.timestamp + THIRTY_DAYS;
    for swap in of_both(&mut swaps) {
        for timelock in [latest + 1, u64::MAX] {
            let swap = Swap {
                timelock,
                ..swap.clone()
            };
            let failure = refused(&mut swaps, &swap);
            let told = failure.decode::<HashTimeLock::TimelockOutOfRange>();
            assert_eq!(told.timelock, U256::from(timelock));
            assert_eq!(told.latest, U256::from(latest));
        }
        let timelock = latest;
        swaps.lock(&Swap { timelock, ..swap }).unwrap();
    }
}

#[test]
fn coin_that_comes_without_terms_is_refused() {
    let mut swaps = Swaps::new();
    let (contract, value) = (swaps.contract, U256::from(5));
    swaps
        .chain
        .send_raw(ALICE, contract, value, Bytes::new())
        .err()
        .expect("taken");
    assert_eq!(swaps.chain.native_balance(contract), U256::ZERO);
}

#[test]
fn terms_that_were_claimed_may_be_locked_again_for_the_same_claimer() {
    let mut swaps = Swaps::new();
    let swap = swaps.native(1, 500);
    let before = swaps.chain.native_balance(BOB);
    for _ in 0..2 {
        swaps.lock(&swap).unwrap();
        swaps.claim(RELAYER, &swap).unwrap();
    }
    assert_eq!(swaps.chain.native_balance(BOB), before + U256::from(1000));
}

#[test]
fn terms_that_were_refunded_are_too_old_to_be_locked_again() {
    let mut swaps = Swaps::new();
    let swap = swaps.native(1, 500);
    swaps.lock(&swap).unwrap();
    swaps.expire(&swap);
    swaps.refund(ALICE, &swap).unwrap();
    assert!(refused(&mut swaps, &swap).is::<HashTimeLock::TimelockOutOfRange>());
}
