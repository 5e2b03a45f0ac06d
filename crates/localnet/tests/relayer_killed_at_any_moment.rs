//! The relayer is killed with SIGKILL at moments that nobody chose, and started again each time:
//! every packet ends delivered or refunded, once.

mod common;

use std::{
    env,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use alloy::primitives::U256;
use causeway_ibc_evm::{Account, Token};
use causeway_localnet::{Side, roles};
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
/// Development accounts that nobody else uses; each sends this often in both directions.
const SENDERS: [usize; 5] = [4, 5, 6, 7, 8];
const EACH: u64 = 7;

#[tokio::test(flavor = "multi_thread")]
async fn however_often_the_relayer_is_killed_every_packet_ends_once() {
    let seed = match env::var(SEED_VARIABLE) {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => rand::random::<u64>(),
    };
    eprintln!("to see this again: {SEED_VARIABLE}={seed}");
    let mut scene = Scene::set_and_run(|_| ()).await;
    let mut killer = StdRng::seed_from_u64(seed);
    let (sent, stolen) = (AtomicBool::new(false), AtomicBool::new(false));

    // The nodes are what is killed; the chains are shared by everybody else.
    let (a, b) = (clone(&scene.network.a), clone(&scene.network.b));
    let (forth, back) = ((&a, &b), (&b, &a));
    let sending = async {
        let senders = SENDERS.iter().zip(0..);
        join_all(senders.map(|(role, nth)| {
            let rng = StdRng::seed_from_u64(seed ^ (nth + 1));
            send_some(forth, *role, rng)
        }))
        .await;
        sent.store(true, Ordering::Relaxed);
    };
    let watching = async {
        while !sent.load(Ordering::Relaxed) {
            for route in [forth, back] {
                let books = books(route, Token::Native).await;
                if books.minted > books.locked {
                    stolen.store(true, Ordering::Relaxed);
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let killing = async {
        for _ in 0..KILLS {
            kill_and_start_again(&mut scene, &mut killer).await;
        }
    };
    tokio::join!(sending, watching, killing);
    assert!(!stolen.load(Ordering::Relaxed), "more was minted than locked");

    let mut crossed = U256::ZERO;
    for route in [forth, back] {
        let tally = all_over(route).await;
        eprintln!("{} → {}: {tally:?}", route.0.name, route.1.name);
        let transfers = SENDERS.len() * usize::try_from(EACH).unwrap();
        // The coin's description travels too, possibly by several first senders.
        assert!(tally.acknowledged + tally.timed_out > transfers, "{tally:?}");
        assert_eq!(tally.refused, 0);
        let Books { locked, minted } = books(route, Token::Native).await;
        assert_eq!(locked, minted);
        crossed += locked;
    }
    assert!(!crossed.is_zero(), "nothing crossed");
    everything_goes_home(forth).await;
    everything_goes_home(back).await;
    scene.network.stop().await.unwrap();
}
