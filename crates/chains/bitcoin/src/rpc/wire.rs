//! The few fields of answers that are used, and what they come to.

use alloy_primitives::B256;
use bitcoin::{
    Amount, BlockHash, FeeRate, OutPoint, ScriptBuf, Txid, Witness, hashes::Hash as _,
    hex::FromHex as _,
};
use causeway_types::{BlockRef, Timestamp};
use serde::Deserialize;

/// A block's hash as people write it, which is backwards.
pub(crate) fn display_bytes(hash: BlockHash) -> B256 {
    let mut bytes = hash.to_byte_array();
    bytes.reverse();
    B256::new(bytes)
}

/// The hash in the order in which nodes and libraries compute it.
pub(crate) fn block_hash(displayed: B256) -> BlockHash {
    let mut bytes = displayed.0;
    bytes.reverse();
    BlockHash::from_byte_array(bytes)
}

#[derive(Deserialize)]
pub(super) struct WireHead {
    pub(super) blocks: u64,
    pub(super) bestblockhash: BlockHash,
}

#[derive(Deserialize)]
pub(super) struct WireHeader {
    hash: BlockHash,
    height: u64,
    /// Below zero when the block is not, or no longer, part of the chain.
    confirmations: i64,
    time: u64,
    /// The first block has none.
    previousblockhash: Option<BlockHash>,
}

/// A block and how deep it lies in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) block: BlockRef,
    /// How many blocks the chain has from this one on; `None` when it is not part of the chain.
    pub(crate) confirmations: Option<u64>,
}

impl WireHeader {
    pub(super) fn checked(&self) -> Header {
        let parent = self.previousblockhash.map_or(B256::ZERO, display_bytes);
        Header {
            block: BlockRef {
                height: self.height,
                hash: display_bytes(self.hash),
                parent,
                timestamp: Timestamp::from_secs(self.time),
            },
            confirmations: u64::try_from(self.confirmations)
                .ok()
                .filter(|&count| count > 0),
        }
    }
}

/// A block of which only the ids of the transactions are wanted.
#[derive(Deserialize)]
pub(super) struct WireBlockOfIds {
    #[serde(flatten)]
    pub(super) header: WireHeader,
    pub(super) tx: Vec<Txid>,
}

/// A block with all its transactions in detail. Raw blocks are not asked for: those with extension
/// blocks are beyond what the library decodes.
#[derive(Deserialize)]
pub(super) struct WireBlock {
    #[serde(flatten)]
    header: WireHeader,
    tx: Vec<WireTx>,
}

#[derive(Deserialize)]
struct WireTx {
    txid: Txid,
    vin: Vec<WireInput>,
    vout: Vec<WireOutput>,
}

#[derive(Deserialize)]
struct WireInput {
    /// The first transaction of a block spends nothing, and what spends extension blocks no output.
    txid: Option<Txid>,
    vout: Option<u32>,
    #[serde(default)]
    txinwitness: Vec<String>,
}

#[derive(Deserialize)]
struct WireOutput {
    n: u32,
    #[serde(with = "bitcoin::amount::serde::as_btc")]
    value: Amount,
    #[serde(rename = "scriptPubKey")]
    script: WireScript,
}

#[derive(Deserialize)]
struct WireScript {
    hex: ScriptBuf,
}

/// A block with what its transactions spend and pay.
#[derive(Debug)]
pub(crate) struct BlockBody {
    pub(crate) header: Header,
    pub(crate) txs: Vec<BlockTx>,
}

#[derive(Debug)]
pub(crate) struct BlockTx {
    pub(crate) txid: Txid,
    pub(crate) spends: Vec<(OutPoint, Vec<String>)>,
    pub(crate) pays: Vec<(u32, Amount, ScriptBuf)>,
}

impl WireBlock {
    pub(super) fn checked(self) -> BlockBody {
        let txs = self.tx.into_iter().map(|tx| BlockTx {
            txid: tx.txid,
            spends: tx
                .vin
                .into_iter()
                .filter_map(|input| {
                    let spent = OutPoint::new(input.txid?, input.vout?);
                    Some((spent, input.txinwitness))
                })
                .collect(),
            pays: tx
                .vout
                .into_iter()
                .map(|output| (output.n, output.value, output.script.hex))
                .collect(),
        });
        BlockBody {
            header: self.header.checked(),
            txs: txs.collect(),
        }
    }
}

/// A witness as it is written in an answer; `None` when that is no hexadecimal.
pub(crate) fn witness(items: &[String]) -> Option<Witness> {
    let items: Result<Vec<Vec<u8>>, _> = items.iter().map(|item| Vec::from_hex(item)).collect();
    Some(Witness::from_slice(&items.ok()?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireUnspent {
    confirmations: u64,
    #[serde(with = "bitcoin::amount::serde::as_btc")]
    value: Amount,
    script_pub_key: WireScript,
    #[serde(default)]
    coinbase: bool,
}

/// An output that nobody has spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unspent {
    /// Whom it pays.
    pub script: ScriptBuf,
    /// What it holds.
    pub value: Amount,
    /// How many blocks the chain has from its block on; 0 while it is in no block.
    pub confirmations: u64,
    /// Whether it is a miner's reward, which nobody can spend before it has 100 confirmations.
    pub coinbase: bool,
}

impl From<WireUnspent> for Unspent {
    fn from(wire: WireUnspent) -> Self {
        Self {
            script: wire.script_pub_key.hex,
            value: wire.value,
            confirmations: wire.confirmations,
            coinbase: wire.coinbase,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WireScan {
    pub(super) success: bool,
    pub(super) height: Option<u64>,
    pub(super) unspents: Vec<WireScanned>,
}

#[derive(Deserialize)]
pub(super) struct WireScanned {
    txid: Txid,
    vout: u32,
    #[serde(rename = "scriptPubKey")]
    script: ScriptBuf,
    #[serde(with = "bitcoin::amount::serde::as_btc")]
    amount: Amount,
    height: u64,
}

/// An output that a search through all unspent outputs has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannedCoin {
    /// Where it is.
    pub outpoint: OutPoint,
    /// What it holds.
    pub value: Amount,
    /// Whom it pays.
    pub script: ScriptBuf,
    /// The height of its block.
    pub height: u64,
}

impl From<WireScanned> for ScannedCoin {
    fn from(wire: WireScanned) -> Self {
        Self {
            outpoint: OutPoint::new(wire.txid, wire.vout),
            value: wire.amount,
            script: wire.script,
            height: wire.height,
        }
    }
}

/// A rate as nodes tell it: in whole coins per 1,000 virtual bytes.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct WireRate(#[serde(with = "bitcoin::amount::serde::as_btc")] Amount);

impl WireRate {
    /// Rounded up, so that it is enough.
    pub(super) fn rate(&self) -> FeeRate {
        FeeRate::from_sat_per_kwu(self.0.to_sat().div_ceil(4))
    }
}

#[derive(Deserialize)]
pub(super) struct WireEstimate {
    /// Missing while the node has seen too few blocks.
    pub(super) feerate: Option<WireRate>,
}

#[derive(Deserialize)]
pub(super) struct WireMempool {
    pub(super) mempoolminfee: WireRate,
    pub(super) minrelaytxfee: Option<WireRate>,
}

/// Whether this JSON is a block, an unspent output or the result of a search, read just as an
/// endpoint's answer is. For fuzzing.
#[doc(hidden)]
pub fn reads_answer(json: &[u8]) -> bool {
    let block = serde_json::from_slice::<WireBlock>(json).map(WireBlock::checked);
    let read = block.is_ok_and(|block| {
        let spends = block.txs.iter().flat_map(|tx| &tx.spends);
        spends.filter_map(|(_, items)| witness(items)).count() > 0
    });
    let ids = serde_json::from_slice::<WireBlockOfIds>(json).is_ok();
    let unspent = serde_json::from_slice::<WireUnspent>(json)
        .map(Unspent::from)
        .is_ok();
    let scan = serde_json::from_slice::<WireScan>(json).is_ok();
    let rate = serde_json::from_slice::<WireMempool>(json).map(|pool| pool.mempoolminfee.rate());
    read || ids || unspent || scan || rate.is_ok()
}
