use std::time::Duration;

use causeway_swap::{Amount, SpentBy};
use causeway_swap_service::{ChainUpdate, Follow, Sight, SwapChain as _};
use causeway_types::BlockRef;
use tokio::time::timeout;

use super::{Party, secret};

/// Longer than anything takes on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a party sees of the chain.
pub(crate) struct Eyes {
    follow: Box<dyn Follow>,
    /// The blocks that stand, with what they hold.
    pub(crate) blocks: Vec<(BlockRef, Vec<Sight>)>,
    pub(crate) withdrawn: Vec<BlockRef>,
    pub(crate) final_height: u64,
}

impl Eyes {
    pub(crate) async fn of(party: &Party) -> Self {
        Self::from(party, None).await
    }

    pub(crate) async fn from(party: &Party, cursor: Option<&str>) -> Self {
        Self {
            follow: party.side.follow(cursor).await.unwrap(),
            blocks: Vec::new(),
            withdrawn: Vec::new(),
            final_height: 0,
        }
    }

    pub(crate) fn cursor(&self) -> String {
        self.follow.cursor()
    }

    pub(crate) async fn step(&mut self) {
        let update = timeout(PATIENCE, self.follow.next()).await;
        match update.expect("nothing was told").unwrap() {
            ChainUpdate::Block { block, sightings } => {
                let sights = sightings.into_iter().map(|sighting| sighting.sight);
                self.blocks.push((block, sights.collect()));
            }
            ChainUpdate::Withdrawn { block } => {
                assert_eq!(self.blocks.pop().map(|(block, _)| block), Some(block));
                self.withdrawn.push(block);
            }
            ChainUpdate::Final { block } => self.final_height = block.height,
        }
    }

    /// Follows until the block of this height was told, and answers what all blocks that stand hold.
    pub(crate) async fn see(&mut self, height: u64) -> Vec<Sight> {
        while self
            .blocks
            .last()
            .is_none_or(|(last, _)| last.height < height)
        {
            self.step().await;
        }
        self.standing()
    }

    /// What all blocks that stand hold.
    pub(crate) fn standing(&self) -> Vec<Sight> {
        let sights = self.blocks.iter().flat_map(|(_, sights)| sights);
        sights.cloned().collect()
    }

    /// Follows until the block of this height is final.
    pub(crate) async fn settle(&mut self, height: u64) {
        while self.final_height < height {
            self.step().await;
        }
    }
}

pub(crate) fn locked_at(at: &str, value: u64) -> Sight {
    Sight::Locked {
        at: at.to_owned(),
        amount: Amount::new(value.into()),
    }
}

pub(crate) fn claimed() -> Sight {
    let secret = Some(secret());
    Sight::Spent(SpentBy::Claim { secret })
}

pub(crate) fn refunded() -> Sight {
    Sight::Spent(SpentBy::Refund)
}
