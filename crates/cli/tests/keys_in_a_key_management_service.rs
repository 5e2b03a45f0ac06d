//! Keys in AWS's key management service: a node relays and attests with keys that it never sees.
//!
//! The service is a local one that speaks its JSON protocol and holds real keys.
#![cfg(feature = "kms-aws")]
#![allow(clippy::panic, clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy::{
    primitives::{Address, B256, U256},
    signers::{SignerSync as _, local::PrivateKeySigner},
};
use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use causeway_ibc_evm::{Token, Tracker, TransferOrder};
use causeway_localnet::{Network, NetworkOptions, Node, dev_key, roles, unused_port};
use serde_json::{Value, json};

/// What stands before the point in a DER public key of this curve (RFC 5480).
const KEY_PREFIX: [u8; 23] = [
    0x30, 0x56, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b,
    0x81, 0x04, 0x00, 0x0a, 0x03, 0x42, 0x00,
];

#[derive(Clone)]
struct Kms {
    keys: Arc<BTreeMap<String, PrivateKeySigner>>,
    /// Whose key really signs, where the service lies.
    liar: Option<PrivateKeySigner>,
    signed: Arc<AtomicUsize>,
}

impl Kms {
    fn holding(keys: &[(&str, PrivateKeySigner)]) -> Self {
        let keys = keys.iter().map(|(id, key)| ((*id).to_owned(), key.clone()));
        Self {
            keys: Arc::new(keys.collect()),
            liar: None,
            signed: Arc::default(),
        }
    }

    async fn serve(self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", post(answer)).with_state(self);
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }
}

async fn answer(State(kms): State<Kms>, headers: HeaderMap, body: String) -> Response {
    let request: Value = serde_json::from_str(&body).unwrap();
    // The real service refuses what is not signed; that it is signed is the client's business.
    assert!(
        headers["authorization"]
            .to_str()
            .unwrap()
            .starts_with("AWS4-HMAC-SHA256")
    );
    let id = request["KeyId"].as_str().unwrap();
    let Some(key) = kms.keys.get(id) else {
        let missing = json!({ "__type": "NotFoundException", "message": "no such key" });
        return (StatusCode::BAD_REQUEST, Json(missing)).into_response();
    };
    match headers["x-amz-target"].to_str().unwrap() {
        "TrentService.GetPublicKey" => {
            let point = key.credential().verifying_key().to_encoded_point(false);
            let der = [&KEY_PREFIX[..], point.as_bytes()].concat();
            Json(json!({
                "KeyId": id,
                "PublicKey": BASE64.encode(der),
                "KeySpec": "ECC_SECG_P256K1",
                "KeyUsage": "SIGN_VERIFY",
                "SigningAlgorithms": ["ECDSA_SHA_256"],
            }))
            .into_response()
        }
        "TrentService.Sign" => {
            assert_eq!(request["MessageType"], "DIGEST");
            assert_eq!(request["SigningAlgorithm"], "ECDSA_SHA_256");
            let digest = BASE64.decode(request["Message"].as_str().unwrap()).unwrap();
            let digest = B256::from_slice(&digest);
            let key = kms.liar.as_ref().unwrap_or(key);
            let signature = key.sign_hash_sync(&digest).unwrap().to_k256().unwrap();
            let count = kms.signed.fetch_add(1, Ordering::SeqCst);
            // The service does not keep `s` low, and so it is high every other time.
            let (r, s) = signature.split_scalars();
            let signature = if count % 2 == 0 {
                signature
            } else {
                k256::ecdsa::Signature::from_scalars(r, -*s.as_ref()).unwrap()
            };
            Json(json!({
                "KeyId": id,
                "Signature": BASE64.encode(signature.to_der().as_bytes()),
                "SigningAlgorithm": "ECDSA_SHA_256",
            }))
            .into_response()
        }
        other => panic!("{other} was asked for"),
    }
}

const CREDENTIALS: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "test"),
    ("AWS_SECRET_ACCESS_KEY", "test"),
    ("AWS_EC2_METADATA_DISABLED", "true"),
];

fn causeway() -> PathBuf {
    env!("CARGO_BIN_EXE_causeway").into()
}

fn local() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, unused_port().unwrap()).into()
}

fn in_kms(id: &str, kms: SocketAddr) -> String {
    format!(
        "key = {{ aws_kms = \"{id}\", region = \"eu-central-1\", endpoint = \"http://{kms}\" }}"
    )
}

async fn network(dir: &tempfile::TempDir) -> Network {
    let mut options = NetworkOptions::new(causeway(), dir.path().to_owned());
    options.block_time = Some(Duration::from_millis(300));
    (options.attestors, options.threshold) = (2, 2);
    Network::start_chains(options).await.unwrap()
}

const ENV: &str = "key = { env = \"CAUSEWAY_KEY\" }";

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_crosses_by_keys_that_never_leave_the_service() {
    let dir = tempfile::tempdir().unwrap();
    let mut network = network(&dir).await;
    let kms = Kms::holding(&[
        ("alias/relayer", dev_key(roles::RELAYER)),
        ("alias/attestor", dev_key(roles::FIRST_ATTESTOR)),
    ]);
    let signed = kms.signed.clone();
    let kms = kms.serve().await;
    let start = async |name: &str, config: String| {
        let path = dir.path().join(format!("{name}.toml"));
        std::fs::write(&path, config).unwrap();
        let log = dir.path().join(format!("{name}.log"));
        Node::spawn(&causeway(), &path, &CREDENTIALS, &log)
            .await
            .unwrap()
    };
    let config = network.attestor_config(0).unwrap();
    let attestor = start(
        "kms-attestor",
        config.replace(ENV, &in_kms("alias/attestor", kms)),
    )
    .await;
    network.start_attestor(1).await.unwrap();
    let config = network.relayer_config("kms-relayer", local()).unwrap();
    let relayer = start(
        "kms-relayer",
        config.replace(ENV, &in_kms("alias/relayer", kms)),
    )
    .await;

    let (a, b) = (&network.a, &network.b);
    let watch = Tracker::begin(&a.chain, a.contracts.router).await.unwrap();
    let order = TransferOrder {
        token: Token::Native,
        amount: U256::from(5),
        receiver: Address::repeat_byte(1).to_string(),
        client: a.client.clone(),
        timeout: a.chain.head().await.unwrap().timestamp.plus_secs(3600),
        memo: String::new(),
    };
    let sent = a.account(roles::ALICE).transfer(&order).await.unwrap();
    let concluded = watch.concluded(&sent.packet, Duration::from_mins(2)).await;
    assert!(matches!(
        concluded.unwrap().kind,
        causeway_relayer::EventKind::Acknowledged { .. }
    ));
    // Both directions, each with a transaction and with statements; also by signatures with a high s.
    assert!(signed.load(Ordering::SeqCst) >= 4);
    assert!(b.chain.head().await.is_ok());
    relayer.terminate().await.unwrap();
    attestor.terminate().await.unwrap();
    network.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_there_or_that_another_signs_for_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let network = network(&dir).await;
    let mut kms = Kms::holding(&[("alias/attestor", dev_key(roles::FIRST_ATTESTOR))]);
    kms.liar = Some(dev_key(roles::ALICE));
    let kms = kms.serve().await;
    let config = network.attestor_config(0).unwrap();
    let log = dir.path().join("refused.log");

    let path = dir.path().join("missing.toml");
    std::fs::write(&path, config.replace(ENV, &in_kms("alias/none", kms))).unwrap();
    let node = Node::start(&causeway(), &path, &CREDENTIALS, &log).unwrap();
    let status = node.wait(Duration::from_mins(1)).await.unwrap();
    assert_eq!(status.code(), Some(2));
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(
        text.contains("attestor.key") && text.contains("alias/none"),
        "{text}"
    );

    let path = dir.path().join("liar.toml");
    std::fs::write(&path, config.replace(ENV, &in_kms("alias/attestor", kms))).unwrap();
    let node = Node::spawn(&causeway(), &path, &CREDENTIALS, &log)
        .await
        .unwrap();
    // Nothing is signed about blocks that were there before the attestor's database.
    let known = network.a.chain.head().await.unwrap().height;
    let mut height = known;
    while height < known + 4 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        height = network.a.chain.head().await.unwrap().height;
    }
    let request = json!({
        "client": { "chain": network.b.id(), "id": network.b.client.as_str() },
        "height": height.saturating_sub(1),
    });
    let url = format!("http://{}/v1/attest", node.listen());
    let answer = reqwest::Client::new()
        .post(url)
        .json(&request)
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_server_error(), "{answer:?}");
    node.terminate().await.unwrap();
    network.stop().await.unwrap();
}
