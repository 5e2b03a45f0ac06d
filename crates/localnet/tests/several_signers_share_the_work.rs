//! A relayer with several keys sends with all of them, and every packet still arrives once.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use alloy::providers::Provider as _;
use causeway_ibc_evm::Token;
use causeway_localnet::roles;
use common::{
    LONG, Scene,
    books::{Books, Tally, all_over, books},
    send,
};
use futures::future::join_all;

/// Development accounts that nobody else uses.
const SENDERS: [usize; 5] = [4, 5, 6, 7, 8];
const EACH: usize = 6;
const SIGNERS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn packets_are_delivered_once_by_every_signer_of_a_relayer() {
    let scene = Scene::set_and_run(|options| options.signers = SIGNERS).await;
    let (a, b) = (&scene.network.a, &scene.network.b);
    let receiver = b.account(roles::BOB).address();
    let sending = SENDERS.iter().map(|role| async {
        let account = a.account(*role);
        for _ in 0..EACH {
            send((a, b), &account, (Token::Native, 1), receiver, LONG).await;
        }
    });
    join_all(sending).await;

    let transfers = SENDERS.len() * EACH;
    let Tally {
        acknowledged,
        refused,
        timed_out,
    } = all_over((a, b)).await;
    assert!(acknowledged > transfers, "{acknowledged}");
    assert_eq!((refused, timed_out), (0, 0));
    let balanced = Books::balanced(transfers as u64);
    assert_eq!(books((a, b), Token::Native).await, balanced);

    let others = (0..SIGNERS - 1).map(|index| roles::SECOND_SIGNER + index);
    for role in std::iter::once(roles::RELAYER).chain(others) {
        let mut sent = 0;
        for side in [a, b] {
            let account = side.account(role);
            let count = account.provider().get_transaction_count(account.address());
            sent += count.await.unwrap();
        }
        assert!(sent > 0, "the account {role} has sent nothing");
    }
    scene.network.stop().await.unwrap();
}
