//! The swaps in the store, and how they change there.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use causeway_engine::{
    EffectFilter, Engine, EngineError, Filter, Index, Machine as _, Place, Process, ProcessId,
    Term, Unit,
};
use causeway_swap::{Advice, Effect, Expiry, Head, Input, Leg, Phase, SwapId};
use causeway_types::{ChainId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    SwapError,
    clock::Clock,
    heads::Heads,
    record::{Happened, Record, SwapInput, SwapMachine},
    tower::{TowerMachine, Watch, Watched},
};

/// So many swaps are told the time in one unit of work, which others wait for.
const TOLD_AT_ONCE: usize = 32;

/// The swaps in a store. Cheap to clone.
///
/// It may be used beside the process that works on them: what is changed here is acted on there.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(crate) engine: Engine,
    pub(crate) heads: Heads,
    pub(crate) clock: Clock,
    /// The term of whoever works on the swaps: what is written after it is over is refused.
    term: Arc<RwLock<Option<Term>>>,
}

/// Something that is to be done for a swap and failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trouble {
    /// What was to be done.
    pub what: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it failed the last time.
    pub error: String,
}

/// Something about a swap that a person should know, and may have to act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    /// The swap.
    pub swap: SwapId,
    /// About which leg.
    pub leg: Leg,
    /// What.
    pub advice: Advice,
    /// Until when it matters.
    pub until: Expiry,
}

impl Ledger {
    /// The swaps in this store.
    pub fn new(engine: Engine) -> Self {
        Self::by_clock(engine, Clock::default())
    }

    pub(crate) fn by_clock(engine: Engine, clock: Clock) -> Self {
        Self {
            engine,
            heads: Heads::new(clock.clone()),
            clock,
            term: Arc::default(),
        }
    }

    /// Writes in this term from now on, or as somebody who leads nothing.
    pub(crate) fn lead(&self, term: Option<Term>) {
        *self.term.write().unwrap_or_else(PoisonError::into_inner) = term;
    }

    /// What could not be done for a swap so far, and is tried again.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn troubles(&self, swap: SwapId) -> Result<Vec<Trouble>, SwapError> {
        let filter = EffectFilter {
            process: Some(ProcessId {
                kind: SwapMachine::KIND.to_owned(),
                key: swap.to_string(),
            }),
            open_only: true,
            troubled_only: true,
            ..EffectFilter::default()
        };
        let effects = self.engine.effects(filter).await?;
        let troubles = effects.into_iter().filter_map(|effect| {
            let what = effect.key.rsplit('#').next().unwrap_or_default();
            // Which of several requests is answered is told apart by a hash, which tells people nothing.
            let what = match what.strip_prefix("answer-") {
                Some(asked) => format!("answer-{}", asked.split('-').next().unwrap_or_default()),
                None => what.to_owned(),
            };
            Some(Trouble {
                what,
                attempts: effect.attempts,
                error: effect.last_error?,
            })
        });
        Ok(troubles.collect())
    }

    /// Swaps that a person should look at, and why.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn attention(&self) -> Result<Vec<Attention>, SwapError> {
        let lost = Filter {
            phases: vec![Phase::Lost.name().to_owned()],
            ..Filter::default()
        };
        let lost = self.engine.processes::<SwapMachine>(lost).await?;
        let lost = lost.into_iter().map(|process| process.state);
        let mut found = Vec::new();
        for record in self.records(true).await?.into_iter().chain(lost) {
            for effect in record.swap.wanted() {
                if let Effect::Advise { advice, leg, until } = effect {
                    found.push(Attention {
                        swap: record.id(),
                        leg: *leg,
                        advice: *advice,
                        until: *until,
                    });
                }
            }
        }
        Ok(found)
    }

    /// How many swaps are in each phase, those included that are over.
    pub(crate) async fn phases(&self) -> Result<BTreeMap<Phase, u64>, SwapError> {
        let counts = self.engine.counts(SwapMachine::KIND).await?;
        let phase = |name: String| serde_json::from_value(name.into()).ok();
        let known = counts
            .into_iter()
            .filter_map(|(name, count)| Some((phase(name)?, count)));
        Ok(known.collect())
    }

    /// Wants a swap to end, as far as that is safe.
    ///
    /// # Errors
    /// When there is no such swap, or the store fails.
    pub async fn stop(&self, swap: SwapId) -> Result<(), SwapError> {
        self.person(swap, Input::Stop).await
    }

    /// Wants a swap to go on after all.
    ///
    /// # Errors
    /// When there is no such swap, or the store fails.
    pub async fn go_on(&self, swap: SwapId) -> Result<(), SwapError> {
        self.person(swap, Input::Resume).await
    }

    async fn person(&self, swap: SwapId, input: Input) -> Result<(), SwapError> {
        self.record(swap).await?;
        self.happen(swap, Happened::Input(input)).await
    }

    /// Begins a unit of work.
    pub(crate) async fn begin(&self) -> Result<Unit<'_>, EngineError> {
        let mut unit = self.engine.begin(self.clock.millis()).await?;
        let term = {
            let term = self.term.read().unwrap_or_else(PoisonError::into_inner);
            term.clone()
        };
        if let Some(term) = term {
            unit.fence(&term).await?;
        }
        Ok(unit)
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
        self.handle(&mut unit, swap, self.clock.now(), what).await?;
        Ok(unit.commit().await?)
    }

    /// A swap as it is now.
    ///
    /// # Errors
    /// When there is no such swap, or the store fails.
    pub async fn record(&self, swap: SwapId) -> Result<Record, SwapError> {
        self.find(swap).await?.ok_or(SwapError::UnknownSwap(swap))
    }

    /// How far a chain has come, as it was last read.
    pub fn head(&self, chain: &ChainId) -> Option<Head> {
        self.heads.of(chain)
    }

    /// The name of swaps among the kinds of processes of the store.
    pub const KIND: &'static str = SwapMachine::KIND;

    /// A swap as it is now, if there is one.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn find(&self, swap: SwapId) -> Result<Option<Record>, SwapError> {
        let process = self
            .engine
            .process::<SwapMachine>(&swap.to_string())
            .await?;
        Ok(process.map(|process| process.state))
    }

    /// All swaps, the newest first; on request only those with something at stake.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn records(&self, open_only: bool) -> Result<Vec<Record>, SwapError> {
        let filter = Filter {
            open_only,
            newest_first: true,
            ..Filter::default()
        };
        let processes = self.engine.processes::<SwapMachine>(filter).await?;
        Ok(processes.into_iter().map(|process| process.state).collect())
    }

    /// Swaps with when they began, the newest first: those that any of the indexes holds, at most `limit`,
    /// on request only those that follow a place in the list.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn newest(
        &self,
        indexes: &[Index],
        before: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<Process<Record>>, SwapError> {
        let found = self.engine.newest::<SwapMachine>(indexes, before, limit);
        Ok(found.await?)
    }

    /// All swaps in which something may still happen: those with something of ours at stake, and those in
    /// which only the other party still waits, for as long as it can claim. It may ask us to sign with it.
    pub(crate) async fn under_way(&self) -> Result<Vec<Record>, SwapError> {
        let theirs = Filter {
            phases: vec![Phase::Claim2Final.name().to_owned()],
            newest_first: true,
            ..Filter::default()
        };
        let theirs = self.engine.processes::<SwapMachine>(theirs).await?;
        let theirs = theirs.into_iter().map(|process| process.state);
        let can_claim = |record: &Record| {
            let head = self.heads.of(record.chain(Leg::First));
            let expiry = record.terms().legs.first.expiry;
            head.is_none_or(|head| !expiry.has_come(&head))
        };
        let mut found = self.records(true).await?;
        found.extend(theirs.filter(can_claim));
        Ok(found)
    }

    /// Swaps that count as cancelled although a lock of ours may still come into a block: it was decided
    /// on, perhaps sent, and never seen.
    pub(crate) async fn may_yet_be_locked(&self) -> Result<Vec<Record>, SwapError> {
        let cancelled = Filter {
            phases: vec![Phase::Cancelled.name().to_owned()],
            ..Filter::default()
        };
        let cancelled = self.engine.processes::<SwapMachine>(cancelled).await?;
        let records = cancelled.into_iter().map(|process| process.state);
        let may_be = |record: &Record| record.swap.intents().lock;
        Ok(records.filter(may_be).collect())
    }

    /// What we watch over for others; on request only what is not over.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn watches(&self, open_only: bool) -> Result<Vec<Watch>, SwapError> {
        let filter = Filter {
            open_only,
            newest_first: true,
            ..Filter::default()
        };
        let processes = self.engine.processes::<TowerMachine>(filter).await?;
        Ok(processes.into_iter().map(|process| process.state).collect())
    }

    /// What we watch over of a swap.
    pub(crate) async fn watch(&self, swap: SwapId) -> Result<Watch, SwapError> {
        let process = self
            .engine
            .process::<TowerMachine>(&swap.to_string())
            .await?;
        let watch = process.map(|process| process.state);
        watch.ok_or(SwapError::UnknownSwap(swap))
    }

    /// Tells the time to every swap that wants to hear of it.
    pub(crate) async fn tick(&self) -> Result<(), SwapError> {
        let now = self.clock.now();
        let mut unit = self.begin().await?;
        for due in unit.due(crate::record::CLOCK, now.as_secs()).await? {
            let swap = unit.process::<SwapMachine>(&due.key).await?;
            if let (Some(swap), SwapMachine::KIND) = (swap, due.kind.as_str()) {
                let heads = self.heads.for_terms(swap.state.terms());
                let what = Happened::Input(Input::Clock { heads });
                unit.handle::<SwapMachine>(&due.key, SwapInput { now, what })
                    .await?;
            }
            let watch = unit.process::<TowerMachine>(&due.key).await?;
            if let (Some(watch), TowerMachine::KIND) = (watch, due.kind.as_str()) {
                let heads = self.heads.for_terms(&watch.state.ward.terms);
                let what = Watched::Saw(Input::Clock { heads });
                unit.handle::<TowerMachine>(&due.key, (now, what)).await?;
            }
        }
        Ok(unit.commit().await?)
    }

    /// Tells the time to all open swaps, whether they wait for it or not. When each of them wants to hear of
    /// it was reckoned from how fast blocks usually come, and a chain may be faster than that.
    pub(crate) async fn tell_all(&self) -> Result<(), SwapError> {
        for some in self.records(true).await?.chunks(TOLD_AT_ONCE) {
            let mut unit = self.begin().await?;
            for record in some {
                let heads = self.heads.for_terms(record.terms());
                let what = Happened::Input(Input::Clock { heads });
                self.handle(&mut unit, record.id(), self.clock.now(), what)
                    .await?;
            }
            unit.commit().await?;
        }
        Ok(())
    }
}
