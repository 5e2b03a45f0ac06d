//! `causeway client`: freezing a light client whose attestors contradicted themselves.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use causeway_ibc::ClientId;
use causeway_ibc_evm::freeze;
use causeway_relayer::Evidence;
use causeway_types::ChainId;
use clap::{Args, Subcommand};
use serde::Serialize;

use super::attestors::OpenClient;
use crate::{
    config::{self, RouteEnd},
    failure::{Failure, chain_of},
    keys::KeyArgs,
    output::Output,
};

/// The arguments of `causeway client`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway client freeze --evidence evidence/eip155-10-attest-1-on-10-4711-0123456789abcdef.json --key relayer")]
pub(crate) struct ClientArgs {
    #[command(subcommand)]
    command: ClientCommand,
}

#[derive(Debug, Subcommand)]
enum ClientCommand {
    /// Show a light client that its attestors contradicted themselves, which freezes it for good
    Freeze(FreezeArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
A relayer keeps the evidence that it comes upon in the directory `evidence` beside its configuration,
and submits it by itself where enough attestors signed. A frozen client believes nothing any more:
packets over it stay where they are until it is migrated to a new one.

Examples:
  causeway client freeze --evidence evidence/eip155-10-attest-1-on-10-4711-0123456789abcdef.json --key relayer
  causeway client freeze --evidence evidence.json --key env:RELAYER_KEY --json")]
struct FreezeArgs {
    /// File that holds the evidence
    #[arg(long, value_name = "FILE")]
    evidence: PathBuf,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Serialize)]
struct Frozen {
    event: &'static str,
    chain: ChainId,
    client: ClientId,
    tx: Option<String>,
}

impl fmt::Display for Frozen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tx {
            Some(tx) => write!(
                f,
                "{} on {} is frozen\ntransaction {tx}",
                self.client, self.chain
            ),
            None => write!(f, "{} on {} was frozen before", self.client, self.chain),
        }
    }
}

/// Runs `causeway client`.
pub(crate) async fn execute(args: ClientArgs, path: &Path, output: Output) -> Result<(), Failure> {
    let ClientCommand::Freeze(args) = args.command;
    let config = config::load(path)?.config;
    let evidence = read(&args.evidence)?;
    let key = args.key.open()?;
    let end = RouteEnd {
        chain: evidence.client.chain.clone(),
        client: evidence.client.client.clone(),
    };
    let client = OpenClient::open(&config, &end).await?;
    let tx = if client.view.frozen {
        None
    } else {
        let (account, router) = (client.side.account(key), client.side.contracts.router);
        let tx = freeze(&account, router, &end.client, &evidence.misbehaviour).await;
        let tx = tx.map_err(|error| {
            Failure::failed("evidence", chain_of(&error))
                .at("--evidence")
                .remedy("only what a quorum signed freezes a client: is `quorum` true in the file?")
        })?;
        Some(tx.to_string())
    };
    output.print(&Frozen {
        event: "frozen",
        chain: end.chain,
        client: end.client,
        tx,
    });
    Ok(())
}

fn read(path: &Path) -> Result<Evidence, Failure> {
    let refuse = |reason: String| {
        let message = format!("{} holds no evidence: {reason}", path.display());
        Failure::usage("--evidence", message, "name a file that a relayer wrote")
    };
    let text = fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    let evidence: Evidence =
        serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
    match evidence.misbehaviour.is_contradiction() {
        Ok(true) => Ok(evidence),
        Ok(false) => Err(refuse("its two statements can both be true".to_owned())),
        Err(error) => Err(refuse(error.to_string())),
    }
}
