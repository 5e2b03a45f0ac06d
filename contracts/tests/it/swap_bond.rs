//! The bond: what the initiator's option costs.

use alloy::primitives::{Address, U256};
use causeway_contracts::hash_time_lock::HashTimeLock;

use crate::harness::attestors;
use crate::harness::chain::{ALICE, BOB, Failure, RELAYER};
use crate::harness::swap::{BOND_POSTED, LOCKED, NONE, Swap, Swaps};
use crate::harness::swap_signing::consent;

/// A swap for 500 with a bond of 7, of native coin or a token, and until when the bond waits.
fn bonded(swaps: &Swaps, token: Address) -> (Swap, u64) {
    let swap = Swap {
        bond: 7,
        ..swaps.of_token(1, token, 500)
    };
    let lock_by = swap.timelock - 3600;
    (swap, lock_by)
}

/// The same once it is locked.
fn locked(swaps: &mut Swaps, token: Address) -> Swap {
    let (swap, lock_by) = bonded(swaps, token);
    swaps.post_bond(&swap, lock_by).unwrap();
    swaps.lock_bonded(&swap).unwrap();
    swap
}

fn refused(swaps: &mut Swaps, by: Address, value: u64, swap: &Swap, lock_by: u64) -> Failure {
    let call = HashTimeLock::postBondCall {
        hashLock: swap.hash_lock(),
        terms: swap.terms(),
        lockBy: U256::from(lock_by),
    };
    swaps
        .call(by, U256::from(value), &call)
        .err()
        .expect("posted")
}

#[test]
fn a_bond_and_its_swap_are_told_of_with_all_their_terms() {
    let mut swaps = Swaps::new();
    let (swap, lock_by) = bonded(&swaps, Address::ZERO);
    let receipt = swaps.post_bond(&swap, lock_by).unwrap();
    let [told] = receipt
        .events::<HashTimeLock::BondPosted>()
        .try_into()
        .unwrap();
    assert_eq!(told.hashLock, swap.hash_lock());
    assert_eq!(told.terms, swap.terms());
    assert_eq!(told.lockBy, U256::from(lock_by));
    assert_eq!(swaps.state(&swap), BOND_POSTED);
    let receipt = swaps.lock_bonded(&swap).unwrap();
    let [told] = receipt
        .events::<HashTimeLock::BondedLocked>()
        .try_into()
        .unwrap();
    assert_eq!(told.hashLock, swap.hash_lock());
    assert_eq!(told.terms, swap.terms());
    assert_eq!(swaps.state(&swap), LOCKED);
    assert_eq!(swaps.chain.native_balance(swaps.contract), U256::from(507));
}

#[test]
fn the_bond_goes_back_with_the_claim() {
    let mut swaps = Swaps::new();
    let token = swaps.new_token();
    for token in [Address::ZERO, token] {
        let before = swaps.chain.native_balance(BOB);
        let swap = locked(&mut swaps, token);
        swaps.claim(RELAYER, &swap).unwrap();
        let coin = if token == Address::ZERO { 500 } else { 0 };
        assert_eq!(swaps.chain.native_balance(BOB), before + U256::from(coin));
        if token != Address::ZERO {
            assert_eq!(swaps.chain.balance(token, BOB), swap.amount);
        }
        assert_eq!(swaps.chain.native_balance(swaps.contract), U256::ZERO);
    }
}

#[test]
fn the_bond_falls_to_who_locked_when_the_claimer_lets_the_time_pass() {
    let mut swaps = Swaps::new();
    let token = swaps.new_token();
    for token in [Address::ZERO, token] {
        let before = swaps.chain.native_balance(ALICE);
        let swap = locked(&mut swaps, token);
        swaps.expire(&swap);
        swaps.refund(RELAYER, &swap).unwrap();
        assert_eq!(swaps.chain.native_balance(ALICE), before + U256::from(7));
        assert_eq!(swaps.chain.native_balance(swaps.contract), U256::ZERO);
    }
}

#[test]
fn to_cancel_in_the_end_does_not_save_the_bond() {
    let mut swaps = Swaps::new();
    let key = attestors::key(7);
    let claimer = attestors::address(&key);
    swaps.chain.fund(claimer, U256::from(1000));
    let (swap, lock_by) = bonded(&swaps, Address::ZERO);
    let swap = Swap { claimer, ..swap };
    let before = swaps.chain.native_balance(ALICE);
    swaps.post_bond(&swap, lock_by).unwrap();
    swaps.lock_bonded(&swap).unwrap();
    swaps.chain.timestamp = swap.timelock - 1;
    let signature = consent(&swaps, &swap, &key);
    swaps
        .refund_cooperatively(claimer, &swap, signature)
        .unwrap();
    assert_eq!(swaps.chain.native_balance(claimer), U256::from(993));
    assert_eq!(swaps.chain.native_balance(ALICE), before + U256::from(7));
}

#[test]
fn a_bond_that_nobody_locked_for_is_the_claimers_again_at_any_time() {
    let mut swaps = Swaps::new();
    for wait in [0, 10_000_000] {
        let (swap, lock_by) = bonded(&swaps, Address::ZERO);
        let before = swaps.chain.native_balance(BOB);
        swaps.post_bond(&swap, lock_by).unwrap();
        swaps.chain.timestamp += wait;
        let receipt = swaps.withdraw_bond(BOB, &swap).unwrap();
        let [told] = receipt
            .events::<HashTimeLock::BondWithdrawn>()
            .try_into()
            .unwrap();
        assert_eq!(told.swapId, swaps.id(&swap));
        assert_eq!(swaps.chain.native_balance(BOB), before);
        assert_eq!(swaps.state(&swap), NONE);
        let failure = swaps.withdraw_bond(BOB, &swap).err().unwrap();
        assert!(failure.is::<HashTimeLock::NoBond>());
        let failure = swaps.lock_bonded(&swap).err().unwrap();
        assert!(failure.is::<HashTimeLock::NoBond>());
    }
}

#[test]
fn nobody_but_the_claimer_takes_the_bond_back() {
    let mut swaps = Swaps::new();
    let (swap, lock_by) = bonded(&swaps, Address::ZERO);
    swaps.post_bond(&swap, lock_by).unwrap();
    for by in [ALICE, RELAYER] {
        let failure = swaps.withdraw_bond(by, &swap).err().unwrap();
        let told = failure.decode::<HashTimeLock::WrongCaller>();
        assert_eq!((told.expected, told.actual), (BOB, by));
    }
    assert_eq!(swaps.state(&swap), BOND_POSTED);
}

#[test]
fn a_bond_is_not_taken_back_once_the_swap_is_locked() {
    let mut swaps = Swaps::new();
    let swap = locked(&mut swaps, Address::ZERO);
    let failure = swaps.withdraw_bond(BOB, &swap).err().unwrap();
    assert!(failure.is::<HashTimeLock::NoBond>());
}

#[test]
fn a_posted_bond_is_no_locked_swap() {
    let mut swaps = Swaps::new();
    swaps.lock(&swaps.native(9, 10_000)).unwrap();
    let (swap, lock_by) = bonded(&swaps, Address::ZERO);
    swaps.post_bond(&swap, lock_by).unwrap();
    let failure = swaps.claim(BOB, &swap).err().unwrap();
    assert!(failure.is::<HashTimeLock::SwapNotLocked>());
    swaps.expire(&swap);
    let failure = swaps.refund(ALICE, &swap).err().unwrap();
    assert!(failure.is::<HashTimeLock::SwapNotLocked>());
}

#[test]
fn nobody_locks_too_late_to_be_claimed() {
    let mut swaps = Swaps::new();
    let (swap, lock_by) = bonded(&swaps, Address::ZERO);
    swaps.post_bond(&swap, lock_by).unwrap();
    swaps.chain.timestamp = lock_by + 1;
    let failure = swaps.lock_bonded(&swap).err().unwrap();
    let told = failure.decode::<HashTimeLock::TooLateForBond>();
    assert_eq!(told.lockBy, U256::from(lock_by));
    swaps.chain.timestamp = lock_by;
    swaps.lock_bonded(&swap).unwrap();
}

#[test]
fn a_bond_waits_until_before_the_timelock() {
    let mut swaps = Swaps::new();
    let (swap, _) = bonded(&swaps, Address::ZERO);
    let now = swaps.chain.timestamp;
    for lock_by in [0, 1, 2, now - 1, swap.timelock, u64::MAX] {
        let failure = refused(&mut swaps, BOB, 7, &swap, lock_by);
        assert!(failure.is::<HashTimeLock::LockByOutOfRange>(), "{lock_by}");
    }
    swaps.post_bond(&swap, swap.timelock - 1).unwrap();
}

#[test]
fn only_the_claimer_posts_and_only_the_refunder_locks() {
    let mut swaps = Swaps::new();
    let (swap, lock_by) = bonded(&swaps, Address::ZERO);
    let failure = refused(&mut swaps, RELAYER, 7, &swap, lock_by);
    assert!(failure.is::<HashTimeLock::WrongCaller>());
    swaps.post_bond(&swap, lock_by).unwrap();
    let call = HashTimeLock::lockBondedCall {
        hashLock: swap.hash_lock(),
        terms: swap.terms(),
    };
    let failure = swaps.call(RELAYER, swap.amount, &call).err().unwrap();
    assert!(failure.is::<HashTimeLock::WrongCaller>());
}

#[test]
fn what_comes_is_what_the_terms_say() {
    let mut swaps = Swaps::new();
    let token = swaps.new_token();
    let (swap, lock_by) = bonded(&swaps, Address::ZERO);
    for value in [6, 8] {
        let failure = refused(&mut swaps, BOB, value, &swap, lock_by);
        assert!(failure.is::<HashTimeLock::WrongValue>());
    }
    for (token, wrong) in [(Address::ZERO, [499, 501]), (token, [1, 500])] {
        let (swap, lock_by) = bonded(&swaps, token);
        swaps.post_bond(&swap, lock_by).unwrap();
        let call = HashTimeLock::lockBondedCall {
            hashLock: swap.hash_lock(),
            terms: swap.terms(),
        };
        for value in wrong {
            let failure = swaps.call(ALICE, U256::from(value), &call).err().unwrap();
            assert!(failure.is::<HashTimeLock::WrongValue>());
        }
    }
}

#[test]
fn no_bond_is_no_bond() {
    let mut swaps = Swaps::new();
    let swap = swaps.native(1, 500);
    let failure = refused(&mut swaps, BOB, 0, &swap, swap.timelock - 1);
    assert!(failure.is::<HashTimeLock::ZeroAmount>());
    let failure = swaps.lock_bonded(&swap).err().unwrap();
    assert!(failure.is::<HashTimeLock::NoBond>());
}

#[test]
fn a_bond_is_posted_once_and_for_terms_that_can_be_locked() {
    let mut swaps = Swaps::new();
    let (swap, lock_by) = bonded(&swaps, Address::ZERO);
    swaps.post_bond(&swap, lock_by).unwrap();
    let failure = refused(&mut swaps, BOB, 7, &swap, lock_by);
    assert!(failure.is::<HashTimeLock::SwapExists>());
    let nothing = Swap {
        amount: U256::ZERO,
        ..swap.clone()
    };
    let failure = refused(&mut swaps, BOB, 7, &nothing, lock_by);
    assert!(failure.is::<HashTimeLock::ZeroAmount>());
    let far = Swap {
        timelock: swap.timelock + 31 * 24 * 3600,
        ..swap
    };
    let failure = refused(&mut swaps, BOB, 7, &far, lock_by);
    assert!(failure.is::<HashTimeLock::TimelockOutOfRange>());
}

#[test]
fn a_bond_is_of_its_own_swap_alone() {
    let mut swaps = Swaps::new();
    let (swap, lock_by) = bonded(&swaps, Address::ZERO);
    swaps.post_bond(&swap, lock_by).unwrap();
    let other = Swap {
        amount: U256::ONE,
        ..swap
    };
    let failure = swaps.lock_bonded(&other).err().unwrap();
    assert!(failure.is::<HashTimeLock::NoBond>());
}
