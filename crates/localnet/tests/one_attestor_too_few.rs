//! One attestor fewer than the threshold: nothing moves, the status says why, and when one returns
//! everything moves.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use alloy::primitives::U256;
use causeway_ibc_evm::Token;
use causeway_localnet::roles;
use common::{
    LONG, Scene,
    books::{Books, all_over, books},
    eventually, mining, send,
};
use serde_json::Value;

/// For how many blocks nothing may move.
const BLOCKS: u64 = 12;

#[tokio::test(flavor = "multi_thread")]
async fn one_attestor_too_few_stops_everything_and_its_return_moves_everything() {
    let mut scene = Scene::set_and_run(|_| ()).await;
    for index in [1, 2] {
        scene.stop_attestor(index).await.unwrap();
    }
    let (a, b) = (&scene.network.a, &scene.network.b);
    let (forth, back) = ((a, b), (b, a));
    let bob = b.account(roles::BOB).address();
    for amount in [1, 2, 4] {
        let coin = (Token::Native, amount);
        send(forth, &a.account(roles::ALICE), coin, bob, LONG).await;
        send(back, &b.account(roles::ALICE), coin, bob, LONG).await;
    }

    let problems = eventually("the status names the lack of attestors", async || {
        let status = scene.status().await;
        let problems = status["problems"].to_string();
        let lack = "1 of 3 attestors answer, 2 must sign";
        let both_ways = problems.matches(lack).count() == 2;
        both_ways.then(|| status["problems"].clone())
    })
    .await;
    let urls = scene.attestor_urls();
    for url in &urls[1..] {
        let named = |problem: &Value| {
            let text = problem.as_str().unwrap();
            text.contains(url.as_str().trim_end_matches('/')) && text.contains("does not answer")
        };
        assert!(
            problems.as_array().unwrap().iter().any(named),
            "{url} is not named in {problems:#}"
        );
    }
    let text = scene.causeway(&["status"]).await.stdout;
    assert!(
        text.contains("1 of 3 attestors answer, 2 must sign"),
        "{text}"
    );

    let over = mining::height(b).await + BLOCKS;
    eventually("some blocks pass", async || {
        (mining::height(b).await >= over).then_some(())
    })
    .await;
    let unmoved = Books {
        locked: U256::from(7),
        minted: U256::ZERO,
    };
    for route in [forth, back] {
        assert_eq!(books(route, Token::Native).await, unmoved);
    }
    let status = scene.status().await;
    let clients = status["routes"][0]["clients"].as_array().unwrap();
    for client in clients {
        // Three transfers, and the description of the coin before them.
        assert_eq!(client["waiting"], 4, "{status:#}");
        let problem = client["problem"].as_str().unwrap();
        assert!(problem.contains("1 of the 2 attestations"), "{problem}");
    }

    scene.network.start_attestor(2).await.unwrap();
    let (a, b) = (&scene.network.a, &scene.network.b);
    for route in [(a, b), (b, a)] {
        assert_eq!(all_over(route).await.acknowledged, 4);
        assert_eq!(books(route, Token::Native).await, Books::balanced(7));
    }
    eventually(
        "the status has nothing but the missing attestor left to say",
        async || {
            let status = scene.status().await;
            let problems = status["problems"].as_array().unwrap();
            let missing = problems.len() == 1 && problems[0].to_string().contains("attestor http");
            missing.then_some(())
        },
    )
    .await;
    scene.network.stop().await.unwrap();
}
