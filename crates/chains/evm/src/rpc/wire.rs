//! The few fields of JSON-RPC answers that the driver uses. Alloy's own types refuse whole answers
//! over fields that we never look at, and chains differ in those.

use alloy_primitives::{Address, B256, Bloom, Bytes, Log as RawLog, LogData, U64, U128};
use causeway_types::{BlockRef, Timestamp};
use serde::{Deserialize, Serialize};

/// A block header as `eth_getBlockBy…` and `newHeads` give it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireHeader {
    number: Option<U64>,
    hash: Option<B256>,
    parent_hash: B256,
    timestamp: U64,
    logs_bloom: Option<Bloom>,
    base_fee_per_gas: Option<U128>,
    gas_limit: Option<U64>,
}

/// A block with what the follower and the lane need of its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) block: BlockRef,
    /// `None` where the chain has none; then nothing can be checked against it.
    pub(crate) bloom: Option<Bloom>,
    /// In wei per gas; `None` before EIP-1559.
    pub(crate) base_fee: Option<u128>,
    /// The most gas that all transactions of a block may use.
    pub(crate) gas_limit: Option<u64>,
}

impl WireHeader {
    /// The header, unless it is a pending block, which has no number or hash yet.
    pub(crate) fn checked(self) -> Option<Header> {
        Some(Header {
            block: BlockRef {
                height: self.number?.to(),
                hash: self.hash?,
                parent: self.parent_hash,
                timestamp: Timestamp::from_secs(self.timestamp.to()),
            },
            bloom: self.logs_bloom,
            base_fee: self.base_fee_per_gas.map(|fee| fee.to()),
            gas_limit: self.gas_limit.map(|limit| limit.to()),
        })
    }
}

/// An event that a contract emitted, with the block that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// Address, topics and data, as alloy's `SolEvent::decode_log` takes them.
    pub inner: RawLog,
    /// The height of the block.
    pub block_height: u64,
    /// The block itself: after a reorganisation another block may hold the same event again.
    pub block_hash: B256,
    /// The transaction that emitted it.
    pub tx_hash: B256,
    /// The log's place in the block.
    pub log_index: u64,
}

impl Log {
    /// The contract that emitted it.
    pub const fn address(&self) -> Address {
        self.inner.address
    }

    /// The indexed values, the event's signature first.
    pub fn topics(&self) -> &[B256] {
        self.inner.topics()
    }

    /// The values that are not indexed, ABI-encoded.
    pub const fn data(&self) -> &Bytes {
        &self.inner.data.data
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireLog {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
    block_number: Option<U64>,
    block_hash: Option<B256>,
    transaction_hash: Option<B256>,
    log_index: Option<U64>,
    #[serde(default)]
    removed: bool,
}

impl WireLog {
    /// The log, unless it is pending, removed or has more topics than the EVM can write.
    pub(crate) fn checked(self) -> Option<Log> {
        if self.removed {
            return None;
        }
        Some(Log {
            inner: RawLog {
                address: self.address,
                data: LogData::new(self.topics, self.data)?,
            },
            block_height: self.block_number?.to(),
            block_hash: self.block_hash?,
            tx_hash: self.transaction_hash?,
            log_index: self.log_index?.to(),
        })
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireReceipt {
    pub(crate) transaction_hash: B256,
    pub(crate) block_hash: Option<B256>,
    pub(crate) block_number: Option<U64>,
    pub(crate) gas_used: U64,
    pub(crate) effective_gas_price: Option<U128>,
    pub(crate) contract_address: Option<Address>,
    pub(crate) status: Option<U64>,
    pub(crate) logs: Vec<WireLog>,
}

/// Whether this JSON is a block's header, a list of logs or a receipt, read just as an endpoint's
/// answer is. For fuzzing.
#[doc(hidden)]
pub fn reads_answer(json: &[u8]) -> bool {
    let header =
        serde_json::from_slice::<WireHeader>(json).is_ok_and(|wire| wire.checked().is_some());
    let logs = serde_json::from_slice::<Vec<WireLog>>(json)
        .is_ok_and(|logs| logs.into_iter().filter_map(WireLog::checked).count() > 0);
    let receipt = serde_json::from_slice::<WireReceipt>(json).is_ok_and(|receipt| {
        receipt
            .logs
            .into_iter()
            .filter_map(WireLog::checked)
            .count()
            > 0
    });
    header || logs || receipt
}
