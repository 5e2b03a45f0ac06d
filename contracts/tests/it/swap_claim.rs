//! How the secret opens a swap.

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolCall;
use causeway_contracts::hash_time_lock::HashTimeLock;

use crate::harness::chain::{ALICE, BOB, RELAYER, Receipt};
use crate::harness::fixtures::TestReceiver;
use crate::harness::swap::{LOCKED, NONE, Swap, Swaps, secret, sha256};

fn secrets(receipt: &Receipt) -> Vec<(alloy::primitives::B256, alloy::primitives::B256)> {
    let claimed = receipt.events::<HashTimeLock::Claimed>();
    claimed
        .into_iter()
        .map(|event| (event.swapId, event.secret))
        .collect()
}

#[test]
fn the_secret_pays_the_claimer_whoever_brings_it() {
    let mut swaps = Swaps::new();
    let token = swaps.new_token();
    for token in [Address::ZERO, token] {
        let swap = swaps.of_token(1, token, 500);
        swaps.lock(&swap).unwrap();
        let before = swaps.balance(token, BOB);
        let receipt = swaps.claim(RELAYER, &swap).unwrap();
        assert_eq!(secrets(&receipt), [(swaps.id(&swap), swap.secret)]);
        assert_eq!(swaps.balance(token, BOB), before + swap.amount);
        assert_eq!(swaps.balance(token, swaps.contract), U256::ZERO);
        assert_eq!(swaps.state(&swap), NONE);
    }
}

#[test]
fn the_hash_is_that_of_a_bitcoin_script() {
    // NIST's SHA-256 of 32 bytes of zero, as `OP_SHA256` computes it.
    let zeros = sha256([0; 32].into());
    assert_eq!(
        zeros.to_string(),
        "0x66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
    );
    let mut swaps = Swaps::new();
    let swap = Swap {
        secret: [0; 32].into(),
        ..swaps.native(1, 500)
    };
    swaps.lock(&swap).unwrap();
    swaps.claim(BOB, &swap).unwrap();
}

#[test]
fn another_secret_opens_nothing() {
    let mut swaps = Swaps::new();
    let swap = swaps.native(1, 500);
    swaps.lock(&swap).unwrap();
    let mut guess = swap.clone();
    for wrong in [secret(2), swap.hash_lock(), [0; 32].into()] {
        guess.secret = wrong;
        let failure = swaps.claim(BOB, &guess).err().unwrap();
        assert!(failure.is::<HashTimeLock::SwapNotLocked>());
    }
    assert_eq!(swaps.state(&swap), LOCKED);
}

#[test]
fn a_swap_is_claimed_once() {
    let mut swaps = Swaps::new();
    // Somebody else's coin is there to be taken.
    swaps.lock(&swaps.native(9, 10_000)).unwrap();
    let swap = swaps.native(1, 500);
    swaps.lock(&swap).unwrap();
    swaps.claim(BOB, &swap).unwrap();
    let failure = swaps.claim(BOB, &swap).err().unwrap();
    assert!(failure.is::<HashTimeLock::SwapNotLocked>());
    swaps.expire(&swap);
    let failure = swaps.refund(ALICE, &swap).err().unwrap();
    assert!(failure.is::<HashTimeLock::SwapNotLocked>());
    assert_eq!(
        swaps.chain.native_balance(swaps.contract),
        U256::from(10_000)
    );
}

#[test]
fn a_late_claim_counts_until_the_refund() {
    let mut swaps = Swaps::new();
    let swap = swaps.native(1, 500);
    swaps.lock(&swap).unwrap();
    swaps.chain.timestamp = swap.timelock + 1000;
    swaps.claim(BOB, &swap).unwrap();

    let swap = swaps.native(2, 500);
    swaps.lock(&swap).unwrap();
    swaps.expire(&swap);
    swaps.refund(ALICE, &swap).unwrap();
    let failure = swaps.claim(BOB, &swap).err().unwrap();
    assert!(failure.is::<HashTimeLock::SwapNotLocked>());
}

#[test]
fn a_batch_pays_all_its_swaps_at_once() {
    let mut swaps = Swaps::new();
    let token = swaps.new_token();
    for token in [Address::ZERO, token] {
        let batch: Vec<Swap> = (1..4)
            .map(|number| swaps.of_token(number, token, 100 * u64::from(number)))
            .collect();
        for swap in &batch {
            swaps.lock(swap).unwrap();
        }
        let before = swaps.balance(token, BOB);
        let receipt = swaps.claim_batch(token, &batch).unwrap();
        let expected: Vec<_> = batch
            .iter()
            .map(|swap| (swaps.id(swap), swap.secret))
            .collect();
        assert_eq!(secrets(&receipt), expected);
        assert_eq!(swaps.balance(token, BOB), before + U256::from(600));
        assert_eq!(swaps.balance(token, swaps.contract), U256::ZERO);
    }
}

#[test]
fn a_batch_passes_over_what_is_not_locked_any_more() {
    let mut swaps = Swaps::new();
    let [refunded, twice, other] = [1, 2, 3].map(|number| swaps.native(number, 100));
    for swap in [&refunded, &twice, &other] {
        swaps.lock(swap).unwrap();
    }
    swaps.expire(&refunded);
    swaps.refund(ALICE, &refunded).unwrap();
    let before = swaps.chain.native_balance(BOB);
    let batch = [refunded, twice.clone(), twice, other];
    let receipt = swaps.claim_batch(Address::ZERO, &batch).unwrap();
    assert_eq!(secrets(&receipt).len(), 2);
    assert_eq!(swaps.chain.native_balance(BOB), before + U256::from(200));
    let failure = swaps.claim_batch(Address::ZERO, &batch).err().unwrap();
    assert!(failure.is::<HashTimeLock::NothingToClaim>());
}

#[test]
fn a_batch_takes_nothing_of_another_claimer_or_token() {
    let mut swaps = Swaps::new();
    let token = swaps.new_token();
    let for_another = Swap {
        claimer: RELAYER,
        ..swaps.native(1, 100)
    };
    let of_token = swaps.of_token(2, token, 100);
    let bonded = Swap {
        bond: 7,
        ..swaps.native(3, 100)
    };
    swaps.lock(&for_another).unwrap();
    swaps.lock(&of_token).unwrap();
    swaps.post_bond(&bonded, bonded.timelock - 1).unwrap();
    swaps.lock_bonded(&bonded).unwrap();
    let batch = [for_another, of_token, bonded];
    let failure = swaps.claim_batch(Address::ZERO, &batch).err().unwrap();
    assert!(failure.is::<HashTimeLock::NothingToClaim>());
    for swap in &batch {
        assert_eq!(swaps.state(swap), LOCKED);
    }
}

#[test]
fn a_claimer_that_refuses_coin_leaves_it_to_be_refunded() {
    let mut swaps = Swaps::new();
    let claimer = swaps.chain.deploy_plain(&TestReceiver::BYTECODE);
    let refuse = TestReceiver::refuseCall { refuses: true };
    swaps.chain.must(BOB, claimer, &refuse);
    let swap = Swap {
        claimer,
        ..swaps.native(1, 500)
    };
    swaps.lock(&swap).unwrap();
    let failure = swaps.claim(BOB, &swap).err().unwrap();
    assert_eq!(
        failure.decode::<HashTimeLock::CoinRefused>().receiver,
        claimer
    );
    assert_eq!(swaps.state(&swap), LOCKED);
    swaps.expire(&swap);
    let before = swaps.chain.native_balance(ALICE);
    swaps.refund(BOB, &swap).unwrap();
    assert_eq!(swaps.chain.native_balance(ALICE), before + swap.amount);
}

#[test]
fn a_claimer_that_calls_back_is_paid_once() {
    let mut swaps = Swaps::new();
    swaps.lock(&swaps.native(9, 10_000)).unwrap();
    let claimer = swaps.chain.deploy_plain(&TestReceiver::BYTECODE);
    let swap = Swap {
        claimer,
        ..swaps.native(1, 500)
    };
    swaps.lock(&swap).unwrap();
    let again = HashTimeLock::claimCall {
        secret: swap.secret,
        terms: swap.terms(),
    };
    let arm = TestReceiver::armCall {
        target: swaps.contract,
        data: again.abi_encode().into(),
    };
    swaps.chain.must(BOB, claimer, &arm);
    swaps.claim(BOB, &swap).unwrap();
    let succeeded = swaps.chain.view(claimer, &TestReceiver::succeededCall {});
    assert_eq!(succeeded, U256::ZERO);
    assert_eq!(swaps.chain.native_balance(claimer), swap.amount);
    assert_eq!(
        swaps.chain.native_balance(swaps.contract),
        U256::from(10_000)
    );
}
