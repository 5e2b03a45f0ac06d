//! `causeway deploy`: contracts on two chains, and the light clients that connect them.

mod builder;

use std::{fmt, path::Path};

use alloy::primitives::Address;
use causeway_ibc::{ClientId, Committee};
use causeway_ibc_evm::RoleHolders;
use causeway_types::ChainId;
use clap::Args;
use serde::Serialize;

use self::builder::{Builder, Stack};
use crate::{
    address::parse_address,
    config::{self, ChainConfig, ConfigEdit, LoadedConfig, RouteConfig, RouteEnd},
    failure::Failure,
    keys::{KeyArgs, open_signer},
    network::find_chain,
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
  causeway deploy --from alpha --to beta --key env:DEPLOYER_KEY --pauser 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --guardian 0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC --rate-limiter 0x90F79bf6EB2c4f870365E785982E1f101E93b906
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
    /// Who may pause the new contracts [default: who deploys]
    #[arg(long, value_name = "ADDRESS")]
    pauser: Option<String>,
    /// Who may resume them [default: who deploys]
    #[arg(long, value_name = "ADDRESS")]
    unpauser: Option<String>,
    /// Who may veto transfers that are held [default: who deploys]
    #[arg(long, value_name = "ADDRESS")]
    guardian: Option<String>,
    /// Who may set limits, and which transfers are held [default: who deploys]
    #[arg(long, value_name = "ADDRESS")]
    rate_limiter: Option<String>,
    #[command(flatten)]
    key: KeyArgs,
}

impl DeployArgs {
    /// Who holds the roles that guard money; `deployer` those that nobody was named for.
    fn holders(&self, deployer: Address) -> Result<RoleHolders, Failure> {
        let holder = |argument: &str, named: &Option<String>| match named {
            None => Ok(deployer),
            Some(text) => match parse_address(text) {
                Ok(Address::ZERO) => Err(Failure::usage(
                    argument,
                    "nobody has the zero address",
                    "name an account that somebody has",
                )),
                Ok(address) => Ok(address),
                Err(error) => Err(Failure::address(argument, &error)),
            },
        };
        Ok(RoleHolders {
            pauser: holder("--pauser", &self.pauser)?,
            unpauser: holder("--unpauser", &self.unpauser)?,
            guardian: holder("--guardian", &self.guardian)?,
            rate_limiter: holder("--rate-limiter", &self.rate_limiter)?,
        })
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
    let committee = committee(&args, &loaded).await?;
    let key = args.key.open()?;
    let holders = args.holders(key.address())?;
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
    let (client_a, client_b) = (client_id(&to.id, &from.id)?, client_id(&from.id, &to.id)?);
    let (a, b) = tokio::join!(
        Builder::open(config, from, &key, &client_a, &committee),
        Builder::open(config, to, &key, &client_b, &committee),
    );
    let (a, b) = (a?, b?);
    a.check_counterparty(&b)?;
    b.check_counterparty(&a)?;
    let progress = Progress::new(output);
    // Both at once, and what one of them finished is noted even if the other failed.
    let (stack_a, stack_b) =
        tokio::join!(a.stack(&progress, &holders), b.stack(&progress, &holders));
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
    let (on_a, on_b) = (stack_a?.contracts, stack_b?.contracts);
    tokio::try_join!(a.client(&progress, on_a, &b), b.client(&progress, on_b, &a))?;
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

async fn committee(args: &DeployArgs, loaded: &LoadedConfig) -> Result<Committee, Failure> {
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
        let resolve = |path: &_| loaded.resolve(path);
        let signer = open_signer(&attestor.key, "attestor.key", resolve).await?;
        members.push(signer.address());
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
    if !loaded.config.dev && !committee.is_strong() {
        let n = committee.members().len();
        let least = Committee::least_threshold(n);
        let message =
            format!("{threshold} of {n} is no majority of several: a few could sign anything");
        let remedy =
            format!("ask for at least {least} of them, or set dev = true for a local network");
        return Err(Failure::usage("--threshold", message, remedy));
    }
    Ok(committee)
}
