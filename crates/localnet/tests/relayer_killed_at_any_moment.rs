//! The relayer is killed with SIGKILL at moments that nobody chose, and started again each time, and
//! now and then an attestor with it: every packet ends delivered or refunded, once.
//!
//! `cargo xtask chaos --kill 50` runs this fifty times; a test run is content with fewer.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::{
    env,
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use alloy::primitives::U256;
use causeway_ibc_evm::Token;
use causeway_localnet::{Node, Side, roles, unused_port};
use common::{
    LONG, PATIENCE, Scene,
    books::{Books, Fate, all_over, balance, books, fates, voucher},
    eventually, order, send,
};
use futures::future::join_all;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;

/// Runs the story of an earlier run again, as far as the machine's own timing lets it.
const SEED_VARIABLE: &str = "CAUSEWAY_TEST_SEED";
/// How many runs there are.
const RUNS_VARIABLE: &str = "CAUSEWAY_CHAOS_RUNS";
/// The file that the figures are written to.
const REPORT_VARIABLE: &str = "CAUSEWAY_CHAOS_REPORT";

/// Runs when nothing else is asked for.
const RUNS: u64 = 2;
/// Runs on the same two chains.
const RUNS_ON_A_NETWORK: u64 = 5;
/// Kills in one run.
const KILLS: usize = 4;
/// Development accounts that nobody else uses; each sends this often in each direction.
const SENDERS: [usize; 5] = [4, 5, 6, 7, 8];
const EACH: usize = 3;

/// What came of all runs.
#[derive(Default)]
struct Figures {
    runs: u64,
    kills: usize,
    packets: usize,
    acknowledged: usize,
    timed_out: usize,
    /// Neither delivered nor refunded.
    lost: usize,
    /// Delivered, acknowledged or refunded more than once, or both delivered and refunded.
    duplicated: usize,
}

impl Figures {
    fn add(&mut self, fate: &Fate) {
        self.packets += 1;
        self.acknowledged += fate.acknowledged;
        self.timed_out += fate.timed_out;
        self.lost += usize::from(!fate.is_over());
        self.duplicated += usize::from(fate.is_over() && !fate.is_proper());
    }

    fn report(&self, seed: u64, took: Duration) {
        let report = json!({
            "runs": self.runs, "kills": self.kills, "packets": self.packets,
            "acknowledged": self.acknowledged, "timed_out": self.timed_out,
            "lost": self.lost, "duplicated": self.duplicated,
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
async fn however_often_the_relayer_is_killed_every_packet_ends_once() {
    let seed = number_from_environment(SEED_VARIABLE).unwrap_or_else(rand::random);
    eprintln!("to see this again: {SEED_VARIABLE}={seed}");
    let runs = number_from_environment(RUNS_VARIABLE).unwrap_or(RUNS);
    let (began, mut figures) = (Instant::now(), Figures::default());
    let mut rng = StdRng::seed_from_u64(seed);
    while figures.runs < runs {
        let here = RUNS_ON_A_NETWORK.min(runs - figures.runs);
        on_a_network(here, &mut rng, &mut figures).await;
        figures.report(seed, began.elapsed());
        assert_eq!((figures.lost, figures.duplicated), (0, 0), "seed {seed}");
    }
    assert!(figures.timed_out > 0, "no timeout was tried");
}

/// So many runs on the same chains.
async fn on_a_network(runs: u64, rng: &mut StdRng, figures: &mut Figures) {
    let mut scene = Scene::set(|_| ()).await;
    for index in 0..3 {
        scene.start_attestor(index).await.unwrap();
    }
    for _ in 0..runs {
        one_run(&mut scene, rng.random()).await;
        figures.runs += 1;
        figures.kills += KILLS;
        scene.network.ensure_running().unwrap();
    }
    let (a, b) = (&scene.network.a, &scene.network.b);
    for route in [(a, b), (b, a)] {
        for (_, fate) in fates(route).await {
            figures.add(&fate);
        }
    }
    if figures.lost + figures.duplicated > 0 {
        return;
    }
    let relayer = start(&scene).await;
    for route in [(a, b), (b, a)] {
        let Books { locked, minted } = books(route, Token::Native).await;
        assert_eq!(locked, minted);
        assert!(!minted.is_zero(), "nothing crossed");
        everything_goes_home(route).await;
    }
    relayer.terminate().await.unwrap();
    scene.network.stop().await.unwrap();
}

/// Packets flow both ways while the relayer is killed again and again; ends when they have ended, or
/// will not.
async fn one_run(scene: &mut Scene, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let unlucky = rng.random_range(0..3);
    let relayer = {
        let scene = &*scene;
        let (a, b) = (&scene.network.a, &scene.network.b);
        let sending = join_all(SENDERS.iter().flat_map(|role| {
            [(a, b), (b, a)].map(|route| {
                let salt = u64::from(route.0.id().reference() == "31337") << 32;
                let rng = StdRng::seed_from_u64(seed ^ (salt + *role as u64));
                send_some(route, *role, rng)
            })
        }));
        let relaying = kill_again_and_again(scene, rng);
        tokio::join!(sending, relaying).1
    };
    // One attestor dies too; the other two are enough, and it comes back.
    scene.network.kill_attestor(unlucky).await.unwrap();
    scene.network.start_attestor(unlucky).await.unwrap();
    let (a, b) = (&scene.network.a, &scene.network.b);
    let deadline = Instant::now() + PATIENCE;
    for route in [(a, b), (b, a)] {
        while !fates(route).await.iter().all(|(_, fate)| fate.is_over())
            && Instant::now() < deadline
        {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    relayer.terminate().await.unwrap();
}

/// Sends transfers, a third of which have so little time that many of them cannot be delivered.
async fn send_some(route: (&Side, &Side), role: usize, mut rng: StdRng) {
    let account = route.0.account(role);
    let bob = route.1.account(roles::BOB).address();
    for _ in 0..EACH {
        let seconds = if rng.random_ratio(1, 3) {
            rng.random_range(1..4)
        } else {
            LONG
        };
        let coin = (Token::Native, rng.random_range(1..1_000_000));
        let order = order(route, coin, bob, seconds).await;
        match account.transfer(&order).await {
            Ok(_) => nothing_is_stolen(route).await,
            // On a slow machine its time may be over before it is in a block: nothing was sent.
            Err(error) => assert!(seconds < LONG, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..900))).await;
    }
}

async fn nothing_is_stolen(route: (&Side, &Side)) {
    let Books { locked, minted } = books(route, Token::Native).await;
    assert!(minted <= locked, "{minted} minted, {locked} locked");
}

async fn start(scene: &Scene) -> Node {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, unused_port().unwrap()));
    let config = scene.relayer_config("relayer", listen).unwrap();
    let node = scene.start_node("relayer", &config, roles::RELAYER).await;
    node.unwrap()
}

/// Starts the relayer and kills it, at any moment from its first breath on; answers the last one,
/// which lives.
async fn kill_again_and_again(scene: &Scene, mut rng: StdRng) -> Node {
    for kill in 0..KILLS {
        let life = Duration::from_millis(rng.random_range(20..2_000));
        let born = tokio::time::Instant::now();
        // A start that is given up is a kill as well.
        if let Ok(node) = tokio::time::timeout(life, start(scene)).await {
            tokio::time::sleep_until(born + life).await;
            node.kill9().await.unwrap();
        }
        if kill == 1 {
            send_what_nobody_can_deliver(scene).await;
        }
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..300))).await;
    }
    start(scene).await
}

/// A packet in each direction whose time is over before there is a relayer again.
async fn send_what_nobody_can_deliver(scene: &Scene) {
    let (a, b) = (&scene.network.a, &scene.network.b);
    for route in [(a, b), (b, a)] {
        let alice = route.0.account(roles::ALICE);
        let order = order(route, (Token::Native, 5), alice.address(), 2).await;
        if alice.transfer(&order).await.is_ok() {
            eventually("the packet's time is over", async || {
                let now = route.1.chain.head().await.unwrap().timestamp;
                (now >= order.timeout).then_some(())
            })
            .await;
        }
    }
}

/// Bob, who has all vouchers, sends them back: then nothing is locked and nothing stands for it.
async fn everything_goes_home((origin, other): (&Side, &Side)) {
    let coin = Token::Native;
    let voucher = Token::Erc20(voucher((origin, other), coin).await.unwrap());
    let bob = other.account(roles::BOB);
    let all = balance(other, voucher, bob.address()).await;
    let home = (other, origin);
    let amount = (voucher, u64::try_from(all).unwrap());
    send(home, &bob, amount, bob.address(), LONG).await;
    let nothing = Books {
        locked: U256::ZERO,
        minted: U256::ZERO,
    };
    eventually("everything is home", async || {
        (books((origin, other), coin).await == nothing).then_some(())
    })
    .await;
    all_over(home).await;
}
