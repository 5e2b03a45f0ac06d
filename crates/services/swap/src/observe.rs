//! Turns what a chain shows into inputs of swaps, one database transaction at a time.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use alloy_primitives::B256;
use causeway_engine::{JournalEntry, Machine as _, ProcessId, Unit};
use causeway_swap::{Input, Leg, SwapId};
use causeway_types::{BlockRef, ChainId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::{
    SwapError,
    chain::{ChainError, ChainUpdate, Follow, Sight, Sighting, SwapChain},
    ledger::Ledger,
    record::{Happened, SwapMachine},
    tower::{TowerMachine, Watched},
};

/// How long to wait before following anew after the chain or the store could not be used.
const FOLLOW_AGAIN: Duration = Duration::from_secs(1);

/// Observes one chain for all swaps.
pub(crate) struct Observer {
    pub(crate) chain: Arc<dyn SwapChain>,
    pub(crate) ledger: Ledger,
    /// Up to which height swaps have been told of the chain.
    pub(crate) told: watch::Sender<Option<u64>>,
}

/// What the journal keeps beside a block's hash until the block is final or gone.
#[derive(Serialize, Deserialize)]
struct Journalled {
    leg: Leg,
}

impl Observer {
    fn stream(&self) -> String {
        format!("swaps/{}", self.chain.id())
    }

    /// Up to which height blocks are told once more, after the chain had taken back final ones.
    fn stream_anew(&self) -> String {
        format!("{}/anew", self.stream())
    }

    /// Up to which height swaps have been told, which outlives a restart.
    fn stream_told(&self) -> String {
        told_of(self.chain.id())
    }

    /// Observes until stopped, beginning anew after whatever passes. What does not pass ends the service.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), SwapError> {
        while !stop.is_cancelled() {
            let observed = stop.run_until_cancelled(self.observe()).await;
            match observed {
                None | Some(Ok(())) => return Ok(()),
                Some(Err(error)) if error.passes() => {
                    warn!(chain = %self.chain.id(), %error, "observing the chain anew");
                }
                Some(Err(error)) => {
                    error!(chain = %self.chain.id(), %error, "observing the chain has stopped for good");
                    return Err(error);
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(FOLLOW_AGAIN) => {}
            }
        }
        Ok(())
    }

    async fn observe(&self) -> Result<(), SwapError> {
        let cursor = self.ledger.engine.cursor(&self.stream()).await?;
        let mut follow = self.chain.follow(cursor.as_deref()).await?;
        let told = self.ledger.engine.cursor(&self.stream_told()).await?;
        self.told
            .send_replace(told.and_then(|height| height.parse().ok()));
        if cursor.is_none() {
            // Where following began is kept before any swap does, so that a restart misses nothing.
            self.save(&follow.cursor(), self.ledger.begin().await?)
                .await?;
        }
        let anew = self.ledger.engine.cursor(&self.stream_anew()).await?;
        let mut anew = anew.and_then(|height| height.parse().ok());
        loop {
            let update = match follow.next().await {
                Ok(update) => update,
                Err(ChainError {
                    gone_from: Some(height),
                    message,
                    ..
                }) => {
                    error!(chain = %self.chain.id(), %message, "swaps are looked at anew");
                    (follow, anew) = self.begin_anew(height).await?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if let ChainUpdate::Block { block, .. } = &update {
                anew = anew.filter(|until| block.height <= *until);
                if anew.is_some() {
                    self.replace(block).await?;
                }
            }
            self.record(update, &follow.cursor()).await?;
        }
    }

    /// Follows anew after final blocks are gone. What they held is withdrawn, and all that is left of what
    /// swaps know of this chain is looked up again. Swaps and their deadlines go on meanwhile, on this
    /// chain and on the others; a person is told.
    async fn begin_anew(
        &self,
        gone_from: u64,
    ) -> Result<(Box<dyn Follow>, Option<u64>), SwapError> {
        let known = self.known_blocks().await?;
        let heights = || known.iter().map(|block| block.height);
        let from = heights().min().unwrap_or(gone_from).min(gone_from);
        let until = heights().max();
        let follow = self.chain.follow_anew(from).await?;
        let unsettled = self.ledger.engine.unsettled_blocks(&self.stream()).await?;
        let gone = known.iter().filter(|block| block.height >= gone_from);
        let gone = gone.map(|block| block.hash);
        let gone: BTreeSet<_> = gone
            .chain(unsettled.iter().map(|block| block.hash))
            .collect();
        let mut unit = self.ledger.begin().await?;
        for hash in gone {
            self.withdraw(&mut unit, hash).await?;
        }
        if let Some(until) = until {
            unit.set_cursor(&self.stream_anew(), &until.to_string())
                .await?;
        }
        let told = from.saturating_sub(1);
        unit.set_cursor(&self.stream_told(), &told.to_string())
            .await?;
        self.save(&follow.cursor(), unit).await?;
        self.told.send_replace(Some(told));
        self.ledger.heads.untell(self.chain.id());
        Ok((follow, until))
    }

    /// What was in another block of this height is gone.
    async fn replace(&self, block: &BlockRef) -> Result<(), SwapError> {
        for known in self.known_blocks().await? {
            if known.height == block.height && known.hash != block.hash {
                let mut unit = self.ledger.begin().await?;
                self.withdraw(&mut unit, known.hash).await?;
                unit.commit().await?;
            }
        }
        Ok(())
    }

    /// The blocks of this chain that hold what swaps under way, ours and others', are built on.
    async fn known_blocks(&self) -> Result<Vec<BlockRef>, SwapError> {
        let mut blocks = Vec::new();
        for record in self.ledger.under_way().await? {
            for leg in Leg::BOTH {
                if record.chain(leg) == self.chain.id() {
                    let facts = record.swap.facts().legs.of(leg);
                    blocks.extend(facts.lock.as_ref().map(|seen| seen.block));
                    blocks.extend(facts.spend.as_ref().map(|seen| seen.block));
                }
            }
        }
        for watch in self.ledger.watches(true).await? {
            blocks.extend(watch.spends_on(self.chain.id()));
        }
        Ok(blocks)
    }

    async fn withdraw(&self, unit: &mut Unit<'_>, block_hash: B256) -> Result<(), SwapError> {
        let gone = unit.withdraw(&self.stream(), block_hash).await?;
        for (swap, leg) in legs(gone.iter().map(|gone| &gone.entry)) {
            let input = Input::Withdrawn { leg, block_hash };
            self.ledger.tell(unit, swap, input).await?;
        }
        Ok(())
    }

    async fn save(&self, cursor: &str, mut unit: Unit<'_>) -> Result<(), SwapError> {
        unit.set_cursor(&self.stream(), cursor).await?;
        Ok(unit.commit().await?)
    }

    /// Commits an update with all that it means, and the place up to which the chain is read.
    async fn record(&self, update: ChainUpdate, cursor: &str) -> Result<(), SwapError> {
        if let ChainUpdate::Block { sightings, .. } = &update
            && !sightings.is_empty()
        {
            // What is decided about it is decided by the newest heads.
            self.ledger.heads.refresh(self.chain.as_ref()).await?;
        }
        let mut unit = self.ledger.begin().await?;
        let newest = match &update {
            ChainUpdate::Block { block, .. } => Some(*block),
            ChainUpdate::Withdrawn { .. } => None,
            ChainUpdate::Final { .. } => self.ledger.heads.newest_told(self.chain.id()),
        };
        let told = match &update {
            ChainUpdate::Block { block, .. } => Some(block.height),
            ChainUpdate::Withdrawn { block } => block.height.checked_sub(1),
            ChainUpdate::Final { block } => (*self.told.borrow()).max(Some(block.height)),
        };
        if let Some(height) = told {
            unit.set_cursor(&self.stream_told(), &height.to_string())
                .await?;
        }
        match update {
            ChainUpdate::Block { block, sightings } => {
                for sighting in sightings {
                    self.seen(&mut unit, block, sighting).await?;
                }
            }
            ChainUpdate::Withdrawn { block } => {
                self.withdraw(&mut unit, block.hash).await?;
            }
            ChainUpdate::Final { block } => {
                for entry in unit.settle(&self.stream(), block.height).await? {
                    for (swap, leg) in legs([&entry]) {
                        let block_hash = entry.block_hash;
                        self.ledger
                            .tell(&mut unit, swap, Input::Final { leg, block_hash })
                            .await?;
                    }
                }
            }
        }
        self.save(cursor, unit).await?;
        self.told.send_replace(told);
        match newest {
            Some(block) => self.ledger.heads.tell(self.chain.id(), block),
            None => self.ledger.heads.untell(self.chain.id()),
        }
        Ok(())
    }

    async fn seen(
        &self,
        unit: &mut Unit<'_>,
        block: BlockRef,
        Sighting { swap, leg, sight }: Sighting,
    ) -> Result<(), SwapError> {
        let (what, input) = match sight {
            Sight::Locked { at, amount } => {
                let what = format!("locked-{at}");
                let lock = at;
                (
                    what,
                    Input::Locked {
                        leg,
                        lock,
                        amount,
                        block,
                    },
                )
            }
            Sight::LockedOtherwise(wrong) => (
                "locked-otherwise".to_owned(),
                Input::LockedOtherwise { leg, wrong },
            ),
            Sight::Spent(by) => ("spent".to_owned(), Input::Spent { leg, by, block }),
        };
        let entry = JournalEntry {
            id: format!("{swap}/{}/{what}", leg.name()),
            height: block.height,
            block_hash: block.hash,
            process: ProcessId {
                kind: SwapMachine::KIND.to_owned(),
                key: swap.to_string(),
            },
            body: json!(Journalled { leg }),
        };
        unit.journal(&self.stream(), &entry).await?;
        self.ledger.tell(unit, swap, input).await
    }
}

/// Where in the store it stands up to which height swaps have been told of a chain.
fn told_of(chain: &ChainId) -> String {
    format!("swaps/{chain}/told")
}

/// The legs that journal entries are about, each once.
fn legs<'a>(entries: impl IntoIterator<Item = &'a JournalEntry>) -> BTreeSet<(SwapId, Leg)> {
    let leg = |entry: &JournalEntry| {
        let body: Journalled = serde_json::from_value(entry.body.clone()).ok()?;
        let swap = entry.process.key.parse().ok().map(SwapId)?;
        Some((swap, body.leg))
    };
    entries.into_iter().filter_map(leg).collect()
}

impl Ledger {
    /// Up to which height swaps have been told of a chain, by whoever works on them.
    pub(crate) async fn told_up_to(&self, chain: &ChainId) -> Result<Option<u64>, SwapError> {
        let told = self.engine.cursor(&told_of(chain)).await?;
        Ok(told.and_then(|height| height.parse().ok()))
    }

    /// Tells a swap of something, after the newest heads.
    pub(crate) async fn tell(
        &self,
        unit: &mut Unit<'_>,
        swap: SwapId,
        input: Input,
    ) -> Result<(), SwapError> {
        let now = self.clock.now();
        let Some(process) = unit.process::<SwapMachine>(&swap.to_string()).await? else {
            return self.tell_tower(unit, swap, input).await;
        };
        let heads = self.heads.for_terms(process.state.terms());
        for input in [Input::Clock { heads }, input] {
            self.handle(unit, swap, now, Happened::Input(input)).await?;
        }
        Ok(())
    }

    /// Tells a watch of something, if there is one.
    async fn tell_tower(
        &self,
        unit: &mut Unit<'_>,
        swap: SwapId,
        input: Input,
    ) -> Result<(), SwapError> {
        let key = swap.to_string();
        let Some(process) = unit.process::<TowerMachine>(&key).await? else {
            return Ok(());
        };
        let heads = self.heads.for_terms(&process.state.ward.terms);
        for input in [Input::Clock { heads }, input] {
            let input = (self.clock.now(), Watched::Saw(input));
            unit.handle::<TowerMachine>(&key, input).await?;
        }
        Ok(())
    }
}
