//! `causeway swap wallet`: where coins to be swapped are sent to, and what there is.

use std::fmt;

use causeway_swap::Amount;
use causeway_types::ChainId;
use clap::Args;
use serde::Serialize;

use super::follow::Running;
use crate::{
    config::LoadedConfig,
    failure::Failure,
    output::Output,
    swaps::{self, Swaps},
};

/// The arguments of `causeway swap wallet`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway swap wallet
  causeway swap wallet --json")]
pub(super) struct WalletArgs {}

#[derive(Serialize)]
struct Line {
    chain: ChainId,
    address: String,
    /// What can be locked, in smallest units of the chain's own coin; fees are left out.
    balance: Amount,
    #[serde(skip)]
    text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<44} {}", self.address, self.text)
    }
}

/// Runs `causeway swap wallet`.
pub(super) async fn execute(
    _: WalletArgs,
    loaded: &LoadedConfig,
    output: Output,
) -> Result<(), Failure> {
    let opened = Running::look_on(loaded).await?;
    let shown = show(loaded, &opened, output).await;
    opened.lanes.close().await;
    shown
}

async fn show(loaded: &LoadedConfig, opened: &Swaps, output: Output) -> Result<(), Failure> {
    for chain in opened.service.chains() {
        let failed = |error| swaps::chain_failed(loaded, &error);
        let coin = opened.assets.coin(chain.id()).await?;
        let balance = chain.balance(&coin.id).await.map_err(failed)?;
        output.print(&Line {
            chain: chain.id().clone(),
            address: chain.address().map_err(failed)?,
            balance,
            text: coin.show(balance),
        });
    }
    Ok(())
}
