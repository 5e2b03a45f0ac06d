//! What swaps cost: whole transactions, by the parties themselves.

use std::collections::BTreeMap;

use alloy::primitives::{Address, Bytes, U256};
use causeway_contracts::hash_time_lock::HashTimeLock;
use causeway_contracts::hash_time_lock::IHashTimeLock::Permit;
use causeway_contracts::hash_time_lock::ISignatureTransfer::{
    PermitTransferFrom, TokenPermissions,
};

use crate::harness::attestors;
use crate::harness::chain::{ALICE, BOB, RELAYER, Receipt};
use crate::harness::fixtures::TestPermitERC20;
use crate::harness::snapshot;
use crate::harness::swap::{Swap, Swaps};
use crate::harness::swap_signing::{consent, token_permit, witness_permit};

/// At most this much, for what has a target.
const TARGETS: [(&str, u64); 6] = [
    ("evm_lock_gas", 46_500),
    ("evm_claim_gas", 32_500),
    ("evm_refund_gas", 31_600),
    ("evm_batch_claim_gas", 9_700),
    // With an allowance of the amount. The contract's first token of a kind fills a slot; later ones find it full.
    ("erc20_lock_gas", 82_500),
    ("erc20_lock_warm_gas", 65_500),
];

/// 1.2345 of a coin with 18 decimals.
const AMOUNT: u64 = 1_234_500_000_000_000_000;

#[test]
fn the_gas_of_swaps_is_what_the_snapshot_says_and_within_the_targets() {
    let measured = measure();
    snapshot::check("swap-gas.json", &measured, &TARGETS);
}

fn measure() -> BTreeMap<String, u64> {
    let mut gas = BTreeMap::new();
    native(&mut gas);
    tokens(&mut gas);
    signed(&mut gas);
    bonded(&mut gas);
    gas
}

fn native(gas: &mut BTreeMap<String, u64>) {
    let mut swaps = Swaps::new();
    let swap = swaps.native(1, AMOUNT);
    gas.insert("evm_lock_gas".into(), swaps.lock(&swap).unwrap().gas);
    gas.insert("evm_claim_gas".into(), swaps.claim(BOB, &swap).unwrap().gas);

    let swap = swaps.native(2, AMOUNT);
    swaps.lock(&swap).unwrap();
    let for_another = swaps.claim(RELAYER, &swap).unwrap().gas;
    gas.insert("evm_claim_for_another_gas".into(), for_another);

    let swap = swaps.native(3, AMOUNT);
    swaps.lock(&swap).unwrap();
    swaps.expire(&swap);
    gas.insert(
        "evm_refund_gas".into(),
        swaps.refund(ALICE, &swap).unwrap().gas,
    );

    let key = attestors::key(7);
    let swap = Swap {
        claimer: attestors::address(&key),
        ..swaps.native(4, AMOUNT)
    };
    swaps.lock(&swap).unwrap();
    let signature = consent(&swaps, &swap, &key);
    let cooperative = swaps.refund_cooperatively(ALICE, &swap, signature).unwrap();
    gas.insert("evm_refund_cooperative_gas".into(), cooperative.gas);

    let batch = batch(&mut swaps, Address::ZERO);
    gas.insert("evm_batch_claim_gas".into(), batch);
}

fn tokens(gas: &mut BTreeMap<String, u64>) {
    let mut swaps = Swaps::new();
    let token = swaps.new_token();
    let mut record = |name: &str, receipt: Receipt| gas.insert(name.to_owned(), receipt.gas);

    let first = swaps.of_token(1, token, 1_234_500);
    swaps.approve(token, first.amount);
    record("erc20_lock_gas", swaps.lock(&first).unwrap());
    let second = swaps.of_token(2, token, 1_234_500);
    swaps.approve(token, second.amount);
    record("erc20_lock_warm_gas", swaps.lock(&second).unwrap());
    swaps.approve(token, U256::MAX);
    let third = swaps.of_token(3, token, 1_234_500);
    record(
        "erc20_lock_endless_allowance_gas",
        swaps.lock(&third).unwrap(),
    );

    record(
        "erc20_claim_to_empty_gas",
        swaps.claim(BOB, &first).unwrap(),
    );
    record("erc20_claim_gas", swaps.claim(BOB, &second).unwrap());
    // Somebody else's stays locked, as on a contract that is used.
    swaps.lock(&swaps.of_token(4, token, 5)).unwrap();
    swaps.expire(&third);
    record("erc20_refund_gas", swaps.refund(ALICE, &third).unwrap());

    let batch = batch(&mut swaps, token);
    gas.insert("erc20_batch_claim_gas".into(), batch);
}

/// Ten swaps claimed at once, each.
fn batch(swaps: &mut Swaps, token: Address) -> u64 {
    let locked: Vec<Swap> = (10..20)
        .map(|number| {
            let swap = swaps.of_token(number, token, 1_234_500);
            swaps.lock(&swap).unwrap();
            swap
        })
        .collect();
    swaps.claim_batch(token, &locked).unwrap().gas.div_ceil(10)
}

fn signed(gas: &mut BTreeMap<String, u64>) {
    let mut swaps = Swaps::new();
    let token = swaps.chain.deploy_plain(&TestPermitERC20::BYTECODE);
    let key = attestors::key(7);
    let owner = attestors::address(&key);
    swaps.chain.fund(owner, U256::from(10u128.pow(24)));
    let amount = U256::from(10u64.pow(12));
    let mint = TestPermitERC20::mintCall { to: owner, amount };
    swaps.chain.must(owner, token, &mint);
    let deadline = swaps.chain.timestamp + 60;

    let swap = Swap {
        refunder: owner,
        ..swaps.of_token(1, token, 1_234_500)
    };
    let (v, r, s) = token_permit(&swaps, &swap, owner, deadline, &key);
    let call = HashTimeLock::lockTokenWithPermitCall {
        hashLock: swap.hash_lock(),
        token,
        amount: swap.amount,
        window: swap.window(),
        permit: Permit {
            deadline: U256::from(deadline),
            v,
            r,
            s,
        },
    };
    let locked = swaps.call(owner, U256::ZERO, &call).unwrap();
    gas.insert("erc20_lock_permit_gas".into(), locked.gas);

    let approve = TestPermitERC20::approveCall {
        spender: swaps.permit2,
        value: U256::MAX,
    };
    swaps.chain.must(owner, token, &approve);
    let swap = Swap {
        refunder: owner,
        ..swaps.of_token(2, token, 1_234_500)
    };
    let signature: Bytes = witness_permit(&swaps, &swap, deadline, &key);
    let call = HashTimeLock::lockTokenWithPermit2Call {
        hashLock: swap.hash_lock(),
        window: swap.window(),
        owner,
        permit: PermitTransferFrom {
            permitted: TokenPermissions {
                token,
                amount: swap.amount,
            },
            nonce: U256::ZERO,
            deadline: U256::from(deadline),
        },
        signature,
    };
    let locked = swaps.call(RELAYER, U256::ZERO, &call).unwrap();
    gas.insert("erc20_lock_permit2_warm_gas".into(), locked.gas);
}

fn bonded(gas: &mut BTreeMap<String, u64>) {
    let mut swaps = Swaps::new();
    let swap = Swap {
        bond: AMOUNT / 100,
        ..swaps.native(1, AMOUNT)
    };
    let lock_by = swap.timelock - 3600;
    let posted = swaps.post_bond(&swap, lock_by).unwrap();
    gas.insert("evm_post_bond_gas".into(), posted.gas);
    gas.insert(
        "evm_lock_bonded_gas".into(),
        swaps.lock_bonded(&swap).unwrap().gas,
    );
    gas.insert(
        "evm_claim_bonded_gas".into(),
        swaps.claim(BOB, &swap).unwrap().gas,
    );
}
