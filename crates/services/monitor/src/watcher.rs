//! Watches one route: read, compare, order to pause.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use alloy::primitives::{Address, U256};
use causeway_engine::{Engine, EngineError, UnitError, UnixMillis};
use causeway_types::BlockRef;
use futures::future::{try_join, try_join_all};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::{
    MonitorConfig,
    asset::{Asset, Ends, Side},
    breach::Breach,
    cut::{Sighting, Sightings},
    incident::{Finding, IncidentMachine, Incidents, Switch},
    ledger::{Balance, Ledger},
    outflow::Outflow,
    reader::{Change, EndReader, EndState, ReadError},
    status::RouteWatch,
};

/// The shortest time between two looks.
const PAUSE: Duration = Duration::from_millis(250);

/// How many tokens are compared at one look. Those that moved come first, the others in turn: a
/// stranger who sends thousands of worthless tokens must not slow down the watch over the others.
const TOKENS_PER_LOOK: usize = 256;

/// Why a look failed.
#[derive(Debug, Error)]
pub(crate) enum LookError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("what was saved of the route cannot be read: {0}")]
    Saved(#[from] serde_json::Error),
    #[error(
        "the light clients claim to have seen more than the final blocks that the endpoints tell \
         of: the endpoints lag, or a client was told of blocks that do not exist"
    )]
    NoPair,
}

/// How far a route was followed, and what that came to. The chains are the journal: if this is lost,
/// it is made anew from them.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    at: Option<Ends<BlockRef>>,
    ledger: Ledger,
    /// The token that was compared last, in turn.
    #[serde(default)]
    turn: Option<Asset>,
}

/// Watches one route.
pub(crate) struct RouteWatcher {
    pub(crate) engine: Engine,
    pub(crate) name: String,
    pub(crate) ends: Ends<EndReader>,
    /// The heights from which packets are read.
    pub(crate) start: Ends<u64>,
    pub(crate) config: MonitorConfig,
    pub(crate) watch: RouteWatch,
}

/// What is kept in memory between two looks.
#[derive(Default)]
struct Memory {
    progress: Option<Progress>,
    sightings: Sightings,
    outflow: Outflow,
    last_pair: Option<UnixMillis>,
}

impl RouteWatcher {
    fn stream(&self) -> String {
        format!("monitor/{}", self.name)
    }

    /// Watches until stopped.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), EngineError> {
        let mut memory = Memory::default();
        let mut heads = Ends {
            a: self.ends.a.chain.watch_head(),
            b: self.ends.b.chain.watch_head(),
        };
        loop {
            heads.a.borrow_and_update();
            heads.b.borrow_and_update();
            if let Err(error) = self.look(&mut memory).await {
                memory.progress = None;
                self.failed(&error).await?;
            }
            let changed = async {
                tokio::time::sleep(PAUSE).await;
                tokio::select! {
                    _ = heads.a.changed() => {}
                    _ = heads.b.changed() => {}
                    () = tokio::time::sleep(Duration::from_secs(1)) => {}
                }
            };
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = changed => {}
            }
        }
    }

    /// Notes that the route could not be compared; pauses it after a while if that is wanted.
    async fn failed(&self, failure: &LookError) -> Result<(), EngineError> {
        let now = UnixMillis::now();
        let since = self.watch.blind(&failure.to_string(), now);
        let blind_for = now.since(since);
        if blind_for < self.config.patience {
            debug!(route = self.name, %failure, "the route cannot be compared");
            return Ok(());
        }
        error!(route = self.name, %failure, ?blind_for, "the route cannot be watched");
        self.watch.note().is_blind_for_long = true;
        metrics::gauge!("causeway_monitor_blind", "route" => self.name.clone()).set(1.0);
        if self.config.pause_when_blind {
            let reason = "the route cannot be watched".to_owned();
            // What is paused cannot be read either: all of it is ordered to pause, once.
            let paused = self.switches().map(|switch| (switch, None)).collect();
            let reasons = vec![reason];
            let outcome = self.take(Finding { reasons, paused }, None).await;
            if let Err(LookError::Engine(error)) = outcome {
                return if error.is_transient() {
                    Ok(())
                } else {
                    Err(error)
                };
            }
        }
        Ok(())
    }

    fn switches(&self) -> impl Iterator<Item = Switch> {
        Side::BOTH.into_iter().flat_map(|side| {
            let end = self.ends.of(side);
            [end.contracts.transfer, end.contracts.gmp].map(|contract| Switch {
                chain: end.chain.id().clone(),
                contract,
            })
        })
    }

    async fn load(&self) -> Result<Progress, LookError> {
        let saved = self.engine.cursor(&self.stream()).await?;
        let progress = saved.map(|json| serde_json::from_str(&json)).transpose()?;
        Ok(progress.unwrap_or_default())
    }

    /// One look at both chains.
    async fn look(&self, memory: &mut Memory) -> Result<(), LookError> {
        if memory.progress.is_none() {
            memory.progress = Some(self.load().await?);
        }
        self.sight(&mut memory.sightings).await?;
        let now = UnixMillis::now();
        let progress = memory.progress.get_or_insert_default();
        let since = match &progress.at {
            Some(at) => Ends {
                a: at.a.height,
                b: at.b.height,
            },
            None => self.start,
        };
        let Some(pair) = memory.sightings.newest_pair(since) else {
            let last = *memory.last_pair.get_or_insert(now);
            if now.since(last) > self.config.patience {
                return Err(LookError::NoPair);
            }
            return Ok(());
        };
        memory.last_pair = Some(now);
        let blocks = Ends {
            a: pair.a.block,
            b: pair.b.block,
        };
        if progress.at == Some(blocks) {
            self.seen(&blocks, now);
            return Ok(());
        }
        memory.sightings.forget_before(since);
        self.compare(progress, &blocks, &mut memory.outflow, now)
            .await?;
        self.seen(&blocks, now);
        Ok(())
    }

    fn seen(&self, blocks: &Ends<BlockRef>, now: UnixMillis) {
        let mut route = self.watch.note();
        (route.blind, route.blind_since) = (None, None);
        route.is_blind_for_long = false;
        route.compared = Some((blocks.a.height, blocks.b.height));
        route.compared_at = Some(now);
        metrics::gauge!("causeway_monitor_blind", "route" => self.name.clone()).set(0.0);
        metrics::counter!("causeway_monitor_comparisons_total", "route" => self.name.clone())
            .increment(1);
    }

    /// Takes the newest final blocks of both chains into account.
    async fn sight(&self, sightings: &mut Sightings) -> Result<(), LookError> {
        for side in [Side::B, Side::A] {
            let end = self.ends.of(side);
            let newest = end.chain.agreed_newest_final_block().await;
            let block = newest.map_err(ReadError::from)?;
            let known = sightings.newest(side).map(|known| known.block.height);
            if known.is_none_or(|known| known < block.height) {
                let seen_of_other = end.state(&block).await?.seen_of_other;
                let sighting = Sighting {
                    block,
                    seen_of_other,
                };
                sightings.add(side, sighting);
            }
        }
        Ok(())
    }

    /// Follows both chains up to a consistent pair of blocks and judges what stands there.
    async fn compare(
        &self,
        progress: &mut Progress,
        to: &Ends<BlockRef>,
        outflow: &mut Outflow,
        now: UnixMillis,
    ) -> Result<(), LookError> {
        let (a, b) = try_join(self.ends.a.state(&to.a), self.ends.b.state(&to.b)).await?;
        let states = Ends { a, b };
        let mut reasons = self.still_there(progress).await?;
        for side in Side::BOTH {
            let from = match &progress.at {
                Some(at) => at.of(side).height.saturating_add(1),
                None => *self.start.of(side),
            };
            let (end, last) = (self.ends.of(side), to.of(side));
            let light_client = states.of(side).light_client;
            let (facts, changes) = end.happened(from, last, light_client).await?;
            for fact in facts {
                progress.ledger.see(side, fact);
            }
            // What led to today's state is no news.
            if progress.at.is_some() {
                self.tell_changes(side, &changes, now);
            }
        }
        let mut breaches = progress.ledger.judge_packets();
        let assets = next_assets(&progress.ledger, progress.turn.as_ref());
        let balances = self
            .balances(&progress.ledger, &assets, &states, to)
            .await?;
        breaches.extend(progress.ledger.judge_balances(&balances));
        progress.ledger.compared(&assets);
        progress.turn = assets.last().cloned();
        progress.at = Some(*to);

        let (grave, warnings): (Vec<Breach>, Vec<Breach>) = breaches
            .into_iter()
            .partition(|breach| self.is_grave(breach));
        reasons.extend(grave.iter().map(ToString::to_string));
        let outflows = self.outflows(outflow, &balances, now);
        self.note_state(progress, &states, &warnings, outflows);
        let paused = self
            .switches()
            .zip(paused(&states).into_iter().map(Some))
            .collect();
        self.take(Finding { reasons, paused }, Some(progress)).await
    }

    /// Whether the blocks that were final at the last look still are.
    async fn still_there(&self, progress: &Progress) -> Result<Vec<String>, LookError> {
        let Some(at) = &progress.at else {
            return Ok(Vec::new());
        };
        let mut violated = Vec::new();
        for side in Side::BOTH {
            let (chain, expected) = (&self.ends.of(side).chain, at.of(side));
            let found = chain.agreed_final_block(expected.height).await;
            let found = found.map_err(ReadError::from)?;
            if found.hash != expected.hash {
                violated.push(format!(
                    "{} replaced its block {}, which was final",
                    chain.id(),
                    expected.height
                ));
            }
        }
        Ok(violated)
    }

    /// A shortfall of a token that is not guarded may be that token's own doing.
    fn is_grave(&self, breach: &Breach) -> bool {
        let (Some(asset), Some(guarded)) = (breach.blames_token(), &self.config.tokens) else {
            return true;
        };
        let chain = self.ends.of(asset.home).chain.id();
        guarded
            .iter()
            .any(|(guarded_on, token)| guarded_on == chain && asset.address() == Some(*token))
    }

    /// What stands on the chains of these tokens.
    async fn balances(
        &self,
        ledger: &Ledger,
        assets: &[Asset],
        states: &Ends<EndState>,
        blocks: &Ends<BlockRef>,
    ) -> Result<BTreeMap<Asset, Balance>, LookError> {
        let sides = Side::BOTH.map(|home| async move {
            let here: Vec<&Asset> = assets.iter().filter(|asset| asset.home == home).collect();
            let escrow = states.of(home).escrow;
            let locked = self.ends.of(home).locked(&here, escrow, blocks.of(home));
            let there = home.other();
            let created = here.iter().filter_map(|asset| {
                let voucher = ledger.accounts().get(*asset)?.voucher?;
                Some((*asset, voucher))
            });
            let (of, vouchers): (Vec<&Asset>, Vec<Address>) = created.unzip();
            let supplies = self.ends.of(there).supplies(&vouchers, blocks.of(there));
            let (locked, supplies) = try_join(locked, supplies).await?;
            let minted: BTreeMap<&Asset, U256> = of
                .into_iter()
                .zip(supplies)
                // A voucher of our own making always answers; an upgrade that made it fall silent
                // is a change that is told by itself.
                .filter_map(|(asset, supply)| Some((asset, supply?)))
                .collect();
            let balance = |(asset, locked): (Asset, U256)| {
                let minted = minted.get(&asset).copied();
                (asset, Balance { locked, minted })
            };
            Ok::<_, ReadError>(locked.into_iter().map(balance).collect::<Vec<_>>())
        });
        Ok(try_join_all(sides).await?.into_iter().flatten().collect())
    }

    fn outflows(
        &self,
        outflow: &mut Outflow,
        balances: &BTreeMap<Asset, Balance>,
        now: UnixMillis,
    ) -> Vec<String> {
        let Some(limit) = self.config.outflow else {
            return Vec::new();
        };
        let tell = |(asset, balance): (&Asset, &Balance)| {
            let percent = outflow.observe(asset, balance.locked, now, limit)?;
            let chain = self.ends.of(asset.home).chain.id();
            let window = limit.window;
            Some(format!(
                "{percent} % of {} on {chain} left within {window:?}",
                asset.denom
            ))
        };
        balances.iter().filter_map(tell).collect()
    }

    fn tell_changes(&self, side: Side, changes: &[Change], now: UnixMillis) {
        let chain = self.ends.of(side).chain.id();
        for change in changes {
            let Change {
                event,
                contract,
                tx,
                height,
            } = change;
            warn!(%chain, event, %contract, %tx, height, "what the route rests on has changed");
            let what = format!("{event} at {contract} on {chain}, block {height}, {tx}");
            self.watch.note().changed(what, now);
        }
    }

    fn note_state(
        &self,
        progress: &Progress,
        states: &Ends<EndState>,
        warnings: &[Breach],
        outflows: Vec<String>,
    ) {
        let mut route = self.watch.note();
        route.assets = progress.ledger.accounts().len();
        route.open_packets = progress.ledger.open_packets();
        route.warnings = warnings.iter().map(ToString::to_string).collect();
        route.outflows = outflows;
        let frozen = Side::BOTH
            .into_iter()
            .filter(|side| states.of(*side).frozen);
        route.frozen = frozen
            .map(|side| {
                let end = self.ends.of(side);
                format!("{} on {}", end.client, end.chain.id())
            })
            .collect();
        let paused = self
            .switches()
            .zip(paused(states))
            .filter(|(_, paused)| *paused);
        route.paused = paused
            .map(|(switch, _)| format!("{} on {}", switch.contract, switch.chain))
            .collect();
    }

    /// Commits what was found together with how far was read, and what follows from it.
    async fn take(&self, finding: Finding, progress: Option<&Progress>) -> Result<(), LookError> {
        let known = self.watch.note().incident.clone();
        for reason in finding
            .reasons
            .iter()
            .filter(|reason| !known.contains(reason))
        {
            error!(
                route = self.name,
                reason, "THE ROUTE IS BROKEN: it is ordered to pause"
            );
        }
        let mut unit = self.engine.begin(UnixMillis::now()).await?;
        if let Some(progress) = progress {
            let json = serde_json::to_string(progress)?;
            unit.set_cursor(&self.stream(), &json).await?;
        }
        let input = (self.name.clone(), finding);
        match unit.handle::<IncidentMachine>(&self.name, input).await {
            Ok(()) => {}
            Err(UnitError::Engine(error)) => return Err(error.into()),
            Err(UnitError::Machine(never)) => match never {},
        }
        let process = unit.process::<IncidentMachine>(&self.name).await?;
        let incidents = process.map_or_else(Incidents::default, |process| process.state.1);
        unit.commit().await?;
        let broken = if incidents.is_open() { 1.0 } else { 0.0 };
        metrics::gauge!("causeway_monitor_broken", "route" => self.name.clone()).set(broken);
        let mut route = self.watch.note();
        route.incident = incidents.reasons;
        if route.incident.is_empty() {
            route.pause_problem = None;
        }
        Ok(())
    }
}

/// In the order of [`RouteWatcher::switches`].
fn paused(states: &Ends<EndState>) -> Vec<bool> {
    Side::BOTH
        .into_iter()
        .flat_map(|side| {
            let state = states.of(side);
            [state.transfer_paused, state.gmp_paused]
        })
        .collect()
}

/// The tokens to compare next: those that moved, and of the others as many as there is room for,
/// beginning after the one that was compared last.
fn next_assets(ledger: &Ledger, turn: Option<&Asset>) -> Vec<Asset> {
    let moved: BTreeSet<&Asset> = ledger.moved().iter().take(TOKENS_PER_LOOK).collect();
    let known = || {
        ledger
            .accounts()
            .keys()
            .filter(|asset| !moved.contains(asset))
    };
    let after = known().filter(|asset| turn.is_some_and(|turn| *asset > turn));
    let before = known().filter(|asset| turn.is_none_or(|turn| *asset <= turn));
    let room = TOKENS_PER_LOOK - moved.len();
    let others = after.chain(before).take(room);
    moved.iter().copied().chain(others).cloned().collect()
}
