//! What the stories share: a scene to happen on, the command line, and what the chains say.
#![allow(dead_code, unreachable_pub)]

pub mod books;
pub mod mining;
pub mod replicas;
pub mod swaps;

use std::{
    ops::{Deref, DerefMut},
    path::Path,
    process::Output,
    time::{Duration, Instant},
};

use alloy::primitives::{Address, U256};
use causeway_ibc_evm::{Account, Sent, Token, TransferOrder};
use causeway_localnet::{
    Network, NetworkOptions, Playground, Side, dev_key_hex, locate_causeway, roles,
};
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

/// Longer than anything here takes on a machine that is busy with something else.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// How long a packet lives that is not to time out: longer than any test waits.
pub const LONG: u64 = 3600;

/// A network with contracts to play with, in a directory of its own.
pub struct Scene {
    pub network: Network,
    /// An ERC-20 token on alpha of which Alice has a million, with 6 decimals.
    pub token: Address,
    /// A contract on beta.
    pub counter: Address,
    // Declared last: it goes when everything that writes into it is gone.
    _dir: Directory,
}

impl Scene {
    /// Two chains with contracts, but no nodes yet; blocks come three times a second unless the
    /// story wants otherwise.
    pub async fn set(change: impl FnOnce(&mut NetworkOptions)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = NetworkOptions::new(locate_causeway().unwrap(), dir.path().to_owned());
        options.block_time = Some(Duration::from_millis(300));
        change(&mut options);
        let network = Network::start_chains(options).await.unwrap();
        let Playground { token, counter } = Playground::deploy(&network).await.unwrap();
        Self {
            network,
            token,
            counter,
            _dir: Directory(dir),
        }
    }

    /// [`Scene::set`], with all nodes running.
    pub async fn set_and_run(change: impl FnOnce(&mut NetworkOptions)) -> Self {
        let mut scene = Self::set(change).await;
        scene.start_nodes().await.unwrap();
        scene
    }

    /// The test token on alpha.
    pub fn tusd(&self) -> Token {
        Token::Erc20(self.token)
    }

    /// Runs the command on the network's own configuration, as Alice.
    pub async fn causeway(&self, arguments: &[&str]) -> Outcome {
        let key = dev_key_hex(roles::ALICE);
        run_causeway(
            &self.network.user_config(),
            &[("CAUSEWAY_KEY", key.as_str())],
            arguments,
        )
        .await
    }

    /// What the relayer's store knows of packets, newest first.
    pub async fn packets(&self) -> Vec<Value> {
        let list = self
            .causeway(&["packets", "list", "--limit", "1000", "--json"])
            .await;
        list.json()["packets"].as_array().unwrap().clone()
    }

    /// The story of one packet, if the relayer's store knows it.
    pub async fn story_of(&self, source: &Side, sent: &Sent) -> Option<Value> {
        let name = format!("{}/{}/{}", source.id(), source.client, sent.packet.sequence);
        let packets = self.packets().await;
        packets.into_iter().find(|packet| packet["packet"] == *name)
    }

    /// What the relayer says of itself at `/v1/status`.
    pub async fn status(&self) -> Value {
        self.causeway(&["status", "--json"]).await.json()
    }
}

impl Deref for Scene {
    type Target = Network;

    fn deref(&self) -> &Network {
        &self.network
    }
}

impl DerefMut for Scene {
    fn deref_mut(&mut self) -> &mut Network {
        &mut self.network
    }
}

/// The scene's directory. It goes with the scene, so what a failed test should be judged by is
/// printed before.
struct Directory(TempDir);

impl Drop for Directory {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let files = std::fs::read_dir(self.0.path()).into_iter().flatten();
        for file in files.flatten().map(|file| file.path()) {
            let name = file.file_name().unwrap().to_string_lossy();
            if !name.ends_with(".log") || name == "alpha.log" || name == "beta.log" {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            let lines: Vec<_> = text.lines().collect();
            let tail = lines[lines.len().saturating_sub(40)..].join("\n");
            eprintln!("── the end of {name} ──\n{tail}");
        }
    }
}

/// A configuration in which a chain is reached through these endpoints, so many of which must agree.
pub fn through(config: &str, side: &Side, endpoints: &[Url], agreement: usize) -> String {
    let alone = format!("endpoints = [\"{}\"]", side.anvil.ws_url());
    assert!(config.contains(&alone), "{config}");
    let endpoints: Vec<_> = endpoints.iter().map(|url| format!("\"{url}\"")).collect();
    let several = format!(
        "endpoints = [{}]\nagreement = {agreement}",
        endpoints.join(", ")
    );
    config.replace(&alone, &several)
}

/// A number that a node exports at `/metrics`, summed over all labels; zero if it does not.
pub async fn metric(listen: std::net::SocketAddr, name: &str) -> f64 {
    let answer = reqwest::get(format!("http://{listen}/metrics")).await;
    let text = answer.unwrap().text().await.unwrap();
    let lines = text.lines().filter(|line| {
        let after = line.strip_prefix(name);
        after.is_some_and(|after| after.starts_with(['{', ' ']))
    });
    let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    values.sum()
}

/// Sends a transfer that lives for so many seconds.
pub async fn send(
    (source, destination): (&Side, &Side),
    account: &Account,
    (token, amount): (Token, u64),
    receiver: Address,
    seconds: u64,
) -> Sent {
    let order = order((source, destination), (token, amount), receiver, seconds).await;
    account.transfer(&order).await.unwrap()
}

/// A transfer from one side to the other.
pub async fn order(
    (source, destination): (&Side, &Side),
    (token, amount): (Token, u64),
    receiver: Address,
    seconds: u64,
) -> TransferOrder {
    let (here, there) = tokio::join!(source.chain.head(), destination.chain.head());
    let now = here.unwrap().timestamp.max(there.unwrap().timestamp);
    TransferOrder {
        token,
        amount: U256::from(amount),
        receiver: receiver.to_string(),
        client: source.client.clone(),
        timeout: now.plus_secs(seconds),
        memo: String::new(),
    }
}

/// Looks until there is an answer.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// The one JSON object on stdout.
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The JSON objects on stdout, one a line.
    pub fn lines(&self) -> Vec<Value> {
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {self:?}")))
            .collect()
    }
}

/// Runs the command; whatever is asked of it, it never panics.
pub async fn run_causeway(
    config: &Path,
    variables: &[(&str, &str)],
    arguments: &[&str],
) -> Outcome {
    let directory = config.parent().unwrap();
    let mut command = tokio::process::Command::new(locate_causeway().unwrap());
    command
        .current_dir(directory)
        .env_clear()
        .env("HOME", directory)
        .envs(variables.iter().copied())
        .arg("--config")
        .arg(config)
        .args(arguments)
        .kill_on_drop(true);
    let Output {
        status,
        stdout,
        stderr,
    } = tokio::time::timeout(PATIENCE, command.output())
        .await
        .unwrap_or_else(|_| panic!("causeway {arguments:?} did not end within {PATIENCE:?}"))
        .unwrap();
    let outcome = Outcome {
        code: status.code().unwrap_or(-1),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    };
    assert!(
        !outcome.stderr.contains("panicked"),
        "causeway {arguments:?}: {outcome:?}"
    );
    outcome
}
