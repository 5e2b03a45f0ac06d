//! Swaps on the local network: a maker, a taker, and a chain of coins beside the two others.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use causeway_local_bitcoin::NodeKind;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

use crate::{
    anvil::dev_key_hex,
    coins::Coins,
    network::{Network, write_key},
    node::Node,
    swap_party::{Party, PartyConfig},
};

/// How a chain of coins and those who swap on it are.
#[derive(Clone, Copy, Debug)]
pub struct SwapOptions {
    /// Which chain.
    pub kind: NodeKind,
    /// How far its blocks are apart, in seconds.
    pub blocks: u64,
    /// So many early rewards of 50 coins go to each party, each a coin of its own.
    pub rewards: u64,
}

impl SwapOptions {
    /// A block every two seconds, and 250 coins for each party.
    pub const fn new(kind: NodeKind) -> Self {
        Self {
            kind,
            blocks: 2,
            rewards: 5,
        }
    }
}

/// A maker and a taker who know nothing of each other but an address.
pub struct Swaps {
    coins: Coins,
    options: SwapOptions,
    dir: PathBuf,
    causeway: PathBuf,
    chains: String,
    contract: String,
    maker_address: SocketAddr,
    maker: Option<Node>,
}

impl Swaps {
    /// Starts a chain of coins, deploys the contract on the first chain, gives both parties coins, and
    /// starts the maker. Somebody mines blocks of coins from then on.
    pub async fn start(network: &Network, options: SwapOptions) -> Result<Self> {
        let mut swaps = Self {
            coins: Coins::start(options.kind)?,
            options,
            dir: network.dir().to_owned(),
            causeway: network.causeway().to_owned(),
            chains: network.shared_chains()?,
            contract: String::new(),
            maker_address: network.free_address(7102)?,
            maker: None,
        };
        for party in Party::ALL {
            write_key(
                &swaps.dir.join(format!("{}.seed", party.name())),
                party.seed(),
            )?;
            swaps.write_config(party, None)?;
        }
        swaps.contract = {
            let _hurry = network.a.hurry();
            swaps.deploy().await?
        };
        for party in Party::ALL {
            swaps.write_config(party, Some(&swaps.contract))?;
        }
        for party in [Party::Maker, Party::Taker] {
            let address = swaps.coin_address(party).await?;
            swaps.coins.mine_to(&address, options.rewards).await?;
        }
        swaps.coins.ripen().await?;
        swaps.keep_mining();
        swaps.start_maker().await?;
        Ok(swaps)
    }

    /// The chain of coins.
    pub const fn coins(&self) -> &Coins {
        &self.coins
    }

    /// How the chain of coins and the parties are.
    pub const fn options(&self) -> &SwapOptions {
        &self.options
    }

    /// The contract that holds locks on the first chain.
    pub fn contract(&self) -> &str {
        &self.contract
    }

    /// Mines blocks of coins as far apart as the parties' configuration says.
    pub fn keep_mining(&mut self) {
        self.coins
            .keep_mining(Duration::from_secs(self.options.blocks));
    }

    /// Mines no coins by itself any more.
    pub fn stop_mining(&mut self) {
        self.coins.stop_mining();
    }

    /// Where the maker answers.
    pub fn maker_url(&self) -> String {
        format!("http://{}", self.maker_address)
    }

    /// The maker's process, if it runs.
    pub fn maker(&mut self) -> Option<&mut Node> {
        self.maker.as_mut()
    }

    /// Starts the maker, or starts it again with the state it had.
    pub async fn start_maker(&mut self) -> Result<()> {
        let config = self.config_path(Party::Maker);
        let key = dev_key_hex(Party::Maker.role());
        let log = self.dir.join("maker.log");
        let env = [("CAUSEWAY_SWAP_KEY", key.as_str())];
        self.maker = Some(Node::spawn(&self.causeway, &config, &env, &log).await?);
        Ok(())
    }

    /// Takes over a maker that somebody else has started with its configuration.
    pub fn adopt_maker(&mut self, maker: Node) {
        self.maker = Some(maker);
    }

    /// Kills the maker at once, as a power cut would.
    pub async fn kill_maker(&mut self) -> Result<()> {
        if let Some(node) = self.maker.take() {
            node.kill9().await?;
        }
        Ok(())
    }

    /// Stops the maker; fails when it had stopped by itself.
    pub async fn stop(mut self) -> Result<()> {
        if let Some(node) = self.maker.take() {
            let status = node.terminate().await?;
            ensure!(status.success(), "the maker ended with {status}");
        }
        Ok(())
    }

    /// The configuration of a party.
    pub fn config_path(&self, party: Party) -> PathBuf {
        self.dir.join(format!("{}.toml", party.name()))
    }

    async fn deploy(&self) -> Result<String> {
        let arguments = [
            "swap",
            "deploy",
            "--on",
            "alpha",
            "--key",
            "env:CAUSEWAY_SWAP_KEY",
        ];
        let lines = self.run(Party::Maker, &arguments).await?;
        let contract = lines.iter().find_map(|line| line["contract"].as_str());
        Ok(contract.context("no contract was deployed")?.to_owned())
    }

    async fn coin_address(&self, party: Party) -> Result<String> {
        let lines = self.run(party, &["swap", "wallet"]).await?;
        let chain = self.coins.network().chain_id().to_string();
        let line = lines.iter().find(|line| line["chain"] == chain.as_str());
        let address = line.and_then(|line| line["address"].as_str());
        Ok(address.context("the wallet has no address")?.to_owned())
    }

    /// Runs a command as a party, to its end, and gives back what it printed.
    pub async fn run(&self, party: Party, arguments: &[&str]) -> Result<Vec<Value>> {
        let mut lines = Vec::new();
        self.watch(party, arguments, |line| lines.push(line.clone()))
            .await?;
        Ok(lines)
    }

    /// The same, told line by line.
    pub async fn watch(
        &self,
        party: Party,
        arguments: &[&str],
        mut told: impl FnMut(&Value),
    ) -> Result<()> {
        let mut child = self
            .command(party, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("causeway does not run")?;
        let output = child.stdout.take().context("causeway has no output")?;
        let mut lines = BufReader::new(output).lines();
        while let Some(line) = lines.next_line().await? {
            told(&serde_json::from_str(&line).with_context(|| format!("no JSON: {line}"))?);
        }
        let ended = child.wait_with_output().await?;
        if !ended.status.success() {
            let said = String::from_utf8_lossy(&ended.stderr);
            bail!(
                "causeway {} ended with {}: {said}",
                arguments.join(" "),
                ended.status
            );
        }
        Ok(())
    }

    /// The command, not started yet; it is killed when dropped.
    pub fn command(&self, party: Party, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.causeway);
        command
            .args(arguments)
            .arg("--json")
            .arg("--config")
            .arg(self.config_path(party))
            .env("CAUSEWAY_SWAP_KEY", dev_key_hex(party.role()))
            .kill_on_drop(true);
        command
    }

    fn write_config(&self, party: Party, contract: Option<&str>) -> Result<()> {
        let path = self.config_path(party);
        let listen = match party {
            Party::Maker => self.maker_address,
            Party::Taker | Party::Tower => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        };
        let config = PartyConfig {
            party,
            chains: &self.chains,
            contract,
            coins: &self.coins,
            blocks: self.options.blocks,
            listen,
        };
        let text = config.text()?;
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The id of the offer that gives what is on this chain.
    pub async fn offer(&self, gives_on: &str) -> Result<String> {
        let lines = self
            .run(
                Party::Taker,
                &["swap", "offers", "--maker", &self.maker_url()],
            )
            .await?;
        let offer = lines.iter().find(|line| {
            let gives = line["gives"].as_str().unwrap_or_default();
            gives.starts_with(gives_on)
        });
        let id = offer.and_then(|offer| offer["id"].as_str());
        Ok(id.context("the maker has no such offer")?.to_owned())
    }

    /// What a party can lock on each chain: the first chain's coin, and the other.
    pub async fn balances(&self, party: Party) -> Result<[u128; 2]> {
        let lines = self.run(party, &["swap", "wallet"]).await?;
        let of = |chain: &str| -> Result<u128> {
            let line = lines.iter().find(|line| line["chain"] == chain);
            let balance = line.and_then(|line| line["balance"].as_str());
            Ok(balance.context("the wallet has no balance")?.parse()?)
        };
        let coins = self.coins.network().chain_id().to_string();
        Ok([of("eip155:31337")?, of(&coins)?])
    }
}
