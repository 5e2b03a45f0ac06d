//! Swaps on the local network: a maker, a taker, and a chain of coins beside the two others.

use std::{
    fmt::Write as _,
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
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
    options::roles,
    say,
};

/// How far blocks of coins are apart.
const BLOCKS: Duration = Duration::from_secs(2);
/// So many early rewards go to each party, which makes 250 coins.
const REWARDS: u64 = 5;

/// A party's place below the network's directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// Makes offers.
    Maker,
    /// Takes them.
    Taker,
}

/// A maker and a taker who know nothing of each other but an address.
pub struct Swaps {
    coins: Coins,
    dir: PathBuf,
    causeway: PathBuf,
    chain: String,
    maker_address: SocketAddr,
    maker: Option<Node>,
}

impl Party {
    const fn name(self) -> &'static str {
        match self {
            Self::Maker => "maker",
            Self::Taker => "taker",
        }
    }

    const fn role(self) -> usize {
        match self {
            Self::Maker => roles::SWAP_MAKER,
            Self::Taker => roles::SWAP_TAKER,
        }
    }

    /// A seed that everybody knows, for nothing here is worth anything.
    const fn seed(self) -> &'static str {
        match self {
            Self::Maker => "4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d",
            Self::Taker => "5454545454545454545454545454545454545454545454545454545454545454",
        }
    }
}

impl Swaps {
    /// Starts a node of this kind, deploys the contract on the first chain, gives both parties coins, and
    /// starts the maker. Somebody mines a block every two seconds from then on.
    pub async fn start(network: &Network, kind: NodeKind) -> Result<Self> {
        let mut swaps = Self {
            coins: Coins::start(kind)?,
            dir: network.dir().to_owned(),
            causeway: network.causeway().to_owned(),
            chain: network.shared_chains()?,
            maker_address: network.free_address(7102)?,
            maker: None,
        };
        for party in [Party::Maker, Party::Taker] {
            write_key(
                &swaps.dir.join(format!("{}.seed", party.name())),
                party.seed(),
            )?;
            swaps.write_config(party, None)?;
        }
        let contract = {
            let _hurry = network.a.hurry();
            swaps.deploy().await?
        };
        for party in [Party::Maker, Party::Taker] {
            swaps.write_config(party, Some(&contract))?;
            let address = swaps.coin_address(party).await?;
            swaps.coins.mine_to(&address, REWARDS).await?;
        }
        swaps.coins.ripen().await?;
        swaps.coins.keep_mining(BLOCKS);
        swaps.start_maker().await?;
        Ok(swaps)
    }

    /// The chain of coins.
    pub fn coins(&mut self) -> &mut Coins {
        &mut self.coins
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
        let text = self.config(party, contract)?;
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Waiting is short here: nothing is at stake, and people look on.
    fn config(&self, party: Party, contract: Option<&str>) -> Result<String> {
        let (name, coins) = (party.name(), self.coins.network().chain_id());
        let listen = match party {
            Party::Maker => self.maker_address.to_string(),
            Party::Taker => "127.0.0.1:0".to_owned(),
        };
        let contract = contract.map(|contract| format!("contract = \"{contract}\"\n"));
        let mut config = format!(
            "# Written by the local network; a network of one's own needs `dev = false`.\n\
             dev = true\nstore = \"sqlite://{name}.db\"\nlisten = \"{listen}\"\n{chain}\n\
             [log]\nlevel = \"info\"\n\n\
             [swaps]\nseed = {{ file = \"{name}.seed\" }}\nkey = {{ env = \"CAUSEWAY_SWAP_KEY\" }}\n\
             down_for = \"10s\"\ncooperation = \"10s\"\nscript_path = \"30s\"\n\n\
             [[swaps.chains]]\nid = \"eip155:31337\"\n{contract}\
             block_time = \"1s\"\nmissed_slots = 5\ninclusion = \"6s\"\nskew = \"5s\"\n\
             long = \"20m\"\nshort = \"6m\"\n\n\
             [[swaps.chains]]\nid = \"{coins}\"\nname = \"litecoin\"\nendpoints = [\"{url}\"]\n\
             cookie = \"{cookie}\"\nblock_time = \"2s\"\nconfirmations = 2\ninclusion = \"15s\"\n\
             skew = \"10s\"\nlong = \"600 blocks\"\nshort = \"300 blocks\"\n",
            chain = self.chain,
            contract = contract.unwrap_or_default(),
            url = self.coins.url(),
            cookie = self.coins.node().cookie_file().display(),
        );
        if party == Party::Maker {
            write!(
                config,
                "\n[swaps.maker]\n\
                 [[swaps.maker.pairs]]\ngives = {{ chain = \"alpha\" }}\n\
                 wants = {{ chain = \"litecoin\" }}\nprice = \"25\"\nspread = 50\n\
                 least = \"0.01\"\nmost = \"5\"\n\
                 [[swaps.maker.pairs]]\ngives = {{ chain = \"litecoin\" }}\n\
                 wants = {{ chain = \"alpha\" }}\nprice = \"0.04\"\nspread = 50\n\
                 least = \"0.1\"\nmost = \"100\"\n"
            )?;
        }
        Ok(config)
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

/// One swap each way, by a person at the command line with a maker that is a node.
pub async fn swap_tour(swaps: &Swaps) -> Result<()> {
    say::step(
        "atomic swap, litecoin → ether: two parties, no bridge, nobody in between",
        "0.5 ETH",
    );
    swap_once(swaps, "eip155:31337", "0.5").await?;
    say::step("atomic swap, ether → litecoin", "10 LTC");
    let coins = swaps.coins.network().chain_id().to_string();
    swap_once(swaps, &coins, "10").await
}

async fn swap_once(swaps: &Swaps, gives_on: &str, amount: &str) -> Result<()> {
    let before = swaps.balances(Party::Taker).await?;
    let offer = swaps.offer(gives_on).await?;
    let maker = swaps.maker_url();
    let arguments = [
        "swap", "take", "--maker", &maker, "--offer", &offer, "--get", amount,
    ];
    let started = Instant::now();
    let mut phase = String::new();
    swaps
        .watch(Party::Taker, &arguments, |line| {
            if let Some(event) = line["event"].as_str() {
                let leg = line["leg"].as_str().unwrap_or_default();
                let height = line["height"].as_u64();
                let at = height.map(|height| format!("{leg} leg, block {height}"));
                let after = format!("{:>5.1} s", started.elapsed().as_secs_f64());
                say::fact(event, format!("{after}  {}", at.unwrap_or_default()));
            }
            if let Some(now) = line["phase"].as_str() {
                now.clone_into(&mut phase);
            }
        })
        .await?;
    ensure!(
        matches!(phase.as_str(), "claim2_final" | "done"),
        "the swap ended as {phase:?}"
    );
    let after = swaps.balances(Party::Taker).await?;
    let got = usize::from(!gives_on.starts_with("eip155"));
    ensure!(
        after[got] > before[got],
        "the taker did not get what it swapped for"
    );
    ensure!(after[1 - got] < before[1 - got], "the taker gave nothing");
    say::fact(
        "balances",
        "the taker has what it swapped for, and gave what it promised",
    );
    Ok(())
}

/// What a person can try on a network with swaps.
pub fn swap_hints(swaps: &Swaps) -> Vec<String> {
    let config = swaps.config_path(Party::Taker);
    let key = dev_key_hex(Party::Taker.role());
    vec![
        format!(
            "export CAUSEWAY_CONFIG='{}' CAUSEWAY_SWAP_KEY={key}",
            config.display()
        ),
        "causeway swap wallet".to_owned(),
        format!("causeway swap offers --maker {}", swaps.maker_url()),
        format!(
            "causeway swap take --maker {} --offer ID --get 0.5",
            swaps.maker_url()
        ),
        "causeway swap list".to_owned(),
    ]
}
