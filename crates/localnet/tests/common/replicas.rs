//! Nodes that share one `PostgreSQL` database and one key.

use std::net::{Ipv4Addr, SocketAddr};

use alloy::providers::Provider as _;
use causeway_engine::{Engine, Leader};
use causeway_local_postgres::PostgresServer;
use causeway_localnet::{Node, Side, roles, unused_port};

use serde_json::{Value, json};

use super::Scene;

/// A server, and the database on it that the replicas share.
pub struct Shared {
    pub server: PostgresServer,
    pub url: String,
}

impl Shared {
    pub fn start() -> Self {
        let server = PostgresServer::start().unwrap_or_else(|error| panic!("{error}"));
        let url = server.create_database().unwrap();
        Self { server, url }
    }

    /// A replica that can be started over and over.
    pub fn replica<'a>(&self, scene: &'a Scene, name: &'static str) -> Replica<'a> {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, unused_port().unwrap()));
        let config = scene.relayer_config(name, listen).unwrap();
        let own = format!("sqlite://{name}.db");
        assert!(config.contains(&own), "{config}");
        Replica {
            scene,
            name,
            config: config.replace(&own, &self.url),
        }
    }

    /// Who leads what, by the database.
    pub async fn leaders(&self) -> Vec<Leader> {
        let engine = Engine::open(&self.url).await.unwrap();
        let leaders = engine.leaders().await.unwrap();
        engine.close().await;
        leaders
    }
}

/// One of the nodes.
pub struct Replica<'a> {
    scene: &'a Scene,
    pub name: &'static str,
    config: String,
}

impl Replica<'_> {
    pub async fn start(&self) -> Node {
        let started = self
            .scene
            .start_node(self.name, &self.config, roles::RELAYER);
        started.await.unwrap()
    }
}

/// Nothing of anybody waits in the chain's pool, as it would behind a gap between nonces.
pub async fn nothing_waits(side: &Side) {
    let provider = side.chain.provider();
    let status: Value = provider
        .raw_request("txpool_status".into(), ())
        .await
        .unwrap();
    let waiting = json!({ "pending": "0x0", "queued": "0x0" });
    assert_eq!(status, waiting, "on {}", side.name);
}
