//! The maker's node and the taker's command are killed with SIGKILL at moments that nobody chose, and
//! started again each time, while swaps run both ways: every swap ends settled, alike for both parties,
//! nothing is locked twice, and what both have adds up.
//!
//! `cargo xtask chaos --swaps 100` runs a hundred swaps; a test run is content with two.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::{
    env,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use causeway_local_bitcoin::NodeKind;
use causeway_localnet::{Node, Party, dev_key_hex, locate_causeway};
use common::{
    PATIENCE, eventually,
    swaps::{Accounts, Ends, SwapScene},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;
use tokio::sync::watch;

/// Runs the story of an earlier run again, as far as the machine's own timing lets it.
const SEED_VARIABLE: &str = "CAUSEWAY_TEST_SEED";
/// How many runs of two swaps each there are.
const RUNS_VARIABLE: &str = "CAUSEWAY_CHAOS_RUNS";
/// The file that the figures are written to.
const REPORT_VARIABLE: &str = "CAUSEWAY_CHAOS_REPORT";

/// Runs when nothing else is asked for.
const RUNS: u64 = 1;
/// Runs on the same chains.
const RUNS_ON_A_NETWORK: u64 = 10;
/// How often `swap resume` is killed after each of the two `swap take` were.
const RESUMES: usize = 2;
/// Whoever was killed holds the turn for five seconds, in which the next one only waits.
const LIFE: std::ops::Range<u64> = 200..11_000;

/// What came of all runs.
#[derive(Default)]
struct Figures {
    runs: u64,
    kills: u64,
    ends: Ends,
}

impl Figures {
    fn report(&self, seed: u64, took: Duration) {
        let report = json!({
            "runs": self.runs, "kills": self.kills,
            "swaps": self.ends.swaps, "settled": self.ends.settled,
            "exchanged": self.ends.exchanged, "refunded": self.ends.refunded,
            "cancelled": self.ends.cancelled, "lost": self.ends.lost,
            "told_apart": self.ends.told_apart, "locked_twice": self.ends.locked_twice,
            "seed": seed, "seconds": took.as_secs(),
        });
        println!("{report}");
        if let Some(path) = env::var_os(REPORT_VARIABLE) {
            std::fs::write(path, format!("{report}\n")).unwrap();
        }
    }
}

fn number_from_environment(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name} is no number: {text}")),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn however_often_both_parties_are_killed_every_swap_ends_settled() {
    let seed = number_from_environment(SEED_VARIABLE).unwrap_or_else(rand::random);
    eprintln!("to see this again: {SEED_VARIABLE}={seed}");
    let runs = number_from_environment(RUNS_VARIABLE).unwrap_or(RUNS);
    let (began, mut figures) = (Instant::now(), Figures::default());
    let mut rng = StdRng::seed_from_u64(seed);
    while figures.runs < runs {
        let here = RUNS_ON_A_NETWORK.min(runs - figures.runs);
        on_a_network(here, &mut rng, &mut figures).await;
        figures.report(seed, began.elapsed());
        let ends = &figures.ends;
        assert_eq!(ends.settled, ends.swaps, "seed {seed}");
        let wrong = ends.lost + ends.told_apart + ends.locked_twice;
        assert_eq!(wrong, 0, "seed {seed}");
    }
    let Ends { exchanged, .. } = figures.ends;
    assert!(exchanged > 0, "nothing was exchanged (seed {seed})");
}

/// So many runs on the same chains, and then the books.
async fn on_a_network(runs: u64, rng: &mut StdRng, figures: &mut Figures) {
    let kind = if rng.random() {
        NodeKind::Litecoin
    } else {
        NodeKind::Bitcoin
    };
    let mut scene = SwapScene::set(kind).await;
    let before = Accounts::of(&scene).await;
    for _ in 0..runs {
        figures.kills += one_run(&mut scene, rng.random()).await;
        figures.runs += 1;
    }
    // What one party alone began, or gave up, ends with its time locks.
    scene.all_locks_expire().await;
    scene.run(Party::Taker, &["swap", "resume"]).await;
    for party in [Party::Taker, Party::Maker] {
        eventually("all swaps are settled", async || {
            let swaps = scene.known(party).await;
            let settled = swaps.iter().all(|swap| swap["settled"] == true);
            settled.then_some(())
        })
        .await;
    }
    let ends = scene.ends().await;
    before.add_up(&Accounts::of(&scene).await, &ends);
    figures.ends.add(&ends);
    scene.swaps.stop().await.unwrap();
}

/// A swap each way, while both parties are killed again and again. Answers how often.
async fn one_run(scene: &mut SwapScene, seed: u64) -> u64 {
    let mut rng = StdRng::seed_from_u64(seed);
    let maker = Maker::of(scene);
    scene.swaps.kill_maker().await.unwrap();
    let (over, is_over) = watch::channel(false);
    let maker_rng = StdRng::seed_from_u64(rng.random());
    let makes = maker.kill_again_and_again(maker_rng, is_over);
    let takes = async {
        let kills = take_and_resume(scene, &mut rng).await;
        over.send_replace(true);
        // Once nobody is killed any more, what is open comes to its end, or waits for its time lock.
        go_on_for_good(scene).await;
        kills
    };
    let (taker_kills, (maker_kills, node)) = tokio::join!(takes, makes);
    scene.swaps.adopt_maker(node);
    taker_kills + maker_kills
}

/// Begins a swap each way and resumes both, each time for as long as chance lets it.
async fn take_and_resume(scene: &SwapScene, rng: &mut StdRng) -> u64 {
    let mut kills = 0;
    let coins = scene.coins_id();
    let mut ways = [("eip155:31337", "0.2"), (coins.as_str(), "4")];
    if rng.random() {
        ways.reverse();
    }
    for (gives_on, get) in ways {
        let known = scene.known(Party::Taker).await.len();
        let deadline = Instant::now() + PATIENCE;
        // A command that was killed too early, or that found no maker, has begun nothing.
        while scene.known(Party::Taker).await.len() == known {
            assert!(Instant::now() < deadline, "no swap could be begun");
            let Ok(offer) = scene.swaps.offer(gives_on).await else {
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let maker = scene.swaps.maker_url();
            let arguments = [
                "swap", "take", "--maker", &maker, "--offer", &offer, "--get", get,
            ];
            kills += live_for_a_while(scene, &arguments, rng).await;
        }
    }
    for _ in 0..RESUMES {
        kills += live_for_a_while(scene, &["swap", "resume"], rng).await;
    }
    kills
}

/// Runs a command until it ends, or until its time is over and it is killed.
async fn live_for_a_while(scene: &SwapScene, arguments: &[&str], rng: &mut StdRng) -> u64 {
    let life = Duration::from_millis(rng.random_range(LIFE));
    let mut command = scene.swaps.command(Party::Taker, arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    if tokio::time::timeout(life, child.wait()).await.is_ok() {
        return 0;
    }
    child.kill().await.unwrap();
    1
}

/// Resumes until nothing is open that could go on, for no longer than swaps without trouble take.
async fn go_on_for_good(scene: &SwapScene) {
    let mut command = scene.swaps.command(Party::Taker, &["swap", "resume"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let patience = Duration::from_secs(40);
    if tokio::time::timeout(patience, child.wait()).await.is_err() {
        child.kill().await.unwrap();
    }
}

/// What starts the maker's node.
struct Maker {
    binary: PathBuf,
    config: PathBuf,
    log: PathBuf,
    key: String,
}

impl Maker {
    fn of(scene: &SwapScene) -> Self {
        let config = scene.swaps.config_path(Party::Maker);
        Self {
            binary: locate_causeway().unwrap(),
            log: config.with_extension("log"),
            config,
            key: dev_key_hex(Party::Maker.role()),
        }
    }

    async fn start(&self) -> Node {
        let env = [("CAUSEWAY_SWAP_KEY", self.key.as_str())];
        let node = Node::spawn(&self.binary, &self.config, &env, &self.log).await;
        node.unwrap()
    }

    /// Starts the node and kills it, at any moment from its first breath on, until it is over; answers
    /// how often, and the last one, which lives.
    async fn kill_again_and_again(
        self,
        mut rng: StdRng,
        mut is_over: watch::Receiver<bool>,
    ) -> (u64, Node) {
        let mut kills = 0;
        loop {
            let life = Duration::from_millis(rng.random_range(LIFE));
            let born = tokio::time::Instant::now();
            // A start that is given up is a kill as well.
            let node = tokio::time::timeout(life, self.start()).await;
            tokio::select! {
                () = tokio::time::sleep_until(born + life) => {}
                _ = is_over.wait_for(|over| *over) => {
                    let node = match node {
                        Ok(node) => node,
                        Err(_) => self.start().await,
                    };
                    return (kills, node);
                }
            }
            if let Ok(node) = node {
                node.kill9().await.unwrap();
            }
            kills += 1;
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..500))).await;
        }
    }
}
