//! An API over a store of its own, and packets to fill it with.

use std::{collections::BTreeSet, sync::Arc};

use alloy_primitives::{B256, Bytes, U256, keccak256};
use async_trait::async_trait;
use axum::Router;
use causeway_api::{
    Api, AssetBook, AssetFacts, ClientAddress, KeyRing, Scope, Settings, Unavailable,
    model::{Chain, ChainKind, NodeStatus, Time},
};
use causeway_engine::{Engine, UnixMillis};
use causeway_ibc::{
    Event, Input, Packet, Sequence,
    gmp::GmpPacketData,
    ics20::{FungibleTokenPacketData, NATIVE_COIN},
};
use causeway_relayer::{FactTx, PacketInput, PacketMachine};
use causeway_types::{AssetId, BlockRef, ChainId, Timestamp};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) const ALICE: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
pub(crate) const BOB: &str = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";

pub(crate) struct Served {
    pub(crate) engine: Engine,
    pub(crate) keys: KeyRing,
    base: String,
    _stop: DropGuard,
}

struct Still;

#[async_trait]
impl causeway_api::Node for Still {
    async fn status(&self) -> Result<NodeStatus, Unavailable> {
        let chain = |number: u64| Chain {
            id: ChainId::eip155(number),
            name: None,
            kind: ChainKind::Evm,
            head: Some(7),
            final_height: Some(5),
            lag: Some(2),
            finality: "finalized".to_owned(),
            agreement: 1,
            endpoints: Vec::new(),
            router: None,
            contradiction: None,
            problem: None,
        };
        Ok(NodeStatus {
            version: "1".to_owned(),
            uptime_seconds: 1,
            relays: true,
            swaps: None,
            attests_as: None,
            chains: vec![chain(1), chain(2)],
            routes: Vec::new(),
            attestors: Vec::new(),
            alerts: Vec::new(),
            monitor: None,
            packets: [].into(),
            alarms: Vec::new(),
            problems: Vec::new(),
        })
    }

    fn swap_chains(&self) -> Vec<Chain> {
        Vec::new()
    }
}

#[async_trait]
impl AssetBook for Still {
    fn chain_name(&self, chain: &ChainId) -> String {
        chain.to_string()
    }

    fn configured(&self) -> Vec<AssetId> {
        vec![AssetId::coin(ChainId::eip155(1), 60)]
    }

    async fn facts(&self, asset: &AssetId) -> Result<AssetFacts, Unavailable> {
        match asset.erc20_address() {
            None => Ok(AssetFacts {
                symbol: "ETH".to_owned(),
                decimals: 18,
            }),
            Some(_) => Err(Unavailable("nobody answers".to_owned())),
        }
    }
}

impl Served {
    pub(crate) async fn start(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        settings.access.anonymous_read = true;
        settings.access.rates.per_address = 1_000_000;
        change(&mut settings);
        let engine = Engine::open("sqlite::memory:").await.unwrap();
        let stop = CancellationToken::new();
        let still = Arc::new(Still);
        let api = Api::new(
            engine.clone(),
            still.clone(),
            still,
            None,
            settings,
            stop.clone(),
        );
        let router: Router = causeway_api::router(api);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = listener.local_addr().unwrap().to_string();
        let service = router.into_make_service_with_connect_info::<ClientAddress>();
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self {
            keys: KeyRing::new(engine.clone()),
            engine,
            base,
            _stop: stop.drop_guard(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.base)
    }

    pub(crate) fn socket(&self, path: &str) -> String {
        format!("ws://{}{path}", self.base)
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let answer = reqwest::get(self.url(path)).await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }

    /// The ids of all pages of a list.
    pub(crate) async fn all(&self, path: &str) -> Vec<String> {
        let mut ids = Vec::new();
        let mut cursor = String::new();
        loop {
            let and = if path.contains('?') { '&' } else { '?' };
            let (status, page) = self.get(&format!("{path}{and}{cursor}")).await;
            assert_eq!(status, 200, "{page}");
            let items = page["items"].as_array().unwrap().iter();
            ids.extend(items.map(|item| item["id"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("cursor={next}"),
                None => return ids,
            }
        }
    }

    pub(crate) async fn key(&self, scopes: &[Scope], expires: Option<Time>) -> String {
        let scopes: BTreeSet<Scope> = scopes.iter().copied().collect();
        self.keys
            .create("test", scopes, expires)
            .await
            .unwrap()
            .text
    }

    /// Feeds inputs of packets, each at a time of its own.
    pub(crate) async fn feed(&self, inputs: impl IntoIterator<Item = (u64, PacketInput)>) {
        let mut unit = self.engine.begin(UnixMillis::now()).await.unwrap();
        for (sequence, input) in inputs {
            let key = key(sequence);
            unit.handle::<PacketMachine>(&key, input).await.unwrap();
        }
        unit.commit().await.unwrap();
    }
}

pub(crate) fn key(sequence: u64) -> String {
    format!("eip155:1/client-on-1/{sequence}")
}

pub(crate) fn id(sequence: u64) -> String {
    format!("eip155:1~client-on-1~{sequence}")
}

pub(crate) fn transfer(sequence: u64, sender: &str) -> Packet {
    let data = FungibleTokenPacketData {
        denom: NATIVE_COIN.to_owned(),
        sender: sender.to_owned(),
        receiver: BOB.to_owned(),
        amount: U256::from(1_500_000_000_000_000_000_u64),
        memo: String::new(),
    };
    packet(sequence, data.payload())
}

pub(crate) fn call(sequence: u64) -> Packet {
    let data = GmpPacketData {
        sender: ALICE.to_owned(),
        receiver: BOB.to_owned(),
        salt: Bytes::new(),
        payload: Bytes::from_static(&[1, 2, 3]),
        memo: String::new(),
    };
    packet(sequence, data.payload())
}

fn packet(sequence: u64, payload: causeway_ibc::Payload) -> Packet {
    Packet {
        sequence: Sequence::try_from(sequence).unwrap(),
        source_client: "client-on-1".parse().unwrap(),
        dest_client: "client-on-2".parse().unwrap(),
        timeout: Timestamp::from_secs(u64::MAX),
        payloads: vec![payload],
    }
}

pub(crate) fn tx(fact: &str, sequence: u64) -> B256 {
    keccak256(format!("{fact}{sequence}"))
}

fn block(height: u64) -> BlockRef {
    BlockRef {
        height,
        hash: keccak256(height.to_be_bytes()),
        parent: B256::ZERO,
        timestamp: Timestamp::from_secs(1_700_000_000 + height),
    }
}

fn input(input: Input, seen: Option<(Event, B256, u64)>) -> PacketInput {
    PacketInput {
        src: ChainId::eip155(1),
        dst: ChainId::eip155(2),
        input,
        seen: seen.map(|(fact, tx, height)| FactTx {
            fact,
            tx,
            height,
            time: block(height).timestamp,
        }),
    }
}

pub(crate) fn sent(packet: Packet) -> (u64, PacketInput) {
    let sequence = packet.sequence.into();
    let seen = (Event::Sent, tx("sent", sequence), 10);
    let block = block(10);
    (sequence, input(Input::Sent { packet, block }, Some(seen)))
}

pub(crate) fn received(packet: Packet, ack: &[u8]) -> (u64, PacketInput) {
    let sequence = packet.sequence.into();
    let seen = (Event::Received, tx("received", sequence), 20);
    let acks = vec![Bytes::copy_from_slice(ack)];
    let block = block(20);
    let received = Input::Received {
        packet,
        block,
        acks,
    };
    (sequence, input(received, Some(seen)))
}
