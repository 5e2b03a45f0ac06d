//! Two chains with Causeway between them.

use std::{
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use alloy::primitives::Address;
use anyhow::{Context, Result};
use causeway_evm::{EvmChain, EvmConfig, Finality};
use causeway_ibc::{ClientId, Committee};
use causeway_ibc_evm::{Account, ClientSpec, IbcContracts, deploy_client, deploy_stack};
use causeway_types::ChainId;
use url::Url;

use crate::{
    anvil::{Anvil, AnvilBinary, AnvilOptions, dev_key, dev_key_hex},
    node::Node,
    process::unused_port,
};

/// Which of anvil's development accounts plays which part.
pub mod roles {
    /// Deploys, and administers what it deployed.
    pub const DEPLOYER: usize = 0;
    /// Relays.
    pub const RELAYER: usize = 1;
    /// Sends in the tour and in tests.
    pub const ALICE: usize = 2;
    /// Receives in the tour and in tests.
    pub const BOB: usize = 3;
    /// The first attestor; the others follow.
    pub const FIRST_ATTESTOR: usize = 10;
}

/// What kind of network to start.
#[derive(Clone, Debug)]
pub struct NetworkOptions {
    /// The `causeway` binary.
    pub causeway: PathBuf,
    /// Where configurations, databases and logs go.
    pub dir: PathBuf,
    /// Time between blocks; `None` mines every transaction at once.
    pub block_time: Option<Duration>,
    /// How many attestors there are.
    pub attestors: usize,
    /// How many of them must sign.
    pub threshold: u8,
    /// How many blocks must follow a block before it is final.
    pub depth: u64,
    /// Whether to take the ports that the documentation names, as far as they are free.
    pub usual_ports: bool,
}

impl NetworkOptions {
    /// Three attestors, two of which must sign; one block a second, final at once; any free ports.
    pub fn new(causeway: PathBuf, dir: PathBuf) -> Self {
        Self {
            causeway,
            dir,
            block_time: Some(Duration::from_secs(1)),
            attestors: 3,
            threshold: 2,
            depth: 0,
            usual_ports: false,
        }
    }

    fn address(&self, usual: u16) -> Result<SocketAddr> {
        let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if self.usual_ports && TcpListener::bind(address(usual)).is_ok() {
            return Ok(address(usual));
        }
        Ok(address(unused_port()?))
    }
}

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
        Account::new(&self.chain, self.contracts.clone(), dev_key(role))
    }

    /// Which chain this is.
    pub fn id(&self) -> &ChainId {
        self.chain.id()
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
        let (a_set_up, b_set_up) = connect(&a_chain, &b_chain, &committee).await?;
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
        Ok(Self {
            a,
            b,
            options,
            attestors,
            relayer,
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

    /// Starts, or starts again, one attestor.
    pub async fn start_attestor(&mut self, index: usize) -> Result<()> {
        let name = format!("attestor-{index}");
        let listen = self
            .attestors
            .get(index)
            .context("there is no such attestor")?
            .0;
        let mut config = self.shared_config(&name, listen)?;
        config.push_str("\n[attestor]\nkey = { env = \"CAUSEWAY_KEY\" }\n");
        let node = self
            .start_node(&name, &config, roles::FIRST_ATTESTOR + index)
            .await?;
        if let Some((_, place)) = self.attestors.get_mut(index) {
            *place = Some(node);
        }
        Ok(())
    }

    /// Stops one attestor.
    pub async fn stop_attestor(&mut self, index: usize) -> Result<()> {
        if let Some(node) = self
            .attestors
            .get_mut(index)
            .and_then(|(_, node)| node.take())
        {
            node.terminate().await?;
        }
        Ok(())
    }

    /// Starts the relayer, or starts it again with the state it had.
    pub async fn start_relayer(&mut self) -> Result<()> {
        let mut config = self.shared_config("relayer", self.relayer.0)?;
        let attestors: Vec<_> = self
            .attestors
            .iter()
            .map(|(address, _)| format!("\"http://{address}\""))
            .collect();
        write!(
            config,
            "\n[relayer]\nkey = {{ env = \"CAUSEWAY_KEY\" }}\nattestors = [{}]\n",
            attestors.join(", ")
        )?;
        self.relayer.1 = Some(self.start_node("relayer", &config, roles::RELAYER).await?);
        Ok(())
    }

    /// The relayer's process, if it runs.
    pub fn relayer(&mut self) -> Option<&mut Node> {
        self.relayer.1.as_mut()
    }

    /// Lets the relayer finish what is in flight, and stops it.
    pub async fn stop_relayer(&mut self) -> Result<()> {
        if let Some(node) = self.relayer.1.take() {
            node.terminate().await?;
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

    /// Stops everything that this network started.
    pub async fn stop(mut self) -> Result<()> {
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

    async fn start_node(&self, name: &str, config: &str, role: usize) -> Result<Node> {
        let path = self.config_path(name);
        std::fs::write(&path, config)
            .with_context(|| format!("cannot write {}", path.display()))?;
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

async fn start_chain(
    binary: &AnvilBinary,
    options: &NetworkOptions,
    chain_id: u64,
    name: &str,
) -> Result<(Anvil, EvmChain)> {
    let usual = if chain_id == 31337 { 8545 } else { 8546 };
    let anvil = Anvil::spawn(
        binary,
        &AnvilOptions {
            block_time: options.block_time,
            port: Some(options.address(usual)?.port()),
            log: Some(options.dir.join(format!("{name}.log"))),
            ..AnvilOptions::new(chain_id)
        },
    )
    .await?;
    let mut config = EvmConfig::new(ChainId::eip155(chain_id), vec![anvil.ws_url()]);
    config.finality = Finality::Depth(options.depth);
    Ok((anvil, EvmChain::connect(config).await?))
}

/// Deploys the contracts on both chains and a light client on each that verifies the other.
async fn connect(
    a: &EvmChain,
    b: &EvmChain,
    committee: &Committee,
) -> Result<((IbcContracts, ClientId), (IbcContracts, ClientId))> {
    // Sending needs no contracts yet.
    let nothing = IbcContracts {
        router: Address::ZERO,
        transfer: Address::ZERO,
        gmp: Address::ZERO,
    };
    let account = |chain| Account::new(chain, nothing, dev_key(roles::DEPLOYER));
    let (on_a, on_b) = (account(a), account(b));
    let (stack_a, stack_b) = tokio::try_join!(deploy_stack(&on_a), deploy_stack(&on_b))?;
    let id = |of: &EvmChain, on: &EvmChain| -> Result<ClientId> {
        Ok(format!("attest-{}-on-{}", of.id().reference(), on.id().reference()).parse()?)
    };
    let (client_on_a, client_on_b) = (id(b, a)?, id(a, b)?);
    let (head_a, head_b) = tokio::try_join!(a.final_block(), b.final_block())?;
    let spec = |id: &ClientId, counterparty: &ClientId, genesis| ClientSpec {
        id: id.clone(),
        counterparty: counterparty.clone(),
        committee: committee.clone(),
        genesis,
    };
    let spec_a = spec(&client_on_a, &client_on_b, head_b);
    let spec_b = spec(&client_on_b, &client_on_a, head_a);
    tokio::try_join!(
        deploy_client(&on_a, 31337, stack_a.contracts.router, &spec_a),
        deploy_client(&on_b, 31338, stack_b.contracts.router, &spec_b)
    )?;
    Ok((
        (stack_a.contracts, client_on_a),
        (stack_b.contracts, client_on_b),
    ))
}
