//! What a relayer is doing, for people and for monitors.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use causeway_types::{BlockRef, ChainId};
use serde::{Deserialize, Serialize};

use crate::{
    overdue::Overdue,
    route::{ClientEnd, Route},
};

/// The shortest and the longest pause after a batch that could not be delivered at all.
const STALL_FIRST: Duration = Duration::from_millis(200);
const STALL_MAX: Duration = Duration::from_secs(3);

/// A relayer at one moment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct RelayerStatus {
    /// Every chain that is followed.
    pub chains: Vec<ChainStatus>,
    /// Every route that is served.
    pub routes: Vec<RouteStatus>,
    /// Packets by phase.
    pub packets: BTreeMap<String, u64>,
    /// Packets that have not come to their end for longer than they should.
    #[serde(default)]
    pub overdue: Vec<Overdue>,
    /// Attestors that signed two different things since the start, the latest last.
    #[serde(default)]
    pub contradictions: Vec<String>,
}

/// A chain as the relayer sees it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChainStatus {
    /// The chain.
    pub chain: ChainId,
    /// Its newest block.
    pub head: Option<BlockRef>,
    /// Its newest final block.
    pub final_block: Option<BlockRef>,
    /// Why it cannot be followed, if it cannot.
    pub problem: Option<String>,
    /// How often since the start the chain said what cannot be true with what is known.
    #[serde(default)]
    pub contradictions: u64,
    /// What it said the last time.
    #[serde(default)]
    pub contradiction: Option<String>,
}

/// A route as the relayer serves it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RouteStatus {
    /// The route.
    pub route: Route,
    /// Messages toward each of its two clients.
    pub lanes: Vec<LaneStatus>,
}

/// Messages toward one light client.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LaneStatus {
    /// The light client.
    pub client: ClientEnd,
    /// Messages that have not arrived yet.
    pub waiting: u64,
    /// Why nothing moves, if nothing does.
    pub problem: Option<String>,
}

#[derive(Default)]
struct LaneState {
    stalls: u32,
    problem: Option<String>,
}

/// Where a carrier notes how its lane fares.
#[derive(Clone, Default)]
pub(crate) struct LaneWatch(Arc<Mutex<LaneState>>);

impl LaneWatch {
    fn state(&self) -> MutexGuard<'_, LaneState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A batch got through.
    pub(crate) fn moved(&self) {
        *self.state() = LaneState::default();
    }

    /// A batch could not be delivered at all; says how long to wait before the next try.
    pub(crate) fn stalled(&self, reason: &str) -> Duration {
        let mut state = self.state();
        state.problem = Some(reason.to_owned());
        let pause = STALL_FIRST
            .saturating_mul(1 << state.stalls.min(10))
            .min(STALL_MAX);
        state.stalls = state.stalls.saturating_add(1);
        pause
    }

    /// What is under way has not got through, and knows itself when to try again.
    pub(crate) fn waiting(&self, reason: &str) {
        self.state().problem = Some(reason.to_owned());
    }

    pub(crate) fn problem(&self) -> Option<String> {
        self.state().problem.clone()
    }
}

#[derive(Default)]
struct ChainState {
    head: Option<BlockRef>,
    final_block: Option<BlockRef>,
    problem: Option<String>,
    contradictions: u64,
    contradiction: Option<String>,
}

/// Where an observer notes how its chain fares.
#[derive(Clone, Default)]
pub(crate) struct ChainWatch(Arc<Mutex<ChainState>>);

impl ChainWatch {
    fn state(&self) -> MutexGuard<'_, ChainState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn progressed(&self, head: Option<BlockRef>, final_block: Option<BlockRef>) {
        let mut state = self.state();
        state.head = head.or(state.head);
        state.final_block = final_block.or(state.final_block);
        state.problem = None;
    }

    /// What the chain said cannot be true; a person must look.
    pub(crate) fn contradicted(&self, reason: &str) {
        let mut state = self.state();
        state.contradictions = state.contradictions.saturating_add(1);
        state.contradiction = Some(reason.to_owned());
    }

    pub(crate) fn unusable(&self, reason: &str) {
        self.state().problem = Some(reason.to_owned());
    }

    pub(crate) fn status(&self, chain: &ChainId) -> ChainStatus {
        let state = self.state();
        ChainStatus {
            chain: chain.clone(),
            head: state.head,
            final_block: state.final_block,
            problem: state.problem.clone(),
            contradictions: state.contradictions,
            contradiction: state.contradiction.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::B256;
    use causeway_types::Timestamp;

    use super::*;

    fn block(height: u64) -> BlockRef {
        BlockRef {
            height,
            hash: B256::with_last_byte(1),
            parent: B256::ZERO,
            timestamp: Timestamp::from_secs(height),
        }
    }

    #[test]
    fn a_lane_that_stalls_waits_longer_each_time_but_never_long() {
        let lane = LaneWatch::default();
        let pauses: Vec<_> = (0..6)
            .map(|_| lane.stalled("no attestor").as_millis())
            .collect();
        assert_eq!(pauses, [200, 400, 800, 1600, 3000, 3000]);
        for _ in 0..100 {
            assert_eq!(lane.stalled("no attestor"), STALL_MAX);
        }
    }

    #[test]
    fn a_lane_says_why_nothing_moves_until_something_does() {
        let lane = LaneWatch::default();
        assert_eq!(lane.problem(), None);
        lane.stalled("no attestor");
        assert_eq!(lane.problem().as_deref(), Some("no attestor"));
        lane.moved();
        assert_eq!(lane.problem(), None);
        assert_eq!(lane.stalled("again"), STALL_FIRST, "what moved begins anew");
        lane.waiting("no block");
        assert_eq!(lane.problem().as_deref(), Some("no block"));
    }

    #[test]
    fn a_chain_keeps_its_heights_and_forgets_its_problem_once_it_goes_on() {
        let (watch, chain) = (ChainWatch::default(), ChainId::eip155(1));
        watch.progressed(Some(block(7)), Some(block(5)));
        watch.unusable("no endpoint");
        let status = watch.status(&chain);
        assert_eq!(status.problem.as_deref(), Some("no endpoint"));
        assert_eq!(
            (status.head, status.final_block),
            (Some(block(7)), Some(block(5)))
        );
        watch.progressed(None, Some(block(6)));
        let status = watch.status(&chain);
        assert_eq!(status.problem, None);
        assert_eq!(
            (status.head, status.final_block),
            (Some(block(7)), Some(block(6)))
        );
    }

    #[test]
    fn a_contradiction_stays_known_when_the_chain_goes_on() {
        let (watch, chain) = (ChainWatch::default(), ChainId::eip155(1));
        watch.contradicted("refunded and received");
        watch.progressed(Some(block(1)), None);
        let status = watch.status(&chain);
        assert_eq!(status.contradictions, 1);
        assert_eq!(
            status.contradiction.as_deref(),
            Some("refunded and received")
        );
    }
}
