//! The runs, what they must come to, and what they come to without one of the rules.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use super::sim::{End, Kind, Outcome, run};
use crate::{
    Phase, Role,
    rule::{Rule, without},
};

/// Seeds that are tried when nothing else is asked for.
const SEEDS: u64 = 10_000;
const THREADS: usize = 2;

fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().expect("a number"))
}

/// What every seed of a kind comes to, told to `judge` with the seed; a share of all seeds, in percent.
fn try_all(kind: Kind, percent: u64, judge: impl Fn(u64, &Outcome) + Sync) -> Seen {
    let all = number_from_environment("CAUSEWAY_SIM_SEEDS").unwrap_or(SEEDS);
    let (mut next, mut last) = (0, all * percent / 100);
    if let Some(seed) = number_from_environment("CAUSEWAY_SIM_SEED") {
        (next, last) = (seed, seed + 1);
    }
    let next = AtomicU64::new(next);
    let seen = Mutex::new(Seen::default());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= last {
                        break;
                    }
                    let outcome = run(kind, seed);
                    judge(seed, &outcome);
                    seen.lock().unwrap().count(&outcome);
                }
            });
        }
    });
    let seen = seen.into_inner().unwrap();
    println!("{kind:?}: {seen:#?}");
    seen
}

/// How often what happened.
#[derive(Debug, Default)]
struct Seen {
    runs: u64,
    times: BTreeMap<String, u64>,
}

impl Seen {
    fn count(&mut self, outcome: &Outcome) {
        self.runs += 1;
        let legs = outcome.legs;
        let mut add = |what: String, times| *self.times.entry(what).or_insert(0) += times;
        add(
            format!("first {:?}, second {:?}", legs.first, legs.second),
            1,
        );
        for (role, phase) in &outcome.phases {
            add(format!("{role}: {phase}"), 1);
        }
        for advised in &outcome.advised {
            add(advised.clone(), 1);
        }
        for (what, times) in &outcome.seen {
            add((*what).to_owned(), *times);
        }
    }

    /// A simulation in which something never happens says nothing about it.
    fn demand(&self, what: &str) {
        let times = self.times.get(what).copied().unwrap_or(0);
        let enough = self.runs < 500 || times * 200 > self.runs;
        assert!(
            enough,
            "{what} happened {times} times in {} runs",
            self.runs
        );
    }
}

/// Nobody lost, and everybody knows how it ended.
fn is_well(seed: u64, outcome: &Outcome) {
    assert!(outcome.losers.is_empty(), "seed {seed}: {outcome:?}");
    for (role, phase) in &outcome.phases {
        let (ours, theirs) = (
            outcome.legs.of(role.locks()),
            outcome.legs.of(role.claims()),
        );
        let is_true = match phase {
            Phase::Done | Phase::Claim2Final => *theirs == End::Claimed,
            Phase::Refunded => *ours == End::Back,
            Phase::Cancelled => *ours == End::NeverLocked,
            _ => false,
        };
        assert!(is_true, "seed {seed}, {role}: {outcome:?}");
    }
}

#[test]
fn when_both_are_honest_and_connected_both_legs_happen() {
    let seen = try_all(Kind::Connected, 10, |seed, outcome| {
        is_well(seed, outcome);
        let ends = [outcome.legs.first, outcome.legs.second];
        assert_eq!(ends, [End::Claimed; 2], "seed {seed}: {outcome:?}");
    });
    for what in ["a crash", "a silent endpoint", "a reorganisation"] {
        seen.demand(what);
    }
}

#[test]
fn honest_parties_who_lose_each_other_lose_nothing_else() {
    let seen = try_all(Kind::Apart, 20, |seed, outcome| {
        is_well(seed, outcome);
        let ends = (outcome.legs.first, outcome.legs.second);
        let together = match ends {
            (End::Claimed, End::Claimed) => true,
            (first, second) => {
                let back = [End::Back, End::NeverLocked];
                back.contains(&first) && back.contains(&second)
            }
        };
        assert!(together, "seed {seed}: {outcome:?}");
    });
    seen.demand("initiator: done");
    seen.demand("responder: done");
    seen.demand("initiator: refunded");
    seen.demand("responder: cancelled");
}

#[test]
fn no_initiator_keeps_a_responder_from_both_coins() {
    let seen = try_all(Kind::Against(Role::Initiator), 30, is_well);
    for what in [
        "responder: done",
        "responder: refunded",
        "responder: cancelled",
        "first Claimed, second Claimed",
        "first Claimed, second Left",
        "first Back, second Back",
        "first Back, second NeverLocked",
        "advise-wrong-lock-first",
        "a block between claim and refund",
        "a claim that both signed",
        "a refund that both signed",
        "a crash",
    ] {
        seen.demand(what);
    }
}

#[test]
fn no_responder_keeps_an_initiator_from_both_coins() {
    let seen = try_all(Kind::Against(Role::Responder), 30, is_well);
    for what in [
        "initiator: done",
        "initiator: claim2_final",
        "initiator: refunded",
        "first Claimed, second Claimed",
        "first Back, second Back",
        "first Back, second NeverLocked",
        "advise-wrong-lock-second",
        "a crash before the first claim",
    ] {
        seen.demand(what);
    }
}

#[test]
fn a_chain_that_runs_ahead_before_the_second_lock_does_no_harm() {
    let seen = try_all(Kind::Hasty, 10, is_well);
    seen.demand("responder: done");
    seen.demand("responder: cancelled");
}

#[test]
fn when_blocks_go_that_were_final_no_loss_goes_unnoticed() {
    let seen = try_all(Kind::TooDeep, 10, |seed, outcome| {
        let told = |what: &str| outcome.advised.iter().any(|key| key.starts_with(what));
        let noticed = outcome.losers.is_empty() || told("advise-final-block-gone");
        assert!(noticed, "seed {seed}: {outcome:?}");
    });
    seen.demand("a reorganisation too deep");
    seen.demand("advise-final-block-gone-first");
}

/// How many seeds until somebody loses by a rule that is taken away.
fn first_loss(kind: Kind, rule: Rule) -> Option<u64> {
    const TRIED: u64 = 6_000;
    without::rule(Some(rule), || {
        (0..TRIED).find(|seed| !run(kind, *seed).losers.is_empty())
    })
}

/// The rule is what stands between an honest party and a loss.
fn is_needed(rule: Rule, kind: Kind) {
    let found = first_loss(kind, rule);
    println!("without {rule:?}, {kind:?}: somebody loses with seed {found:?}");
    let seed = found.expect("nobody loses without the rule");
    assert!(
        run(kind, seed).losers.is_empty(),
        "seed {seed} with all rules"
    );
}

#[test]
fn a_responder_who_locks_before_the_first_leg_is_final_loses() {
    is_needed(Rule::LockAfterFinal, Kind::Against(Role::Initiator));
}

#[test]
fn a_responder_who_does_not_check_again_before_locking_loses() {
    is_needed(Rule::RecheckBeforeLock, Kind::Hasty);
}

#[test]
fn an_initiator_who_shows_the_secret_too_late_loses() {
    is_needed(Rule::RevealInTime, Kind::Against(Role::Responder));
}

#[test]
fn an_initiator_who_allows_for_no_restart_before_the_claim_loses() {
    is_needed(Rule::SurvivesRestart, Kind::Against(Role::Responder));
}

#[test]
fn an_initiator_who_takes_back_having_shown_the_secret_loses() {
    is_needed(Rule::RevealedForEver, Kind::Against(Role::Responder));
}

#[test]
fn a_responder_who_keeps_to_the_refund_although_the_secret_is_out_loses() {
    is_needed(Rule::ClaimBeforeRefund, Kind::Against(Role::Initiator));
}

#[test]
fn a_responder_who_cosigns_without_the_secret_loses() {
    is_needed(Rule::CosignKnowingSecret, Kind::Against(Role::Initiator));
}

#[test]
fn an_initiator_who_cosigns_before_the_own_claim_loses() {
    is_needed(Rule::CosignAfterClaim, Kind::Against(Role::Responder));
}

#[test]
fn an_initiator_who_goes_on_after_giving_up_loses() {
    is_needed(Rule::GivingUpIsFinal, Kind::Against(Role::Responder));
}

#[test]
fn who_takes_a_lock_of_less_for_the_lock_loses() {
    is_needed(Rule::RightLock, Kind::Against(Role::Initiator));
    is_needed(Rule::RightLock, Kind::Against(Role::Responder));
}

#[test]
fn the_same_seed_is_the_same_run() {
    let kinds = [Kind::Connected, Kind::Apart, Kind::Against(Role::Initiator)];
    for kind in kinds {
        for seed in [3, 7] {
            assert_eq!(run(kind, seed), run(kind, seed), "{kind:?} {seed}");
        }
        assert_ne!(run(kind, 3), run(kind, 7), "{kind:?}");
    }
}
