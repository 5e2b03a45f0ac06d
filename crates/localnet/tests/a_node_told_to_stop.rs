//! A node that is told to stop finishes what is in flight or hands it over, within a bound, and
//! loses nothing; told twice, it stops at once.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::{
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

use causeway_engine::{EffectFilter, Engine};
use causeway_localnet::roles;
use common::{
    LONG, Scene,
    books::{Books, all_over, books},
    eventually, mining, send,
};
use rustix::process::{Pid, Signal, kill_process};

/// Twice what the relayer and the open connections are given together.
const BOUND: Duration = Duration::from_secs(30);
const TRANSFERS: u64 = 30;

async fn leases(scene: &Scene) -> usize {
    let store = scene.dir().join("relayer.db");
    let engine = Engine::open(&format!("sqlite://{}", store.display()))
        .await
        .unwrap();
    let open = EffectFilter {
        open_only: true,
        ..EffectFilter::default()
    };
    let effects = engine.effects(open).await.unwrap();
    let leased = effects.iter().filter(|effect| effect.lease.is_some());
    let count = leased.count();
    engine.close().await;
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_told_to_stop_amid_traffic_ends_well_and_nothing_is_lost() {
    let mut scene = Scene::set_and_run(|_| ()).await;
    let listen = scene.network.relayer().unwrap().listen();
    {
        let (a, b, tusd) = (&scene.network.a, &scene.network.b, scene.tusd());
        let receiver = b.account(roles::BOB).address();
        let alice = a.account(roles::ALICE);
        for amount in 1..=TRANSFERS {
            send((a, b), &alice, (tusd, amount), receiver, LONG).await;
        }
    }
    // Somebody who never ends a request does not keep the node from ending.
    let mut slow = TcpStream::connect(listen).unwrap();
    slow.write_all(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n")
        .unwrap();
    let began = Instant::now();
    scene.network.stop_relayer().await.unwrap();
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    drop(slow);
    assert_eq!(leases(&scene).await, 0, "work is held by nobody");

    scene.network.start_relayer().await.unwrap();
    let tusd = scene.tusd();
    let forth = (&scene.network.a, &scene.network.b);
    let tally = all_over(forth).await;
    assert_eq!((tally.refused, tally.timed_out), (0, 0));
    let total = TRANSFERS * (TRANSFERS + 1) / 2;
    assert_eq!(books(forth, tusd).await, Books::balanced(total));
    scene.network.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_told_twice_stops_at_once_and_its_work_is_taken_up_again() {
    let mut scene = Scene::set_and_run(|_| ()).await;
    let tusd = scene.tusd();
    {
        let (a, b) = (&scene.network.a, &scene.network.b);
        let receiver = b.account(roles::BOB).address();
        // The destination makes no blocks, so what is sent there stays in flight.
        mining::stand_still(b).await;
        let alice = a.account(roles::ALICE);
        send((a, b), &alice, (tusd, 8), receiver, LONG).await;
        eventually("something is in flight", async || {
            (leases(&scene).await > 0).then_some(())
        })
        .await;
    }
    let pid = scene.network.relayer().unwrap().pid();
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let began = Instant::now();
    kill_process(pid, Signal::TERM).unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    scene.network.ensure_running().unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let status = scene.network.relayer_ends(BOUND).await.unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(
        began.elapsed() < Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );

    let beat = mining::go_on(&scene.network.b);
    scene.network.start_relayer().await.unwrap();
    let forth = (&scene.network.a, &scene.network.b);
    assert_eq!(all_over(forth).await.refused, 0);
    assert_eq!(books(forth, tusd).await, Books::balanced(8));
    drop(beat);
    scene.network.stop().await.unwrap();
}
