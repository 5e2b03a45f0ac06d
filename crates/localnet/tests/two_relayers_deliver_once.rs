//! Relaying is open to everybody: two relayers on one route neither lose a packet nor deliver one
//! twice.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::net::{Ipv4Addr, SocketAddr};

use causeway_ibc_evm::Token;
use causeway_localnet::{roles, unused_port};
use common::{
    LONG, Scene,
    books::{Books, Tally, all_over, books},
    eventually, run_causeway, send,
};
use futures::future::join_all;

/// Development accounts that nobody else uses.
const SECOND_RELAYER: usize = 4;
const SENDERS: [usize; 3] = [5, 6, 7];
const EACH: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn two_relayers_on_one_route_deliver_every_packet_once() {
    let scene = Scene::set_and_run(|_| ()).await;
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, unused_port().unwrap()));
    let config = scene.relayer_config("second-relayer", listen).unwrap();
    let second = scene
        .start_node("second-relayer", &config, SECOND_RELAYER)
        .await
        .unwrap();

    let (a, b) = (&scene.network.a, &scene.network.b);
    let (forth, back) = ((a, b), (b, a));
    let receiver = b.account(roles::BOB).address();
    let sending = SENDERS.iter().map(|role| async {
        let (on_a, on_b) = (a.account(*role), b.account(*role));
        for amount in [1; EACH] {
            let coin = (Token::Native, amount);
            tokio::join!(
                send(forth, &on_a, coin, receiver, LONG),
                send(back, &on_b, coin, receiver, LONG)
            );
        }
    });
    join_all(sending).await;

    let transfers = SENDERS.len() * EACH;
    for route in [forth, back] {
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

    // Each knows the whole story, whoever brought it about.
    let of_second = scene.dir().join("second-relayer.toml");
    for config in [&scene.user_config(), &of_second] {
        eventually("both relayers know that nothing is open", async || {
            let open = ["packets", "list", "--open", "--json"];
            let open = run_causeway(config, &[], &open).await.json();
            open["packets"].as_array().unwrap().is_empty().then_some(())
        })
        .await;
    }
    second.terminate().await.unwrap();
    scene.network.stop().await.unwrap();
}
