use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use alloy::{signers::local::PrivateKeySigner, transports::http::reqwest::Client};
use alloy_primitives::{Address, U64, address, hex};
use causeway_types::{BlockRef, Timestamp};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};
use url::Url;

use super::CHAIN;

/// The first accounts of anvil's test mnemonic; it sends for them without a signature.
pub(crate) const ACCOUNTS: [Address; 3] = [
    address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
    address!("70997970C51812dc3A010C7d01b50e0d17dc79C8"),
    address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
];

const KEYS: [[u8; 32]; 2] = [
    hex!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    hex!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
];

/// The key of one of the first two of [`ACCOUNTS`].
pub(crate) fn signer(index: usize) -> PrivateKeySigner {
    let signer = PrivateKeySigner::from_slice(&KEYS[index]).unwrap();
    assert_eq!(signer.address(), ACCOUNTS[index]);
    signer
}

/// A local chain that ends with this value.
pub(crate) struct Anvil {
    pub(crate) http: Url,
    pub(crate) ws: Url,
    client: Client,
    _child: Child,
}

impl Anvil {
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        Self::start_chain(CHAIN, arguments).await
    }

    pub(crate) async fn start_chain(number: u64, arguments: &[&str]) -> Self {
        // What the driver logs is shown with a failed test, as RUST_LOG says.
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_test_writer()
            .try_init();
        let mut child = Command::new(binary())
            .args([
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--chain-id",
                &number.to_string(),
            ])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = async {
            loop {
                let line = lines
                    .next_line()
                    .await
                    .unwrap()
                    .expect("anvil ended at once");
                if let Some(address) = line.strip_prefix("Listening on ") {
                    return address.to_owned();
                }
            }
        };
        let address = timeout(Duration::from_secs(20), listening)
            .await
            .expect("anvil is silent");
        // Its output must be read on, or it stops when the pipe is full.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            http: format!("http://{address}").parse().unwrap(),
            ws: format!("ws://{address}").parse().unwrap(),
            client: Client::new(),
            _child: child,
        }
    }

    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let request = self
            .client
            .post(self.http.clone())
            .body(request.to_string());
        let answer = request
            .header("content-type", "application/json")
            .send()
            .await
            .unwrap();
        let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", json!([format!("{blocks:#x}")]))
            .await;
    }

    pub(crate) async fn reorg(&self, depth: u64) {
        self.rpc("anvil_reorg", json!([depth, []])).await;
    }

    pub(crate) async fn height(&self) -> u64 {
        number(&self.rpc("eth_blockNumber", json!([])).await)
    }

    pub(crate) async fn nonce(&self, account: Address) -> u64 {
        number(
            &self
                .rpc("eth_getTransactionCount", json!([account, "latest"]))
                .await,
        )
    }

    pub(crate) async fn block(&self, height: u64) -> BlockRef {
        let block = self
            .rpc(
                "eth_getBlockByNumber",
                json!([format!("{height:#x}"), false]),
            )
            .await;
        BlockRef {
            height: number(&block["number"]),
            hash: serde_json::from_value(block["hash"].clone()).unwrap(),
            parent: serde_json::from_value(block["parentHash"].clone()).unwrap(),
            timestamp: Timestamp::from_secs(number(&block["timestamp"])),
        }
    }

    /// Sends from one of anvil's own accounts and waits for the receipt.
    pub(crate) async fn send(&self, mut transaction: Value) -> Value {
        if transaction.get("from").is_none() {
            transaction["from"] = json!(ACCOUNTS[2]);
        }
        let hash = self.rpc("eth_sendTransaction", json!([transaction])).await;
        let mined = async {
            loop {
                let receipt = self.rpc("eth_getTransactionReceipt", json!([hash])).await;
                if receipt.is_object() {
                    return receipt;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(Duration::from_secs(20), mined)
            .await
            .expect("the transaction is not mined")
    }
}

fn number(value: &Value) -> u64 {
    serde_json::from_value::<U64>(value.clone()).unwrap().to()
}

/// `CAUSEWAY_ANVIL`, or what `npm ci` puts into the folder of the local networks.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("CAUSEWAY_ANVIL") {
        return path.into();
    }
    let npm = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../localnet/npm");
    let packages = npm.join("node_modules/@foundry-rs");
    let installed = packages.read_dir().into_iter().flatten().flatten();
    let candidates = installed.flat_map(|package| {
        ["bin/anvil", "bin/anvil.exe"].map(|binary| package.path().join(binary))
    });
    // The package `anvil` itself holds a script in that place.
    let mut platform = candidates.filter(|path| !path.starts_with(packages.join("anvil")));
    platform.find(|path| path.is_file()).unwrap_or_else(|| {
        panic!(
            "no anvil: run `npm ci --prefix crates/localnet/npm` or set CAUSEWAY_ANVIL \
             to the path of an anvil binary"
        )
    })
}
