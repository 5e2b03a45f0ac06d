//! One swap from its terms to its end.

use causeway_types::Timestamp;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::{
    chain::{Act, Chain, Shown},
    party::Party,
    stranger::Stranger,
    world::World,
};
use crate::{
    Assumed, BlockTimes, ChainTiming, Cooperation, Head, Inequality, Leg, LockForm, PerLeg, Phase,
    Role, Span, Swap, SwapTiming, test_values,
};

const START: u64 = 1_000_000;
const BASE: PerLeg<u64> = PerLeg {
    first: 1_000,
    second: 70_000,
};

/// What kind of run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Both honest, letters arrive, expiries are generous: both legs must happen.
    Connected,
    /// Both honest; letters are lost, expiries are as tight as can be.
    Apart,
    /// One honest, against a stranger.
    Against(Role),
    /// Against an initiator, and the first chain is faster than assumed until the responder locks.
    Hasty,
    /// As any other, and blocks that were final go.
    TooDeep,
}

/// What became of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    NeverLocked,
    /// For ever: nobody who may take it wants to.
    Left,
    Claimed,
    /// By its claimer, who was promised more.
    ClaimedLess,
    Back,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// What became of each leg.
    pub(super) legs: PerLeg<End>,
    /// Where each honest party thinks that it stands.
    pub(super) phases: Vec<(Role, Phase)>,
    pub(super) advised: Vec<String>,
    /// Honest parties who have neither their own coins nor the other's.
    pub(super) losers: Vec<Role>,
    pub(super) seen: Vec<(&'static str, u64)>,
}

struct Sim {
    world: World,
    honest: Vec<Party>,
    stranger: Option<Stranger>,
    end: u64,
}

/// Whatever assumptions can hold together.
fn timing(rng: &mut StdRng) -> ChainTiming {
    let (blocks, confirmations) = if rng.random_bool(0.5) {
        let blocks = BlockTimes::Poisson {
            mean_secs: rng.random_range(600..1_500),
            drift_percent: 0,
        };
        (blocks, rng.random_range(1..5))
    } else {
        let blocks = BlockTimes::Slots {
            slot_secs: rng.random_range(300..900),
            missed: rng.random_range(0..4),
        };
        (blocks, rng.random_range(1..7))
    };
    let possible = blocks.at_most(1)..=blocks.at_most(confirmations);
    ChainTiming::new(Assumed {
        blocks,
        confirmations,
        inclusion_secs: rng.random_range(possible),
        skew_secs: rng.random_range(0..120),
    })
    .unwrap()
}

fn longer(span: Span) -> Span {
    match span {
        Span::Blocks(count) => Span::Blocks(count + 1),
        Span::Secs(length) => Span::Secs(length + 300),
    }
}

/// The shortest spans that all these clocks accept, with so much room in the second leg, or generous ones.
fn spans(timing: &SwapTiming, clocks: &[u64], room: u64, generous: bool) -> PerLeg<Span> {
    let blocks = |leg: Leg| timing.legs.of(leg).blocks();
    let shortest = |leg: Leg| match blocks(leg) {
        BlockTimes::Poisson { .. } => Span::Blocks(1),
        BlockTimes::Slots { .. } => Span::Secs(60),
    };
    let mut spans = PerLeg {
        first: shortest(Leg::First),
        second: shortest(Leg::Second),
    };
    let fails = |inequality: Inequality, spans: &PerLeg<Span>| {
        clocks.iter().any(|clock| {
            let expiries = spans.expiries(&heads(*clock), Timestamp::from_secs(START));
            let now = Timestamp::from_secs(*clock);
            let checked = timing.check_at_acceptance(&expiries, &heads(*clock), now);
            checked.is_err_and(|short| short.inequality == inequality)
        })
    };
    // Room for waiting, and for blocks that make an expiry look nearer than it did.
    let times = if generous { 3 } else { 1 };
    let widen = |span: Span, more: u64, usual: u64| match span {
        Span::Blocks(count) => Span::Blocks(times * count + more / usual),
        Span::Secs(length) => Span::Secs(times * length + more),
    };
    while fails(Inequality::SecondLegWindow, &spans) {
        spans.second = longer(spans.second);
    }
    spans.second = widen(spans.second, room, blocks(Leg::Second).usual());
    while fails(Inequality::FirstOutlivesSecond, &spans) {
        spans.first = longer(spans.first);
    }
    spans.first = widen(spans.first, 0, 1);
    spans
}

fn heads(clock: u64) -> PerLeg<Head> {
    let head = |height| Head {
        height,
        time: Timestamp::from_secs(START),
        read_at: Timestamp::from_secs(clock),
    };
    PerLeg {
        first: head(BASE.first),
        second: head(BASE.second),
    }
}

impl Sim {
    fn new(kind: Kind, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let timing = SwapTiming {
            legs: PerLeg {
                first: timing(&mut rng),
                second: timing(&mut rng),
            },
            restart_secs: [0, 600, 3_600, 12_000][rng.random_range(0..4)],
            cooperation: Cooperation {
                wait_secs: rng.random_range(0..7_200),
                script_path_secs: rng.random_range(0..7_200),
            },
        };
        let skew = timing.legs.first.skew().min(timing.legs.second.skew());
        let skew = i64::try_from(skew).unwrap();
        let offsets = [(); 2].map(|()| rng.random_range(-skew..=skew));
        let clocks = offsets.map(|offset| START.saturating_add_signed(offset));
        let room = rng.random_range(0..2) * rng.random_range(0..20_000);
        let spans = spans(&timing, &clocks, room, kind == Kind::Connected);
        let mut terms = test_values::terms();
        if rng.random_bool(0.5) {
            terms.legs.first.form = LockForm::WitnessScript;
        }
        if rng.random_bool(0.5) {
            let PerLeg { first, second } = terms.legs;
            terms.legs = PerLeg {
                first: second,
                second: first,
            };
        }
        let expiries = spans.expiries(&heads(START), Timestamp::from_secs(START));
        let mut chain = |leg: Leg| {
            let mut chain = Chain::new(*timing.legs.of(leg), *BASE.of(leg), START, &mut rng);
            chain.expiry = *expiries.of(leg);
            terms.legs.of_mut(leg).expiry = *expiries.of(leg);
            chain
        };
        let mut chains = PerLeg {
            first: chain(Leg::First),
            second: chain(Leg::Second),
        };
        chains.first.is_hasty = kind == Kind::Hasty;
        let chain = timing.legs.first;
        let t1 = chain.latest(expiries.first, &heads(START).first).as_secs();
        let t2 = timing.legs.second;
        let t2 = t2.earliest(expiries.second, &heads(START).second).as_secs();
        let end = t1 + 4 * (chain.settling() + timing.restart_secs) + 40_000;
        let against = match kind {
            Kind::Against(role) => Some(role),
            Kind::Hasty => Some(Role::Initiator),
            Kind::TooDeep => {
                [None, Some(Role::Initiator), Some(Role::Responder)][rng.random_range(0..3)]
            }
            Kind::Connected | Kind::Apart => None,
        };
        let second = timing.legs.second;
        let margin = 2 * (second.inclusion() + second.settling()) + timing.restart_secs;
        let stranger = against.map(|role| Stranger::new(role, START, t2, margin, &mut rng));
        let roles = [Role::Initiator, Role::Responder];
        let honest = roles
            .into_iter()
            .filter(|role| against != Some(*role))
            .zip(offsets)
            .map(|(role, offset)| {
                let clock = START.saturating_add_signed(offset);
                let (heads, now) = (heads(clock), Timestamp::from_secs(clock));
                let begin = match role {
                    Role::Initiator => {
                        let secret = test_values::secret();
                        Swap::initiate(terms.clone(), secret, timing, heads, now)
                    }
                    Role::Responder => Swap::respond(terms.clone(), timing, heads, now),
                };
                Party::new(begin.unwrap(), offset, timing.restart_secs, &mut rng)
            })
            .collect();
        let world = World {
            now: START,
            chains,
            terms,
            mail: Vec::new(),
            loses_mail: if kind == Kind::Connected { 0.0 } else { 0.3 },
            reorganises: [0.0, 0.1, 0.4][rng.random_range(0..3)],
            too_deep: if kind == Kind::TooDeep { 4 } else { 0 },
            seen: std::collections::BTreeMap::new(),
            rng,
        };
        Self {
            world,
            honest,
            stranger,
            end,
        }
    }

    fn next_moment(&self) -> u64 {
        let world = &self.world;
        let blocks = [world.chains.first.next_at, world.chains.second.next_at];
        let letters = world.mail.iter().map(|(at, _, _)| *at);
        let parties = self.honest.iter().flat_map(|party| {
            let blind = party.blind_until;
            let moments = [party.down_until, blind.first, blind.second];
            moments.into_iter().chain(party.wake)
        });
        let all = blocks.into_iter().chain(letters).chain(parties);
        all.filter(|at| *at > world.now).min().unwrap()
    }

    fn deliver(&mut self) {
        let now = self.world.now;
        for (_, to, letter) in self.world.mail.extract_if(.., |(at, _, _)| *at <= now) {
            let party = self.honest.iter_mut().find(|party| party.swap.role() == to);
            match (party, &mut self.stranger) {
                (Some(party), _) => party.letters.push_back(letter),
                (None, Some(stranger)) => stranger.letters.push(letter),
                (None, None) => {}
            }
        }
    }

    fn is_over(&self) -> bool {
        let world = &self.world;
        let at_rest = Leg::BOTH
            .into_iter()
            .all(|leg| world.chains.of(leg).is_at_rest());
        let settled = |party: &Party| party.swap.phase().is_settled() && party.letters.is_empty();
        world.now > self.end || (at_rest && self.honest.iter().all(settled))
    }

    fn run(mut self) -> Outcome {
        for role in [Role::Initiator, Role::Responder] {
            if self.world.rng.random_bool(0.5) {
                let ready = super::world::Letter::Says(crate::Message::ReadyToCosign);
                self.world.send(role, ready);
            }
        }
        while !self.is_over() {
            self.deliver();
            if let Some(stranger) = &mut self.stranger {
                stranger.act(&mut self.world);
            }
            for party in &mut self.honest {
                party.act(&mut self.world);
                if party.swap.intents().lock {
                    self.world.chains.first.is_hasty = false;
                }
            }
            self.world.now = self.next_moment();
            self.world.mine();
        }
        self.outcome()
    }

    fn outcome(mut self) -> Outcome {
        for leg in Leg::BOTH {
            match self.world.chains.of(leg).spend() {
                Some((_, Act::ClaimTogether, _)) => self.world.count("a claim that both signed"),
                Some((_, Act::RefundTogether, _)) => self.world.count("a refund that both signed"),
                _ => {}
            }
        }
        let end = |leg: Leg| {
            let chain = self.world.chains.of(leg);
            let act = |shown: Shown| shown.map(|(_, act, _)| act);
            match (act(chain.lock()), act(chain.spend())) {
                (None, _) => End::NeverLocked,
                (_, None) => End::Left,
                (_, Some(Act::Refund | Act::RefundTogether)) => End::Back,
                (Some(Act::LockLess), _) => End::ClaimedLess,
                _ => End::Claimed,
            }
        };
        let legs = PerLeg {
            first: end(Leg::First),
            second: end(Leg::Second),
        };
        let has_lost = |role: Role| {
            let claimed = *legs.of(role.claims()) == End::Claimed;
            let kept = matches!(legs.of(role.locks()), End::NeverLocked | End::Back);
            !claimed && !kept
        };
        let roles = self.honest.iter().map(|party| party.swap.role());
        Outcome {
            legs,
            losers: roles.filter(|role| has_lost(*role)).collect(),
            phases: self
                .honest
                .iter()
                .map(|party| (party.swap.role(), party.swap.phase()))
                .collect(),
            advised: self
                .honest
                .iter()
                .flat_map(|party| party.advised.clone())
                .collect(),
            seen: self.world.seen.into_iter().collect(),
        }
    }
}

pub(super) fn run(kind: Kind, seed: u64) -> Outcome {
    Sim::new(kind, seed).run()
}
