use std::{collections::BTreeMap, sync::Arc};

use causeway_types::BlockRef;
use tracing::{error, warn};

use super::{Follower, Update, cursor::digest, follower::Step};
use crate::{EvmError, Log, rpc::Endpoint};

impl Follower {
    /// The blocks that became final. Where several endpoints must agree, they must agree on the logs
    /// too: what one endpoint hid, invented or altered before is put right here, so that nothing
    /// final rests on the word of one.
    pub(super) async fn newly_final(
        &mut self,
        endpoint: &Arc<Endpoint>,
    ) -> Result<Option<Step>, EvmError> {
        let (Some(tip), Some(oldest), Some(height)) = (
            self.cursor.tip(),
            self.cursor.recent().front(),
            self.final_height(endpoint),
        ) else {
            return Ok(None);
        };
        let told = self.cursor.final_height();
        let first = told.map_or(oldest.height, |told| told.saturating_add(1));
        let longest = first.saturating_add(self.range.size() - 1);
        let height = height.min(tip.height).min(longest);
        if told.is_some_and(|told| told >= height) {
            return Ok(None);
        }
        // Below the first block that was told of there is nothing to say.
        let Some(block) = self.cursor.recent_at(height).copied() else {
            return Ok(None);
        };
        if !self.agreed_final(endpoint, &block).await? {
            return Ok(None);
        }
        if self.chain.pool().agreement <= 1 {
            return Ok(Some(Step::Updates(vec![Update::Final { block }])));
        }
        let logs = match self.chain.agreed_logs(&self.filter, first, &block).await {
            Ok(logs) => logs,
            Err(error) => {
                warn!(chain = %self.chain.id(), %error, "no agreement on logs");
                self.range.refused();
                return Ok(None);
            }
        };
        self.range.succeeded(logs.len());
        let mut updates = self.corrections(endpoint, first, &block, logs);
        let complete = updates.iter().all(|update| match update {
            Update::Withdrawn { block: gone } => {
                gone.height > height || updates.iter().any(|update| tells_of(update, gone))
            }
            _ => true,
        });
        if complete {
            updates.push(Update::Final { block });
        }
        Ok(Some(Step::Updates(updates)))
    }

    /// Withdraws what was told wrongly and what follows it, and tells it again with the logs that
    /// were agreed on, up to the block that is to be final.
    fn corrections(
        &self,
        endpoint: &Arc<Endpoint>,
        first: u64,
        last: &BlockRef,
        agreed: Vec<Log>,
    ) -> Vec<Update> {
        let mut truth: BTreeMap<u64, Vec<Log>> = BTreeMap::new();
        for log in agreed {
            truth.entry(log.block_height).or_default().push(log);
        }
        let recent = self.cursor.recent();
        let wrong = recent.iter().find(|block| {
            let right = truth.get(&block.height).map(|logs| digest(logs));
            (first..=last.height).contains(&block.height)
                && right != self.cursor.told_at(block.height)
        });
        let Some(wrong) = wrong else {
            return Vec::new();
        };
        error!(
            chain = %self.chain.id(), height = wrong.height, block = %wrong.hash,
            "an endpoint told of other logs than the others; what it said is withdrawn"
        );
        endpoint.distrust(&format!("it gave wrong logs of block {}", wrong.height));
        let again = recent
            .iter()
            .filter(|block| (wrong.height..=last.height).contains(&block.height))
            .map_while(|block| {
                let logs = truth.remove(&block.height).unwrap_or_default();
                // Of another block than was told of: that block is wrong as well, and read anew.
                let of_it = logs.iter().all(|log| log.block_hash == block.hash);
                of_it.then_some(Update::Block {
                    block: *block,
                    logs,
                })
            });
        let gone = recent.iter().rev();
        let gone = gone.take_while(|block| block.height >= wrong.height);
        let mut updates: Vec<_> = gone
            .map(|block| Update::Withdrawn { block: *block })
            .collect();
        updates.extend(again);
        updates
    }
}

fn tells_of(update: &Update, gone: &BlockRef) -> bool {
    matches!(update, Update::Block { block, .. } if block == gone)
}
