//! The words of a swap's terms that two of them share.

use alloy::primitives::{Address, U256, aliases::U96};

/// Who may claim a swap, in the upper 160 bits, and its timelock in Unix seconds, in the lower 96: what the contract
/// calls a `ClaimWindow`.
pub fn claim_window(claimer: Address, timelock: u64) -> U256 {
    word(claimer) | U256::from(timelock)
}

/// Who gets a swap back, in the upper 160 bits, and the bond in the native coin's smallest unit, in the lower 96: what
/// the contract calls a `RefundRight`.
pub fn refund_right(refunder: Address, bond: U96) -> U256 {
    word(refunder) | U256::from(bond)
}

fn word(account: Address) -> U256 {
    U256::from_be_slice(account.as_slice()) << 96
}
