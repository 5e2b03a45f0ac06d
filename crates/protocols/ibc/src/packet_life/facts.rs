use alloy_primitives::B256;
use causeway_types::BlockRef;
use serde::{Deserialize, Serialize};

use super::{Contradiction, Event};

/// An event that a chain showed, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen<T = ()> {
    /// The block that holds the event.
    pub block: BlockRef,
    /// Whether the block will stay.
    pub is_final: bool,
    /// What the event said beside the packet: the acknowledgements, if it was about them.
    pub content: T,
}

/// An event moves to another block only while the block that held it can still go; it may do so
/// without having been withdrawn first.
pub(super) fn see<T: PartialEq>(
    event: Event,
    slot: &mut Option<Seen<T>>,
    block: BlockRef,
    content: T,
) -> Result<(), Box<Contradiction>> {
    match slot {
        Some(seen) if seen.block.hash == block.hash => {
            if seen.content == content {
                Ok(())
            } else {
                Err(Contradiction::TwoContents { event, block }.into())
            }
        }
        Some(seen) if seen.is_final => Err(Contradiction::HappenedTwice {
            event,
            first: seen.block,
            second: block,
        }
        .into()),
        _ => {
            *slot = Some(Seen {
                block,
                is_final: false,
                content,
            });
            Ok(())
        }
    }
}

/// The finality of a block that does not hold the event says nothing about it.
pub(super) fn finalize<T>(slot: &mut Option<Seen<T>>, block_hash: B256) {
    if let Some(seen) = slot
        && seen.block.hash == block_hash
    {
        seen.is_final = true;
    }
}

/// The withdrawal of a block that does not hold the event says nothing about it.
pub(super) fn withdraw<T>(
    event: Event,
    slot: &mut Option<Seen<T>>,
    block_hash: B256,
) -> Result<(), Box<Contradiction>> {
    match slot {
        Some(seen) if seen.block.hash == block_hash => {
            if seen.is_final {
                return Err(Contradiction::FinalBlockWithdrawn {
                    event,
                    block: seen.block,
                }
                .into());
            }
            *slot = None;
            Ok(())
        }
        _ => Ok(()),
    }
}
