//! The relayer, the engine and the packets' life in a simulated world: two model chains that
//! reorganise, attestors that fail and lie, strangers that relay too, and a relayer that dies at any
//! moment and knows nothing afterwards but its database. One seed decides everything; the same seed
//! is the same run.
//!
//! `CAUSEWAY_SIM_SEEDS` sets how many seeds are tried, `CAUSEWAY_SIM_SEED` tries one, and
//! `CAUSEWAY_CHAOS_REPORT` names a file for the figures (`cargo xtask chaos --sim 1000`).

mod alarms;
mod audit;
mod chain;
mod host;
mod job;
mod router;
mod sim;
mod steps;
mod stories;
mod strangers;
mod world;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use alloy_primitives::B256;

use self::sim::{Setting, Sim};

/// Seeds that are tried when nothing else is asked for.
const SEEDS: u64 = 200;
/// Steps of chance before a run is let come to rest.
const STEPS: usize = 100;
const THREADS: usize = 2;
/// No run takes nearly as long.
const LONGEST: Duration = Duration::from_secs(20);

/// How many packets failed runs lost, and how many they carried twice.
static HARM: Mutex<(usize, usize)> = Mutex::new((0, 0));

/// One run from beginning to rest; its trace, and how often what happened in it.
fn run(seed: u64) -> (B256, BTreeMap<&'static str, u64>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let story = async {
        let setting = Setting::of_seed(seed);
        let mut sim = Sim::new(setting).await;
        let world = sim.world.clone();
        let mut last_words = LastWords {
            world: &world,
            setting,
            needed: true,
        };
        for _ in 0..STEPS {
            sim.step().await;
            sim.audit();
        }
        sim.drain().await;
        sim.check_the_end().await;
        last_words.needed = false;
        (sim.world.trace(), sim.seen())
    };
    // By the machine's own clock: a run that hangs is a failure too.
    let within = async { tokio::time::timeout(LONGEST, story).await };
    runtime.block_on(within).expect("the run hangs")
}

/// Counts what a run that fails did harm to, and shows how it went if it is the only one.
struct LastWords<'a> {
    world: &'a world::Shared,
    setting: Setting,
    needed: bool,
}

impl Drop for LastWords<'_> {
    fn drop(&mut self) {
        if !self.needed {
            return;
        }
        let (lost, duplicated) = audit::harm(&self.world.lock());
        let mut harm = HARM.lock().unwrap_or_else(PoisonError::into_inner);
        harm.0 += lost;
        harm.1 += duplicated;
        drop(harm);
        let asked_for = std::env::var_os("CAUSEWAY_SIM_SEED").is_some();
        if asked_for {
            let lines = self.world.lock().recent.join("\n");
            eprintln!("{:?}\n{lines}", self.setting);
        }
    }
}

fn number_from_environment(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().expect("a number"))
}

#[test]
fn whatever_happens_every_packet_ends_once_and_nothing_is_minted_that_is_not_locked() {
    if let Some(seed) = number_from_environment("CAUSEWAY_SIM_SEED") {
        run(seed);
        return;
    }
    let seeds = number_from_environment("CAUSEWAY_SIM_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let failed = Mutex::new(Vec::new());
    let seen = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        break;
                    }
                    match catch_unwind(AssertUnwindSafe(|| run(seed))) {
                        Err(_) => failed.lock().unwrap().push(seed),
                        Ok((_, in_this)) => {
                            for (what, times) in in_this {
                                *seen.lock().unwrap().entry(what).or_insert(0) += times;
                            }
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    report(seeds, &failed, &seen.lock().unwrap());
    assert!(
        failed.is_empty(),
        "rerun one with CAUSEWAY_SIM_SEED: {failed:?}"
    );
    // A simulation in which something never happens says nothing about it.
    let seen = seen.into_inner().unwrap();
    for (what, times) in seen.into_iter().filter(|_| seeds >= SEEDS) {
        assert!(
            times > seeds / 20,
            "{what} happened {times} times in {seeds} runs"
        );
    }
}

fn report(runs: u64, failed: &[u64], seen: &BTreeMap<&'static str, u64>) {
    let (lost, duplicated) = *HARM.lock().unwrap_or_else(PoisonError::into_inner);
    let packets = ["a packet is acknowledged", "a packet times out"];
    let packets: u64 = packets.iter().filter_map(|what| seen.get(what)).sum();
    let report = serde_json::json!({
        "runs": runs, "packets": packets, "lost": lost, "duplicated": duplicated,
        "failed_seeds": failed, "seen": seen,
    });
    println!("{report}");
    if let Some(path) = std::env::var_os("CAUSEWAY_CHAOS_REPORT") {
        std::fs::write(path, format!("{report}\n")).unwrap();
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in [3, 7, 11, 25] {
        assert_eq!(run(seed), run(seed), "seed {seed}");
    }
    assert_ne!(run(3).0, run(7).0);
}
