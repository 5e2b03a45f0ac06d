//! How a swap goes back.

use alloy::primitives::{Address, B256, Bytes, U256};
use causeway_contracts::hash_time_lock::HashTimeLock;
use k256::ecdsa::SigningKey;

use crate::harness::attestors;
use crate::harness::chain::{ALICE, BOB, Failure, RELAYER};
use crate::harness::fixtures::TestReceiver;
use crate::harness::swap::{CANCELLED, LOCKED, NONE, Swap, Swaps};
use crate::harness::swap_signing::{consent, domain, refund_digest};

/// A swap that somebody with a key may claim, and the key.
fn for_signer(swaps: &Swaps, token: Address) -> (Swap, SigningKey) {
    let key = attestors::key(7);
    let swap = Swap {
        claimer: attestors::address(&key),
        ..swaps.of_token(1, token, 500)
    };
    (swap, key)
}

#[test]
fn nothing_is_refunded_before_the_timelock() {
    let mut swaps = Swaps::new();
    let swap = swaps.native(1, 500);
    swaps.lock(&swap).unwrap();
    for early in [swaps.chain.timestamp, swap.timelock - 1] {
        swaps.chain.timestamp = early;
        let failure = swaps.refund(ALICE, &swap).err().unwrap();
        let told = failure.decode::<HashTimeLock::TimelockNotOver>();
        assert_eq!(told.timelock, U256::from(swap.timelock));
    }
    assert_eq!(swaps.state(&swap), LOCKED);
}

#[test]
fn from_the_timelock_on_anybody_refunds_who_locked() {
    let mut swaps = Swaps::new();
    let token = swaps.new_token();
    for token in [Address::ZERO, token] {
        let swap = swaps.of_token(1, token, 500);
        let before = swaps.balance(token, ALICE);
        swaps.lock(&swap).unwrap();
        swaps.expire(&swap);
        let receipt = swaps.refund(RELAYER, &swap).unwrap();
        let [told] = receipt
            .events::<HashTimeLock::Refunded>()
            .try_into()
            .unwrap();
        assert_eq!(told.swapId, swaps.id(&swap));
        assert_eq!(swaps.balance(token, ALICE), before);
        assert_eq!(swaps.state(&swap), NONE);
    }
}

#[test]
fn a_swap_is_refunded_once() {
    let mut swaps = Swaps::new();
    swaps.lock(&swaps.native(9, 10_000)).unwrap();
    let swap = swaps.native(1, 500);
    swaps.lock(&swap).unwrap();
    swaps.expire(&swap);
    swaps.refund(ALICE, &swap).unwrap();
    let failure = swaps.refund(ALICE, &swap).err().unwrap();
    assert!(failure.is::<HashTimeLock::SwapNotLocked>());
    assert_eq!(
        swaps.chain.native_balance(swaps.contract),
        U256::from(10_000)
    );
}

#[test]
fn the_claimers_consent_refunds_before_the_timelock() {
    let mut swaps = Swaps::new();
    let token = swaps.new_token();
    for token in [Address::ZERO, token] {
        let (swap, key) = for_signer(&swaps, token);
        let before = swaps.balance(token, ALICE);
        swaps.lock(&swap).unwrap();
        let signature = consent(&swaps, &swap, &key);
        let receipt = swaps
            .refund_cooperatively(RELAYER, &swap, signature)
            .unwrap();
        assert_eq!(receipt.events::<HashTimeLock::Refunded>().len(), 1);
        assert_eq!(swaps.balance(token, ALICE), before);
        let failure = swaps.claim(BOB, &swap).err().unwrap();
        assert!(failure.is::<HashTimeLock::SwapNotLocked>());
    }
}

fn refused(swaps: &mut Swaps, swap: &Swap, signature: Bytes) -> Failure {
    let Err(failure) = swaps.refund_cooperatively(ALICE, swap, signature) else {
        panic!("refunded");
    };
    assert_eq!(swaps.state(swap), LOCKED);
    failure
}

#[test]
fn only_the_claimers_own_consent_to_these_terms_refunds() {
    let mut swaps = Swaps::new();
    let (swap, key) = for_signer(&swaps, Address::ZERO);
    swaps.lock(&swap).unwrap();
    let by_another = consent(&swaps, &swap, &attestors::key(8));
    let to_other_terms = [
        Swap {
            secret: [5; 32].into(),
            ..swap.clone()
        },
        Swap {
            amount: U256::ONE,
            ..swap.clone()
        },
        Swap {
            token: BOB,
            ..swap.clone()
        },
        Swap {
            timelock: swap.timelock + 1,
            ..swap.clone()
        },
        Swap {
            refunder: BOB,
            ..swap.clone()
        },
        Swap {
            bond: 1,
            ..swap.clone()
        },
    ]
    .map(|other| consent(&swaps, &other, &key));
    let signatures = [by_another, Bytes::new()].into_iter().chain(to_other_terms);
    for signature in signatures {
        let failure = refused(&mut swaps, &swap, signature);
        let told = failure.decode::<HashTimeLock::WrongSignature>();
        assert_eq!(told.claimer, swap.claimer);
    }
}

#[test]
fn consent_counts_on_one_contract_of_one_chain() {
    let mut swaps = Swaps::new();
    let (swap, key) = for_signer(&swaps, Address::ZERO);
    swaps.lock(&swap).unwrap();
    let mut elsewhere = swaps.clone();
    elsewhere.contract = RELAYER;
    let mut other_chain = swaps.clone();
    other_chain.chain.chain_id += 1;
    for other in [elsewhere, other_chain] {
        let signature = consent(&other, &swap, &key);
        let failure = refused(&mut swaps, &swap, signature);
        assert!(failure.is::<HashTimeLock::WrongSignature>());
    }
}

#[test]
fn terms_that_were_cancelled_are_never_locked_again() {
    let mut swaps = Swaps::new();
    let token = swaps.new_token();
    for token in [Address::ZERO, token] {
        let (swap, key) = for_signer(&swaps, token);
        swaps.lock(&swap).unwrap();
        let signature = consent(&swaps, &swap, &key);
        swaps.refund_cooperatively(ALICE, &swap, signature).unwrap();
        assert_eq!(swaps.state(&swap), CANCELLED);
        let failure = swaps.lock(&swap).err().unwrap();
        assert!(failure.is::<HashTimeLock::SwapExists>());
    }
}

#[test]
fn a_claimer_that_is_a_contract_consents_as_contracts_do() {
    let mut swaps = Swaps::new();
    let claimer = swaps.chain.deploy_plain(&TestReceiver::BYTECODE);
    let swap = Swap {
        claimer,
        ..swaps.native(1, 500)
    };
    swaps.lock(&swap).unwrap();
    let failure = refused(&mut swaps, &swap, Bytes::new());
    assert!(failure.is::<HashTimeLock::WrongSignature>());
    let hash: B256 = refund_digest(&domain(&swaps), &swap);
    swaps
        .chain
        .must(BOB, claimer, &TestReceiver::signCall { hash });
    swaps
        .refund_cooperatively(ALICE, &swap, Bytes::new())
        .unwrap();
    assert_eq!(swaps.chain.native_balance(swaps.contract), U256::ZERO);
}
