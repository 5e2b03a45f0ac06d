//! The code of a hash time lock as it stands on a chain: whoever locks coins in a contract must know what it does.

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    sol_types::{Eip712Domain, eip712_domain},
};

use crate::hash_time_lock::HashTimeLock;

const NAME: &str = "Causeway HashTimeLock";
const VERSION: &str = "1";

/// Where the constructor's results stand in the code, in bytes from its beginning. The artifact tells the places, and a
/// test holds these against what the constructor makes.
mod place {
    pub(super) const PERMIT2: usize = 1639;
    pub(super) const DOMAIN_SEPARATOR: usize = 5343;
    pub(super) const CHAIN_ID: usize = 5532;
    pub(super) const THIS: usize = 5296;
    pub(super) const HASHED_NAME: usize = 5422;
    pub(super) const HASHED_VERSION: usize = 5460;
    pub(super) const NAME: usize = 2264;
    pub(super) const VERSION: usize = 2306;
}

/// The EIP-712 domain of the contract at an address: what signatures for it are bound to.
pub fn hash_time_lock_domain(contract: Address, chain_number: u64) -> Eip712Domain {
    eip712_domain! {
        name: NAME,
        version: VERSION,
        chain_id: chain_number,
        verifying_contract: contract,
    }
}

/// The code at an address of a chain where the contract was deployed with this Permit2. Other code, or the same with
/// another Permit2 than one that can be trusted, is another contract: a Permit2 that lies opens swaps that hold nothing.
pub fn hash_time_lock_code(contract: Address, chain_number: u64, permit2: Address) -> Bytes {
    let domain = hash_time_lock_domain(contract, chain_number);
    let mut code = HashTimeLock::DEPLOYED_BYTECODE.to_vec();
    for (place, word) in [
        (place::PERMIT2, permit2.into_word()),
        (place::DOMAIN_SEPARATOR, domain.separator()),
        (place::CHAIN_ID, U256::from(chain_number).into()),
        (place::THIS, contract.into_word()),
        (place::HASHED_NAME, keccak256(NAME)),
        (place::HASHED_VERSION, keccak256(VERSION)),
        (place::NAME, short_string(NAME)),
        (place::VERSION, short_string(VERSION)),
    ] {
        if let Some(slot) = code.get_mut(place..place + 32) {
            slot.copy_from_slice(word.as_slice());
        }
    }
    code.into()
}

/// Up to 31 bytes, with their number in the last (OpenZeppelin's `ShortString`).
fn short_string(text: &str) -> B256 {
    let mut word = B256::right_padding_from(text.as_bytes());
    word[31] = text.len().to_le_bytes()[0];
    word
}
