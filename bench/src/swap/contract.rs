//! What is asked of a contract for swaps, whoever's it is, so that all are measured alike.

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    signers::local::PrivateKeySigner,
};
use anyhow::Result;
use causeway_bitcoin::Secret;

/// How a contract tells that a timelock is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// By the time of the block, in Unix seconds.
    Timestamps,
    /// By the number of the block.
    Heights,
}

/// One swap on an EVM chain.
#[derive(Clone, Debug)]
pub(super) struct Swap {
    pub(super) secret: B256,
    /// None for native coin.
    pub(super) token: Option<Address>,
    pub(super) amount: U256,
    pub(super) claimer: Address,
    pub(super) refunder: Address,
    /// As the contract's clock counts.
    pub(super) timelock: u64,
}

impl Swap {
    /// SHA-256 of the secret.
    pub(super) fn hash_lock(&self) -> B256 {
        let hash = Secret::from_bytes(self.secret.0).hash();
        let bytes: &[u8; 32] = hash.as_ref();
        B256::from(bytes)
    }
}

/// A call of a contract.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) to: Address,
    pub(super) value: U256,
    pub(super) data: Bytes,
}

/// Deployed contracts for swaps of native coin and tokens.
pub(super) trait Contracts {
    /// How timelocks are counted.
    fn clock(&self) -> Clock;
    /// Who takes the tokens that are locked.
    fn token_spender(&self) -> Address;
    /// Locks, by the refunder.
    fn lock(&self, swap: &Swap) -> Call;
    /// Claims, by the claimer.
    fn claim(&self, swap: &Swap) -> Call;
    /// Claims several swaps of native coin, by their claimer.
    fn claim_batch(&self, swaps: &[Swap]) -> Call;
    /// Takes back after the timelock, by the refunder.
    fn refund(&self, swap: &Swap) -> Call;
    /// Takes back at any time with the claimer's signature, by the refunder; native coin.
    fn refund_cooperatively(&self, swap: &Swap, claimer: &PrivateKeySigner) -> Result<Call>;
}
