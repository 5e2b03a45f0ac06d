//! Packets that nobody carried when they were sent are found and delivered by whoever comes later.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use alloy::primitives::U256;
use causeway_ibc_evm::Token;
use causeway_localnet::roles;
use common::{
    LONG, Scene,
    books::{Books, Tally, all_over, balance, books, voucher},
    mining, send,
};

/// More than the follower asks for in one request, so that it must page.
const BLOCKS_MEANWHILE: u64 = 2_100;

#[tokio::test(flavor = "multi_thread")]
async fn packets_sent_while_the_relayer_was_down_are_found_many_blocks_later() {
    let mut scene = Scene::set_and_run(|_| ()).await;
    scene.stop_relayer().await.unwrap();

    let (a, b, tusd) = (&scene.network.a, &scene.network.b, scene.tusd());
    let (forth, back) = ((a, b), (b, a));
    let receiver = b.account(roles::BOB).address();
    for amount in 1..=6 {
        let alice = a.account(roles::ALICE);
        send(forth, &alice, (tusd, amount), receiver, LONG).await;
        let alice = b.account(roles::ALICE);
        send(back, &alice, (Token::Native, 10 * amount), receiver, LONG).await;
    }
    let (on_a, on_b) = (
        mining::mine(a, BLOCKS_MEANWHILE),
        mining::mine(b, BLOCKS_MEANWHILE),
    );
    tokio::join!(on_a, on_b);
    let unmoved = Books {
        locked: U256::from(21),
        minted: U256::ZERO,
    };
    assert_eq!(books(forth, tusd).await, unmoved);

    scene.network.start_relayer().await.unwrap();
    let (a, b) = (&scene.network.a, &scene.network.b);
    let (forth, back) = ((a, b), (b, a));
    // Six transfers, and the description of the token before the first of them.
    let all = Tally {
        acknowledged: 7,
        ..Tally::default()
    };
    assert_eq!(all_over(forth).await, all);
    assert_eq!(all_over(back).await, all);
    assert_eq!(books(forth, tusd).await, Books::balanced(21));
    assert_eq!(books(back, Token::Native).await, Books::balanced(210));
    let tusd_on_b = Token::Erc20(voucher(forth, tusd).await.unwrap());
    assert_eq!(balance(b, tusd_on_b, receiver).await, U256::from(21));
    scene.network.stop().await.unwrap();
}
