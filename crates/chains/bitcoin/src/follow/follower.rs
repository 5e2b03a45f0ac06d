use std::{collections::VecDeque, fmt, time::Duration};

use alloy_primitives::B256;
use bitcoin::{OutPoint, ScriptBuf, hashes::sha256};
use causeway_types::BlockRef;
use tokio::time::sleep;
use tracing::{debug, warn};

use super::{BlockEvent, Cursor, Update, Watch, cursor::digest};
use crate::{BitcoinChain, BitcoinError, RpcClient, RpcError};

/// How often a step is tried before the caller hears of its failure.
const TRIES: usize = 3;
/// How many looks are taken before the endpoints are asked about finality again that did not agree.
const LOOKS_BETWEEN_VOTES: u32 = 10;
const PAUSE_BETWEEN_TRIES: Duration = Duration::from_millis(200);

/// Tells of every block of a chain in order, without gaps, and takes back what the chain takes back.
/// Made by [`BitcoinChain::follow`].
pub struct Follower {
    chain: BitcoinChain,
    watch: Watch,
    cursor: Cursor,
    queue: VecDeque<Update>,
    /// Looks that are yet to be taken before the endpoints are asked about finality.
    votes_in: u32,
}

/// What one endpoint says about a height that should be final.
type Claim = Option<(B256, sha256::Hash)>;

impl BitcoinChain {
    /// Follows the blocks of this chain from where the cursor stands.
    pub fn follow(&self, watch: Watch, from: Cursor) -> Follower {
        Follower {
            chain: self.clone(),
            watch,
            cursor: from,
            queue: VecDeque::new(),
            votes_in: 0,
        }
    }
}

impl Follower {
    /// The next update; waits for one as long as it takes. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`BitcoinError::FinalityViolated`] is for good. After any other error the follower stands where it
    /// stood and can be asked again, best after a pause: every endpoint has been tried.
    pub async fn next(&mut self) -> Result<Update, BitcoinError> {
        let mut tries = 0;
        loop {
            match self.try_next().await {
                Ok(Some(update)) => return Ok(update),
                Ok(None) => {
                    tries = 0;
                    sleep(self.chain.config().poll_interval).await;
                }
                Err(error @ BitcoinError::FinalityViolated { .. }) => return Err(error),
                Err(error) => {
                    tries += 1;
                    if tries >= TRIES {
                        return Err(error);
                    }
                    debug!(chain = %self.chain.id(), %error, tries, "following failed, trying again");
                    sleep(PAUSE_BETWEEN_TRIES).await;
                }
            }
        }
    }

    /// The next update if there is one now.
    ///
    /// # Errors
    /// As [`Follower::next`], but at once.
    pub async fn try_next(&mut self) -> Result<Option<Update>, BitcoinError> {
        if self.queue.is_empty() {
            let updates = self.look().await?;
            self.queue.extend(updates);
        }
        let update = self.queue.pop_front();
        if let Some(update) = &update {
            self.cursor.apply(update);
            if let Update::Block { events, .. } = update {
                self.watch.remember(events);
            }
        }
        Ok(update)
    }

    /// Where following stands after the updates returned so far.
    pub fn cursor(&self) -> Cursor {
        self.cursor.clone()
    }

    /// Watches a script from the next block on.
    pub fn watch_script(&mut self, script: ScriptBuf) {
        self.watch.scripts.insert(script);
    }

    /// Watches an output from the next block on.
    pub fn watch_outpoint(&mut self, outpoint: OutPoint) {
        self.watch.outpoints.insert(outpoint);
    }

    /// Forgets a script, and an output, that nothing depends on any more.
    pub fn forget(&mut self, script: &ScriptBuf, outpoint: Option<&OutPoint>) {
        self.watch.scripts.remove(script);
        if let Some(outpoint) = outpoint {
            self.watch.outpoints.remove(outpoint);
        }
    }

    /// One look at the chain: what it takes back, what has become final, what is new.
    async fn look(&mut self) -> Result<Vec<Update>, BitcoinError> {
        if let Some(withdrawn) = self.off_the_chain().await? {
            return Ok(vec![withdrawn]);
        }
        if let Some(updates) = self.newly_final().await? {
            return Ok(updates);
        }
        self.next_block()
            .await
            .map(|block| block.into_iter().collect())
    }

    /// The block after the newest that was told of, from whichever endpoint has one: none can hold up
    /// what the others know.
    async fn next_block(&self) -> Result<Option<Update>, BitcoinError> {
        let next = self.cursor.next_height();
        let (mut answered, mut failure) = (false, None);
        for (number, node) in self.chain.nodes_in_turn() {
            match read(node, &self.watch, next).await {
                Ok(Some((block, events))) if self.continues(&block) => {
                    self.chain.prefer(number);
                    return Ok(Some(Update::Block { block, events }));
                }
                // None yet, or one of another branch.
                Ok(_) => answered = true,
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if !answered => Err(error.into()),
            _ => Ok(None),
        }
    }

    fn continues(&self, block: &BlockRef) -> bool {
        self.cursor.tip().is_none_or(|tip| tip.hash == block.parent)
    }

    /// The newest block that was told of, if the chain no longer has it. Two branches of one length are
    /// both right until one grows, so more endpoints have to say so than say otherwise.
    async fn off_the_chain(&self) -> Result<Option<Update>, BitcoinError> {
        let Some(tip) = self.cursor.tip() else {
            return Ok(None);
        };
        let told = self
            .chain
            .ask_all(|node| async move { standing(&node, tip).await })
            .await;
        let count = |wanted| {
            let answers = told.iter().filter_map(|(_, answer)| answer.as_ref().ok());
            answers.filter(|&&answer| answer == wanted).count()
        };
        let (gone, stands) = (count(Standing::Gone), count(Standing::InChain));
        if gone == 0 || gone <= stands {
            return Ok(None);
        }
        if gone < self.chain.config().agreement {
            let question = format!("whether block {} is still in the chain", tip.height);
            let say = |standing: &Standing| format!("{standing:?}");
            return Err(self.chain.disagreement(&told, question, say).into());
        }
        if Some(tip.height) <= self.cursor.final_height() {
            return Err(BitcoinError::FinalityViolated {
                chain: self.chain.id().clone(),
                height: tip.height,
                expected: tip.hash,
            });
        }
        Ok(Some(Update::Withdrawn { block: *tip }))
    }

    /// The next block that is deep enough, if enough endpoints see it there and saw the same in it. What
    /// was told otherwise is withdrawn, to be told again.
    async fn newly_final(&mut self) -> Result<Option<Vec<Update>>, BitcoinError> {
        let Some(first) = self.cursor.first_pending() else {
            return Ok(None);
        };
        let depth = self.chain.config().confirmations;
        let (height, digest_told) = (first.block.height, first.digest);
        if self.cursor.next_height().saturating_sub(height) < depth {
            return Ok(None);
        }
        if self.chain.config().agreement <= 1 {
            return Ok(Some(vec![Update::Final { block: first.block }]));
        }
        if self.votes_in > 0 {
            self.votes_in -= 1;
            return Ok(None);
        }
        let block = first.block;
        let watch = &self.watch;
        let claims = self
            .chain
            .ask_all(|node| async move { claim(&node, watch, height, depth).await })
            .await;
        let same = |one: &Claim, other: &Claim| one == other && one.is_some();
        let question = || format!("block {height} and what it holds for us");
        let agreed = self
            .chain
            .majority(&claims, same, question, |claim| match claim {
                Some((hash, digest)) => format!("block {hash} with events of digest {digest}"),
                None => format!("that it is not {depth} blocks deep"),
            });
        let agreed = match agreed {
            Ok(agreed) => agreed.first().copied().copied().flatten(),
            Err(error) => {
                warn!(chain = %self.chain.id(), %error, "no agreement on finality, waiting");
                self.votes_in = LOOKS_BETWEEN_VOTES;
                return Ok(None);
            }
        };
        if agreed == Some((block.hash, digest_told)) {
            return Ok(Some(vec![Update::Final { block }]));
        }
        self.chain
            .distrust_current("others have another block, or other events in it");
        Ok(Some(self.withdrawn_down_to(height)))
    }

    /// Takes back everything from this height on, the newest first.
    fn withdrawn_down_to(&self, height: u64) -> Vec<Update> {
        let heights = (height..self.cursor.next_height()).rev();
        let told = heights.filter_map(|height| self.cursor.told_at(height));
        told.map(|told| Update::Withdrawn { block: told.block })
            .collect()
    }
}

/// What an endpoint says about a block that was told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    InChain,
    Gone,
    /// It has not come so far.
    Behind,
}

async fn standing(node: &RpcClient, tip: &BlockRef) -> Result<Standing, RpcError> {
    if let Some(header) = node.header(tip.hash).await? {
        let in_chain = header.confirmations.is_some();
        return Ok(if in_chain {
            Standing::InChain
        } else {
            Standing::Gone
        });
    }
    let (height, _) = node.head().await?;
    let has_another = height >= tip.height;
    Ok(if has_another {
        Standing::Gone
    } else {
        Standing::Behind
    })
}

/// The block at a height with what it holds for us; `None` if the endpoint has none.
async fn read(
    node: &RpcClient,
    watch: &Watch,
    height: u64,
) -> Result<Option<(BlockRef, Vec<BlockEvent>)>, RpcError> {
    let Some(hash) = node.block_hash_at(height).await? else {
        return Ok(None);
    };
    let Some(body) = node.block(hash).await? else {
        return Ok(None);
    };
    let events = watch
        .events(&body)
        .map_err(|error| error.at(node.label()))?;
    let block = body.header.block;
    // Whoever answers a height with a block of another would make the follower leap.
    Ok((block.height == height).then_some((block, events)))
}

/// What an endpoint says about a height, once it is so deep there.
async fn claim(
    node: &RpcClient,
    watch: &Watch,
    height: u64,
    depth: u64,
) -> Result<Claim, RpcError> {
    let (head, _) = node.head().await?;
    if head.saturating_add(1).saturating_sub(height) < depth {
        return Ok(None);
    }
    let read = read(node, watch, height).await?;
    Ok(read.map(|(block, events)| (block.hash, digest(&events))))
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower")
            .field("chain", self.chain.id())
            .field("next", &self.cursor.next_height())
            .finish_non_exhaustive()
    }
}
