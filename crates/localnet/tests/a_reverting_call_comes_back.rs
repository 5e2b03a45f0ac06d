//! What the destination's application refuses comes back as an error, and what was sent with it is
//! refunded.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use alloy::{
    primitives::{Bytes, U256},
    sol_types::SolCall,
};
use causeway_contracts::counter::Counter;
use causeway_ibc_evm::CallOrder;
use causeway_localnet::roles;
use common::{
    LONG, Scene,
    books::{Books, Tally, all_over, balance, books},
    eventually, order,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_reverts_is_acknowledged_with_the_error_and_its_neighbour_is_carried_out() {
    let scene = Scene::set_and_run(|_| ()).await;
    let (a, b) = (&scene.network.a, &scene.network.b);
    let alice = a.account(roles::ALICE);
    let head = a.chain.head().await.unwrap();
    let call = |data: Vec<u8>, seconds| CallOrder {
        target: scene.counter,
        data: data.into(),
        salt: Bytes::new(),
        client: a.client.clone(),
        timeout: head.timestamp.plus_secs(seconds),
        memo: String::new(),
    };
    let increment = Counter::incrementCall { by: U256::from(3) }.abi_encode();
    let fail = Counter::failCall {}.abi_encode();
    // A call that burns whatever gas it is given is no error of the application, for the relayer
    // could make it one by giving too little: nobody can deliver it, and its time runs out.
    let exhaust = Counter::exhaustCall {}.abi_encode();
    for (data, seconds) in [(fail, LONG), (exhaust, 8), (increment, LONG)] {
        alice.call(&call(data, seconds)).await.unwrap();
    }
    let expected = Tally {
        acknowledged: 1,
        refused: 1,
        timed_out: 1,
    };
    assert_eq!(all_over((a, b)).await, expected);
    let counter = Counter::new(scene.counter, b.chain.provider());
    assert_eq!(counter.total().call().await.unwrap(), U256::from(3));
    scene.network.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_to_nobody_is_refused_over_there_and_refunded() {
    let scene = Scene::set_and_run(|_| ()).await;
    let (a, b, tusd) = (&scene.network.a, &scene.network.b, scene.tusd());
    let alice = a.account(roles::ALICE);
    let before = balance(a, tusd, alice.address()).await;
    let bob = b.account(roles::BOB).address();
    let good = order((a, b), (tusd, 5), bob, LONG).await;
    let mut bad = order((a, b), (tusd, 70), bob, LONG).await;
    bad.receiver = "nobody in particular".to_owned();
    for order in [&bad, &good, &bad] {
        alice.transfer(order).await.unwrap();
    }
    // The one that is good, and the description of the token before it.
    let expected = Tally {
        acknowledged: 2,
        refused: 2,
        timed_out: 0,
    };
    assert_eq!(all_over((a, b)).await, expected);
    assert_eq!(books((a, b), tusd).await, Books::balanced(5));
    let after = balance(a, tusd, alice.address()).await;
    assert_eq!(before - after, U256::from(5));

    eventually("the relayer has seen four acknowledgements", async || {
        let acknowledged = ["packets", "list", "--phase", "acknowledged", "--json"];
        let list = scene.causeway(&acknowledged).await.json();
        (list["packets"].as_array().unwrap().len() == 4).then_some(())
    })
    .await;
    scene.network.stop().await.unwrap();
}
