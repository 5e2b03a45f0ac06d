use std::sync::Arc;

use causeway_types::BlockRef;
use tracing::{debug, warn};

use super::{Follower, Update, fetch, follower::Step};
use crate::{
    AgreementError, EvmError, Log, RpcError, RpcErrorKind,
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
        if self.chain.pool().agreement > 1 {
            return self.back_fill_agreed(endpoint, first, last).await;
        }
        let rpc = endpoint.rpc();
        let (logs, end) = match fetch::logs_of_range(&rpc, &self.filter, first, last).await {
            Ok((logs, end)) => (logs, end.block),
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
        self.told_as_final(&rpc, logs, end).await
    }

    /// The same where several endpoints must agree: on the logs as well as on finality.
    async fn back_fill_agreed(
        &mut self,
        endpoint: &Arc<Endpoint>,
        first: u64,
        last: u64,
    ) -> Result<Step, EvmError> {
        let agreed = async {
            let end = self.chain.agreed_final_block(last).await?;
            let logs = self.chain.agreed_logs(&self.filter, first, &end).await?;
            Ok::<_, AgreementError>((logs, end))
        };
        match agreed.await {
            Ok((logs, end)) => self.told_as_final(&endpoint.rpc(), logs, end).await,
            Err(error) => {
                // Too much at once may be all that is wrong.
                self.range.refused();
                warn!(chain = %self.chain.id(), %error, range = self.range.size(), "no agreement on a range");
                Ok(Step::Wait)
            }
        }
    }

    /// Tells of a range of final blocks with these logs.
    async fn told_as_final(
        &mut self,
        rpc: &Rpc,
        logs: Vec<Log>,
        end: BlockRef,
    ) -> Result<Step, EvmError> {
        let count = logs.len();
        let blocks = by_block(logs);
        let heights: Vec<_> = blocks.iter().map(|logs| logs[0].block_height).collect();
        let headers = fetch::headers(rpc, &heights).await?;
        let mut updates = Vec::with_capacity(2 * blocks.len() + 1);
        for (logs, header) in blocks.into_iter().zip(headers) {
            let block = owner(rpc, &logs, header.map(|header| header.block))?;
            updates.push(Update::Block { block, logs });
            updates.push(Update::Final { block });
        }
        self.range.succeeded(count);
        if heights.last() != Some(&end.height) {
            updates.push(Update::Final { block: end });
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
