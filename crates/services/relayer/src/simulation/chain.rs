//! A chain as a model: blocks, a mempool, finality by depth, reorganisations above it.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{B256, keccak256};
use causeway_types::{BlockRef, ChainId, Timestamp};
use serde::{Deserialize, Serialize};

use super::router::{Call, Contracts, Revert, State, next_block};
use crate::host::{EventKind, HostUpdate, PacketEvent};

/// Who sent a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    User,
    /// The relayer under test.
    Relayer,
    Stranger,
}

#[derive(Clone, Debug)]
pub(super) struct Tx {
    pub(super) id: B256,
    pub(super) from: From,
    pub(super) call: Call,
}

/// A transaction in a block: whether it reverted.
pub(super) type Mined = (Tx, Result<(), Revert>);

#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) name: BlockRef,
    pub(super) events: Vec<PacketEvent>,
    pub(super) txs: Vec<Mined>,
    /// The contracts after this block.
    pub(super) state: State,
}

/// What the relayer's driver keeps of an attempt, across crashes.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    /// The proven paths of all messages, to catch one key being used for two batches.
    pub(super) batch: Vec<B256>,
    pub(super) tx: B256,
    /// Which of the messages are in the transaction.
    pub(super) inside: Vec<usize>,
}

#[derive(Debug)]
pub(super) struct Chain {
    pub(super) id: ChainId,
    pub(super) contracts: Contracts,
    pub(super) blocks: Vec<Block>,
    pub(super) mempool: Vec<Tx>,
    /// A block is final when this many stand on it.
    pub(super) depth: u64,
    /// How far the chain's clock is ahead of the relayer's.
    pub(super) ahead_secs: u64,
    pub(super) down: bool,
    /// Whether the endpoint that is read lies about events. What is final is agreed on by several,
    /// so that the driver puts lies right by then.
    pub(super) lying: bool,
    /// Whether it ever did: what it said then may contradict what is known.
    pub(super) has_lied: bool,
    pub(super) attempts: BTreeMap<String, Attempt>,
    /// Makes transactions and blocks differ.
    serial: u64,
}

impl Chain {
    pub(super) fn new(
        id: ChainId,
        contracts: Contracts,
        depth: u64,
        ahead_secs: u64,
        start: Timestamp,
    ) -> Self {
        let genesis = BlockRef {
            height: 0,
            hash: keccak256(id.as_str()),
            parent: B256::ZERO,
            timestamp: start.plus_secs(ahead_secs),
        };
        let state = State::with_money(1_000_000);
        let blocks = vec![Block {
            name: genesis,
            events: vec![],
            txs: vec![],
            state,
        }];
        Self {
            id,
            contracts,
            blocks,
            mempool: vec![],
            depth,
            ahead_secs,
            down: false,
            lying: false,
            has_lied: false,
            attempts: BTreeMap::new(),
            serial: 0,
        }
    }

    fn unique(&mut self) -> B256 {
        self.serial += 1;
        keccak256(format!("{} {}", self.id, self.serial))
    }

    pub(super) fn head(&self) -> &Block {
        self.blocks.last().unwrap()
    }

    pub(super) fn at(&self, height: u64) -> Option<&Block> {
        self.blocks.get(usize::try_from(height).unwrap())
    }

    pub(super) fn final_block(&self) -> &Block {
        self.at(self.head().name.height.saturating_sub(self.depth))
            .unwrap()
    }

    /// Whether a transaction of the relayer waits for a block.
    pub(super) fn has_of_relayer(&self) -> bool {
        self.mempool.iter().any(|tx| tx.from == From::Relayer)
    }

    pub(super) fn submit(&mut self, from: From, call: Call) -> B256 {
        let id = self.unique();
        self.mempool.push(Tx { id, from, call });
        id
    }

    /// Makes a block of those of the waiting transactions that are wanted, in order.
    pub(super) fn mine(&mut self, now: Timestamp, mut wanted: impl FnMut(&Tx) -> bool) {
        let hash = self.unique();
        let parent = self.head();
        let block = next_block(&parent.name, hash, now.plus_secs(self.ahead_secs));
        let mut state = parent.state.clone();
        let (mut events, mut txs) = (Vec::new(), Vec::new());
        for tx in std::mem::take(&mut self.mempool) {
            if !wanted(&tx) {
                self.mempool.push(tx);
                continue;
            }
            let outcome = state.execute(&self.contracts, &tx.call, block.timestamp);
            let outcome = outcome.map(|shown| {
                for (kind, packet) in shown {
                    let id = format!("{}:{}", tx.id, events.len());
                    events.push(PacketEvent {
                        id,
                        tx: tx.id,
                        kind,
                        packet,
                    });
                }
            });
            txs.push((tx, outcome));
        }
        self.blocks.push(Block {
            name: block,
            events,
            txs,
            state,
        });
    }

    /// Takes back the newest blocks, none of which is final. Of their transactions, those that are
    /// kept wait again; the rest is lost, and the keys of lost attempts are free.
    pub(super) fn take_back(&mut self, blocks: u64, mut kept: impl FnMut() -> bool) {
        assert!(blocks <= self.depth, "a reorganisation below finality");
        let keep = self
            .blocks
            .len()
            .saturating_sub(usize::try_from(blocks).unwrap())
            .max(1);
        let gone = self.blocks.split_off(keep);
        let dropped = gone
            .into_iter()
            .flat_map(|block| block.txs)
            .map(|(tx, _)| tx);
        let (mut back, lost): (Vec<Tx>, Vec<Tx>) = dropped.partition(|_| kept());
        self.attempts
            .retain(|_, attempt| lost.iter().all(|tx| tx.id != attempt.tx));
        back.append(&mut self.mempool);
        self.mempool = back;
    }

    pub(super) fn waits(&self, id: B256) -> bool {
        self.mempool.iter().any(|tx| tx.id == id)
    }

    /// What became of a transaction: the height of its block, and whether it reverted.
    pub(super) fn outcome(&self, id: B256) -> Option<(u64, Result<(), Revert>)> {
        self.blocks.iter().rev().find_map(|block| {
            let (_, outcome) = block.txs.iter().find(|(tx, _)| tx.id == id)?;
            Some((block.name.height, outcome.clone()))
        })
    }

    pub(super) fn is_canonical(&self, block: &BlockRef) -> bool {
        self.at(block.height)
            .is_some_and(|known| known.name == *block)
    }

    /// The next thing that a follower at this place has not been told, as a real driver tells it.
    pub(super) fn next_update(&self, place: &mut Place) -> Option<HostUpdate> {
        if let Some(tip) = place.recent.last().copied()
            && !self.is_canonical(&tip)
        {
            return place.withdraw();
        }
        let next = place.recent.last().map_or(0, |tip| tip.height + 1);
        let last_final = self.final_block().name;
        let newly_final = last_final.height.min(next.saturating_sub(1));
        if next > 0 && place.told_final.is_none_or(|told| told < newly_final) {
            if place
                .wrong
                .first()
                .is_some_and(|wrong| *wrong <= newly_final)
            {
                place.honest = Some(newly_final);
                return place.withdraw();
            }
            let block = self.at(newly_final)?.name;
            place.told_final = Some(newly_final);
            place.recent.retain(|known| known.height >= newly_final);
            return Some(HostUpdate::Final { block });
        }
        // Far behind, blocks without events are passed over.
        let mut height = next;
        while height + 4 < last_final.height && self.at(height)?.events.is_empty() {
            height += 1;
        }
        let Block {
            name: block,
            events,
            ..
        } = self.at(height)?;
        if height != next {
            place.recent.clear();
        }
        place.recent.push(*block);
        let trusted = place.honest.is_some_and(|honest| height <= honest);
        let told = if self.lying && !trusted {
            distorted(block, events)
        } else {
            events.clone()
        };
        if told != *events {
            place.wrong.insert(height);
        }
        Some(HostUpdate::Block {
            block: *block,
            events: told,
        })
    }
}

/// A block's events as a lying endpoint tells of them: hidden, altered, or more than there were.
fn distorted(block: &BlockRef, events: &[PacketEvent]) -> Vec<PacketEvent> {
    let mut told = events.to_vec();
    match block.hash[0] % 3 {
        0 => told.clear(),
        1 => {
            let sent = told
                .iter_mut()
                .filter(|event| event.kind == EventKind::Sent);
            for event in sent {
                event.packet.timeout = event.packet.timeout.plus_secs(1);
            }
        }
        _ => {
            if let Some(event) = events.first() {
                let mut forged = event.clone();
                forged.id = format!("forged {}", event.id);
                forged.kind = EventKind::Sent;
                let sequence = event.packet.sequence.get() + 1_000;
                forged.packet.sequence = sequence.try_into().unwrap();
                told.push(forged);
            }
        }
    }
    told
}

/// Where a follower stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// The last block told to be final and those told after it.
    recent: Vec<BlockRef>,
    told_final: Option<u64>,
    /// The heights in `recent` whose events were told wrongly.
    wrong: BTreeSet<u64>,
    /// Up to here, several endpoints were asked.
    honest: Option<u64>,
}

impl Place {
    /// Takes back what was told last.
    fn withdraw(&mut self) -> Option<HostUpdate> {
        let block = self.recent.pop()?;
        self.wrong.remove(&block.height);
        Some(HostUpdate::Withdrawn { block })
    }

    /// What was told last and still stands, to be told again.
    pub(super) fn told(&self, chain: &Chain) -> Vec<HostUpdate> {
        let blocks = self.recent.iter().filter(|block| chain.is_canonical(block));
        let blocks = blocks.map(|block| HostUpdate::Block {
            block: *block,
            events: chain.at(block.height).unwrap().events.clone(),
        });
        let last = self.told_final.and_then(|height| chain.at(height));
        let last = last.map(|found| HostUpdate::Final { block: found.name });
        blocks.chain(last).collect()
    }

    /// Whether all it was told of is true and still stands, so that starting here once more loses nothing.
    pub(super) fn stands_on(&self, chain: &Chain) -> bool {
        self.wrong.is_empty() && self.recent.iter().all(|block| chain.is_canonical(block))
    }
}
