use std::future::Future;

use alloy_primitives::{Address, B256, Bytes, U256};
use causeway_types::BlockRef;
use serde::{Deserialize, Serialize};

use super::StoreError;

/// What a transaction does, apart from nonce and fees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxCall {
    /// The account to call; `None` creates a contract from `data`.
    pub to: Option<Address>,
    /// The call's data.
    pub data: Bytes,
    /// Wei to send along.
    pub value: U256,
    /// The gas limit; before the call is submitted, a guess, or `None` to have it estimated.
    pub gas_limit: Option<u64>,
}

impl TxCall {
    /// A call that sends no coin and whose gas is estimated.
    pub const fn new(to: Address, data: Bytes) -> Self {
        Self {
            to: Some(to),
            data,
            value: U256::ZERO,
            gas_limit: None,
        }
    }
}

/// One signed transaction. Several with the same nonce compete; one of them is mined at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedAttempt {
    /// The transaction as it is broadcast.
    pub raw: Bytes,
    /// Its hash.
    pub hash: B256,
    /// The most paid for one unit of gas, in wei.
    pub max_fee: u128,
    /// The tip for one unit of gas, in wei.
    pub priority_fee: u128,
    /// The gas limit.
    pub gas_limit: u64,
    /// Whether it only uses the nonce up, because the call itself cannot be sent any more.
    pub cancels: bool,
}

/// How a transaction ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Settled {
    /// It is in a final block.
    Confirmed {
        /// The hash of the attempt that was mined.
        hash: B256,
        /// The block it is in.
        block: BlockRef,
        /// Whether it did not revert.
        success: bool,
        /// The gas it used.
        gas_used: u64,
    },
    /// Its nonce was used up otherwise; the call never happened and its key is free again.
    Superseded,
}

/// What is kept of one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TxRecord {
    /// The nonce reserved for it.
    pub nonce: u64,
    /// The caller's name for it.
    pub key: String,
    /// What it does, with its gas limit.
    pub call: TxCall,
    /// What was signed for it, the latest last.
    pub attempts: Vec<SignedAttempt>,
    /// How it ended, once it did.
    pub settled: Option<Settled>,
}

/// A record that was found or made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// The record.
    pub record: TxRecord,
    /// Whether it was made just now.
    pub fresh: bool,
}

/// Where a lane keeps its transactions, implemented over the caller's database. Every method is
/// one database transaction that is durable when it returns.
pub trait LaneStore: Send + Sync + 'static {
    /// The newest record with this key that is not [`Settled::Superseded`].
    fn find(
        &self,
        lane: &str,
        key: &str,
    ) -> impl Future<Output = Result<Option<TxRecord>, StoreError>> + Send;

    /// The same as [`Self::find`], or if there is none, a fresh record with the next nonce: the
    /// higher of `chain_next_nonce` and one more than the highest nonce of all records of the lane
    /// that are not superseded.
    fn reserve(
        &self,
        lane: &str,
        key: &str,
        call: &TxCall,
        chain_next_nonce: u64,
    ) -> impl Future<Output = Result<Reserved, StoreError>> + Send;

    /// Keeps the attempts of an unsettled record, the last of which is new. Called before that is
    /// broadcast for the first time.
    fn record(
        &self,
        lane: &str,
        record: &TxRecord,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// All records without an outcome, in the order of their nonces. Of the attempts, only the last
    /// needs to have its raw form: no other is ever sent again.
    fn pending(&self, lane: &str)
    -> impl Future<Output = Result<Vec<TxRecord>, StoreError>> + Send;

    /// Gives an unsettled record its outcome. Nothing but its nonce, its key and the outcome is asked
    /// for again.
    fn settle(
        &self,
        lane: &str,
        record: &TxRecord,
        outcome: &Settled,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
