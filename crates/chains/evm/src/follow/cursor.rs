use std::collections::{BTreeMap, VecDeque};

use alloy_primitives::{B256, keccak256};
use causeway_types::BlockRef;
use serde::{Deserialize, Serialize};

use crate::Log;

/// One step along a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// A block joined the chain. Near the head every block is told of; far behind it, blocks
    /// without matching logs are passed over.
    Block {
        /// The block.
        block: BlockRef,
        /// Its logs that match the filter, in order.
        logs: Vec<Log>,
    },
    /// A block that was told of is no longer part of the chain, and its logs never happened; or it
    /// is, but other logs were told of than it has. Then the same block follows with the right ones.
    Withdrawn {
        /// The block.
        block: BlockRef,
    },
    /// This block and all before it are final by the chain's rule. With an agreement above one,
    /// that many endpoints say so, and gave the logs that were told of up to here.
    Final {
        /// The newest final block.
        block: BlockRef,
    },
}

/// Where following stands: what has been told, and the hashes of the blocks that may yet be
/// withdrawn. Saved together with what an update caused, it lets a follower go on after a crash as
/// if nothing had happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    next: u64,
    final_height: Option<u64>,
    /// The last final block and those after it, without gaps, the newest last.
    recent: VecDeque<BlockRef>,
    /// The digests of the logs that were told of after the last final block, by height; nothing
    /// for blocks without.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    told: BTreeMap<u64, B256>,
}

/// What logs come to: equal digests are equal logs.
pub(crate) fn digest(logs: &[Log]) -> B256 {
    // Numbers, hashes and bytes: they always have a JSON form.
    keccak256(serde_json::to_vec(logs).unwrap_or_default())
}

impl Cursor {
    /// Starts with the block at this height; 0 is the chain's beginning.
    pub const fn at(height: u64) -> Self {
        Self {
            next: height,
            final_height: None,
            recent: VecDeque::new(),
            told: BTreeMap::new(),
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
        self.recent.back()
    }

    /// Whether anything was told of that is not final yet.
    pub(super) fn owes_finality(&self) -> bool {
        self.tip()
            .is_some_and(|tip| self.final_height.is_none_or(|told| told < tip.height))
    }

    pub(super) fn recent(&self) -> &VecDeque<BlockRef> {
        &self.recent
    }

    pub(super) fn recent_at(&self, height: u64) -> Option<&BlockRef> {
        let offset = height.checked_sub(self.recent.front()?.height)?;
        self.recent.get(usize::try_from(offset).ok()?)
    }

    /// The digest of the logs that were told of at a height, if there were any.
    pub(super) fn told_at(&self, height: u64) -> Option<B256> {
        self.told.get(&height).copied()
    }

    /// Moves past an update.
    pub(super) fn apply(&mut self, update: &Update) {
        match update {
            Update::Block { block, logs } => {
                let joins = self.tip().is_some_and(|tip| tip.hash == block.parent);
                if !joins {
                    self.recent.clear();
                    self.told.clear();
                }
                if !logs.is_empty() {
                    self.told.insert(block.height, digest(logs));
                }
                self.recent.push_back(*block);
                self.next = block.height.saturating_add(1);
            }
            Update::Withdrawn { block } => {
                self.recent.pop_back();
                self.told.remove(&block.height);
                self.next = block.height;
            }
            Update::Final { block } => {
                self.final_height = Some(block.height);
                self.told = self.told.split_off(&block.height.saturating_add(1));
                while self
                    .recent
                    .front()
                    .is_some_and(|first| first.height < block.height)
                {
                    self.recent.pop_front();
                }
                if block.height >= self.next {
                    self.recent = VecDeque::from([*block]);
                    self.next = block.height.saturating_add(1);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use causeway_types::Timestamp;

    use super::*;

    fn block(height: u64, branch: u8) -> BlockRef {
        let name =
            |height: u64, branch| B256::left_padding_from(&[branch, height.to_le_bytes()[0]]);
        BlockRef {
            height,
            hash: name(height, branch),
            parent: name(height.wrapping_sub(1), branch),
            timestamp: Timestamp::from_secs(height),
        }
    }

    fn told(height: u64, branch: u8) -> Update {
        Update::Block {
            block: block(height, branch),
            logs: Vec::new(),
        }
    }

    #[test]
    fn a_cursor_keeps_the_last_final_block_and_what_follows() {
        let mut cursor = Cursor::at(5);
        for height in 5..9 {
            cursor.apply(&told(height, 0));
        }
        cursor.apply(&Update::Final { block: block(7, 0) });
        assert_eq!(cursor.next_height(), 9);
        assert_eq!(cursor.final_height(), Some(7));
        assert_eq!(cursor.recent(), &VecDeque::from([block(7, 0), block(8, 0)]));
        cursor.apply(&Update::Withdrawn { block: block(8, 0) });
        assert_eq!(
            (cursor.next_height(), cursor.tip()),
            (8, Some(&block(7, 0)))
        );
    }

    #[test]
    fn passing_over_blocks_keeps_only_the_newest() {
        let mut cursor = Cursor::at(0);
        cursor.apply(&told(3, 0));
        cursor.apply(&told(9, 0));
        assert_eq!(cursor.recent(), &VecDeque::from([block(9, 0)]));
        cursor.apply(&Update::Final {
            block: block(20, 0),
        });
        assert_eq!(
            (cursor.next_height(), cursor.tip()),
            (21, Some(&block(20, 0)))
        );
    }

    #[test]
    fn a_cursor_is_saved_and_restored_the_same() {
        let mut cursor = Cursor::at(5);
        cursor.apply(&told(5, 0));
        let saved = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&saved).unwrap(), cursor);
    }
}
