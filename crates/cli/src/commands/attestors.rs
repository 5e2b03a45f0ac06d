//! `causeway attestors`: whom the light clients trust, and handing over to others.

mod proposal;
mod rotate;
mod show;

use std::path::Path;

use causeway_ibc::{ClientId, Domain};
use causeway_ibc_evm::client_view;
use causeway_relayer::ClientView;
use clap::{Args, Subcommand};

use crate::{
    config::{Config, RouteEnd},
    failure::Failure,
    network::{Side, find_chain},
    output::Output,
};

/// The arguments of `causeway attestors`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway attestors show
  causeway attestors rotate propose --on beta --attestors 0x70997970C51812dc3A010C7d01b50e0d17dc79C8,0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC,0x90F79bf6EB2c4f870365E785982E1f101E93b906 --threshold 2 --out rotation.json
  causeway attestors rotate sign rotation.json --key attestor
  causeway attestors rotate submit rotation.json --key relayer")]
pub(crate) struct AttestorsArgs {
    #[command(subcommand)]
    command: AttestorsCommand,
}

#[derive(Debug, Subcommand)]
enum AttestorsCommand {
    /// Show whom each light client of the routes trusts
    Show(show::ShowArgs),
    /// Hand a light client over to other attestors, by the signatures of the current ones
    Rotate(rotate::RotateArgs),
}

/// Runs `causeway attestors`.
pub(crate) async fn execute(
    args: AttestorsArgs,
    path: &Path,
    output: Output,
) -> Result<(), Failure> {
    match args.command {
        AttestorsCommand::Show(args) => show::execute(args, path, output).await,
        AttestorsCommand::Rotate(args) => rotate::execute(args, path, output).await,
    }
}

/// A light client of the routes, read from its chain.
pub(super) struct OpenClient {
    pub(super) end: RouteEnd,
    pub(super) side: Side,
    pub(super) view: ClientView,
}

impl OpenClient {
    /// Connects to the client's chain and reads the client.
    pub(super) async fn open(config: &Config, end: &RouteEnd) -> Result<Self, Failure> {
        let chain = find_chain(config, "routes", end.chain.as_str())?;
        let side = Side::open(config, chain).await?;
        let view = client_view(&side.chain.provider(), side.contracts.router, &end.client)
            .await
            .map_err(|error| {
                Failure::failed("client", error)
                    .at(format!("{} on {}", end.client, end.chain))
                    .remedy("correct the route, or deploy the client with `causeway deploy`")
            })?;
        Ok(Self {
            end: end.clone(),
            side,
            view,
        })
    }

    /// What signatures for the client are bound to, as computed here: a chain that says otherwise is
    /// not believed, for it could have signatures made that hold elsewhere.
    pub(super) fn domain(&self) -> Result<Domain, Failure> {
        let number = self.end.chain.eip155_id().unwrap_or_default();
        let domain = Domain::of_client(number, self.side.contracts.router, &self.end.client);
        if self.view.domain == domain {
            return Ok(domain);
        }
        let (client, chain) = (&self.end.client, &self.end.chain);
        let message = format!("{client} on {chain} is bound to another domain than its own");
        Err(Failure::failed("domain", message).at("--client").remedy(
            "check the router's address; a client without a domain is migrated, not rotated",
        ))
    }
}

/// The routes' clients on a chain, or on all of them.
pub(super) fn clients_of(
    config: &Config,
    on: Option<&str>,
    client: Option<&str>,
) -> Result<Vec<RouteEnd>, Failure> {
    let chain = on.map(|on| find_chain(config, "--on", on)).transpose()?;
    let client: Option<ClientId> = client
        .map(|text| {
            text.parse().map_err(|error| {
                Failure::usage(
                    "--client",
                    error,
                    "write it as `causeway attestors show` does",
                )
            })
        })
        .transpose()?;
    let ends = config.routes.iter().flat_map(|route| [&route.a, &route.b]);
    let fitting = ends
        .filter(|end| chain.is_none_or(|chain| end.chain == chain.id))
        .filter(|end| client.as_ref().is_none_or(|client| &end.client == client));
    let fitting: Vec<RouteEnd> = fitting.cloned().collect();
    if fitting.is_empty() {
        let remedy = "list the clients with `causeway attestors show`";
        return Err(Failure::usage(
            "--client",
            "no route has such a client",
            remedy,
        ));
    }
    Ok(fitting)
}

/// The one client that is meant.
pub(super) fn one_client(
    config: &Config,
    on: &str,
    client: Option<&str>,
) -> Result<RouteEnd, Failure> {
    let mut fitting = clients_of(config, Some(on), client)?;
    match (fitting.pop(), fitting.is_empty()) {
        (Some(only), true) => Ok(only),
        (last, _) => {
            fitting.extend(last);
            let names: Vec<_> = fitting.iter().map(|end| end.client.to_string()).collect();
            let remedy = format!("choose one with --client: {}", names.join(", "));
            Err(Failure::usage(
                "--client",
                "there are several clients on that chain",
                remedy,
            ))
        }
    }
}
