//! Turns what a chain shows into inputs of swaps, one database transaction at a time.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use causeway_engine::{JournalEntry, Machine as _, ProcessId, Unit};
use causeway_swap::{Input, Leg, SwapId};
use causeway_types::BlockRef;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::{
    SwapError,
    chain::{ChainUpdate, Sight, Sighting, SwapChain},
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

    /// Observes until stopped, beginning anew after whatever passes. What does not pass ends the service:
    /// a chain that has taken back what it called final is nothing to go on with.
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
        if cursor.is_none() {
            // Where following began is kept before any swap does, so that a restart misses nothing.
            self.save(&follow.cursor(), self.ledger.begin().await?)
                .await?;
        }
        loop {
            let update = follow.next().await?;
            self.record(update, &follow.cursor()).await?;
        }
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
        match update {
            ChainUpdate::Block { block, sightings } => {
                for sighting in sightings {
                    self.seen(&mut unit, block, sighting).await?;
                }
            }
            ChainUpdate::Withdrawn { block } => {
                let gone = unit.withdraw(&self.stream(), block.hash).await?;
                for (swap, leg) in legs(gone.iter().map(|gone| &gone.entry)) {
                    let block_hash = block.hash;
                    self.ledger
                        .tell(&mut unit, swap, Input::Withdrawn { leg, block_hash })
                        .await?;
                }
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
        self.save(cursor, unit).await
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
