//! Alerts reach a real HTTP server, also one that fails at first, also across a crash.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use causeway_alerts::{
    AlertName, Alerts, Condition, Patience, SIGNATURE_HEADER, Webhook, signature,
};
use causeway_engine::Engine;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// A receiver that refuses the first so many deliveries.
#[derive(Clone)]
struct Receiver {
    refuse: Arc<Mutex<usize>>,
    taken: Arc<Mutex<Vec<Value>>>,
    refused: Arc<Mutex<usize>>,
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> StatusCode {
    let header = headers[SIGNATURE_HEADER].to_str().unwrap();
    let seconds = header.split(['=', ',']).nth(1).unwrap().parse().unwrap();
    assert_eq!(
        header,
        signature("secret", seconds, &body),
        "signed with the secret"
    );
    let mut refuse = receiver.refuse.lock().unwrap();
    if *refuse > 0 {
        *refuse -= 1;
        *receiver.refused.lock().unwrap() += 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    receiver
        .taken
        .lock()
        .unwrap()
        .push(serde_json::from_str(&body).unwrap());
    StatusCode::NO_CONTENT
}

impl Receiver {
    async fn start(refuse: usize) -> (Self, url::Url) {
        let receiver = Self {
            refuse: Arc::new(Mutex::new(refuse)),
            taken: Arc::default(),
            refused: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/hook", post(take))
            .with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (receiver, url.parse().unwrap())
    }

    async fn wait_for(&self, count: usize) -> Vec<Value> {
        for _ in 0..600 {
            let taken = self.taken.lock().unwrap().clone();
            if taken.len() >= count {
                return taken;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("only {:?} arrived", self.taken.lock().unwrap());
    }
}

fn alerts(engine: &Engine, url: &url::Url, per_minute: usize) -> Alerts {
    let webhook = Webhook {
        url: url.clone(),
        secret: Some("secret".to_owned()),
        per_minute,
    };
    let patience = Patience {
        repeat: Duration::from_secs(3600),
        quiet: Duration::ZERO,
    };
    Alerts::new(engine.clone(), patience, Some(webhook), "alerts")
}

fn run(alerts: &Alerts, stop: &CancellationToken) -> JoinHandle<()> {
    let (alerts, stop) = (alerts.clone(), stop.clone());
    tokio::spawn(async move { alerts.run(stop).await.unwrap() })
}

fn broken() -> Condition {
    Condition::new(AlertName::RouteBroken, "a~b", "1001 minted, 1000 locked")
}

#[tokio::test]
async fn an_alert_is_delivered_once_although_the_receiver_fails_at_first() {
    let dir = tempfile::tempdir().unwrap();
    let store = format!("sqlite://{}", dir.path().join("alerts.db").display());
    let engine = Engine::open(&store).await.unwrap();
    let (receiver, url) = Receiver::start(2).await;
    let alerts = alerts(&engine, &url, 100);
    let stop = CancellationToken::new();
    let running = run(&alerts, &stop);
    for _ in 0..3 {
        alerts.observe(vec![broken()]).await.unwrap();
    }
    let taken = receiver.wait_for(1).await;
    assert_eq!(*receiver.refused.lock().unwrap(), 2);
    let alert = &taken[0]["alert"];
    assert_eq!(alert["name"], "route-broken");
    assert_eq!(alert["severity"], "critical");
    assert_eq!(alert["status"], "firing");
    assert_eq!(alert["summary"], "1001 minted, 1000 locked");

    alerts.observe(vec![]).await.unwrap();
    let taken = receiver.wait_for(2).await;
    assert_eq!(taken[1]["alert"]["status"], "resolved");
    assert_ne!(taken[0]["id"], taken[1]["id"]);
    assert!(alerts.firing().await.unwrap().is_empty());
    stop.cancel();
    running.await.unwrap();
    assert_eq!(receiver.taken.lock().unwrap().len(), 2, "told twice");
}

#[tokio::test]
async fn an_alert_that_was_kept_and_not_delivered_survives_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let store = format!("sqlite://{}", dir.path().join("alerts.db").display());
    let (receiver, url) = Receiver::start(0).await;
    {
        // Nobody delivers, and the process is gone.
        let engine = Engine::open(&store).await.unwrap();
        alerts(&engine, &url, 100)
            .observe(vec![broken()])
            .await
            .unwrap();
        engine.close().await;
    }
    let engine = Engine::open(&store).await.unwrap();
    let alerts = alerts(&engine, &url, 100);
    let stop = CancellationToken::new();
    let running = run(&alerts, &stop);
    alerts.observe(vec![broken()]).await.unwrap();
    assert_eq!(receiver.wait_for(1).await.len(), 1);
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_flood_of_alerts_is_not_a_flood_of_messages() {
    let dir = tempfile::tempdir().unwrap();
    let store = format!("sqlite://{}", dir.path().join("alerts.db").display());
    let engine = Engine::open(&store).await.unwrap();
    let (receiver, url) = Receiver::start(0).await;
    let alerts = alerts(&engine, &url, 5);
    let flood = (0..50).map(|n| Condition::new(AlertName::EndpointDown, format!("{n}"), "down"));
    alerts.observe(flood.collect()).await.unwrap();
    let stop = CancellationToken::new();
    let running = run(&alerts, &stop);
    receiver.wait_for(5).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(receiver.taken.lock().unwrap().len(), 5);
    stop.cancel();
    running.await.unwrap();
}
