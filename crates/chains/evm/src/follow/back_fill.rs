use std::sync::Arc;

use causeway_types::BlockRef;
use tracing::debug;

use super::{Follower, Update, fetch, follower::Step};
use crate::{
    EvmError, Log, RpcError, RpcErrorKind,
    rpc::{Endpoint, Rpc},
};

impl Follower {
    /// Reads a range of final blocks at once and tells of those with logs. The range adapts to
    /// what the endpoint is willing to answer.
    pub(super) async fn back_fill(
        &mut self,
        endpoint: &Arc<Endpoint>,
        final_height: u64,
    ) -> Result<Step, EvmError> {
        let first = self.cursor.next_height();
        let last = final_height.min(first.saturating_add(self.range.size() - 1));
        let rpc = endpoint.rpc();
        let (logs, end) = match fetch::logs_of_range(&rpc, &self.filter, first, last).await {
            Ok(found) => found,
            Err(error) => {
                let refused = matches!(error.kind, RpcErrorKind::Refused { .. });
                // Time-outs and broken connections may also come from too much at once.
                let smaller = self.range.refused();
                debug!(chain = %self.chain.id(), %error, range = self.range.size(), "range refused");
                return if refused && smaller {
                    Ok(Step::Again)
                } else {
                    Err(error.into())
                };
            }
        };
        let blocks = by_block(logs);
        let heights: Vec<_> = blocks.iter().map(|logs| logs[0].block_height).collect();
        let headers = fetch::headers(&rpc, &heights).await?;
        let mut updates = Vec::with_capacity(2 * blocks.len() + 1);
        for (logs, header) in blocks.into_iter().zip(headers) {
            let block = owner(&rpc, &logs, header.map(|header| header.block))?;
            updates.push(Update::Block { block, logs });
            updates.push(Update::Final { block });
        }
        if !self.agreed_final(endpoint, &end.block).await? {
            return Ok(Step::Wait);
        }
        self.range.succeeded();
        let told = heights.last() == Some(&end.block.height);
        if !told {
            updates.push(Update::Final { block: end.block });
        }
        Ok(Step::Updates(updates))
    }
}

/// The logs, which stand in order, grouped by block.
fn by_block(logs: Vec<Log>) -> Vec<Vec<Log>> {
    let mut blocks: Vec<Vec<Log>> = Vec::new();
    for log in logs {
        match blocks.last_mut() {
            Some(block) if block[0].block_height == log.block_height => block.push(log),
            _ => blocks.push(vec![log]),
        }
    }
    blocks
}

/// The header of the block that the logs claim to be of.
fn owner(rpc: &Rpc, logs: &[Log], header: Option<BlockRef>) -> Result<BlockRef, RpcError> {
    let of_it = |block: &BlockRef| logs.iter().all(|log| log.block_hash == block.hash);
    header.filter(of_it).ok_or_else(|| {
        RpcError::malformed(
            rpc.endpoint(),
            "eth_getLogs",
            "a log is not of the block at its height",
        )
    })
}
