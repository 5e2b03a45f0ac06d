//! What follows from a breach: the route is ordered to pause until it is seen paused.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

use alloy::primitives::Address;
use causeway_engine::{Machine, NewEffect, Step};
use causeway_types::ChainId;
use serde::{Deserialize, Serialize};

/// The most reasons that are kept of one incident.
const REASONS: usize = 16;

/// A contract that can be paused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Switch {
    /// Its chain.
    pub chain: ChainId,
    /// Its address.
    pub contract: Address,
}

impl Switch {
    /// The lane of the engine in which orders to pause contracts of a chain are carried out.
    pub(crate) fn lane(chain: &ChainId) -> String {
        format!("monitor/pause/{chain}")
    }
}

/// An order to pause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseOrder {
    /// What is to be paused.
    pub switch: Switch,
    /// The route for whose sake.
    pub route: String,
}

/// What was found of a route at one comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Everything that is wrong and reason enough to pause; empty when all is well.
    pub reasons: Vec<String>,
    /// Every contract of the route that can be paused, and whether it is, if that is known.
    pub paused: BTreeMap<Switch, Option<bool>>,
}

/// The incidents of one route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incidents {
    /// The number of the last incident.
    pub number: u64,
    /// Why the route is to be paused; empty when there is no incident.
    pub reasons: Vec<String>,
    /// The contracts ordered to pause and not yet seen paused.
    ordered: BTreeSet<Switch>,
    /// The contracts that were seen paused in this incident.
    seen_paused: BTreeSet<Switch>,
}

impl Incidents {
    /// Whether there is an incident.
    pub fn is_open(&self) -> bool {
        !self.reasons.is_empty()
    }
}

/// The engine's name for the incidents of a route.
pub struct IncidentMachine;

impl Machine for IncidentMachine {
    const KIND: &'static str = "guarded-route";
    type State = (String, Incidents);
    type Input = (String, Finding);
    type Effect = PauseOrder;
    type Error = Infallible;

    fn handle(
        state: Option<Self::State>,
        (route, finding): Self::Input,
    ) -> Result<Step<Self::State, PauseOrder>, Infallible> {
        let mut incidents = state.map(|(_, incidents)| incidents).unwrap_or_default();
        let (effects, cancel) = incidents.take(&route, finding);
        let phase = match (incidents.is_open(), incidents.ordered.is_empty()) {
            (false, _) => "watching",
            (true, false) => "pausing",
            (true, true) => "paused",
        };
        let mut step = Step::to((route, incidents), phase);
        step.effects = effects;
        step.cancel = cancel;
        Ok(step)
    }
}

impl Incidents {
    /// Takes one finding; returns new orders, and the keys of orders that are no longer needed.
    fn take(&mut self, route: &str, finding: Finding) -> (Vec<NewEffect<PauseOrder>>, Vec<String>) {
        let (mut orders, mut over) = (Vec::new(), Vec::new());
        let broken = !finding.reasons.is_empty();
        let resumed = |switch: &Switch| finding.paused.get(switch) == Some(&Some(false));
        // Somebody resumed the route, and it is broken still or again: that is another incident.
        let begins = broken && (!self.is_open() || self.seen_paused.iter().any(resumed));
        if begins {
            over.extend(self.ordered.iter().map(|switch| self.key(switch)));
            self.number += 1;
            self.reasons.clear();
            self.seen_paused.clear();
            self.ordered = finding.paused.keys().cloned().collect();
        }
        for reason in finding.reasons {
            if self.reasons.len() < REASONS && !self.reasons.contains(&reason) {
                self.reasons.push(reason);
            }
        }
        for (switch, paused) in &finding.paused {
            if *paused == Some(true) && self.ordered.remove(switch) {
                over.push(self.key(switch));
                self.seen_paused.insert(switch.clone());
            }
        }
        if begins {
            orders.extend(self.ordered.iter().map(|switch| {
                let order = PauseOrder {
                    switch: switch.clone(),
                    route: route.to_owned(),
                };
                NewEffect::new(self.key(switch), Switch::lane(&switch.chain), order)
            }));
        }
        let mut all = finding.paused.values();
        let all_resumed = all.len() > 0 && all.all(|paused| *paused == Some(false));
        if self.is_open() && !broken && self.ordered.is_empty() && all_resumed {
            self.reasons.clear();
            self.seen_paused.clear();
        }
        (orders, over)
    }

    fn key(&self, switch: &Switch) -> String {
        format!("{}/{}/{}", self.number, switch.chain, switch.contract)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn switch(number: u64) -> Switch {
        Switch {
            chain: ChainId::eip155(number),
            contract: Address::repeat_byte(7),
        }
    }

    fn finding(reasons: &[&str], paused: [bool; 2]) -> Finding {
        Finding {
            reasons: reasons.iter().map(|&reason| reason.to_owned()).collect(),
            paused: [(switch(1), Some(paused[0])), (switch(2), Some(paused[1]))].into(),
        }
    }

    fn orders(incidents: &mut Incidents, finding: Finding) -> (usize, usize) {
        let (orders, over) = incidents.take("route", finding);
        (orders.len(), over.len())
    }

    #[test]
    fn a_broken_route_is_ordered_to_pause_at_both_ends_until_it_is_seen_paused() {
        let mut route = Incidents::default();
        assert_eq!(orders(&mut route, finding(&[], [false; 2])), (0, 0));
        assert_eq!(orders(&mut route, finding(&["stolen"], [false; 2])), (2, 0));
        // The breach itself may have been seen but once: the order stands.
        assert_eq!(orders(&mut route, finding(&[], [false; 2])), (0, 0));
        assert!(route.is_open());
        assert_eq!(orders(&mut route, finding(&[], [true, false])), (0, 1));
        assert_eq!(orders(&mut route, finding(&[], [true, true])), (0, 1));
        assert!(route.is_open());
        // People have resumed it and nothing is wrong any more.
        assert_eq!(orders(&mut route, finding(&[], [false; 2])), (0, 0));
        assert!(!route.is_open());
    }

    #[test]
    fn a_route_that_is_resumed_while_broken_is_paused_again() {
        let mut route = Incidents::default();
        assert_eq!(orders(&mut route, finding(&["short"], [false; 2])), (2, 0));
        assert_eq!(orders(&mut route, finding(&["short"], [true; 2])), (0, 2));
        assert_eq!(orders(&mut route, finding(&["short"], [true; 2])), (0, 0));
        assert_eq!(
            orders(&mut route, finding(&["short"], [true, false])),
            (1, 1)
        );
        assert_eq!(route.number, 2);
    }

    #[test]
    fn a_route_that_cannot_be_read_is_paused_once() {
        let mut route = Incidents::default();
        let blind = || Finding {
            reasons: vec!["blind".to_owned()],
            paused: [(switch(1), None), (switch(2), None)].into(),
        };
        assert_eq!(orders(&mut route, blind()), (2, 0));
        assert_eq!(orders(&mut route, finding(&[], [true; 2])), (0, 2));
        assert_eq!(orders(&mut route, blind()), (0, 0));
        assert_eq!(route.number, 1);
    }

    #[test]
    fn what_is_paused_already_is_not_paused_again() {
        let mut route = Incidents::default();
        assert_eq!(
            orders(&mut route, finding(&["stolen"], [true, false])),
            (1, 1)
        );
    }
}
