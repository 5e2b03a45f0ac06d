//! At which pair of blocks two chains can be compared.
//!
//! Two chains cannot be read at one instant, and need not be: what matters is that no effect is
//! counted without its cause. A light client says by itself how far it has seen the other chain, so
//! the pair (block `a`, block `b`) is *consistent* when the client at `a` has seen no block of B
//! beyond `b` and the client at `b` no block of A beyond `a`. Everything that happened at one end
//! up to its block because of the other end then rests on what is counted there too: a receipt on
//! its send, an acknowledgement or a refund on the receipt or its absence. Clocks, polling and the
//! order of reading do not enter into it; an endpoint that lags makes a pair wait, never alarm.

use std::collections::VecDeque;

use causeway_types::BlockRef;
use serde::{Deserialize, Serialize};

use crate::asset::{Ends, Side};

/// How many blocks of a chain are kept to be paired.
const KEPT: usize = 64;

/// A final block of one end's chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The block.
    pub block: BlockRef,
    /// How far the light client had seen the other chain as of this block.
    pub seen_of_other: u64,
}

/// The newest final blocks of both ends.
#[derive(Clone, Debug, Default)]
pub struct Sightings(Ends<VecDeque<Sighting>>);

impl Sightings {
    /// Adds a block, unless a newer one is known already.
    pub fn add(&mut self, side: Side, sighting: Sighting) {
        let known = self.0.of_mut(side);
        let height = |sighting: &Sighting| sighting.block.height;
        if known
            .back()
            .is_some_and(|last| height(last) >= height(&sighting))
        {
            return;
        }
        if known.len() == KEPT {
            known.pop_front();
        }
        known.push_back(sighting);
    }

    /// The newest block of an end.
    pub fn newest(&self, side: Side) -> Option<&Sighting> {
        self.0.of(side).back()
    }

    /// The newest consistent pair that does not go behind these heights.
    pub fn newest_pair(&self, since: Ends<u64>) -> Option<Ends<Sighting>> {
        let after = |side| {
            let not_behind = move |sighting: &&Sighting| sighting.block.height >= *since.of(side);
            self.0.of(side).iter().rev().filter(not_behind)
        };
        after(Side::A).find_map(|a| {
            let fits = |b: &&Sighting| {
                a.seen_of_other <= b.block.height && b.seen_of_other <= a.block.height
            };
            after(Side::B).find(fits).map(|b| Ends { a: *a, b: *b })
        })
    }

    /// Forgets blocks that will never be paired again.
    pub fn forget_before(&mut self, since: Ends<u64>) {
        for side in Side::BOTH {
            self.0
                .of_mut(side)
                .retain(|sighting| sighting.block.height >= *since.of(side));
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;
    use causeway_types::Timestamp;

    use super::*;

    fn sighting(height: u64, seen_of_other: u64) -> Sighting {
        Sighting {
            block: BlockRef {
                height,
                hash: B256::ZERO,
                parent: B256::ZERO,
                timestamp: Timestamp::from_secs(height),
            },
            seen_of_other,
        }
    }

    fn pair(a: &[(u64, u64)], b: &[(u64, u64)]) -> Option<(u64, u64)> {
        let mut sightings = Sightings::default();
        for (height, seen) in a {
            sightings.add(Side::A, sighting(*height, *seen));
        }
        for (height, seen) in b {
            sightings.add(Side::B, sighting(*height, *seen));
        }
        let pair = sightings.newest_pair(Ends { a: 1, b: 1 })?;
        Some((pair.a.block.height, pair.b.block.height))
    }

    #[test]
    fn the_newest_blocks_are_compared_where_neither_client_is_ahead() {
        assert_eq!(pair(&[(5, 3), (6, 4)], &[(8, 5), (9, 6)]), Some((6, 9)));
        assert_eq!(pair(&[(5, 3)], &[(8, 5), (9, 6)]), Some((5, 8)));
        assert_eq!(pair(&[(5, 3), (6, 10)], &[(8, 5), (9, 6)]), Some((5, 8)));
        assert_eq!(pair(&[(5, 10)], &[(9, 5)]), None);
        assert_eq!(pair(&[(5, 0)], &[]), None);
    }

    #[test]
    fn blocks_come_in_order_and_few_are_kept() {
        let mut sightings = Sightings::default();
        for height in 1..=200 {
            sightings.add(Side::A, sighting(height, 0));
            sightings.add(Side::A, sighting(height / 2, 0));
        }
        assert_eq!(sightings.0.a.len(), KEPT);
        assert_eq!(sightings.newest(Side::A).unwrap().block.height, 200);
        sightings.forget_before(Ends { a: 199, b: 0 });
        assert_eq!(sightings.0.a.len(), 2);
    }
}
