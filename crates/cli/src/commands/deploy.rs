//! `causeway deploy`: contracts on two chains, and the light clients that connect them.

use std::{fmt, path::Path};

use alloy::{primitives::Address, providers::Provider, signers::local::PrivateKeySigner};
use causeway_evm::EvmChain;
use causeway_ibc::{ClientId, Committee};
use causeway_ibc_evm::{
    Account, ClientSpec, ContractsError, IbcContracts, client_view, deploy_client, deploy_stack,
};
use causeway_types::ChainId;
use clap::Args;
use serde::Serialize;

use super::crossing::chain_failure;
use crate::{
    address::{checksummed, parse_address},
    config::{self, ChainConfig, Config, ConfigEdit, LoadedConfig, RouteConfig, RouteEnd},
    failure::Failure,
    keys::{KeyArgs, open_key},
    network::{connect, find_chain},
    output::Output,
    progress::Progress,
};

/// The arguments of `causeway deploy`.
#[derive(Debug, Args)]
#[command(after_help = "\
Chains that have a router keep it, and clients that exist are kept if their committee is the one
asked for: the command can be repeated after it was interrupted. What is deployed is written into
the configuration at once.

Examples:
  causeway deploy --from alpha --to beta --key env:DEPLOYER_KEY
  causeway deploy --from eip155:1 --to eip155:10 --attestors 0x70997970C51812dc3A010C7d01b50e0d17dc79C8,0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC,0x90F79bf6EB2c4f870365E785982E1f101E93b906 --threshold 2 --key deployer")]
pub(crate) struct DeployArgs {
    /// One chain: its name or CAIP-2 id
    #[arg(long, value_name = "CHAIN")]
    from: String,
    /// The other chain: its name or CAIP-2 id
    #[arg(long, value_name = "CHAIN")]
    to: String,
    /// Addresses of the attestors that both light clients trust [default: this node's own attestor]
    #[arg(long, value_name = "ADDRESSES", value_delimiter = ',')]
    attestors: Vec<String>,
    /// How many of them must sign [default: a majority]
    #[arg(long, value_name = "M")]
    threshold: Option<u8>,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Serialize)]
struct Deployed {
    event: &'static str,
    chain: ChainId,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<ClientId>,
    #[serde(serialize_with = "checksummed")]
    address: Address,
    gas: u64,
}

impl fmt::Display for Deployed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.client.as_ref().map_or("router", ClientId::as_str);
        let Self {
            event,
            chain,
            address,
            gas,
            ..
        } = self;
        write!(f, "{event:<9} {chain}  {what} at {address}")?;
        if *gas > 0 {
            write!(f, "  {gas} gas")
        } else {
            Ok(())
        }
    }
}

#[derive(Serialize)]
struct Connected {
    event: &'static str,
    a: End,
    b: End,
    attestors: Vec<String>,
    threshold: u8,
}

#[derive(Serialize)]
struct End {
    chain: ChainId,
    client: ClientId,
}

impl fmt::Display for Connected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (m, n) = (self.threshold, self.attestors.len());
        write!(
            f,
            "connected {} ({}) and {} ({}); both trust {m} of {n} attestors\nnext: causeway run",
            self.a.chain, self.a.client, self.b.chain, self.b.client,
        )
    }
}

/// Runs `causeway deploy`.
pub(crate) async fn execute(args: DeployArgs, path: &Path, output: Output) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let config = &loaded.config;
    let from = find_chain(config, "--from", &args.from)?;
    let to = find_chain(config, "--to", &args.to)?;
    if from.id == to.id {
        let message = format!("{} is both ends", from.label());
        return Err(Failure::usage("--to", message, "name two different chains"));
    }
    let committee = committee(&args, &loaded)?;
    let key = args.key.open()?;
    let mut edit = ConfigEdit::open(path)?;
    for (argument, chain) in [("--from", from), ("--to", to)] {
        if !edit.has_chain(&chain.id) {
            let message = format!("{} is not in {}", chain.id, path.display());
            return Err(Failure::usage(
                argument,
                message,
                "add it as [[chains]] to the file itself",
            ));
        }
    }
    // Before anything is spent: the results must be noted.
    edit.save()?;
    let (a, b) = tokio::try_join!(
        Builder::open(config, from, &key),
        Builder::open(config, to, &key)
    )?;
    let progress = Progress::new(output);
    // Both at once, and what one of them finished is noted even if the other failed.
    let (stack_a, stack_b) = tokio::join!(a.stack(&progress), b.stack(&progress));
    for (chain, stack) in [(from, &stack_a), (to, &stack_b)] {
        if let Ok(Stack {
            contracts,
            start: Some(start),
        }) = stack
        {
            edit.set_router(&chain.id, contracts.router, *start);
        }
    }
    edit.save()?;
    let (router_a, router_b) = (stack_a?.contracts.router, stack_b?.contracts.router);
    let (client_a, client_b) = (client_id(&to.id, &from.id)?, client_id(&from.id, &to.id)?);
    tokio::try_join!(
        a.client(&progress, router_a, &b, &client_a, &client_b, &committee),
        b.client(&progress, router_b, &a, &client_b, &client_a, &committee),
    )?;
    let end = |chain: &ChainConfig, client: &ClientId| RouteEnd {
        chain: chain.id.clone(),
        client: client.clone(),
    };
    edit.add_route(&RouteConfig {
        a: end(from, &client_a),
        b: end(to, &client_b),
    });
    edit.save()?;
    progress.step(&Connected {
        event: "connected",
        a: End {
            chain: from.id.clone(),
            client: client_a,
        },
        b: End {
            chain: to.id.clone(),
            client: client_b,
        },
        attestors: committee
            .members()
            .iter()
            .map(|member| member.to_checksum(None))
            .collect(),
        threshold: committee.threshold(),
    });
    Ok(())
}

/// Unique among all chains, so that no signature fits two clients.
fn client_id(of: &ChainId, on: &ChainId) -> Result<ClientId, Failure> {
    let name = format!("attest-{}-on-{}", of.reference(), on.reference());
    name.parse()
        .map_err(|error| Failure::failed("client-id", error))
}

fn committee(args: &DeployArgs, loaded: &LoadedConfig) -> Result<Committee, Failure> {
    let mut members = Vec::new();
    for text in &args.attestors {
        let member = parse_address(text.trim());
        members.push(member.map_err(|error| Failure::address("--attestors", &error))?);
    }
    if members.is_empty() {
        let Some(attestor) = &loaded.config.attestor else {
            return Err(Failure::usage(
                "--attestors",
                "nobody was named whom the light clients shall trust",
                "list the attestors' addresses, separated by commas",
            ));
        };
        members
            .push(open_key(&attestor.key, "attestor.key", |path| loaded.resolve(path))?.address());
    }
    let majority = u8::try_from(members.len() / 2 + 1).unwrap_or(u8::MAX);
    let threshold = args.threshold.unwrap_or(majority);
    let committee = Committee::new(members, threshold).map_err(|error| {
        Failure::usage(
            "--attestors",
            error,
            "name each attestor once, and a threshold they can reach",
        )
    })?;
    if !loaded.config.dev && threshold < majority.max(2) {
        let n = committee.members().len();
        let message =
            format!("{threshold} of {n} is no majority of several: a few could sign anything");
        let remedy = format!(
            "ask for at least {} of them, or set dev = true for a local network",
            majority.max(2)
        );
        return Err(Failure::usage("--threshold", message, remedy));
    }
    Ok(committee)
}

/// The contracts of a chain, and, if they are new, the block before them.
struct Stack {
    contracts: IbcContracts,
    start: Option<u64>,
}

/// One chain on which something is built.
struct Builder<'a> {
    config: &'a ChainConfig,
    chain: EvmChain,
    key: PrivateKeySigner,
}

impl<'a> Builder<'a> {
    /// Connects, and makes sure that the account can pay for anything at all.
    async fn open(
        config: &Config,
        chain: &'a ChainConfig,
        key: &PrivateKeySigner,
    ) -> Result<Self, Failure> {
        let connected = connect(config, chain).await?;
        let account = key.address();
        let balance = connected
            .balance(account)
            .await
            .map_err(|error| chain_failure(&error))?;
        if balance.is_zero() {
            let message = format!("{account} has no coin on {} to pay with", chain.id);
            return Err(Failure::usage(
                "--key",
                message,
                "send it some, or use another key",
            ));
        }
        Ok(Self {
            config: chain,
            chain: connected,
            key: key.clone(),
        })
    }

    fn account(&self, contracts: IbcContracts) -> Account {
        Account::new(&self.chain, contracts, self.key.clone())
    }

    /// The chain's contracts: those it has, or new ones.
    async fn stack(&self, progress: &Progress) -> Result<Stack, Failure> {
        let step = |event, router, gas| {
            let chain = self.config.id.clone();
            progress.step(&Deployed {
                event,
                chain,
                client: None,
                address: router,
                gas,
            });
        };
        if let Some(router) = self.config.router {
            let contracts = IbcContracts::discover(&self.chain.provider(), router).await;
            let contracts = contracts.map_err(|error| {
                Failure::failed("contracts", error)
                    .at(format!("router of {}", self.config.id))
                    .remedy("correct the address, or remove it to deploy new contracts")
            })?;
            step("kept", router, 0);
            return Ok(Stack {
                contracts,
                start: None,
            });
        }
        progress.waiting("deploying the contracts");
        let start = self
            .chain
            .head()
            .await
            .map_err(|error| chain_failure(&error))?
            .height;
        let [router, transfer, gmp] = [Address::ZERO; 3];
        let account = self.account(IbcContracts {
            router,
            transfer,
            gmp,
        });
        let stack = deploy_stack(&account)
            .await
            .map_err(|error| deploy_failure(&error))?;
        step("deployed", stack.contracts.router, stack.gas_used);
        Ok(Stack {
            contracts: stack.contracts,
            start: Some(start),
        })
    }

    /// The light client here that follows the other chain: the one there is, or a new one.
    async fn client(
        &self,
        progress: &Progress,
        router: Address,
        other: &Self,
        id: &ClientId,
        counterparty: &ClientId,
        committee: &Committee,
    ) -> Result<(), Failure> {
        let step = |event, address, gas| {
            let (chain, client) = (self.config.id.clone(), Some(id.clone()));
            progress.step(&Deployed {
                event,
                chain,
                client,
                address,
                gas,
            });
        };
        match client_view(&self.chain.provider(), router, id).await {
            Ok(view) if view.committee == *committee => {
                step("kept", view.address, 0);
                return Ok(());
            }
            Ok(view) => {
                let (m, n) = (view.committee.threshold(), view.committee.members().len());
                let message = format!(
                    "{id} on {} exists and trusts another committee ({m} of {n})",
                    self.config.id
                );
                let remedy = "name that committee, or remove the routers from the configuration to begin anew";
                return Err(Failure::usage("--attestors", message, remedy));
            }
            Err(ContractsError::NoClient { .. }) => {}
            Err(error) => return Err(chain_failure(&error)),
        }
        progress.waiting(format!("deploying {id}"));
        let genesis = other
            .chain
            .final_block()
            .await
            .map_err(|error| chain_failure(&error))?;
        let spec = ClientSpec {
            id: id.clone(),
            counterparty: counterparty.clone(),
            committee: committee.clone(),
            genesis,
        };
        let number = self.chain.provider().get_chain_id().await;
        let number = number.map_err(|error| chain_failure(&error))?;
        let contracts = IbcContracts {
            router,
            transfer: router,
            gmp: router,
        };
        let client = deploy_client(&self.account(contracts), number, router, &spec).await;
        let client = client.map_err(|error| deploy_failure(&error))?;
        step("deployed", client.address, client.gas_used);
        Ok(())
    }
}

fn deploy_failure(error: &dyn std::error::Error) -> Failure {
    Failure::failed("deploy", error)
        .remedy("run the same command again: what was finished is in the configuration and is kept")
}
