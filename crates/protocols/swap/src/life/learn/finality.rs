use alloy_primitives::B256;

use crate::{Leg, life::Swap};

impl Swap {
    /// The finality of a block that holds nothing of this swap says nothing about it.
    pub(super) fn learn_final(&mut self, leg: Leg, block_hash: B256) {
        let facts = self.facts.legs.of_mut(leg);
        if let Some(lock) = facts.lock.as_mut().filter(|seen| seen.is_in(block_hash)) {
            lock.is_final = true;
        }
        if let Some(spend) = facts.spend.as_mut().filter(|seen| seen.is_in(block_hash)) {
            spend.is_final = true;
        }
    }

    /// A block that was final may go too: that breaks an assumption, and a person is told, but what is
    /// known must be what is there.
    pub(super) fn learn_withdrawn(&mut self, leg: Leg, block_hash: B256) {
        let facts = self.facts.legs.of_mut(leg);
        if let Some(lock) = facts.lock.take_if(|seen| seen.is_in(block_hash)) {
            facts.final_block_gone |= lock.is_final;
        }
        if let Some(spend) = facts.spend.take_if(|seen| seen.is_in(block_hash)) {
            facts.final_block_gone |= spend.is_final;
        }
    }
}
