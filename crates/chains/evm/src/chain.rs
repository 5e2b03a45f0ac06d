use std::{fmt, sync::Arc};

use alloy::providers::{DynProvider, Provider as _, RootProvider};
use alloy_primitives::{Address, B256, Bytes, U256};
use causeway_types::{BlockRef, ChainId};
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::warn;

use crate::{
    EndpointHealth, EvmConfig, EvmError, Finality, RpcError,
    rpc::{Call, Pool, Rpc, WireHeader, watch_endpoint},
};

/// One EVM chain, reached through several endpoints. Clones share everything.
#[derive(Clone)]
pub struct EvmChain {
    inner: Arc<Inner>,
}

struct Inner {
    config: EvmConfig,
    pool: Arc<Pool>,
    rpc: Rpc,
    /// Ends the tasks that watch the endpoints.
    _stop: DropGuard,
}

impl fmt::Debug for EvmChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvmChain")
            .field("id", self.id())
            .finish_non_exhaustive()
    }
}

impl EvmChain {
    /// Connects to the chain. One reachable endpoint is enough to start; the others are tried
    /// again in the background.
    ///
    /// # Errors
    /// [`EvmError::Config`] for what cannot work, [`EvmError::WrongChain`] if any endpoint serves
    /// another chain, [`EvmError::Unreachable`] if none answers.
    pub async fn connect(config: EvmConfig) -> Result<Self, EvmError> {
        let number = check(&config)?;
        let pool = Arc::new(Pool::new(number, &config));
        let outcomes = join_all(
            pool.endpoints
                .iter()
                .map(|endpoint| endpoint.verify(&config.chain)),
        )
        .await;
        let mut failed = Vec::new();
        for outcome in outcomes {
            match outcome {
                Ok(()) => {}
                Err(error @ EvmError::WrongChain { .. }) => return Err(error),
                Err(error) => failed.push(error.to_string()),
            }
        }
        if failed.len() == pool.endpoints.len() {
            return Err(EvmError::Unreachable {
                chain: config.chain,
                details: failed.join("; "),
            });
        }
        for error in failed {
            warn!(chain = %config.chain, error, "endpoint cannot be reached, trying again later");
        }
        let cancel = CancellationToken::new();
        for endpoint in &pool.endpoints {
            let (pool, endpoint) = (Arc::clone(&pool), Arc::clone(endpoint));
            tokio::spawn(watch_endpoint(
                pool,
                endpoint,
                config.poll_interval,
                cancel.clone(),
            ));
        }
        let rpc = Rpc::failing_over(&pool, config.max_batch.max(1));
        Ok(Self {
            inner: Arc::new(Inner {
                config,
                pool,
                rpc,
                _stop: cancel.drop_guard(),
            }),
        })
    }

    /// The chain's id.
    pub fn id(&self) -> &ChainId {
        &self.inner.config.chain
    }

    /// When a block of this chain counts as final.
    pub fn finality(&self) -> Finality {
        self.inner.config.finality
    }

    /// What the chain was configured with.
    pub fn config(&self) -> &EvmConfig {
        &self.inner.config
    }

    /// How each endpoint is doing, in the order of the configuration.
    pub fn endpoints_health(&self) -> Vec<EndpointHealth> {
        self.inner
            .pool
            .endpoints
            .iter()
            .map(|endpoint| endpoint.report())
            .collect()
    }

    /// An alloy provider for contract bindings. It asks one endpoint and goes to the next when
    /// that fails, so its answers are good for liveness and not for signing. Chain and fees are
    /// not filled in and nothing is signed: transactions go through a
    /// [`TxLane`](crate::TxLane).
    pub fn provider(&self) -> DynProvider {
        RootProvider::<alloy::network::Ethereum>::new(self.inner.rpc.client().clone()).erased()
    }

    /// The newest block.
    pub async fn head(&self) -> Result<BlockRef, EvmError> {
        self.block_by(json!("latest"))
            .await?
            .ok_or_else(|| self.no_block("latest"))
    }

    /// The newest block that is final by the chain's rule, as one endpoint sees it.
    pub async fn final_block(&self) -> Result<BlockRef, EvmError> {
        if let Some(tag) = self.finality().tag() {
            return self
                .block_by(json!(tag))
                .await?
                .ok_or_else(|| self.no_block(tag));
        }
        let head = self.head().await?;
        let Finality::Depth(depth @ 1..) = self.finality() else {
            return Ok(head);
        };
        let height = head.height.saturating_sub(depth);
        self.block(height)
            .await?
            .ok_or_else(|| self.no_block(&height.to_string()))
    }

    /// The block at this height, or `None` if the chain is not that far.
    pub async fn block(&self, height: u64) -> Result<Option<BlockRef>, EvmError> {
        let block = self.block_by(json!(quantity(height))).await?;
        match block {
            Some(block) if block.height != height => Err(EvmError::Rpc(RpcError::malformed(
                self.inner.rpc.endpoint(),
                "eth_getBlockByNumber",
                format!("expected block {height}, got {}", block.height),
            ))),
            block => Ok(block),
        }
    }

    /// The gas that the newest block has room for, if the endpoint in use has told.
    pub fn block_gas_limit(&self) -> Option<u64> {
        self.pool().current().head()?.gas_limit
    }

    /// The newest block whenever it changes: pushed by the endpoint in use, polled where it cannot
    /// push. Blocks that come faster than the receiver looks are skipped; to miss none, use
    /// [`Self::follow`].
    pub fn watch_head(&self) -> watch::Receiver<Option<BlockRef>> {
        self.inner.pool.watch_head()
    }

    /// The storage words of a contract under these keys, as of exactly this block (EIP-1898).
    pub async fn storage_at(
        &self,
        address: Address,
        keys: &[B256],
        block: &BlockRef,
    ) -> Result<Vec<B256>, EvmError> {
        Ok(storage_words(self.rpc(), address, keys, block).await?)
    }

    /// The result of a read-only call on the newest state. A revert is an [`EvmError::Rpc`] whose
    /// [`RpcError::revert`] holds the data.
    pub async fn call(&self, to: Address, data: Bytes) -> Result<Bytes, EvmError> {
        self.call_at(None, to, data, None).await
    }

    /// The result of a call from an account (the zero address by default), as of a block or on the
    /// newest state.
    pub async fn call_at(
        &self,
        from: Option<Address>,
        to: Address,
        data: Bytes,
        block: Option<&BlockRef>,
    ) -> Result<Bytes, EvmError> {
        let mut request = json!({ "to": to, "data": data });
        if let Some(from) = from {
            request["from"] = json!(from);
        }
        let at = block.map_or(json!("latest"), at_block);
        Ok(self.rpc().request("eth_call", (request, at)).await?)
    }

    /// The balance of an account in wei, on the newest state.
    pub async fn balance(&self, account: Address) -> Result<U256, EvmError> {
        Ok(self
            .rpc()
            .request("eth_getBalance", (account, "latest"))
            .await?)
    }

    /// Holds what the endpoint in use has said against it, because others contradict it: they are preferred for a
    /// while.
    pub fn distrust_in_use(&self, reason: &str) {
        self.pool().current().distrust(reason);
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.inner.pool
    }

    /// Requests to whichever endpoint answers.
    pub(crate) fn rpc(&self) -> &Rpc {
        &self.inner.rpc
    }

    async fn block_by(&self, at: Value) -> Result<Option<BlockRef>, EvmError> {
        let header: Option<WireHeader> = self
            .rpc()
            .request("eth_getBlockByNumber", (at, false))
            .await?;
        Ok(header
            .and_then(WireHeader::checked)
            .map(|header| header.block))
    }

    fn no_block(&self, block: &str) -> EvmError {
        EvmError::NoBlock {
            chain: self.id().clone(),
            endpoint: "any endpoint".to_owned(),
            block: block.to_owned(),
        }
    }
}

/// What can be known to be wrong before anything is asked; returns the EIP-155 number.
fn check(config: &EvmConfig) -> Result<u64, EvmError> {
    let refuse = |field, reason: String| {
        Err(EvmError::Config {
            chain: config.chain.clone(),
            field,
            reason,
        })
    };
    let Some(number) = config.chain.eip155_id() else {
        return refuse(
            "chain",
            "not an EVM chain, expected eip155:<number>".to_owned(),
        );
    };
    if config.endpoints.is_empty() {
        return refuse("endpoints", "none given, expected at least one".to_owned());
    }
    for (index, url) in config.endpoints.iter().enumerate() {
        if !matches!(url.scheme(), "http" | "https" | "ws" | "wss") {
            let scheme = url.scheme();
            return refuse(
                "endpoints",
                format!("{scheme}:// is not http, https, ws or wss"),
            );
        }
        // One endpoint counted twice would outvote the others.
        if config.endpoints[..index].contains(url) {
            return refuse(
                "endpoints",
                format!("endpoint {} is given twice", index + 1),
            );
        }
    }
    if !(1..=config.endpoints.len()).contains(&config.agreement) {
        let (wanted, given) = (config.agreement, config.endpoints.len());
        return refuse(
            "agreement",
            format!("{wanted} of {given} endpoints cannot agree"),
        );
    }
    if config.max_log_range == 0 {
        return refuse("max_log_range", "0 blocks, expected at least 1".to_owned());
    }
    if config.poll_interval.is_zero() || config.request_timeout.is_zero() {
        return refuse(
            "poll_interval, request_timeout",
            "zero, expected some time".to_owned(),
        );
    }
    Ok(number)
}

/// A number as JSON-RPC writes it.
pub(crate) fn quantity(number: u64) -> String {
    format!("{number:#x}")
}

/// A block named by hash, refused if it is no longer part of the chain (EIP-1898).
pub(crate) fn at_block(block: &BlockRef) -> Value {
    json!({ "blockHash": block.hash, "requireCanonical": true })
}

pub(crate) async fn storage_words(
    rpc: &Rpc,
    address: Address,
    keys: &[B256],
    block: &BlockRef,
) -> Result<Vec<B256>, RpcError> {
    const METHOD: &str = "eth_getStorageAt";
    let at = at_block(block);
    let calls = keys
        .iter()
        .map(|key| Call::new(METHOD, json!([address, key, at])))
        .collect();
    let answers = rpc.batch(calls).await?;
    let words = answers.into_iter().map(|answer| {
        let text = answer.read::<String>()?;
        word(&text).ok_or_else(|| RpcError::malformed(rpc.endpoint(), METHOD, "no storage word"))
    });
    words.collect()
}

/// A storage word. Some nodes leave its leading zeros out, but none leaves out all digits.
fn word(text: &str) -> Option<B256> {
    let digits = text
        .strip_prefix("0x")
        .filter(|digits| (1..=64).contains(&digits.len()))?;
    U256::from_str_radix(digits, 16).ok().map(B256::from)
}
