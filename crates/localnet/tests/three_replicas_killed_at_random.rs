//! Three nodes share one database and one key. They are killed with SIGKILL at random, and one is
//! put to sleep for longer than its terms last: every packet is delivered once.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::{env, time::Duration};

use alloy::providers::Provider as _;
use causeway_engine::Leader;
use causeway_ibc_evm::Token;
use causeway_localnet::{Side, roles};
use common::{
    LONG, Scene,
    books::{Books, Tally, all_over, books},
    eventually, order,
    replicas::{Replica, Shared, nothing_waits},
};
use futures::future::join_all;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

/// Runs the story of an earlier run again, as far as the machine's own timing lets it.
const SEED_VARIABLE: &str = "CAUSEWAY_TEST_SEED";

/// How long there is killing.
const STORY: Duration = Duration::from_secs(24);
/// Longer than a term lasts that nobody extends.
const SLEEP: Duration = Duration::from_secs(7);
/// Development accounts that nobody else uses; each sends this often in each direction.
const SENDERS: [usize; 3] = [4, 5, 6];
const EACH: usize = 12;

#[tokio::test(flavor = "multi_thread")]
async fn three_replicas_that_are_killed_at_random_deliver_every_packet_once() {
    let seed = match env::var(SEED_VARIABLE) {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => rand::random::<u64>(),
    };
    eprintln!("to see this again: {SEED_VARIABLE}={seed}");
    let shared = Shared::start();
    let mut scene = Scene::set(|_| ()).await;
    for index in 0..3 {
        scene.start_attestor(index).await.unwrap();
    }
    let (a, b) = (&scene.network.a, &scene.network.b);
    let (forth, back) = ((a, b), (b, a));
    let replicas = ["replica-0", "replica-1", "replica-2"];
    let replicas = replicas.map(|name| shared.replica(&scene, name));
    let until = Instant::now() + STORY;

    let sending = join_all(
        SENDERS
            .iter()
            .flat_map(|role| [forth, back].map(|route| send_some(route, *role))),
    );
    let living = join_all(replicas.iter().zip(seed..).map(|(replica, seed)| {
        let rng = StdRng::seed_from_u64(seed);
        live_and_die(replica, rng, until)
    }));
    let (_, kills) = tokio::join!(sending, living);
    eprintln!("killed: {kills:?}");

    // All of them start again, and what the dead have left is finished.
    let mut nodes = join_all(replicas.iter().map(Replica::start)).await;
    for route in [forth, back] {
        let transfers = SENDERS.len() * EACH;
        let Tally {
            acknowledged,
            refused,
            timed_out,
        } = all_over(route).await;
        // The coin's description travels at least once; every first sender may bring it.
        assert!(acknowledged > transfers, "{acknowledged}");
        assert_eq!((refused, timed_out), (0, 0));
        assert_eq!(
            books(route, Token::Native).await,
            Books::balanced(transfers as u64)
        );
    }
    eventually("the end of the last transactions", async || {
        let mut waiting = 0;
        for side in [a, b] {
            let provider = side.chain.provider();
            let address = side.account(roles::RELAYER).address();
            let mined = provider.get_transaction_count(address).await.unwrap();
            let sent = provider.get_transaction_count(address).pending().await;
            waiting += sent.unwrap() - mined;
        }
        (waiting == 0).then_some(())
    })
    .await;
    nothing_waits(a).await;
    nothing_waits(b).await;

    // Two chains, each with an observer and a lane. A dead leader's term runs out before a living
    // replica leads.
    let alive: Vec<String> = nodes
        .iter()
        .map(|node| format!("-{}-", node.pid()))
        .collect();
    let leaders = eventually("living leaders", async || {
        let leaders = shared.leaders().await;
        let living = |leader: &Leader| alive.iter().any(|pid| leader.leader.contains(pid));
        leaders.iter().all(living).then_some(leaders)
    })
    .await;
    eprintln!("{leaders:?}");
    assert_eq!(leaders.len(), 4);
    let terms: i64 = leaders.iter().map(|leader| leader.term).sum();
    assert!(terms > 8, "nothing ever changed hands: {leaders:?}");
    for node in &mut nodes {
        node.ensure_running().unwrap();
    }
    for node in nodes {
        assert!(node.terminate().await.unwrap().success());
    }
    // Who stops in good order leaves nobody waiting.
    for leader in shared.leaders().await {
        assert_eq!(leader.until.as_millis(), 0, "{leader:?}");
    }
    scene.network.stop().await.unwrap();
}

async fn send_some(route: (&Side, &Side), role: usize) {
    let account = route.0.account(role);
    let receiver = route.1.account(roles::BOB).address();
    for _ in 0..EACH {
        let order = order(route, (Token::Native, 1), receiver, LONG).await;
        account.transfer(&order).await.unwrap();
        let Books { locked, minted } = books(route, Token::Native).await;
        assert!(minted <= locked, "{minted} minted, {locked} locked");
        tokio::time::sleep(STORY / 16).await;
    }
}

/// Starts a replica, lets it live for a while, and kills it or puts it to sleep, over and over; says
/// how often it was killed. It is dead when the story is over.
async fn live_and_die(replica: &Replica<'_>, mut rng: StdRng, until: Instant) -> usize {
    let mut kills = 0;
    while Instant::now() < until {
        let node = replica.start().await;
        tokio::time::sleep(Duration::from_millis(rng.random_range(100..6_000))).await;
        if rng.random_ratio(1, 3) {
            let pid = i32::try_from(node.pid()).ok().and_then(Pid::from_raw);
            kill_process(pid.unwrap(), Signal::STOP).unwrap();
            tokio::time::sleep(SLEEP).await;
            kill_process(pid.unwrap(), Signal::CONT).unwrap();
            // Awake, it believes for a moment that it still leads.
            tokio::time::sleep(Duration::from_millis(rng.random_range(0..2_000))).await;
        }
        node.kill9().await.unwrap();
        kills += 1;
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..1_000))).await;
    }
    kills
}
