//! `causeway attestors show`.

use std::{fmt, path::Path};

use alloy::primitives::Address;
use causeway_ibc::ClientId;
use causeway_ibc_evm::previous_set;
use causeway_types::ChainId;
use clap::Args;
use futures::future::try_join_all;
use serde::Serialize;

use super::{OpenClient, clients_of};
use crate::{commands::crossing::chain_failure, config, failure::Failure, output::Output};

/// The arguments of `causeway attestors show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway attestors show
  causeway attestors show --on beta --json")]
pub(super) struct ShowArgs {
    /// Only clients on this chain: its name or CAIP-2 id
    #[arg(long, value_name = "CHAIN")]
    on: Option<String>,
    /// Only this client
    #[arg(long, value_name = "ID")]
    client: Option<String>,
}

#[derive(Serialize)]
struct Shown {
    clients: Vec<Trusted>,
}

#[derive(Serialize)]
struct Trusted {
    chain: ChainId,
    client: ClientId,
    address: String,
    frozen: bool,
    /// 0 if the client cannot be rotated.
    set_number: u64,
    threshold: u8,
    attestors: Vec<String>,
    previous: Option<Previous>,
}

#[derive(Serialize)]
struct Previous {
    threshold: u8,
    attestors: Vec<String>,
    /// From this block time on, what they signed is worth nothing.
    until: u64,
    /// Whether that time is over.
    silent: bool,
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, client) in self.clients.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{client}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Trusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (m, n) = (self.threshold, self.attestors.len());
        write!(f, "{} on {}: {m} of {n} attestors", self.client, self.chain)?;
        match self.set_number {
            0 => f.write_str(", cannot be rotated")?,
            number => write!(f, ", set {number}")?,
        }
        if self.frozen {
            f.write_str("\n  FROZEN: misbehaviour was proven, nothing is believed any more")?;
        }
        for attestor in &self.attestors {
            write!(f, "\n  {attestor}")?;
        }
        if let Some(previous) = &self.previous {
            let (m, n) = (previous.threshold, previous.attestors.len());
            let state = if previous.silent {
                "believed no more".to_owned()
            } else {
                format!("believed until block time {}", previous.until)
            };
            write!(f, "\n  before: {m} of {n}, {state}")?;
            for attestor in &previous.attestors {
                write!(f, "\n    {attestor}")?;
            }
        }
        Ok(())
    }
}

/// Runs `causeway attestors show`.
pub(super) async fn execute(args: ShowArgs, path: &Path, output: Output) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let ends = clients_of(&loaded.config, args.on.as_deref(), args.client.as_deref())?;
    let show = async |end| {
        let client = OpenClient::open(&loaded.config, end).await?;
        trusted(&client).await
    };
    let clients = try_join_all(ends.iter().map(show)).await?;
    output.print(&Shown { clients });
    Ok(())
}

async fn trusted(client: &OpenClient) -> Result<Trusted, Failure> {
    let OpenClient { end, side, view } = client;
    let previous = previous_set(&side.chain.provider(), view.address)
        .await
        .map_err(|error| chain_failure(&error))?;
    let head = side
        .chain
        .head()
        .await
        .map_err(|error| chain_failure(&error))?;
    Ok(Trusted {
        chain: end.chain.clone(),
        client: end.client.clone(),
        address: view.address.to_checksum(None),
        frozen: view.frozen,
        set_number: view.set_number,
        threshold: view.committee.threshold(),
        attestors: written(view.committee.members()),
        previous: previous.map(|previous| Previous {
            threshold: previous.threshold,
            attestors: written(&previous.members),
            until: previous.until.as_secs(),
            silent: head.timestamp >= previous.until,
        }),
    })
}

pub(super) fn written(members: &[Address]) -> Vec<String> {
    members
        .iter()
        .map(|member| member.to_checksum(None))
        .collect()
}
