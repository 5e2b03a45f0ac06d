//! A model chain that holds one lock: blocks, a pool of waiting transactions, reorganisations. Its blocks
//! come as early and as late as the bounds allow, and no earlier or later.

use alloy_primitives::B256;
use causeway_types::{BlockRef, Timestamp};
use rand::{Rng as _, rngs::StdRng, seq::SliceRandom as _};

use crate::{BlockTimes, ChainTiming, Expiry, Head};

/// What a transaction does to the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Lock,
    /// Locks less than was agreed on; the same lock otherwise.
    LockLess,
    Claim,
    ClaimTogether,
    Refund,
    RefundTogether,
}

/// A transaction: broadcast when, and by somebody whom miners prefer or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tx {
    pub(super) act: Act,
    pub(super) since: u64,
    pub(super) is_preferred: bool,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    hash: B256,
    time: u64,
}

pub(super) struct Chain {
    pub(super) timing: ChainTiming,
    pub(super) expiry: Expiry,
    /// The height of the first block.
    base: u64,
    blocks: Vec<Block>,
    /// What is in blocks, by the block's place, oldest first.
    mined: Vec<(usize, Tx)>,
    pub(super) pool: Vec<Tx>,
    pub(super) next_at: u64,
    /// The coins of the lock were spent elsewhere, in a block that replaced the lock's.
    is_double_spent: bool,
    /// How likely a block takes a transaction that it need not take.
    pub(super) takes: f64,
    /// Blocks come faster than the bounds allow, until somebody relies on them; before this place, they
    /// did.
    pub(super) is_hasty: bool,
    bounded_from: usize,
    missed: u64,
    least: Vec<u64>,
    most: Vec<u64>,
    forks: u64,
}

/// What a chain shows of something.
pub(super) type Shown = Option<(BlockRef, Act, u64)>;

impl Chain {
    pub(super) fn new(timing: ChainTiming, base: u64, start: u64, rng: &mut StdRng) -> Self {
        let blocks = timing.blocks();
        let mut chain = Self {
            timing,
            expiry: Expiry::Height(0),
            base,
            blocks: Vec::new(),
            mined: Vec::new(),
            pool: Vec::new(),
            next_at: 0,
            is_double_spent: false,
            takes: [0.02, 0.3, 1.0][rng.random_range(0..3)],
            is_hasty: false,
            bounded_from: 0,
            missed: 0,
            least: (0..600).map(|k| blocks.at_least(k)).collect(),
            most: (0..600).map(|k| blocks.at_most(k)).collect(),
            forks: 0,
        };
        chain.append(start);
        chain.schedule(rng);
        chain
    }

    fn append(&mut self, time: u64) {
        self.forks += 1;
        let number = self.forks * 1_000_003 + self.base;
        let hash = B256::left_padding_from(&number.to_be_bytes());
        self.blocks.push(Block { hash, time });
    }

    fn last(&self) -> usize {
        self.blocks.len() - 1
    }

    pub(super) fn head(&self, read_at: u64) -> Head {
        Head {
            height: self.base + self.last() as u64,
            time: Timestamp::from_secs(self.blocks[self.last()].time),
            read_at: Timestamp::from_secs(read_at),
        }
    }

    /// When the next block comes: often at once or as late as can be.
    fn schedule(&mut self, rng: &mut StdRng) {
        let now = self.blocks[self.last()].time;
        match self.timing.blocks() {
            BlockTimes::Slots { slot_secs, missed } => {
                let left = missed - self.missed;
                let skipped = if rng.random_bool(0.1) {
                    rng.random_range(0..=left)
                } else {
                    0
                };
                self.missed += skipped;
                self.next_at = now + slot_secs * (1 + skipped);
            }
            BlockTimes::Poisson { mean_secs, .. } if self.is_hasty => {
                self.bounded_from = self.blocks.len();
                self.next_at = now + rng.random_range(1..=mean_secs / 4);
            }
            BlockTimes::Poisson { mean_secs, .. } => {
                let next = self.blocks.len();
                let after = |(place, block): (usize, &Block), bounds: &[u64], more: usize| {
                    block.time + bounds.get(next - place + more).copied().unwrap_or(0)
                };
                // From just before a block on, it counts among those that come.
                let from = self.bounded_from.max(next.saturating_sub(500));
                let blocks = || self.blocks.iter().enumerate().skip(from);
                let first = blocks().map(|found| after(found, &self.least, 1)).max();
                let last = blocks().map(|found| after(found, &self.most, 0)).min();
                let first = first.unwrap_or(0).max(now + 1);
                let last = last.unwrap_or(first + mean_secs);
                assert!(first <= last, "no block fits the bounds");
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_precision_loss,
                    clippy::cast_sign_loss,
                    reason = "some hours"
                )]
                let usual = now + (-rng.random::<f64>().ln() * mean_secs as f64) as u64;
                let wanted = match rng.random_range(0..20) {
                    0 => last,
                    1..4 => first,
                    _ => usual,
                };
                self.next_at = wanted.clamp(first, last);
            }
        }
    }

    /// Makes the block that is due, after a reorganisation of so many blocks.
    pub(super) fn mine(&mut self, depth: usize, rng: &mut StdRng) {
        let now = self.next_at;
        let depth = depth.min(self.last());
        let fork = self.blocks.len() - depth;
        let times: Vec<u64> = self.blocks[fork..].iter().map(|block| block.time).collect();
        self.blocks.truncate(fork);
        while let Some((_, tx)) = self.mined.pop_if(|(place, _)| *place >= fork) {
            // A stranger who mines takes the chance.
            if tx.act.is_lock() && tx.is_preferred && rng.random_bool(0.5) {
                self.is_double_spent = true;
                self.pool.clear();
            } else {
                self.pool.push(tx);
            }
        }
        for time in times {
            self.append(time);
            // Whatever has waited long enough by now is in the new blocks as early as in the old.
            self.fill(now, rng);
        }
        self.append(now);
        self.schedule(rng);
        self.fill(self.next_at, rng);
    }

    /// Puts transactions into the newest block: those that would have waited too long at `until`, and
    /// some of the others.
    fn fill(&mut self, until: u64, rng: &mut StdRng) {
        let mut waiting = std::mem::take(&mut self.pool);
        waiting.shuffle(rng);
        waiting.sort_by_key(|tx| !tx.is_preferred);
        for tx in waiting {
            let must = tx.since + self.timing.inclusion() < until;
            let chosen = must || tx.is_preferred || rng.random_bool(self.takes);
            if chosen && self.is_valid(tx.act) {
                self.mined.push((self.last(), tx));
            } else {
                self.pool.push(tx);
            }
        }
    }

    /// Whether the newest block may hold it.
    fn is_valid(&self, act: Act) -> bool {
        let locked = self.mined.iter().any(|(_, tx)| tx.act.is_lock());
        let spent = self.mined.iter().any(|(_, tx)| !tx.act.is_lock());
        let block = Head {
            height: self.base + self.last() as u64,
            ..self.head(0)
        };
        let expired = match self.expiry {
            Expiry::Height(height) => block.height > height,
            Expiry::Time(time) => block.time >= time,
        };
        match act {
            Act::Lock | Act::LockLess => !locked && !self.is_double_spent,
            Act::Claim | Act::ClaimTogether | Act::RefundTogether => locked && !spent,
            Act::Refund => locked && !spent && expired,
        }
    }

    /// Broadcasts, which may be repeated.
    pub(super) fn submit(&mut self, act: Act, now: u64, is_preferred: bool) {
        let known = self.pool.iter().any(|tx| tx.act == act)
            || self.mined.iter().any(|(_, tx)| tx.act == act);
        let is_useless = act.is_lock() && self.is_double_spent;
        if !known && !is_useless {
            self.pool.push(Tx {
                act,
                since: now,
                is_preferred,
            });
        }
    }

    /// The lock, and how many blocks confirm it.
    pub(super) fn lock(&self) -> Shown {
        self.shown(Act::is_lock)
    }

    /// What spent it.
    pub(super) fn spend(&self) -> Shown {
        self.shown(|act| !act.is_lock())
    }

    /// For how many blocks a stranger's lock has been there, while it could still be replaced.
    pub(super) fn replaceable_lock(&self) -> Option<usize> {
        let (place, tx) = self.mined.iter().find(|(_, tx)| tx.act.is_lock())?;
        let depth = self.blocks.len() - place;
        let is_final = depth as u64 >= self.timing.confirmations();
        (tx.is_preferred && !is_final).then_some(depth)
    }

    fn shown(&self, which: impl Fn(Act) -> bool) -> Shown {
        let (place, tx) = self.mined.iter().find(|(_, tx)| which(tx.act))?;
        let block = self.blocks[*place];
        let reference = BlockRef {
            height: self.base + *place as u64,
            hash: block.hash,
            parent: B256::ZERO,
            timestamp: Timestamp::from_secs(block.time),
        };
        Some((reference, tx.act, (self.blocks.len() - place) as u64))
    }

    /// Whether the block is still there.
    pub(super) fn holds(&self, block: &BlockRef) -> bool {
        let place = usize::try_from(block.height - self.base).unwrap();
        let found = self.blocks.get(place);
        found.is_some_and(|found| found.hash == block.hash)
    }

    pub(super) fn is_waiting(&self, act: Act) -> bool {
        self.pool.iter().any(|tx| tx.act == act)
    }

    /// Whether nothing can happen here any more within the assumptions.
    pub(super) fn is_at_rest(&self) -> bool {
        let confirmed = |shown: Shown| {
            shown.is_some_and(|(_, _, confirmations)| confirmations > self.timing.confirmations())
        };
        let nothing = self.lock().is_none() && !self.pool.iter().any(|tx| tx.act.is_lock());
        (nothing || confirmed(self.spend())) && self.expiry.has_come(&self.head(0))
    }
}

impl Act {
    pub(super) const fn is_lock(self) -> bool {
        matches!(self, Self::Lock | Self::LockLess)
    }
}
