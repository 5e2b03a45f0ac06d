//! The methods that the driver uses, with the answers that nodes of both chains give.

use std::time::{Duration, Instant};

use alloy_primitives::B256;
use bitcoin::{
    Amount, BlockHash, FeeRate, OutPoint, Script, Txid,
    hex::{DisplayHex as _, FromHex as _},
};
use causeway_types::BlockRef;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    BlockBody, Header, RpcClient, RpcError, RpcErrorKind, ScannedCoin, Unspent, block_hash,
    display_bytes,
    wire::{
        WireBlock, WireBlockOfIds, WireEstimate, WireHead, WireHeader, WireMempool, WireScan,
        WireUnspent,
    },
};

/// Core's `RPC_INVALID_ADDRESS_OR_KEY`: there is no such block or transaction.
const UNKNOWN: i64 = -5;
/// Core's `RPC_INVALID_PARAMETER`: there is no block at this height.
const OUT_OF_RANGE: i64 = -8;
/// What Core says, with the same number, while it searches for somebody else (`rpc/blockchain.cpp`).
const SEARCHING: &str = "Scan already in progress";
/// How long to wait before a node that searches for somebody else is asked again.
const TURN: Duration = Duration::from_millis(100);

fn is_searching(error: &RpcError) -> bool {
    matches!(&error.kind, RpcErrorKind::Refused { message, .. } if message.starts_with(SEARCHING))
}

impl RpcClient {
    /// The height and the hash of the newest block.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub async fn head(&self) -> Result<(u64, B256), RpcError> {
        let head: WireHead = self.call("getblockchaininfo", json!([])).await?;
        Ok((head.blocks, display_bytes(head.bestblockhash)))
    }

    /// The hash of the block at this height; `None` above the head.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub async fn block_hash_at(&self, height: u64) -> Result<Option<B256>, RpcError> {
        let hash: Option<BlockHash> = self
            .call_if_known("getblockhash", json!([height]), OUT_OF_RANGE)
            .await?;
        Ok(hash.map(display_bytes))
    }

    /// The block of this hash: its place, and its own time. `None` if the node does not know it.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub async fn block_ref(&self, hash: B256) -> Result<Option<BlockRef>, RpcError> {
        let header = self.header(hash).await?;
        Ok(header.map(|header| header.block))
    }

    pub(crate) async fn header(&self, hash: B256) -> Result<Option<Header>, RpcError> {
        let params = json!([block_hash(hash), true]);
        let header: Option<WireHeader> = self
            .call_if_known("getblockheader", params, UNKNOWN)
            .await?;
        Ok(header.map(|header| header.checked()))
    }

    pub(crate) async fn block(&self, hash: B256) -> Result<Option<BlockBody>, RpcError> {
        const METHOD: &str = "getblock";
        let block: Option<WireBlock> = self
            .call_if_known(METHOD, json!([block_hash(hash), 2]), UNKNOWN)
            .await?;
        let Some(block) = block.map(WireBlock::checked) else {
            return Ok(None);
        };
        let got = block.header.block.hash;
        if got != hash {
            return Err(self.malformed(METHOD, &format!("asked for block {hash}, got {got}")));
        }
        Ok(Some(block))
    }

    /// How deep a transaction lies in the chain, if that block holds it: how many blocks there are from
    /// the block on; 0 when the block is not in the chain, or the transaction is not in the block.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub async fn confirmations(&self, txid: Txid, block: B256) -> Result<u64, RpcError> {
        let params = json!([block_hash(block), 1]);
        let found: Option<WireBlockOfIds> = self.call_if_known("getblock", params, UNKNOWN).await?;
        let holding = found.filter(|found| found.tx.contains(&txid));
        let deep = holding.and_then(|found| found.header.checked().confirmations);
        Ok(deep.unwrap_or(0))
    }

    /// The output, if nobody has spent it. With `pending`, unconfirmed transactions count as well.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub async fn unspent(&self, at: OutPoint, pending: bool) -> Result<Option<Unspent>, RpcError> {
        let params = json!([at.txid, at.vout, pending]);
        let unspent: Option<WireUnspent> = self.call("gettxout", params).await?;
        Ok(unspent.map(Unspent::from))
    }

    /// Searches all unspent outputs for those that pay one of the scripts, and answers them with the
    /// height of the newest block that was looked at.
    ///
    /// # Errors
    /// When there is no usable answer. A node does one such search at a time: others wait for their turn,
    /// no longer than a search may take.
    pub async fn scan(&self, scripts: &[&Script]) -> Result<(u64, Vec<ScannedCoin>), RpcError> {
        const METHOD: &str = "scantxoutset";
        let raw = scripts
            .iter()
            .map(|script| format!("raw({})", script.to_hex_string()));
        let params = json!(["start", raw.collect::<Vec<_>>()]);
        let patience = self.limits().scan_timeout;
        let since = Instant::now();
        let scan: WireScan = loop {
            match self.call_within(METHOD, params.clone(), patience).await {
                Err(error) if is_searching(&error) && since.elapsed() < patience => {
                    tokio::time::sleep(TURN).await;
                }
                answer => break answer?,
            }
        };
        match scan.height {
            Some(height) if scan.success => {
                let coins = scan.unspents.into_iter().map(ScannedCoin::from);
                Ok((height, coins.collect()))
            }
            _ => Err(self.malformed(METHOD, "the search was not finished")),
        }
    }

    /// The rate that the node thinks will be mined within this many blocks; `None` while it has seen too
    /// little.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub async fn estimated_rate(&self, blocks: u16) -> Result<Option<FeeRate>, RpcError> {
        let estimate: WireEstimate = self.call("estimatesmartfee", json!([blocks])).await?;
        Ok(estimate.feerate.map(|rate| rate.rate()))
    }

    /// The least rate at which the node takes a transaction now.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub async fn least_rate(&self) -> Result<FeeRate, RpcError> {
        let pool: WireMempool = self.call("getmempoolinfo", json!([])).await?;
        let relay = pool.minrelaytxfee.map_or(FeeRate::ZERO, |rate| rate.rate());
        Ok(pool.mempoolminfee.rate().max(relay))
    }

    /// Whether the node keeps this transaction for a coming block.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub async fn is_pending(&self, txid: Txid) -> Result<bool, RpcError> {
        let entry: Option<Value> = self
            .call_if_known("getmempoolentry", json!([txid]), UNKNOWN)
            .await?;
        Ok(entry.is_some())
    }

    /// The bytes of a transaction that is pending, or that is in this block.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub async fn raw_transaction(
        &self,
        txid: Txid,
        block: Option<B256>,
    ) -> Result<Option<Vec<u8>>, RpcError> {
        const METHOD: &str = "getrawtransaction";
        let params = match block {
            Some(block) => json!([txid, false, block_hash(block)]),
            None => json!([txid, false]),
        };
        let hex: Option<String> = self.call_if_known(METHOD, params, UNKNOWN).await?;
        let bytes = hex.map(|hex| Vec::from_hex(&hex)).transpose();
        bytes.map_err(|error| self.malformed(METHOD, &error.to_string()))
    }

    /// Hands a transaction to the node. What the node thinks of it is in the error's code and words.
    ///
    /// # Errors
    /// When the node refuses it or there is no usable answer.
    pub async fn send(&self, tx: &[u8]) -> Result<Txid, RpcError> {
        // The node's own limit of rates is switched off: whoever made the transaction has a limit.
        let params = json!([tx.to_lower_hex_string(), 0]);
        self.call("sendrawtransaction", params).await
    }

    /// Why the node would not take a transaction now, in its own words; `None` if it would.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub async fn refusal(&self, tx: &[u8]) -> Result<Option<String>, RpcError> {
        #[derive(Deserialize)]
        struct Verdict {
            allowed: bool,
            #[serde(rename = "reject-reason")]
            reason: Option<String>,
        }
        const METHOD: &str = "testmempoolaccept";
        let params = json!([[tx.to_lower_hex_string()], 0]);
        let verdicts: Vec<Verdict> = self.call(METHOD, params).await?;
        match verdicts.into_iter().next() {
            Some(Verdict { allowed: true, .. }) => Ok(None),
            Some(verdict) => Ok(Some(super::shorten(&verdict.reason.unwrap_or_default()))),
            None => Err(self.malformed(METHOD, "no verdict")),
        }
    }

    /// The fee that a pending transaction pays; `None` if it is not pending.
    ///
    /// # Errors
    /// When there is no usable answer.
    pub async fn pending_fee(&self, txid: Txid) -> Result<Option<Amount>, RpcError> {
        #[derive(Deserialize)]
        struct Entry {
            fees: Fees,
        }
        #[derive(Deserialize)]
        struct Fees {
            #[serde(with = "bitcoin::amount::serde::as_btc")]
            base: Amount,
        }
        let entry: Option<Entry> = self
            .call_if_known("getmempoolentry", json!([txid]), UNKNOWN)
            .await?;
        Ok(entry.map(|entry| entry.fees.base))
    }

    /// The answer, or nothing where the node says by this code that it does not know such a thing.
    async fn call_if_known<R: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
        unknown: i64,
    ) -> Result<Option<R>, RpcError> {
        match self.call(method, params).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.code() == Some(unknown) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
