//! The `PostgreSQL` server that two replicas share is killed and started again while packets are on
//! their way: the nodes go on by themselves, and every packet is delivered once.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::time::Duration;

use causeway_ibc_evm::Token;
use causeway_localnet::roles;
use common::{
    LONG, Scene,
    books::{Books, all_over, books},
    replicas::{Replica, Shared, nothing_waits},
    send,
};
use futures::future::join_all;

const SENDERS: [usize; 2] = [4, 5];
const EACH: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn nodes_go_on_by_themselves_when_their_database_is_back() {
    let shared = Shared::start();
    let mut scene = Scene::set(|_| ()).await;
    for index in 0..3 {
        scene.start_attestor(index).await.unwrap();
    }
    let (a, b) = (&scene.network.a, &scene.network.b);
    let (forth, back) = ((a, b), (b, a));
    let replicas = ["replica-0", "replica-1"].map(|name| shared.replica(&scene, name));
    let mut nodes = join_all(replicas.iter().map(Replica::start)).await;

    let sending = join_all(SENDERS.iter().flat_map(|role| {
        [forth, back].map(|route| async move {
            let account = route.0.account(*role);
            let receiver = route.1.account(roles::BOB).address();
            for _ in 0..EACH {
                send(route, &account, (Token::Native, 1), receiver, LONG).await;
                tokio::time::sleep(Duration::from_millis(600)).await;
            }
        })
    }));
    let failing = async {
        for down in [Duration::ZERO, Duration::from_secs(3)] {
            tokio::time::sleep(Duration::from_secs(2)).await;
            shared.server.kill().unwrap();
            tokio::time::sleep(down).await;
            shared.server.start_again().unwrap();
        }
    };
    tokio::join!(sending, failing);

    for route in [forth, back] {
        let tally = all_over(route).await;
        assert_eq!((tally.refused, tally.timed_out), (0, 0));
        let transfers = (SENDERS.len() * EACH) as u64;
        assert_eq!(
            books(route, Token::Native).await,
            Books::balanced(transfers)
        );
    }
    nothing_waits(a).await;
    nothing_waits(b).await;
    for node in &mut nodes {
        node.ensure_running().unwrap();
    }
    for node in nodes {
        assert!(node.terminate().await.unwrap().success());
    }
    scene.network.stop().await.unwrap();
}
