//! An account whose transaction the chain refused can still send: the refused one took no place in
//! the account's order of transactions.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::time::Duration;

use causeway_ibc_evm::{SendError, Token};
use causeway_localnet::roles;
use common::{LONG, Scene, order};

#[tokio::test(flavor = "multi_thread")]
async fn after_a_refused_transfer_the_next_one_is_mined() {
    let scene = Scene::set(|_| ()).await;
    let (a, b) = (&scene.network.a, &scene.network.b);
    let alice = a.account(roles::ALICE);
    let good = order((a, b), (Token::Native, 1), alice.address(), LONG).await;
    let mut late = good.clone();
    late.timeout = a.chain.head().await.unwrap().timestamp;
    alice.transfer(&good).await.unwrap();
    for _ in 0..2 {
        let refused = alice.transfer(&late).await;
        assert!(
            matches!(refused, Err(SendError::Refused { .. })),
            "{refused:?}"
        );
    }
    let next = tokio::time::timeout(Duration::from_secs(30), alice.transfer(&good)).await;
    next.expect("not mined: a transaction before it is missing")
        .unwrap();
}
