//! An operator looks at a message that a chain refuses, gives it up, and takes that back, while the
//! node runs.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::time::Duration;

use alloy::{
    primitives::{Bytes, U256, bytes},
    providers::Provider as _,
};
use causeway_localnet::{Side, roles};
use common::{
    LONG, Scene,
    books::{Books, books},
    eventually, send,
};
use serde_json::Value;

/// Replaces the code of a chain's transfer application, and returns the code that was there.
async fn replace_code(side: &Side, code: &Bytes) -> Bytes {
    let (transfer, provider) = (side.contracts.transfer, side.chain.provider());
    let before = provider.get_code_at(transfer).await.unwrap();
    let params = (transfer, code);
    let _: Value = provider
        .raw_request("anvil_setCode".into(), params)
        .await
        .unwrap();
    before
}

async fn show(scene: &Scene, packet: &str) -> Value {
    scene
        .causeway(&["packets", "show", packet, "--json"])
        .await
        .json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_packet_is_shown_skipped_and_taken_up_again() {
    let scene = Scene::set_and_run(|_| ()).await;
    let (a, b, tusd) = (&scene.network.a, &scene.network.b, scene.tusd());
    let forth = (a, b);
    // An application that fails without a word is no answer: the delivery reverts.
    let code = replace_code(b, &bytes!("60006000fd")).await;
    let receiver = b.account(roles::BOB).address();
    let sent = send(forth, &a.account(roles::ALICE), (tusd, 6), receiver, LONG).await;
    let packet = format!("{}/{}/{}", a.id(), a.client, sent.packet.sequence);

    let story = eventually("the refusal is told", async || {
        if scene.packets().await.is_empty() {
            return None;
        }
        let story = show(&scene, &packet).await;
        let message = &story["messages"][0];
        (message["attempts"].as_u64()? > 0 && message["last_error"].is_string()).then_some(story)
    })
    .await;
    assert_eq!(story["messages"][0]["message"], "receive");
    let stuck = scene
        .causeway(&["packets", "list", "--stuck", "--json"])
        .await;
    let stuck = stuck.json()["packets"].as_array().unwrap().clone();
    assert!(
        stuck.iter().any(|line| line["packet"] == *packet),
        "{stuck:?}"
    );

    // Not by accident, and not a packet that nobody knows.
    let refused = scene
        .causeway(&["packets", "skip", &packet, "--json"])
        .await;
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("--yes"), "{refused:?}");
    let unknown = scene
        .causeway(&["packets", "skip", "eip155:1/none/1", "--yes"])
        .await;
    assert_eq!(unknown.code, 2, "{unknown:?}");
    scene
        .causeway(&["packets", "skip", &packet, "--yes", "--json"])
        .await
        .json();
    assert_eq!(
        show(&scene, &packet).await["messages"][0]["state"],
        "skipped"
    );

    // Nothing brings it back by itself, not even that everything else is tried again.
    replace_code(b, &code).await;
    scene
        .causeway(&["packets", "retry", "--all-failed", "--json"])
        .await
        .json();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let story = show(&scene, &packet).await;
    assert_eq!(story["messages"][0]["state"], "skipped", "{story}");
    assert_eq!(books(forth, tusd).await.minted, U256::ZERO);

    scene
        .causeway(&["packets", "retry", &packet, "--json"])
        .await
        .json();
    eventually("it is delivered after all", async || {
        let story = show(&scene, &packet).await;
        (story["phase"] == "acknowledged").then_some(())
    })
    .await;
    assert_eq!(books(forth, tusd).await, Books::balanced(6));

    let first = scene
        .causeway(&["packets", "list", "--limit", "1", "--json"])
        .await
        .json();
    let next = first["next"].as_str().unwrap();
    let second = ["packets", "list", "--limit", "1", "--after", next, "--json"];
    let second = scene.causeway(&second).await.json();
    assert_ne!(
        first["packets"][0]["packet"],
        second["packets"][0]["packet"]
    );
    scene.network.stop().await.unwrap();
}
