//! One local EVM chain: an anvil process that is ready when it is handed over and gone when dropped.

use std::{
    ffi::OsString,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use alloy::{
    primitives::{B256, b256},
    signers::local::PrivateKeySigner,
};
use anyhow::{Context, Result, bail};
use serde_json::json;
use tempfile::TempDir;
use url::Url;

use crate::{
    http,
    node::cpu_time_of,
    process::{LOOK_AGAIN, Process},
};

/// Names the anvil binary to use instead of the pinned one.
pub const ANVIL_VARIABLE: &str = "CAUSEWAY_ANVIL";

/// How long anvil may take to answer its first question, on a machine that is busy compiling.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// The private keys of anvil's development accounts: mnemonic "test test test test test test test
/// test test test test junk", path m/44'/60'/0'/0/i. Everybody knows them; never send anything to
/// these accounts on a public chain.
const DEV_KEYS: [B256; 20] = [
    b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"),
    b256!("59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"),
    b256!("5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"),
    b256!("7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6"),
    b256!("47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a"),
    b256!("8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba"),
    b256!("92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e"),
    b256!("4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356"),
    b256!("dbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97"),
    b256!("2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"),
    b256!("f214f2b2cd398c806f84e317254e0f0b801d0643303237d97a22a48e01628897"),
    b256!("701b615bbdfb9de65240bc28bd21bbc0d996645a3dd57e7b12bc2bdf6f192c82"),
    b256!("a267530f49f8280200edf313ee7af6b827f2a8bce2897751d06a843f644967b1"),
    b256!("47c99abed3324a2707c28affff1267e45918ec8c3f20b8aa892e8b065d2942dd"),
    b256!("c526ee95bf44d8fc405a158bb884d9d1238d99f0612e9f33d006bb0789009aaa"),
    b256!("8166f546bab6da521a8369cab06c5d2b9e46670292d85c875ee9ec20e84ffb61"),
    b256!("ea6c44ac03bff858b476bba40716402b03e41b8e97e276d1baec7c37d42484a0"),
    b256!("689af8efa8c651a91ad287602527f3af2fe9f6501a7ac4b061667b5a93e037fd"),
    b256!("de9be858da4a475276426320d5e9262ecfc3ba460bfac56360bfa6c4c28b4ee0"),
    b256!("df57089febbacf7ba0bc227dafbffa9fc08a93fdc68e1e42411a14efcf23656e"),
];

/// How many development accounts [`dev_key`] knows, and [`AnvilOptions::new`] endows.
pub const DEV_ACCOUNTS: usize = DEV_KEYS.len();

/// The key of one of anvil's development accounts.
///
/// # Panics
///
/// When there is no such account: `index` is [`DEV_ACCOUNTS`] or more.
#[expect(
    clippy::expect_used,
    reason = "the keys of the table are valid, as a test shows"
)]
pub fn dev_key(index: usize) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&DEV_KEYS[index]).expect("a valid key")
}

/// [`dev_key`] as people write it.
pub fn dev_key_hex(index: usize) -> String {
    dev_key(index).to_bytes().to_string()
}

/// Where anvil is.
#[derive(Clone, Debug)]
pub struct AnvilBinary {
    path: PathBuf,
}

impl AnvilBinary {
    /// The binary that `CAUSEWAY_ANVIL` names, else the one that `cargo xtask setup` installed.
    pub fn locate() -> Result<Self> {
        if let Some(path) = std::env::var_os(ANVIL_VARIABLE).map(PathBuf::from) {
            if path.is_file() {
                return Ok(Self { path });
            }
            bail!(
                "{ANVIL_VARIABLE} names {}, which is not a file: set it to an anvil binary, or unset it",
                path.display()
            );
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(installed_path());
        if path.is_file() {
            return Ok(Self { path });
        }
        bail!(
            "anvil is not installed: run `cargo xtask setup`, or set {ANVIL_VARIABLE} to an anvil binary"
        )
    }

    /// The path of the binary.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Where npm puts the binary for this platform, relative to this crate.
fn installed_path() -> PathBuf {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    [
        "npm",
        "node_modules",
        "@foundry-rs",
        &format!("anvil-{os}-{arch}"),
        "bin",
        "anvil",
    ]
    .iter()
    .collect()
}

/// What kind of chain to start.
#[derive(Clone, Debug)]
pub struct AnvilOptions {
    /// The chain's number.
    pub chain_id: u64,
    /// Time between blocks; `None` mines every transaction at once in a block of its own.
    pub block_time: Option<Duration>,
    /// The port on the loopback interface; `None` takes one that is free.
    pub port: Option<u16>,
    /// How many development accounts get 10,000 coins each.
    pub accounts: usize,
    /// Gas in a block.
    pub gas_limit: u64,
    /// Further arguments for anvil, as on its command line.
    pub extra_args: Vec<String>,
    /// The file to append anvil's output to; `None` keeps it in a temporary file.
    pub log: Option<PathBuf>,
}

impl AnvilOptions {
    /// A chain of this number that mines at once, with blocks of 30 million gas, on any free port.
    pub fn new(chain_id: u64) -> Self {
        Self {
            chain_id,
            block_time: None,
            port: None,
            accounts: DEV_ACCOUNTS,
            gas_limit: 30_000_000,
            extra_args: Vec::new(),
            log: None,
        }
    }

    fn arguments(&self, cache: &Path) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        let mut option = |name: &str, value: String| arguments.extend([name.into(), value.into()]);
        option("--host", Ipv4Addr::LOCALHOST.to_string());
        // Port 0 lets the system choose, so that two chains can never want the same one.
        option("--port", self.port.unwrap_or(0).to_string());
        option("--chain-id", self.chain_id.to_string());
        option("--accounts", self.accounts.to_string());
        option("--gas-limit", self.gas_limit.to_string());
        if let Some(time) = self.block_time {
            option("--block-time", time.as_secs_f64().to_string());
        }
        arguments.extend(["--cache-path".into(), cache.into()]);
        arguments.extend(self.extra_args.iter().map(Into::into));
        arguments
    }
}

/// A running chain; killed when dropped.
#[derive(Debug)]
pub struct Anvil {
    process: Process,
    address: SocketAddr,
    chain_id: u64,
    // Old states and, by default, the log. Declared after the process: it goes when anvil is gone.
    _scratch: TempDir,
}

impl Anvil {
    /// Starts a chain and waits until it answers.
    pub async fn spawn(binary: &AnvilBinary, options: &AnvilOptions) -> Result<Self> {
        let scratch = tempfile::Builder::new()
            .prefix("causeway-anvil-")
            .tempdir()
            .context("cannot make a temporary directory for anvil")?;
        let log = options
            .log
            .clone()
            .unwrap_or_else(|| scratch.path().join("anvil.log"));
        let name = format!("anvil (chain {})", options.chain_id);
        let arguments = options.arguments(scratch.path());
        let mut process = Process::spawn(&name, binary.path(), &arguments, &[], &log)?;
        let deadline = Instant::now() + READY_WITHIN;
        let address = loop {
            if let Some(address) = listening_address(&process.output()?) {
                break address;
            }
            still_worth_waiting(&mut process, deadline)?;
            tokio::time::sleep(LOOK_AGAIN).await;
        };
        loop {
            match chain_id_at(address).await {
                Ok(chain_id) if chain_id == options.chain_id => break,
                Ok(other) => {
                    bail!(
                        "the chain at {address} is {other}, expected {}",
                        options.chain_id
                    )
                }
                Err(_) => still_worth_waiting(&mut process, deadline)?,
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(Self {
            process,
            address,
            chain_id: options.chain_id,
            _scratch: scratch,
        })
    }

    /// The chain's number.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its HTTP endpoint.
    pub fn http_url(&self) -> Url {
        url("http", self.address)
    }

    /// Its WebSocket endpoint.
    pub fn ws_url(&self) -> Url {
        url("ws", self.address)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Processor time that it has used so far.
    pub fn cpu_time(&self) -> Result<Duration> {
        cpu_time_of(self.pid())
    }

    /// The file that its output goes to.
    pub fn log(&self) -> &Path {
        self.process.log()
    }

    /// Fails, with the end of its log, when the process is no longer running.
    pub fn ensure_running(&mut self) -> Result<()> {
        self.process.ensure_running()
    }
}

/// The address that anvil says it listens on, once it has said so in full.
fn listening_address(output: &str) -> Option<SocketAddr> {
    output
        .split_inclusive('\n')
        .filter_map(|line| line.strip_prefix("Listening on ")?.strip_suffix('\n'))
        .find_map(|address| address.trim().parse().ok())
}

fn still_worth_waiting(process: &mut Process, deadline: Instant) -> Result<()> {
    process.ensure_running()?;
    if Instant::now() < deadline {
        return Ok(());
    }
    Err(process.complaint(&format!("was not ready within {READY_WITHIN:?}")))
}

async fn chain_id_at(address: SocketAddr) -> Result<u64> {
    let id = http::rpc(address, "eth_chainId", &json!([])).await?;
    let number = id.as_str().and_then(|hex| hex.strip_prefix("0x"));
    let number = number.context("an answer without a chain id")?;
    Ok(u64::from_str_radix(number, 16)?)
}

#[expect(
    clippy::expect_used,
    reason = "a scheme and a socket address always make a URL"
)]
fn url(scheme: &str, address: SocketAddr) -> Url {
    Url::parse(&format!("{scheme}://{address}")).expect("a URL")
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, address};

    use super::*;

    async fn balance(chain: &Anvil, account: Address) -> String {
        let params = json!([account, "latest"]);
        let balance = http::rpc(chain.address(), "eth_getBalance", &params).await;
        balance.unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn the_development_keys_belong_to_the_development_accounts() {
        let first = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
        let last = address!("8626f6940E2eb28930eFb4CeF49B2d1F2C9C1199");
        assert_eq!(dev_key(0).address(), first);
        assert_eq!(dev_key(DEV_ACCOUNTS - 1).address(), last);
        let addresses: std::collections::BTreeSet<_> = (0..DEV_ACCOUNTS)
            .map(|index| dev_key(index).address())
            .collect();
        assert_eq!(addresses.len(), DEV_ACCOUNTS);
    }

    #[test]
    fn an_address_is_read_only_when_its_line_is_complete() {
        assert_eq!(listening_address("…\nListening on 127.0.0.1:33"), None);
        let whole = listening_address("…\nListening on 127.0.0.1:33257\n");
        assert_eq!(whole, Some(([127, 0, 0, 1], 33257).into()));
    }

    #[tokio::test]
    async fn two_chains_are_ready_with_endowed_accounts_and_end_when_dropped() {
        let binary = AnvilBinary::locate().unwrap();
        let options = AnvilOptions {
            block_time: Some(Duration::from_millis(500)),
            ..AnvilOptions::new(31337)
        };
        let other = AnvilOptions::new(31338);
        let (one, two) = tokio::try_join!(
            Anvil::spawn(&binary, &options),
            Anvil::spawn(&binary, &other)
        )
        .unwrap();
        assert_ne!(one.address(), two.address());
        assert_eq!(chain_id_at(two.address()).await.unwrap(), 31338);
        let rich = "0x21e19e0c9bab2400000"; // 10,000 coins
        assert_eq!(
            balance(&one, dev_key(DEV_ACCOUNTS - 1).address()).await,
            rich
        );
        let address = one.address();
        drop(one);
        chain_id_at(address).await.unwrap_err();
    }

    #[tokio::test]
    async fn a_port_in_use_is_an_error_that_shows_what_anvil_said() {
        let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let options = AnvilOptions {
            port: Some(port),
            ..AnvilOptions::new(31337)
        };
        let binary = AnvilBinary::locate().unwrap();
        let error = Anvil::spawn(&binary, &options)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("anvil (chain 31337) ended by itself"),
            "{error}"
        );
        assert!(
            error.to_lowercase().contains("address already in use"),
            "{error}"
        );
    }
}
