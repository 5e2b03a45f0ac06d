use alloy_primitives::{Address, B256};
use causeway_types::BlockRef;

use crate::{
    Log, RpcError,
    rpc::{Rpc, WireReceipt},
};

const GET_RECEIPT: &str = "eth_getTransactionReceipt";

/// What became of a transaction that was mined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxOutcome {
    /// The hash of the attempt that was mined.
    pub hash: B256,
    /// The block that it is in.
    pub block: BlockRef,
    /// The gas it used.
    pub gas_used: u64,
    /// What was paid for one unit of gas, in wei.
    pub gas_price: u128,
    /// Whether it did not revert.
    pub success: bool,
    /// Every log that it emitted, in order.
    pub logs: Vec<Log>,
    /// The contract that it created, if it was to create one.
    pub created: Option<Address>,
}

/// A receipt whose fields fit together; the block's parent and time are not in it.
#[derive(Clone, Debug)]
pub(super) struct Receipt {
    pub(super) hash: B256,
    pub(super) block_hash: B256,
    pub(super) block_height: u64,
    gas_used: u64,
    gas_price: u128,
    success: bool,
    logs: Vec<Log>,
    created: Option<Address>,
}

impl Receipt {
    /// Checks a receipt against the transaction it was asked for. `None` while it is pending.
    pub(super) fn checked(
        rpc: &Rpc,
        hash: B256,
        wire: WireReceipt,
    ) -> Result<Option<Self>, RpcError> {
        let malformed = |reason: &str| RpcError::malformed(rpc.endpoint(), GET_RECEIPT, reason);
        if wire.transaction_hash != hash {
            return Err(malformed("the receipt is of another transaction"));
        }
        let (Some(block_hash), Some(block_height)) = (wire.block_hash, wire.block_number) else {
            return Ok(None);
        };
        let status = wire
            .status
            .ok_or_else(|| malformed("the receipt has no status"))?;
        let block_height = block_height.to();
        let mut logs = Vec::with_capacity(wire.logs.len());
        for log in wire.logs {
            let log = log.checked().filter(|log| {
                (log.tx_hash, log.block_hash, log.block_height) == (hash, block_hash, block_height)
            });
            logs.push(log.ok_or_else(|| malformed("a log is not of this transaction"))?);
        }
        Ok(Some(Self {
            hash,
            block_hash,
            block_height,
            gas_used: wire.gas_used.to(),
            gas_price: wire.effective_gas_price.map_or(0, |price| price.to()),
            success: status.to::<u64>() == 1,
            logs,
            created: wire.contract_address,
        }))
    }

    pub(super) fn in_block(self, block: BlockRef) -> TxOutcome {
        TxOutcome {
            hash: self.hash,
            block,
            gas_used: self.gas_used,
            gas_price: self.gas_price,
            success: self.success,
            logs: self.logs,
            created: self.created,
        }
    }
}
