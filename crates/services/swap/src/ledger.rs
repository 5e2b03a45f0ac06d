//! The swaps in the store, and how they change there.

use causeway_engine::{Engine, EngineError, Filter, Unit};
use causeway_swap::SwapId;
use causeway_types::Timestamp;

use crate::{
    SwapError, clock,
    heads::Heads,
    record::{Happened, Record, SwapInput, SwapMachine},
};

/// The store, with the heads by which everything in it is decided. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(crate) engine: Engine,
    pub(crate) heads: Heads,
}

impl Ledger {
    /// Begins a unit of work.
    pub(crate) async fn begin(&self) -> Result<Unit<'_>, EngineError> {
        self.engine.begin(clock::millis()).await
    }

    /// Lets something happen to a swap, in a unit.
    pub(crate) async fn handle(
        &self,
        unit: &mut Unit<'_>,
        swap: SwapId,
        now: Timestamp,
        what: Happened,
    ) -> Result<(), SwapError> {
        unit.handle::<SwapMachine>(&swap.to_string(), SwapInput { now, what })
            .await?;
        Ok(())
    }

    /// Lets something happen to a swap, in a unit of its own.
    pub(crate) async fn happen(&self, swap: SwapId, what: Happened) -> Result<(), SwapError> {
        let mut unit = self.begin().await?;
        self.handle(&mut unit, swap, clock::now(), what).await?;
        Ok(unit.commit().await?)
    }

    /// A swap as it is now.
    pub(crate) async fn record(&self, swap: SwapId) -> Result<Record, SwapError> {
        self.find(swap).await?.ok_or(SwapError::UnknownSwap(swap))
    }

    /// A swap as it is now, if there is one.
    pub(crate) async fn find(&self, swap: SwapId) -> Result<Option<Record>, SwapError> {
        let process = self
            .engine
            .process::<SwapMachine>(&swap.to_string())
            .await?;
        Ok(process.map(|process| process.state))
    }

    /// All swaps, the newest first; on request, only those with something at stake.
    pub(crate) async fn records(&self, open_only: bool) -> Result<Vec<Record>, SwapError> {
        let filter = Filter {
            open_only,
            newest_first: true,
            ..Filter::default()
        };
        let processes = self.engine.processes::<SwapMachine>(filter).await?;
        Ok(processes.into_iter().map(|process| process.state).collect())
    }

    /// Tells the time to every swap that wants to hear of it.
    pub(crate) async fn tick(&self) -> Result<(), SwapError> {
        let now = clock::now();
        let mut unit = self.begin().await?;
        for due in unit.due(crate::record::CLOCK, now.as_secs()).await? {
            let Some(process) = unit.process::<SwapMachine>(&due.key).await? else {
                continue;
            };
            let heads = self.heads.for_terms(process.state.terms());
            let what = Happened::Input(causeway_swap::Input::Clock { heads });
            unit.handle::<SwapMachine>(&due.key, SwapInput { now, what })
                .await?;
        }
        Ok(unit.commit().await?)
    }
}
