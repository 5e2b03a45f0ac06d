//! A developer looks at the network through the relayer's API while a transfer crosses it.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use causeway_localnet::roles;
use common::{LONG, Scene, eventually, send};
use serde_json::Value;

async fn get(base: &str, path: &str) -> Value {
    let answer = reqwest::get(format!("{base}{path}")).await.unwrap();
    let status = answer.status();
    let body: Value = answer.json().await.unwrap();
    assert!(status.is_success(), "{path}: {body}");
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_found_by_its_sender_and_followed_to_its_end() {
    let mut scene = Scene::set_and_run(|_| ()).await;
    let listen = scene.relayer().unwrap().listen();
    let base = format!("http://{listen}");
    let (a, b) = (&scene.network.a, &scene.network.b);

    let chains = get(&base, "/v1/chains").await;
    let ids: Vec<_> = chains["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["id"])
        .collect();
    assert_eq!(ids, [a.id().as_str(), b.id().as_str()]);
    let routes = get(&base, "/v1/routes").await;
    let trust = routes["items"][0]["clients"][0]["trust"].as_str().unwrap();
    assert!(trust.contains("signers lie together"), "{trust}");
    let assets = get(&base, "/v1/assets").await;
    assert_eq!(assets["items"][0]["symbol"], "ETH");

    let mut events = reqwest::get(format!("{base}/v1/events?kinds=packet"))
        .await
        .unwrap();
    let alice = a.account(roles::ALICE);
    let receiver = b.account(roles::BOB).address();
    let sent = send((a, b), &alice, (scene.tusd(), 2_500_000), receiver, LONG).await;
    let id = format!("{}~{}~{}", a.id(), a.client, sent.packet.sequence);

    let mine = format!("/v1/transfers?sender={}&tx={}", alice.address(), sent.tx);
    let done = eventually("the transfer completes", async || {
        let page = get(&base, &mine).await;
        let transfer = page["items"].get(0)?.clone();
        (transfer["status"] == "completed").then_some(transfer)
    })
    .await;
    assert_eq!(done["id"], id);
    assert_eq!(
        (&done["amount"], &done["amount_in_units"]),
        (&"2500000".into(), &"2.5".into())
    );
    assert_eq!(done["token"]["symbol"], "TUSD");
    let facts: Vec<_> = done["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["fact"])
        .collect();
    assert_eq!(facts, ["sent", "received", "acknowledged"]);
    assert_eq!(done["timeline"][1]["chain"], b.id().as_str());

    let packet = get(&base, &format!("/v1/packets/{id}")).await;
    let messages = packet["messages"].as_array().unwrap();
    // Observed facts have ended both, whoever brought them about.
    assert_eq!(messages.len(), 2, "{packet}");
    let open = ["waiting", "being_carried", "skipped"];
    assert!(
        messages
            .iter()
            .all(|m| !open.contains(&m["state"].as_str().unwrap())),
        "{packet}"
    );
    let mut heard = String::new();
    while !heard.contains("\"acknowledged\"") {
        let chunk = events
            .chunk()
            .await
            .unwrap()
            .expect("the events have ended");
        heard.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(heard.contains(&id), "{heard}");
}
