use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

use causeway_types::BlockRef;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tracing::{debug, warn};

use super::{Cursor, LogFilter, Update, fetch, range::AdaptiveRange};
use crate::{
    AgreementError, EvmChain, EvmError, RpcError, RpcErrorKind,
    rpc::{Endpoint, Header},
};

/// How many blocks near the head are read together at most. Further behind finality than this,
/// logs are read by range.
pub(super) const NEAR: u64 = 32;
/// How often a step is tried beyond once per endpoint before the caller hears of it.
const EXTRA_TRIES: usize = 2;
const PAUSE_BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// Tells of every block of a chain in order, without gaps, and takes back what the chain takes
/// back. Made by [`EvmChain::follow`].
pub struct Follower {
    pub(super) chain: EvmChain,
    pub(super) filter: LogFilter,
    pub(super) cursor: Cursor,
    pub(super) range: AdaptiveRange,
    queue: VecDeque<Update>,
    pulse: watch::Receiver<u64>,
}

/// What a look at the chain brought.
pub(super) enum Step {
    Updates(Vec<Update>),
    /// Nothing new; wait for a head.
    Wait,
    /// Look again at once.
    Again,
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower")
            .field("chain", self.chain.id())
            .field("next", &self.cursor.next_height())
            .finish_non_exhaustive()
    }
}

impl EvmChain {
    /// Follows the blocks and logs of this chain from where the cursor stands.
    pub fn follow(&self, filter: LogFilter, from: Cursor) -> Follower {
        Follower {
            chain: self.clone(),
            filter,
            cursor: from,
            range: AdaptiveRange::new(self.config().max_log_range),
            queue: VecDeque::new(),
            pulse: self.pool().watch_pulse(),
        }
    }
}

impl Follower {
    /// The next update; waits for one as long as it takes. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`EvmError::FinalityViolated`] is for good. After any other error the follower stands where
    /// it stood and can be asked again, best after a pause: every endpoint has been tried.
    pub async fn next(&mut self) -> Result<Update, EvmError> {
        let mut tries = 0;
        loop {
            if let Some(update) = self.queue.pop_front() {
                self.cursor.apply(&update);
                return Ok(update);
            }
            // Marked as seen before looking, so that what changes meanwhile is not missed.
            self.pulse.borrow_and_update();
            let endpoint = self.chain.pool().current();
            match self.step(&endpoint).await {
                Ok(Step::Updates(updates)) => self.queue.extend(updates),
                Ok(Step::Again) => {}
                Ok(Step::Wait) => {
                    tries = 0;
                    let wait = self.chain.config().poll_interval;
                    let _ = timeout(wait, self.pulse.changed()).await;
                }
                Err(error) => {
                    tries += 1;
                    if unusable_answer(&error) {
                        endpoint.distrust(&error.to_string());
                    }
                    let enough = tries >= self.chain.pool().endpoints.len() + EXTRA_TRIES;
                    if enough || matches!(error, EvmError::FinalityViolated { .. }) {
                        return Err(error);
                    }
                    debug!(chain = %self.chain.id(), %error, tries, "following failed, trying again");
                    sleep(PAUSE_BETWEEN_TRIES).await;
                }
            }
        }
    }

    /// Where following stands after the updates returned so far.
    pub fn cursor(&self) -> Cursor {
        self.cursor.clone()
    }

    async fn step(&mut self, endpoint: &Arc<Endpoint>) -> Result<Step, EvmError> {
        let Some(head) = endpoint.head() else {
            return Ok(Step::Wait);
        };
        if let Some(step) = self.check_branch(endpoint, &head).await? {
            return Ok(step);
        }
        if let Some(step) = self.newly_final(endpoint).await? {
            return Ok(step);
        }
        let next = self.cursor.next_height();
        if head.block.height < next {
            return Ok(Step::Wait);
        }
        match self.final_height(endpoint) {
            // What was told already and is not agreed on must not become final on the way.
            Some(last) if last >= next.saturating_add(NEAR) && self.cursor.owes_finality() => {
                Ok(Step::Wait)
            }
            Some(last) if last >= next.saturating_add(NEAR) => self.back_fill(endpoint, last).await,
            _ => self.near_head(endpoint, &head).await,
        }
    }

    /// The height up to which the chain is final: as the endpoint in use says, or if several must
    /// agree, as that many say.
    pub(super) fn final_height(&self, endpoint: &Endpoint) -> Option<u64> {
        let pool = self.chain.pool();
        if pool.agreement > 1 {
            pool.final_height()
        } else {
            endpoint.health().final_height
        }
    }

    /// Whether enough endpoints call exactly this block final.
    pub(super) async fn agreed_final(
        &self,
        endpoint: &Endpoint,
        block: &BlockRef,
    ) -> Result<bool, EvmError> {
        if self.chain.pool().agreement <= 1 {
            return Ok(true);
        }
        match self.chain.agreed_final_block(block.height).await {
            Ok(agreed) if agreed == *block => Ok(true),
            Ok(agreed) => {
                let reason = format!("it follows block {}, others {}", block.hash, agreed.hash);
                Err(RpcError::malformed(&endpoint.label, "eth_getBlockByNumber", reason).into())
            }
            Err(error @ AgreementError::NotYetFinal { .. }) => {
                debug!(%error, "waiting for agreement on finality");
                Ok(false)
            }
            Err(error) => {
                warn!(chain = %self.chain.id(), %error, "no agreement on finality");
                Ok(false)
            }
        }
    }

    /// Reads the blocks after the tip one by one, each with its own logs.
    async fn near_head(
        &mut self,
        endpoint: &Arc<Endpoint>,
        head: &Header,
    ) -> Result<Step, EvmError> {
        let next = self.cursor.next_height();
        let headers = if head.block.height == next {
            vec![*head]
        } else {
            let blocks = self.range.size().min(NEAR);
            let last = head.block.height.min(next.saturating_add(blocks - 1));
            let heights: Vec<_> = (next..=last).collect();
            let found = fetch::headers(&endpoint.rpc(), &heights).await?;
            self.linked(found)
        };
        if headers.is_empty() {
            // The chain changed between two questions, or the endpoint is behind its own head.
            sleep(PAUSE_BETWEEN_TRIES).await;
            return Ok(Step::Again);
        }
        let pool = self.chain.pool();
        let logs = fetch::logs_of_blocks(pool, endpoint, &self.filter, &headers).await?;
        if head.block.height != next {
            self.range.succeeded(logs.iter().map(Vec::len).sum());
        }
        let updates = headers.into_iter().zip(logs);
        let updates = updates.map(|(header, logs)| Update::Block {
            block: header.block,
            logs,
        });
        Ok(Step::Updates(updates.collect()))
    }

    /// The headers that continue our branch, up to the first that is missing or does not.
    fn linked(&self, found: Vec<Option<Header>>) -> Vec<Header> {
        let mut tip = self.cursor.tip().map(|tip| tip.hash);
        let mut headers = Vec::with_capacity(found.len());
        for header in found.into_iter().map_while(|header| header) {
            if tip.is_some_and(|tip| tip != header.block.parent) {
                break;
            }
            tip = Some(header.block.hash);
            headers.push(header);
        }
        headers
    }
}

/// Whether the endpoint answered, but not with what it should have. Transport failures are counted
/// where they happen.
fn unusable_answer(error: &EvmError) -> bool {
    match error {
        EvmError::Rpc(RpcError { kind, .. }) => !matches!(kind, RpcErrorKind::Transport(_)),
        EvmError::NoBlock { .. } => true,
        _ => false,
    }
}
