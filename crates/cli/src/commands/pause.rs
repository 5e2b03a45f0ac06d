//! `causeway pause` and `causeway unpause`: the switch that stops what moves value.

use std::path::Path;

use causeway_ibc::ClientId;
use causeway_ibc_evm::GuardOrder;
use clap::Args;

use super::guard::{ActorArgs, carry_out, client_on};
use crate::{config, failure::Failure, output::Output};

/// The arguments of `causeway pause`.
#[derive(Debug, Args)]
#[command(after_help = "\
Stops transfers and calls on one chain, of one route with --with, or of all: nothing is sent,
received or released there. What arrives meanwhile waits until it is resumed, or times out;
acknowledgements, timeouts and refunds go on. Needs a key with the pauser role.

Examples:
  causeway pause --on alpha --key pauser
  causeway pause --on alpha --with beta --key env:PAUSER_KEY --json")]
pub(crate) struct PauseArgs {
    #[command(flatten)]
    switch: SwitchArgs,
}

/// The arguments of `causeway unpause`.
#[derive(Debug, Args)]
#[command(after_help = "\
Resumes what `causeway pause` stopped. Needs a key with the unpauser role.

Examples:
  causeway unpause --on alpha --key unpauser
  causeway unpause --on alpha --with beta --key env:UNPAUSER_KEY --json")]
pub(crate) struct UnpauseArgs {
    #[command(flatten)]
    switch: SwitchArgs,
}

#[derive(Debug, Args)]
struct SwitchArgs {
    #[command(flatten)]
    actor: ActorArgs,
    /// Only the route with this chain: its name or CAIP-2 id
    #[arg(long, value_name = "CHAIN")]
    with: Option<String>,
    /// The client, where several routes lead there
    #[arg(long, value_name = "ID", requires = "with")]
    client: Option<String>,
}

/// Runs `causeway pause`.
pub(crate) async fn pause(args: PauseArgs, path: &Path, output: Output) -> Result<(), Failure> {
    turn(&args.switch, path, output, GuardOrder::Pause, "paused").await
}

/// Runs `causeway unpause`.
pub(crate) async fn unpause(args: UnpauseArgs, path: &Path, output: Output) -> Result<(), Failure> {
    turn(&args.switch, path, output, GuardOrder::Unpause, "resumed").await
}

async fn turn(
    args: &SwitchArgs,
    path: &Path,
    output: Output,
    order: impl Fn(Option<ClientId>) -> GuardOrder,
    event: &'static str,
) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let client = args
        .with
        .as_deref()
        .map(|with| client_on(&loaded, &args.actor.on, with, args.client.as_deref()));
    let client = client.transpose()?;
    let (side, account) = args.actor.open(&loaded).await?;
    carry_out(&side, &account, &order(client), event, output).await
}
