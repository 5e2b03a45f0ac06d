//! Two chains with Causeway between them.

use std::{
    fmt::Write as _,
    fs::OpenOptions,
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use alloy::{primitives::U256, sol_types::SolCall};
use anyhow::{Context, Result, ensure};
use causeway_contracts::{access_manager::AccessManager, ics26_router::ICS26Router};
use causeway_evm::EvmChain;
use causeway_ibc::{ClientId, Committee};
use causeway_ibc_evm::{Account, IbcContracts};
use causeway_types::ChainId;
use url::Url;

use crate::{
    anvil::{Anvil, AnvilBinary, dev_key, dev_key_hex},
    deploy::{connect, start_chain},
    hurry::Hurry,
    node::Node,
    options::{NetworkOptions, roles},
};

/// One of the two chains.
pub struct Side {
    /// The running chain.
    pub anvil: Anvil,
    /// The driver that talks to it.
    pub chain: EvmChain,
    /// The contracts on it.
    pub contracts: IbcContracts,
    /// The light client on it that verifies the other chain.
    pub client: ClientId,
    /// Its short name.
    pub name: &'static str,
}

impl Side {
    /// The account of one of the development keys on this chain.
    pub fn account(&self, role: usize) -> Account {
        Account::new(&self.chain, self.contracts, dev_key(role))
    }

    /// Which chain this is.
    pub fn id(&self) -> &ChainId {
        self.chain.id()
    }

    /// Lets this chain mine every transaction at once until the answer is dropped, whatever its
    /// block time: for setting the scene.
    pub fn hurry(&self) -> Hurry {
        Hurry::begin(self.anvil.address())
    }
}

/// Two chains, attestors, and a relayer that can be stopped and started.
pub struct Network {
    /// The first chain, id 31337.
    pub a: Side,
    /// The second chain, id 31338.
    pub b: Side,
    options: NetworkOptions,
    attestors: Vec<(SocketAddr, Option<Node>)>,
    relayer: (SocketAddr, Option<Node>),
    monitor: (SocketAddr, Option<Node>),
}

impl Network {
    /// Starts the chains and deploys the contracts, but neither attestors nor relayer.
    pub async fn start_chains(options: NetworkOptions) -> Result<Self> {
        std::fs::create_dir_all(&options.dir)
            .with_context(|| format!("cannot create {}", options.dir.display()))?;
        let binary = AnvilBinary::locate()?;
        let ((a, a_chain), (b, b_chain)) = tokio::try_join!(
            start_chain(&binary, &options, 31337, "alpha"),
            start_chain(&binary, &options, 31338, "beta")
        )?;
        let committee = Committee::new(
            (0..options.attestors)
                .map(|i| dev_key(roles::FIRST_ATTESTOR + i).address())
                .collect(),
            options.threshold,
        )?;
        let hurry = (Hurry::begin(a.address()), Hurry::begin(b.address()));
        let (a_set_up, b_set_up) = connect(&a_chain, &b_chain, &committee).await?;
        drop(hurry);
        let side = |anvil, chain, (contracts, client), name| Side {
            anvil,
            chain,
            contracts,
            client,
            name,
        };
        let a = side(a, a_chain, a_set_up, "alpha");
        let b = side(b, b_chain, b_set_up, "beta");
        let attestors = (7111..)
            .take(options.attestors)
            .map(|usual| options.address(usual));
        let attestors = attestors
            .map(|address| Ok((address?, None)))
            .collect::<Result<_>>()?;
        let relayer = (options.address(7100)?, None);
        let monitor = (options.address(7101)?, None);
        Ok(Self {
            a,
            b,
            options,
            attestors,
            relayer,
            monitor,
        })
    }

    /// Starts everything.
    pub async fn start(options: NetworkOptions) -> Result<Self> {
        let mut network = Self::start_chains(options).await?;
        network.start_nodes().await?;
        Ok(network)
    }
}

impl Network {
    /// Starts the attestors and the relayer.
    pub async fn start_nodes(&mut self) -> Result<()> {
        for index in 0..self.attestors.len() {
            self.start_attestor(index).await?;
        }
        self.start_relayer().await
    }

    /// Where the node of this name has its configuration.
    fn config_path(&self, node: &str) -> PathBuf {
        self.options.dir.join(format!("{node}.toml"))
    }

    /// The configuration that a person at the command line would use on this network.
    pub fn user_config(&self) -> PathBuf {
        self.config_path("relayer")
    }

    /// The directory of configurations, databases and logs.
    pub fn dir(&self) -> &Path {
        &self.options.dir
    }

    /// Where the attestors answer.
    pub fn attestor_urls(&self) -> Vec<Url> {
        let urls = self
            .attestors
            .iter()
            .map(|(address, _)| format!("http://{address}").parse());
        urls.flatten().collect()
    }

    /// Where the relayer's page is.
    pub fn page_url(&self) -> String {
        format!("http://{}/", self.relayer.0)
    }

    /// Starts, or starts again, one attestor.
    pub async fn start_attestor(&mut self, index: usize) -> Result<()> {
        let config = self.attestor_config(index)?;
        self.start_attestor_with(index, &config).await
    }

    /// Starts one attestor with a configuration that was made from [`Network::attestor_config`].
    pub async fn start_attestor_with(&mut self, index: usize, config: &str) -> Result<()> {
        let name = attestor_name(index);
        let node = self
            .start_node(&name, config, roles::FIRST_ATTESTOR + index)
            .await?;
        if let Some((_, place)) = self.attestors.get_mut(index) {
            *place = Some(node);
        }
        Ok(())
    }

    /// The configuration of one attestor.
    pub fn attestor_config(&self, index: usize) -> Result<String> {
        let place = self.attestors.get(index);
        let listen = place.context("there is no such attestor")?.0;
        let mut config = self.shared_config(&attestor_name(index), listen)?;
        config.push_str("\n[attestor]\nkey = { env = \"CAUSEWAY_KEY\" }\n");
        Ok(config)
    }

    /// Stops one attestor.
    pub async fn stop_attestor(&mut self, index: usize) -> Result<()> {
        if let Some(node) = self
            .attestors
            .get_mut(index)
            .and_then(|(_, node)| node.take())
        {
            stop(node).await?;
        }
        Ok(())
    }

    /// Kills one attestor at once, as a power cut would.
    pub async fn kill_attestor(&mut self, index: usize) -> Result<()> {
        let place = self.attestors.get_mut(index);
        if let Some(node) = place.and_then(|(_, node)| node.take()) {
            node.kill9().await?;
        }
        Ok(())
    }

    /// Starts the relayer, or starts it again with the state it had.
    pub async fn start_relayer(&mut self) -> Result<()> {
        let config = self.own_relayer_config()?;
        self.start_relayer_with(&config).await
    }

    /// Starts the relayer with a configuration made from [`Network::own_relayer_config`].
    pub async fn start_relayer_with(&mut self, config: &str) -> Result<()> {
        self.relayer.1 = Some(self.start_node("relayer", config, roles::RELAYER).await?);
        Ok(())
    }

    /// The configuration of the network's own relayer.
    pub fn own_relayer_config(&self) -> Result<String> {
        self.relayer_config("relayer", self.relayer.0)
    }

    /// The configuration of a relayer with a database of its own.
    pub fn relayer_config(&self, name: &str, listen: SocketAddr) -> Result<String> {
        let mut config = self.shared_config(name, listen)?;
        let attestors = self.attestor_urls().into_iter();
        let attestors: Vec<_> = attestors.map(|url| format!("\"{url}\"")).collect();
        write!(
            config,
            "\n[relayer]\nkey = {{ env = \"CAUSEWAY_KEY\" }}\nattestors = [{}]\n",
            attestors.join(", ")
        )?;
        let keys = (1..self.options.signers)
            .map(|signer| format!("{{ file = \"signer-{signer}.key\" }}"))
            .collect::<Vec<_>>();
        if !keys.is_empty() {
            writeln!(config, "more_keys = [{}]", keys.join(", "))?;
        }
        // Nobody else reaches the loopback, and a developer wants to look at once.
        config.push_str("\n[api]\nanonymous_read = true\nper_address = 100000\n");
        Ok(config)
    }

    /// Lets the monitor's account pause both chains, and starts the monitor.
    pub async fn start_monitor(&mut self) -> Result<()> {
        let config = self.monitor_config()?;
        self.start_monitor_with(&config).await
    }

    /// Starts the monitor with a configuration that was made from [`Network::monitor_config`].
    pub async fn start_monitor_with(&mut self, config: &str) -> Result<()> {
        tokio::try_join!(allow_to_pause(&self.a), allow_to_pause(&self.b))?;
        self.monitor.1 = Some(self.start_node("monitor", config, roles::MONITOR).await?);
        Ok(())
    }

    /// The configuration of a monitor that is a node of its own.
    pub fn monitor_config(&self) -> Result<String> {
        let mut config = self.shared_config("monitor", self.monitor.0)?;
        config.push_str("\n[monitor]\nkey = { env = \"CAUSEWAY_KEY\" }\n");
        Ok(config)
    }

    /// The monitor's process, if it runs.
    pub fn monitor(&mut self) -> Option<&mut Node> {
        self.monitor.1.as_mut()
    }

    /// Stops the monitor.
    pub async fn stop_monitor(&mut self) -> Result<()> {
        if let Some(node) = self.monitor.1.take() {
            stop(node).await?;
        }
        Ok(())
    }

    /// Kills the monitor at once, as a power cut would.
    pub async fn kill_monitor(&mut self) -> Result<()> {
        if let Some(node) = self.monitor.1.take() {
            node.kill9().await?;
        }
        Ok(())
    }

    /// Processor time that all attestors that run have used so far.
    pub fn attestors_cpu_time(&self) -> Result<Duration> {
        let nodes = self.attestors.iter().filter_map(|(_, node)| node.as_ref());
        nodes.map(Node::cpu_time).sum()
    }

    /// The relayer's process, if it runs.
    pub fn relayer(&mut self) -> Option<&mut Node> {
        self.relayer.1.as_mut()
    }

    /// Lets the relayer finish what is in flight, and stops it.
    pub async fn stop_relayer(&mut self) -> Result<()> {
        if let Some(node) = self.relayer.1.take() {
            stop(node).await?;
        }
        Ok(())
    }

    /// Kills the relayer at once, as a power cut would.
    pub async fn kill_relayer(&mut self) -> Result<()> {
        if let Some(node) = self.relayer.1.take() {
            node.kill9().await?;
        }
        Ok(())
    }

    /// Waits until the relayer, which was told to stop by other means, has ended, and says how.
    pub async fn relayer_ends(&mut self, patience: Duration) -> Result<ExitStatus> {
        let node = self.relayer.1.take().context("no relayer runs")?;
        node.wait(patience).await
    }

    /// Fails, with the end of its log, when something that was started no longer runs.
    pub fn ensure_running(&mut self) -> Result<()> {
        self.a.anvil.ensure_running()?;
        self.b.anvil.ensure_running()?;
        let attestors = self
            .attestors
            .iter_mut()
            .filter_map(|(_, node)| node.as_mut());
        attestors
            .chain(self.relayer.1.as_mut())
            .chain(self.monitor.1.as_mut())
            .try_for_each(Node::ensure_running)
    }

    /// Stops everything that this network started; fails when something had stopped by itself.
    pub async fn stop(mut self) -> Result<()> {
        self.stop_monitor().await?;
        self.stop_relayer().await?;
        for index in 0..self.attestors.len() {
            self.stop_attestor(index).await?;
        }
        Ok(())
    }

    /// The part of a node's configuration that is the same for all.
    fn shared_config(&self, name: &str, listen: SocketAddr) -> Result<String> {
        let mut config = format!(
            "# Written by the local network; a network of one's own needs `dev = false`.\n\
             dev = true\nstore = \"sqlite://{name}.db\"\nlisten = \"{listen}\"\n"
        );
        config.push_str(&self.shared_chains()?);
        write!(
            config,
            "\n[[routes]]\na = {{ chain = \"{}\", client = \"{}\" }}\n\
             b = {{ chain = \"{}\", client = \"{}\" }}\n",
            self.a.id(),
            self.a.client,
            self.b.id(),
            self.b.client,
        )?;
        Ok(config)
    }

    /// The chains, as every configuration names them.
    pub(crate) fn shared_chains(&self) -> Result<String> {
        let mut config = String::new();
        for side in [&self.a, &self.b] {
            write!(
                config,
                "\n[[chains]]\nid = \"{}\"\nname = \"{}\"\nendpoints = [\"{}\"]\n\
                 finality = {{ depth = {} }}\nrouter = \"{}\"\n",
                side.id(),
                side.name,
                side.anvil.ws_url(),
                self.options.depth,
                side.contracts.router,
            )?;
        }
        Ok(config)
    }

    /// The `causeway` binary.
    pub(crate) fn causeway(&self) -> &Path {
        &self.options.causeway
    }

    /// An address to listen on: the usual one if it is wanted and free, any otherwise.
    pub(crate) fn free_address(&self, usual: u16) -> Result<SocketAddr> {
        self.options.address(usual)
    }

    /// Starts a node of this name with this configuration and the key of this development account.
    pub async fn start_node(&self, name: &str, config: &str, role: usize) -> Result<Node> {
        let path = self.config_path(name);
        std::fs::write(&path, config)
            .with_context(|| format!("cannot write {}", path.display()))?;
        for signer in 1..self.options.signers {
            let path = self.options.dir.join(format!("signer-{signer}.key"));
            write_key(&path, &dev_key_hex(roles::SECOND_SIGNER + signer - 1))?;
        }
        let key = dev_key_hex(role);
        let log = self.options.dir.join(format!("{name}.log"));
        Node::spawn(
            &self.options.causeway,
            &path,
            &[("CAUSEWAY_KEY", key.as_str())],
            &log,
        )
        .await
    }
}

/// Gives the monitor's account the pauser role.
async fn allow_to_pause(side: &Side) -> Result<()> {
    let router = ICS26Router::new(side.contracts.router, side.chain.provider());
    let manager = router.authority().call().await?;
    let grant = AccessManager::grantRoleCall {
        roleId: causeway_contracts::roles::PAUSER,
        account: dev_key(roles::MONITOR).address(),
        executionDelay: 0,
    };
    let admin = side.account(roles::DEPLOYER);
    let _hurry = side.hurry();
    admin
        .execute(
            "granting the pauser role",
            manager,
            grant.abi_encode().into(),
            U256::ZERO,
        )
        .await?;
    Ok(())
}

/// Nodes read keys only from files that nobody else may read.
pub(crate) fn write_key(path: &Path, key: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(file.write_all(key.as_bytes())?)
}

fn attestor_name(index: usize) -> String {
    format!("attestor-{index}")
}

/// Stops a node, which must still run and must end well.
async fn stop(node: Node) -> Result<()> {
    let log = node.log().to_owned();
    let status = node.terminate().await?;
    ensure!(
        status.success(),
        "a node ended with {status} when it was told to stop; its log is {}",
        log.display()
    );
    Ok(())
}
