//! An EVM chain as an attestor reads it: k of n endpoints or nothing.

use std::time::Duration;

use alloy::primitives::{Address, B256};
use causeway_attestor::{EndpointHealth, Source, SourceError};
use causeway_evm::{AgreementError, EvmChain, Statement};
use causeway_ibc::evm::storage_key;
use causeway_types::{BlockRef, ChainId};
use futures::future::BoxFuture;
use tokio::time::Instant;

/// Reads the router's commitments on one chain.
pub struct EvmSource {
    chain: EvmChain,
    router: Address,
}

impl EvmSource {
    /// Reads this router.
    pub fn new(chain: EvmChain, router: Address) -> Self {
        Self { chain, router }
    }

    async fn wait_final(&self, height: u64, patience: Duration) -> Result<BlockRef, SourceError> {
        let deadline = Instant::now() + patience;
        let mut heads = self.chain.watch_head();
        loop {
            heads.borrow_and_update();
            let error = match self.chain.agreed_final_block(height).await {
                Ok(block) => return Ok(block),
                Err(error) => error,
            };
            let waiting = matches!(error, AgreementError::NotYetFinal { .. });
            if !waiting || Instant::now() >= deadline {
                return Err(self.explain(error));
            }
            // Endpoints see a block at slightly different moments: do not wait for the next block
            // when this one is only a few milliseconds away.
            let soon = (Instant::now() + Duration::from_millis(50)).min(deadline);
            let _ = tokio::time::timeout_at(soon, heads.changed()).await;
        }
    }

    fn explain(&self, error: AgreementError) -> SourceError {
        let answering = error.said().len();
        let alike = |one: &Statement| error.said().iter().filter(|s| s.said == one.said).count();
        let most_alike = error.said().iter().map(alike).max().unwrap_or(0);
        let reason = error.to_string();
        match error {
            AgreementError::NotYetFinal { height, .. } => SourceError::NotYetFinal {
                height,
                final_height: self.final_height(),
            },
            AgreementError::Disagreement {
                question, needed, ..
            } => SourceError::Disagreement {
                subject: question,
                agreeing: most_alike,
                needed,
                reason,
            },
            AgreementError::TooFewAnswers { needed, .. } => SourceError::Unreachable {
                answering,
                needed,
                reason,
            },
        }
    }
}

impl Source for EvmSource {
    fn chain(&self) -> &ChainId {
        self.chain.id()
    }

    fn final_block(
        &self,
        height: u64,
        patience: Duration,
    ) -> BoxFuture<'_, Result<BlockRef, SourceError>> {
        Box::pin(self.wait_final(height, patience))
    }

    fn commitments<'a>(
        &'a self,
        block: &'a BlockRef,
        paths: &'a [B256],
    ) -> BoxFuture<'a, Result<Vec<B256>, SourceError>> {
        Box::pin(async move {
            let keys: Vec<B256> = paths.iter().map(|path| storage_key(*path)).collect();
            let words = self
                .chain
                .agreed_storage_at(self.router, &keys, block)
                .await;
            words.map_err(|error| self.explain(error))
        })
    }

    fn final_height(&self) -> Option<u64> {
        let head = self.chain.watch_head().borrow().map(|head| head.height)?;
        match self.chain.finality() {
            causeway_evm::Finality::Depth(depth) => head.checked_sub(depth),
            _ => None,
        }
    }

    fn newest_height(&self) -> BoxFuture<'_, Result<u64, SourceError>> {
        Box::pin(async move {
            let head = self.chain.head().await;
            let head = head.map_err(|error| SourceError::Unreachable {
                answering: 0,
                needed: 1,
                reason: error.to_string(),
            })?;
            Ok(head.height)
        })
    }

    fn health(&self) -> Vec<EndpointHealth> {
        let endpoints = self.chain.endpoints_health().into_iter();
        endpoints
            .map(|endpoint| EndpointHealth {
                url: endpoint.url,
                healthy: endpoint.healthy,
                error: endpoint.last_error,
            })
            .collect()
    }
}
