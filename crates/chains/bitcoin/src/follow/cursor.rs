use std::collections::VecDeque;

use bitcoin::hashes::{Hash as _, sha256};
use causeway_types::BlockRef;
use serde::{Deserialize, Serialize};

use super::BlockEvent;

/// One step along a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// A block joined the chain. Every block is told of.
    Block {
        /// The block; its hash is written as people write it.
        block: BlockRef,
        /// What it holds for us, in order.
        events: Vec<BlockEvent>,
    },
    /// A block that was told of is no longer part of the chain, and its events never happened; or it is,
    /// but other events were told of than it has. Then the same block follows with the right ones.
    Withdrawn {
        /// The block.
        block: BlockRef,
    },
    /// This block and all before it are final by the chain's rule. With an agreement above one, that many
    /// endpoints say so, and gave the events that were told of up to here.
    Final {
        /// The newest final block.
        block: BlockRef,
    },
}

/// Where following stands: what has been told, and the blocks that may yet be withdrawn. Saved together
/// with what an update caused, it lets a follower go on after a crash as if nothing had happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    next: u64,
    final_height: Option<u64>,
    /// The last final block and those after it, without gaps, the newest last.
    recent: VecDeque<Told>,
}

/// A block as it was told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) block: BlockRef,
    /// Of its events.
    pub(super) digest: sha256::Hash,
}

/// What events come to: equal digests are equal events.
pub(super) fn digest(events: &[BlockEvent]) -> sha256::Hash {
    // Numbers, hashes and bytes: they always have a JSON form.
    sha256::Hash::hash(&serde_json::to_vec(events).unwrap_or_default())
}

impl Cursor {
    /// Starts with the block at this height; 0 is the chain's beginning.
    pub const fn at(height: u64) -> Self {
        Self {
            next: height,
            final_height: None,
            recent: VecDeque::new(),
        }
    }

    /// The height of the first block that has not been told of.
    pub const fn next_height(&self) -> u64 {
        self.next
    }

    /// The height up to which everything was told to be final.
    pub const fn final_height(&self) -> Option<u64> {
        self.final_height
    }

    /// The newest block that was told of and not withdrawn.
    pub fn tip(&self) -> Option<&BlockRef> {
        self.recent.back().map(|told| &told.block)
    }

    /// The oldest block that was told of and is not final.
    pub(super) fn first_pending(&self) -> Option<&Told> {
        let is_pending = |told: &&Told| Some(told.block.height) > self.final_height;
        self.recent.iter().find(is_pending)
    }

    pub(super) fn told_at(&self, height: u64) -> Option<&Told> {
        self.recent.iter().find(|told| told.block.height == height)
    }

    /// Moves past an update.
    pub(super) fn apply(&mut self, update: &Update) {
        match update {
            Update::Block { block, events } => {
                let digest = digest(events);
                self.recent.push_back(Told {
                    block: *block,
                    digest,
                });
                self.next = block.height.saturating_add(1);
            }
            Update::Withdrawn { block } => {
                self.recent.pop_back();
                self.next = block.height;
            }
            Update::Final { block } => {
                self.final_height = Some(block.height);
                while self
                    .recent
                    .front()
                    .is_some_and(|told| told.block.height < block.height)
                {
                    self.recent.pop_front();
                }
            }
        }
    }
}
