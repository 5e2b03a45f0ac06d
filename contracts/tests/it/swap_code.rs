//! What stands on a chain is told from what does not: code, and what the constructor put into it.

use std::collections::BTreeSet;

use alloy::primitives::Address;
use causeway_contracts::{PERMIT2, hash_time_lock::HashTimeLock, hash_time_lock_code};
use serde_json::Value;

use crate::harness::chain::Chain;

#[test]
fn the_code_of_the_contract_is_known_before_it_is_deployed() {
    for (number, permit2) in [(1, PERMIT2), (31337, Address::ZERO), (u64::MAX, PERMIT2)] {
        let mut chain = Chain::empty(number);
        let arguments = HashTimeLock::constructorCall { permit2 };
        let contract = chain.deploy(&HashTimeLock::BYTECODE, &arguments);
        let account = chain.db.cache.accounts[&contract].info.clone();
        let code = account.code.unwrap().original_bytes();
        assert_eq!(code, hash_time_lock_code(contract, number, permit2));
        for (number, permit2) in [(number ^ 2, permit2), (number, Address::repeat_byte(2))] {
            assert_ne!(code, hash_time_lock_code(contract, number, permit2));
        }
    }
}

#[test]
fn every_place_that_the_constructor_writes_to_is_known() {
    let artifact = include_str!("../../artifacts/HashTimeLock.json");
    let artifact: Value = serde_json::from_str(artifact).unwrap();
    let places = artifact["immutableReferences"].as_object().unwrap();
    let places: Vec<usize> = places
        .values()
        .flat_map(|places| places.as_array().unwrap())
        .map(|place| {
            assert_eq!(place["length"], 32);
            usize::try_from(place["start"].as_u64().unwrap()).unwrap()
        })
        .collect();
    let code = hash_time_lock_code(Address::repeat_byte(1), 1, PERMIT2);
    let changed = |place: &usize| code[*place..place + 32].iter().any(|byte| *byte != 0);
    assert!(places.iter().all(changed));
    let of_a_place = |index: &usize| {
        places
            .iter()
            .any(|place| (*place..place + 32).contains(index))
    };
    let elsewhere: BTreeSet<usize> = (0..code.len())
        .filter(|index| code[*index] != HashTimeLock::DEPLOYED_BYTECODE[*index])
        .filter(|index| !of_a_place(index))
        .collect();
    assert_eq!(elsewhere, BTreeSet::new());
}
