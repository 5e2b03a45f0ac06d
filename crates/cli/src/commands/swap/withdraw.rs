//! `causeway swap withdraw`: coins leave the wallet that swaps are paid from.

use std::fmt;

use causeway_types::ChainId;
use clap::Args;
use serde::Serialize;

use super::follow::{Running, STOP_IT};
use crate::{
    config::LoadedConfig,
    failure::Failure,
    output::Output,
    swaps::{self, AssetInfo},
};

/// The arguments of `causeway swap withdraw`.
#[derive(Debug, Args)]
#[command(after_help = "\
For chains of the Bitcoin family, whose wallet is below the seed of [swaps]. Coins in locks are not touched.
An account of an EVM chain is paid from with any wallet that has its key.

Examples:
  causeway swap withdraw --on litecoin --to ltc1q… --amount 0.25
  causeway swap withdraw --on bitcoin --to bc1q… --all --json")]
pub(super) struct WithdrawArgs {
    /// The chain, by its name or CAIP-2 id
    #[arg(long, value_name = "CHAIN")]
    on: String,
    /// The address that is paid
    #[arg(long, value_name = "ADDRESS")]
    to: String,
    /// How much, in whole coins; the fee is paid beside it
    #[arg(long, value_name = "AMOUNT", required_unless_present = "all")]
    amount: Option<String>,
    /// All there is, the fee left out
    #[arg(long, conflicts_with = "amount")]
    all: bool,
}

#[derive(Serialize)]
struct Paid {
    chain: ChainId,
    to: String,
    transaction: String,
}

impl fmt::Display for Paid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "paid to {} in {}", self.to, self.transaction)
    }
}

/// Runs `causeway swap withdraw`. Nobody else may pay from the wallet meanwhile, so that it is our turn to
/// work on swaps for as long as it takes.
pub(super) async fn execute(
    args: WithdrawArgs,
    loaded: &LoadedConfig,
    output: Output,
) -> Result<(), Failure> {
    let assets = swaps::assets(loaded)?;
    let id = assets.chain(&args.on, "--on")?.clone();
    let coin = assets.coin(&id).await?;
    let running = Running::start(loaded, STOP_IT).await?;
    let paid = pay(&args, loaded, &running, &coin).await;
    running.stop().await?;
    output.print(&Paid {
        chain: id,
        transaction: paid?,
        to: args.to,
    });
    Ok(())
}

async fn pay(
    args: &WithdrawArgs,
    loaded: &LoadedConfig,
    running: &Running,
    coin: &AssetInfo,
) -> Result<String, Failure> {
    let amount = args.amount.as_deref();
    let amount = amount.map(|text| swaps::whole(text, coin, "--amount"));
    let amount = amount.transpose()?;
    let mut chains = running.service().chains();
    let chain = chains.find(|chain| chain.id() == coin.id.chain());
    let chain = chain.ok_or_else(|| {
        let known = "see [[swaps.chains]] in the configuration";
        Failure::usage("--on", format!("{} is not swapped on", args.on), known)
    })?;
    let paid = chain.pay_out(&args.to, amount).await;
    paid.map_err(|error| swaps::chain_failed(loaded, &error))
}
