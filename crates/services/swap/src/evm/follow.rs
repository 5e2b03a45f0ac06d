use std::sync::Arc;

use alloy::primitives::Address;
use async_trait::async_trait;
use causeway_evm::{Cursor, EvmChain, Follower, Log, LogFilter, Update};
use causeway_types::BlockRef;
use tracing::warn;

use super::{error, event::Event, registry::Registry};
use crate::{ChainError, ChainUpdate, Follow, Sighting};

/// Follows the contract's events.
pub(super) struct EvmFollow {
    chain: EvmChain,
    contract: Address,
    registry: Arc<Registry>,
    follower: Follower,
}

impl EvmFollow {
    /// From where a cursor stands, or from the newest block on.
    pub(super) async fn from(
        chain: &EvmChain,
        contract: Address,
        registry: &Arc<Registry>,
        cursor: Option<&str>,
    ) -> Result<Self, ChainError> {
        let cursor = if let Some(saved) = cursor {
            serde_json::from_str(saved).map_err(|error| {
                let words = format!("where reading the chain stands is unreadable: {error}");
                ChainError::lasting(chain.id(), words)
            })?
        } else {
            let head = chain.head().await;
            let head = head.map_err(|error| error::of_chain(chain.id(), &error))?;
            Cursor::at(head.height)
        };
        Ok(Self::at(chain, contract, registry, cursor))
    }

    pub(super) fn at(
        chain: &EvmChain,
        contract: Address,
        registry: &Arc<Registry>,
        cursor: Cursor,
    ) -> Self {
        registry.reached(cursor.next_height().checked_sub(1));
        let filter = LogFilter {
            addresses: vec![contract],
            topics0: Event::topics(),
        };
        Self {
            chain: chain.clone(),
            contract,
            registry: Arc::clone(registry),
            follower: chain.follow(filter, cursor),
        }
    }

    /// What a log means for our swaps. One that cannot be read is left out, loudly: it must not hold up the others.
    fn sightings(&self, log: &Log, block: &BlockRef) -> Vec<Sighting> {
        if log.address() != self.contract {
            return Vec::new();
        }
        match Event::read(&log.inner) {
            Ok(Some(event)) => self.registry.judge(&event, block),
            Ok(None) => Vec::new(),
            Err(error) => {
                let chain = self.chain.id();
                warn!(%chain, tx = %log.tx_hash, log = log.log_index, %error, "swap event cannot be read");
                metrics::counter!("causeway_unreadable_events_total", "chain" => chain.to_string())
                    .increment(1);
                Vec::new()
            }
        }
    }
}

#[async_trait]
impl Follow for EvmFollow {
    async fn next(&mut self) -> Result<ChainUpdate, ChainError> {
        let update = self.follower.next().await;
        let update = update.map_err(|error| error::of_chain(self.chain.id(), &error))?;
        Ok(match update {
            Update::Block { block, logs } => {
                let logs = logs.iter();
                let sightings = logs.flat_map(|log| self.sightings(log, &block)).collect();
                self.registry.reached(Some(block.height));
                ChainUpdate::Block { block, sightings }
            }
            Update::Withdrawn { block } => {
                self.registry.withdraw(&block);
                ChainUpdate::Withdrawn { block }
            }
            Update::Final { block } => {
                let reached = self.follower.cursor().next_height().checked_sub(1);
                self.registry.reached(reached);
                ChainUpdate::Final { block }
            }
        })
    }

    fn cursor(&self) -> String {
        // A cursor is numbers and hashes: it always has a JSON form.
        serde_json::to_string(&self.follower.cursor()).unwrap_or_default()
    }
}
