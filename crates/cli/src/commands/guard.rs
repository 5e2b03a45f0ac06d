//! What the commands of those who guard a chain share: where, with which key, and what is printed.

use std::fmt;

use alloy::primitives::B256;
use causeway_ibc::ClientId;
use causeway_ibc_evm::{Account, CarriedOut, GuardOrder};
use causeway_types::ChainId;
use clap::Args;
use serde::Serialize;

use super::crossing::send_failure;
use crate::{
    config::LoadedConfig,
    failure::Failure,
    keys::KeyArgs,
    network::{Side, find_chain, find_route},
    output::Output,
};

/// One end of a route.
#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    /// Chain whose contracts are meant: its name or CAIP-2 id
    #[arg(long, value_name = "CHAIN")]
    on: String,
    /// Chain at the other end of the route: its name or CAIP-2 id
    #[arg(long, value_name = "CHAIN")]
    with: String,
    /// The client on the first chain, where several routes lead to the other
    #[arg(long, value_name = "ID")]
    client: Option<String>,
}

/// One end of a route, connected.
pub(super) struct Place {
    pub(super) here: Side,
    pub(super) there: String,
    pub(super) client: ClientId,
}

/// The client on one chain of another, whose id need be given only where there are several.
pub(super) fn client_on(
    loaded: &LoadedConfig,
    on: &str,
    with: &str,
    client: Option<&str>,
) -> Result<ClientId, Failure> {
    let config = &loaded.config;
    let on = find_chain(config, "--on", on)?;
    let with = find_chain(config, "--with", with)?;
    let client = client.map(str::parse).transpose().map_err(|error| {
        let remedy = "use the client's id as `causeway status` shows it";
        Failure::usage("--client", error, remedy)
    })?;
    let route = find_route(config, &loaded.path, on, with, client.as_ref())?;
    Ok(route.source.client)
}

impl PlaceArgs {
    pub(super) async fn open(&self, loaded: &LoadedConfig) -> Result<Place, Failure> {
        let client = client_on(loaded, &self.on, &self.with, self.client.as_deref())?;
        let on = find_chain(&loaded.config, "--on", &self.on)?;
        let with = find_chain(&loaded.config, "--with", &self.with)?;
        Ok(Place {
            here: Side::open(&loaded.config, on).await?,
            there: with.label().to_owned(),
            client,
        })
    }
}

/// One chain, and the key that acts there.
#[derive(Debug, Args)]
pub(super) struct ActorArgs {
    /// Chain to act on: its name or CAIP-2 id
    #[arg(long, value_name = "CHAIN")]
    pub(super) on: String,
    #[command(flatten)]
    key: KeyArgs,
}

impl ActorArgs {
    pub(super) async fn open(&self, loaded: &LoadedConfig) -> Result<(Side, Account), Failure> {
        let on = find_chain(&loaded.config, "--on", &self.on)?;
        let key = self.key.open()?;
        let side = Side::open(&loaded.config, on).await?;
        let account = side.account(key);
        Ok((side, account))
    }
}

#[derive(Serialize)]
struct Done<'a> {
    event: &'static str,
    chain: &'a ChainId,
    tx: B256,
    height: u64,
    gas: u64,
}

impl fmt::Display for Done<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            event,
            chain,
            tx,
            height,
            gas,
        } = self;
        write!(f, "{event:<9} {chain}  block {height}  {gas} gas  {tx}")
    }
}

#[derive(Serialize)]
struct NothingToDo<'a> {
    event: &'static str,
    chain: &'a ChainId,
}

impl fmt::Display for NothingToDo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nothing to do on {}: it is so already", self.chain)
    }
}

/// Carries out an order and prints its transactions, each under the name of what it did.
pub(super) async fn carry_out(
    side: &Side,
    account: &Account,
    order: &GuardOrder,
    event: &'static str,
    output: Output,
) -> Result<(), Failure> {
    let chain = side.chain.id();
    let done = account
        .guard(order)
        .await
        .map_err(|error| send_failure(&error))?;
    if done.is_empty() {
        output.print(&NothingToDo {
            event: "unchanged",
            chain,
        });
    }
    for CarriedOut {
        tx,
        height,
        gas_used,
    } in done
    {
        output.print(&Done {
            event,
            chain,
            tx,
            height,
            gas: gas_used,
        });
    }
    Ok(())
}
