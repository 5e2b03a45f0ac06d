//! Swaps of tokens: those that do not do what they are told, and those that are moved by signature.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall;
use causeway_contracts::hash_time_lock::HashTimeLock;
use causeway_contracts::hash_time_lock::IHashTimeLock::Permit;
use causeway_contracts::hash_time_lock::ISignatureTransfer::{
    PermitTransferFrom, TokenPermissions,
};
use causeway_contracts::test_erc20::TestERC20;
use k256::ecdsa::SigningKey;

use crate::harness::attestors;
use crate::harness::chain::{ALICE, BOB, Failure, RELAYER, Receipt};
use crate::harness::fixtures::{
    FeeOnTransferERC20, HostileERC20, ReentrantERC20, TestPermitERC20, TestWitnessPermit2,
};
use crate::harness::swap::{LOCKED, NONE, Swap, Swaps, secret};
use crate::harness::swap_signing::{token_permit, witness_permit};

const RETURNS_NOTHING: u8 = 1;
const RETURNS_FALSE: u8 = 2;
const MOVES_NOTHING: u8 = 3;
const CLAIMS_TO_HAVE_MOVED: u8 = 4;

fn hostile(swaps: &mut Swaps, mode: u8) -> Address {
    let token = swaps.chain.deploy_plain(&HostileERC20::BYTECODE);
    swaps.endow(token);
    behave(swaps, token, mode);
    token
}

fn behave(swaps: &mut Swaps, token: Address, mode: u8) {
    let call = HostileERC20::behaveCall { mode };
    swaps.chain.must(ALICE, token, &call);
}

#[test]
fn a_token_that_keeps_a_fee_is_refused() {
    let mut swaps = Swaps::new();
    let token = swaps.chain.deploy_plain(&FeeOnTransferERC20::BYTECODE);
    swaps.endow(token);
    let failure = swaps.lock(&swaps.of_token(1, token, 500)).err().unwrap();
    let told = failure.decode::<HashTimeLock::WrongBalance>();
    assert_eq!(told.expected, U256::from(500));
    assert_eq!(told.actual, U256::from(495));
}

#[test]
fn a_token_that_moves_nothing_locks_nothing() {
    let mut swaps = Swaps::new();
    let token = hostile(&mut swaps, MOVES_NOTHING);
    let failure = swaps.lock(&swaps.of_token(1, token, 500)).err().unwrap();
    assert!(failure.is::<HashTimeLock::WrongBalance>());
}

#[test]
fn a_token_that_says_no_locks_nothing() {
    let mut swaps = Swaps::new();
    let token = hostile(&mut swaps, RETURNS_FALSE);
    let failure = swaps.lock(&swaps.of_token(1, token, 500)).err().unwrap();
    assert!(failure.is::<HashTimeLock::SafeERC20FailedOperation>());
}

#[test]
fn a_token_that_says_no_pays_nobody_and_settles_nothing() {
    let mut swaps = Swaps::new();
    let token = hostile(&mut swaps, 0);
    let swap = swaps.of_token(1, token, 500);
    swaps.lock(&swap).unwrap();
    behave(&mut swaps, token, RETURNS_FALSE);
    let failure = swaps.claim(BOB, &swap).err().unwrap();
    assert!(failure.is::<HashTimeLock::SafeERC20FailedOperation>());
    let failure = swaps
        .claim_batch(token, std::slice::from_ref(&swap))
        .err()
        .unwrap();
    assert!(failure.is::<HashTimeLock::SafeERC20FailedOperation>());
    assert_eq!(swaps.state(&swap), LOCKED);
}

#[test]
fn a_token_that_answers_nothing_is_taken_at_its_deeds() {
    let mut swaps = Swaps::new();
    let token = hostile(&mut swaps, RETURNS_NOTHING);
    let swap = swaps.of_token(1, token, 500);
    swaps.lock(&swap).unwrap();
    swaps.claim(BOB, &swap).unwrap();
    assert_eq!(swaps.chain.balance(token, BOB), swap.amount);
}

#[test]
fn a_token_that_lies_about_itself_pays_with_nothing_but_itself() {
    let mut swaps = Swaps::new();
    let honest = swaps.new_token();
    swaps.lock(&swaps.native(8, 700)).unwrap();
    swaps.lock(&swaps.of_token(9, honest, 700)).unwrap();
    let token = hostile(&mut swaps, CLAIMS_TO_HAVE_MOVED);
    let swap = swaps.of_token(1, token, 500);
    swaps.lock(&swap).unwrap();
    swaps.claim(BOB, &swap).unwrap();
    let contract = swaps.contract;
    assert_eq!(swaps.chain.native_balance(contract), U256::from(700));
    assert_eq!(swaps.chain.balance(honest, contract), U256::from(700));
}

#[test]
fn an_address_without_code_is_no_token() {
    let mut swaps = Swaps::new();
    let swap = swaps.of_token(1, Address::repeat_byte(0x77), 500);
    let failure = swaps.lock(&swap).err().unwrap();
    assert_eq!(
        failure.decode::<HashTimeLock::NotAToken>().token,
        swap.token
    );
}

#[test]
fn coin_is_not_locked_by_naming_it_a_token() {
    let mut swaps = Swaps::new();
    swaps.lock(&swaps.native(9, 10_000)).unwrap();
    let swap = swaps.native(1, 500);
    let call = HashTimeLock::lockTokenCall {
        hashLock: swap.hash_lock(),
        token: Address::ZERO,
        amount: swap.amount,
        window: swap.window(),
    };
    let failure = swaps.call(ALICE, U256::ZERO, &call).err().unwrap();
    assert!(failure.is::<HashTimeLock::NotAToken>());
    assert_eq!(swaps.state(&swap), NONE);
}

/// A token that makes a call within the next transfer, and the outcome of the call.
fn reentrant(swaps: &mut Swaps) -> Address {
    let token = swaps.chain.deploy_plain(&ReentrantERC20::BYTECODE);
    swaps.endow(token);
    token
}

fn arm(swaps: &mut Swaps, token: Address, call: &impl SolCall) {
    let arm = ReentrantERC20::armCall {
        target: swaps.contract,
        data: call.abi_encode().into(),
    };
    swaps.chain.must(ALICE, token, &arm);
}

fn claim_call(swap: &Swap) -> HashTimeLock::claimCall {
    HashTimeLock::claimCall {
        secret: swap.secret,
        terms: swap.terms(),
    }
}

#[test]
fn a_token_that_calls_back_is_paid_out_once() {
    let mut swaps = Swaps::new();
    let token = reentrant(&mut swaps);
    swaps.lock(&swaps.of_token(9, token, 10_000)).unwrap();
    let swap = swaps.of_token(1, token, 500);
    swaps.lock(&swap).unwrap();
    arm(&mut swaps, token, &claim_call(&swap));
    swaps.claim(BOB, &swap).unwrap();
    let succeeded = ReentrantERC20::succeededCall {};
    assert!(!swaps.chain.view(token, &succeeded));
    assert_eq!(swaps.chain.balance(token, BOB), swap.amount);
    let left = swaps.chain.balance(token, swaps.contract);
    assert_eq!(left, U256::from(10_000));
}

#[test]
fn what_is_claimed_while_it_is_being_locked_is_not_locked() {
    let mut swaps = Swaps::new();
    let token = reentrant(&mut swaps);
    swaps.lock(&swaps.of_token(9, token, 10_000)).unwrap();
    let swap = swaps.of_token(1, token, 500);
    arm(&mut swaps, token, &claim_call(&swap));
    let failure = swaps.lock(&swap).err().unwrap();
    assert!(failure.is::<HashTimeLock::WrongBalance>());
    assert_eq!(swaps.chain.balance(token, BOB), U256::ZERO);
    let left = swaps.chain.balance(token, swaps.contract);
    assert_eq!(left, U256::from(10_000));
}

/// A token with permits, an owner with a key who holds some, and a swap of it.
fn permitted(swaps: &mut Swaps) -> (Swap, SigningKey) {
    let token = swaps.chain.deploy_plain(&TestPermitERC20::BYTECODE);
    let key = attestors::key(7);
    let owner = attestors::address(&key);
    swaps.chain.fund(owner, U256::from(10u128.pow(18)));
    let amount = U256::from(10_000);
    let mint = TestPermitERC20::mintCall { to: owner, amount };
    swaps.chain.must(owner, token, &mint);
    let swap = Swap {
        refunder: owner,
        ..swaps.of_token(1, token, 500)
    };
    (swap, key)
}

/// Locks with an EIP-2612 permit of the refunder.
fn lock_with_permit(
    swaps: &mut Swaps,
    by: Address,
    swap: &Swap,
    key: &SigningKey,
) -> Result<Receipt, Failure> {
    let deadline = swaps.chain.timestamp + 60;
    let (v, r, s) = token_permit(swaps, swap, swap.refunder, deadline, key);
    let call = HashTimeLock::lockTokenWithPermitCall {
        hashLock: swap.hash_lock(),
        token: swap.token,
        amount: swap.amount,
        window: swap.window(),
        permit: Permit {
            deadline: U256::from(deadline),
            v,
            r,
            s,
        },
    };
    swaps.call(by, U256::ZERO, &call)
}

#[test]
fn a_permit_of_the_caller_stands_for_an_allowance() {
    let mut swaps = Swaps::new();
    let (swap, key) = permitted(&mut swaps);
    lock_with_permit(&mut swaps, swap.refunder, &swap, &key).unwrap();
    assert_eq!(swaps.state(&swap), LOCKED);
}

#[test]
fn a_permit_that_somebody_used_before_does_not_stop_the_lock() {
    let mut swaps = Swaps::new();
    let (swap, key) = permitted(&mut swaps);
    let deadline = swaps.chain.timestamp + 60;
    let (v, r, s) = token_permit(&swaps, &swap, swap.refunder, deadline, &key);
    let used = TestPermitERC20::permitCall {
        owner: swap.refunder,
        spender: swaps.contract,
        value: swap.amount,
        deadline: U256::from(deadline),
        v,
        r,
        s,
    };
    swaps.chain.must(RELAYER, swap.token, &used);
    lock_with_permit(&mut swaps, swap.refunder, &swap, &key).unwrap();
    assert_eq!(swaps.state(&swap), LOCKED);
}

#[test]
fn nobody_locks_with_anothers_permit() {
    let mut swaps = Swaps::new();
    let (swap, key) = permitted(&mut swaps);
    lock_with_permit(&mut swaps, RELAYER, &swap, &key)
        .err()
        .expect("locked");
    let owned = swaps.chain.balance(swap.token, swap.refunder);
    assert_eq!(owned, U256::from(10_000));
}

/// Lets Permit2 move the owner's tokens.
fn approve_permit2(swaps: &mut Swaps, swap: &Swap) {
    let approve = TestERC20::approveCall {
        spender: swaps.permit2,
        value: U256::MAX,
    };
    swaps.chain.must(swap.refunder, swap.token, &approve);
}

/// Locks with a Permit2 signature.
fn lock_with_permit2(swaps: &mut Swaps, swap: &Swap, signature: Bytes) -> Result<Receipt, Failure> {
    let call = HashTimeLock::lockTokenWithPermit2Call {
        hashLock: swap.hash_lock(),
        window: swap.window(),
        owner: swap.refunder,
        permit: PermitTransferFrom {
            permitted: TokenPermissions {
                token: swap.token,
                amount: swap.amount,
            },
            nonce: U256::ZERO,
            deadline: U256::from(swaps.chain.timestamp + 60),
        },
        signature,
    };
    swaps.call(RELAYER, U256::ZERO, &call)
}

#[test]
fn a_signature_for_permit2_locks_whoever_brings_it() {
    let mut swaps = Swaps::new();
    let (swap, key) = permitted(&mut swaps);
    approve_permit2(&mut swaps, &swap);
    let signature = witness_permit(&swaps, &swap, swaps.chain.timestamp + 60, &key);
    let receipt = lock_with_permit2(&mut swaps, &swap, signature.clone()).unwrap();
    let [told] = receipt
        .events::<HashTimeLock::TokenLocked>()
        .try_into()
        .unwrap();
    assert_eq!(told.refunder, swap.refunder);
    assert_eq!(swaps.state(&swap), LOCKED);
    assert_eq!(swaps.chain.balance(swap.token, swaps.contract), swap.amount);
    // The signature is used up.
    swaps.claim(BOB, &swap).unwrap();
    let failure = lock_with_permit2(&mut swaps, &swap, signature)
        .err()
        .unwrap();
    assert!(failure.is::<TestWitnessPermit2::PermitRefused>());
}

#[test]
fn who_brings_a_signature_for_permit2_cannot_redirect_it() {
    let mut swaps = Swaps::new();
    let (swap, key) = permitted(&mut swaps);
    approve_permit2(&mut swaps, &swap);
    let signature = witness_permit(&swaps, &swap, swaps.chain.timestamp + 60, &key);
    let redirected = [
        Swap {
            claimer: RELAYER,
            ..swap.clone()
        },
        Swap {
            secret: secret(66),
            ..swap.clone()
        },
        Swap {
            timelock: swap.timelock - 3600,
            ..swap.clone()
        },
        Swap {
            amount: U256::ONE,
            ..swap.clone()
        },
        Swap {
            refunder: RELAYER,
            ..swap.clone()
        },
    ];
    for other in redirected {
        let failure = lock_with_permit2(&mut swaps, &other, signature.clone())
            .err()
            .unwrap();
        assert!(
            failure.is::<TestWitnessPermit2::PermitRefused>(),
            "{other:?}"
        );
    }
    lock_with_permit2(&mut swaps, &swap, signature).unwrap();
}

#[test]
fn a_token_that_keeps_a_fee_is_refused_from_permit2_too() {
    let mut swaps = Swaps::new();
    let token = swaps.chain.deploy_plain(&FeeOnTransferERC20::BYTECODE);
    let (swap, key) = permitted(&mut swaps);
    let swap = Swap { token, ..swap };
    let amount = U256::from(10_000);
    let to = swap.refunder;
    let mint = FeeOnTransferERC20::mintCall { to, amount };
    swaps.chain.must(ALICE, token, &mint);
    approve_permit2(&mut swaps, &swap);
    let signature = witness_permit(&swaps, &swap, swaps.chain.timestamp + 60, &key);
    let failure = lock_with_permit2(&mut swaps, &swap, signature)
        .err()
        .unwrap();
    assert!(failure.is::<HashTimeLock::WrongBalance>());
}
