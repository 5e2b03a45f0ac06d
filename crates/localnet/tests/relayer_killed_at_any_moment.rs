//! The relayer is killed with SIGKILL at moments that nobody chose, and started again each time:
//! every packet ends delivered or refunded, once.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::{
    env,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use alloy::primitives::U256;
use causeway_ibc_evm::Token;
use causeway_localnet::{Node, Side, roles, unused_port};
use common::{
    LONG, Scene,
    books::{Books, all_over, balance, books, voucher},
    eventually, order, send,
};
use futures::future::join_all;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

/// Runs the story of an earlier run again, as far as the machine's own timing lets it.
const SEED_VARIABLE: &str = "CAUSEWAY_TEST_SEED";

const KILLS: usize = 10;
/// Development accounts that nobody else uses; each sends this often in each direction.
const SENDERS: [usize; 5] = [4, 5, 6, 7, 8];
const EACH: usize = 7;

#[tokio::test(flavor = "multi_thread")]
async fn however_often_the_relayer_is_killed_every_packet_ends_once() {
    let seed = match env::var(SEED_VARIABLE) {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => rand::random::<u64>(),
    };
    eprintln!("to see this again: {SEED_VARIABLE}={seed}");
    let mut scene = Scene::set(|_| ()).await;
    for index in 0..3 {
        scene.start_attestor(index).await.unwrap();
    }
    let (a, b) = (&scene.network.a, &scene.network.b);
    let (forth, back) = ((a, b), (b, a));
    let sending = join_all(SENDERS.iter().flat_map(|role| {
        [forth, back].map(|route| {
            let salt = u64::from(route.0.id().reference() == "31337") << 32;
            let rng = StdRng::seed_from_u64(seed ^ (salt + *role as u64));
            send_some(route, *role, rng)
        })
    }));
    let relaying = kill_again_and_again(&scene, StdRng::seed_from_u64(seed));
    let (_, relayer) = tokio::join!(sending, relaying);

    for route in [forth, back] {
        let tally = all_over(route).await;
        eprintln!("{} → {}: {tally:?}", route.0.name, route.1.name);
        let transfers = SENDERS.len() * EACH + 1;
        // The coin's description travels too, possibly by several first senders.
        assert!(
            tally.acknowledged + tally.timed_out > transfers,
            "{tally:?}"
        );
        assert!(tally.timed_out > 0, "no timeout was tried: {tally:?}");
        assert_eq!(tally.refused, 0);
        let Books { locked, minted } = books(route, Token::Native).await;
        assert_eq!(locked, minted);
        assert!(!minted.is_zero(), "nothing crossed");
        everything_goes_home(route).await;
    }
    relayer.terminate().await.unwrap();
    scene.network.stop().await.unwrap();
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

/// Starts the relayer and kills it, at any moment from its first breath on; answers the last one,
/// which lives.
async fn kill_again_and_again(scene: &Scene, mut rng: StdRng) -> Node {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, unused_port().unwrap()));
    let config = scene.relayer_config("relayer", listen).unwrap();
    let start = || scene.start_node("relayer", &config, roles::RELAYER);
    for kill in 0..KILLS {
        let life = Duration::from_millis(rng.random_range(20..2_000));
        let born = tokio::time::Instant::now();
        // A start that is given up is a kill as well.
        if let Ok(node) = tokio::time::timeout(life, start()).await {
            tokio::time::sleep_until(born + life).await;
            node.unwrap().kill9().await.unwrap();
        }
        if kill % 4 == 1 {
            send_what_nobody_can_deliver(scene).await;
        }
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..300))).await;
    }
    start().await.unwrap()
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
