use std::sync::Arc;

use tracing::{error, info};

use super::{
    Follower, Update, fetch,
    follower::{NEAR, Step},
};
use crate::{
    EvmError, RpcError,
    rpc::{Endpoint, Header},
};

impl Follower {
    /// Makes sure that the tip is still part of the endpoint's chain. `None` if it is; otherwise
    /// what to do instead of going on.
    pub(super) async fn check_branch(
        &self,
        endpoint: &Arc<Endpoint>,
        head: &Header,
    ) -> Result<Option<Step>, EvmError> {
        let Some(tip) = self.cursor.tip() else {
            return Ok(None);
        };
        let head = &head.block;
        if head.height < tip.height {
            // A lower head alone is an endpoint that lags. Only another block at a height that we
            // know is another branch.
            let known = self.cursor.recent_at(head.height);
            return match known.filter(|known| known.hash != head.hash) {
                Some(_) => self.withdraw(endpoint, head.height).await.map(Some),
                None => Ok(Some(Step::Wait)),
            };
        }
        let on_our_branch = if head.height == tip.height {
            head.hash == tip.hash
        } else if head.height == tip.height + 1 {
            head.parent == tip.hash
        } else {
            let found = fetch::headers(&endpoint.rpc(), &[tip.height]).await?;
            let Some(found) = found.into_iter().next().flatten() else {
                return Err(self.missing(endpoint, tip.height));
            };
            found.block.hash == tip.hash
        };
        if on_our_branch {
            return Ok(None);
        }
        self.withdraw(endpoint, tip.height).await.map(Some)
    }

    /// Finds the newest block that we share with the endpoint's chain, at or below a height, and
    /// withdraws what we have above it, the newest first.
    async fn withdraw(&self, endpoint: &Arc<Endpoint>, height: u64) -> Result<Step, EvmError> {
        let recent = self.cursor.recent();
        let rpc = endpoint.rpc();
        let lower: Vec<_> = recent
            .iter()
            .rev()
            .filter(|known| known.height <= height)
            .collect();
        let mut shared = None;
        'search: for chunk in lower.chunks(usize::try_from(NEAR).unwrap_or(usize::MAX)) {
            let heights: Vec<_> = chunk.iter().map(|known| known.height).collect();
            let found = fetch::headers(&rpc, &heights).await?;
            for (known, found) in chunk.iter().zip(found) {
                let found = found.ok_or_else(|| self.missing(endpoint, known.height))?;
                if found.block.hash == known.hash {
                    shared = Some(known.height);
                    break 'search;
                }
            }
        }
        let final_height = self.cursor.final_height();
        if let Some(final_height) = final_height
            && shared.is_none_or(|shared| shared < final_height)
        {
            return Err(self.finality_violated(endpoint, final_height).await);
        }
        let gone = recent.iter().rev();
        let gone = gone.take_while(|known| shared.is_none_or(|shared| known.height > shared));
        let updates: Vec<_> = gone
            .map(|block| Update::Withdrawn { block: *block })
            .collect();
        if updates.is_empty() {
            // The chain came back to our branch while we looked.
            return Ok(Step::Again);
        }
        info!(
            chain = %self.chain.id(), endpoint = %endpoint.label,
            blocks = updates.len(), shared_height = shared, "reorganisation"
        );
        Ok(Step::Updates(updates))
    }

    /// The endpoint in use has another block where we were told of a final one. Only if enough
    /// endpoints have it too is that the chain's doing.
    async fn finality_violated(&self, endpoint: &Endpoint, height: u64) -> EvmError {
        let Some(known) = self.cursor.recent_at(height) else {
            return self.missing(endpoint, height);
        };
        match self.chain.agreed_final_block(height).await {
            Ok(agreed) if agreed.hash == known.hash => {
                let reason = format!("its block {height} is not {}, which is final", known.hash);
                RpcError::malformed(&endpoint.label, "eth_getBlockByNumber", reason).into()
            }
            Ok(agreed) => {
                let (chain, expected, got) = (self.chain.id(), known.hash, agreed.hash);
                error!(%chain, height, %expected, %got, "finality was violated");
                EvmError::FinalityViolated {
                    chain: chain.clone(),
                    height,
                    expected,
                    got,
                }
            }
            Err(error) => error.into(),
        }
    }

    fn missing(&self, endpoint: &Endpoint, height: u64) -> EvmError {
        EvmError::NoBlock {
            chain: self.chain.id().clone(),
            endpoint: endpoint.label.clone(),
            block: height.to_string(),
        }
    }
}
