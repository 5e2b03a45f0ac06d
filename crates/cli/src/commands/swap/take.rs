//! `causeway swap take`: from an offer to both coins in their new hands.

use causeway_swap_service::{PeerId, Taking};
use clap::Args;

use super::{
    follow::{self, Running, STOP_IT},
    offers::{Choice, choose},
};
use crate::{config::LoadedConfig, failure::Failure, output::Output, swaps};

/// The arguments of `causeway swap take`.
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is locked before both have signed the terms and the time locks leave either party time enough.
Interrupting this is safe: `causeway swap resume` goes on with it, and has to before a time lock ends.

Examples:
  causeway swap take --maker http://127.0.0.1:7100 --offer 0x3f2a91bc --get 0.5
  causeway swap take --maker https://maker.example.org --offer 3f2a91bc --get 0.5 --pay-at-most 10 --json

Ends with 0 when we have what we swapped for, with 3 when what we locked was refunded.")]
pub(super) struct TakeArgs {
    #[command(flatten)]
    choice: Choice,
    /// The most to pay for it, in whole units; without it, whatever the quote says
    #[arg(long, value_name = "AMOUNT")]
    pay_at_most: Option<String>,
    /// The key that the maker must sign with, as its `swap offers` shows it
    #[arg(long, value_name = "KEY")]
    maker_key: Option<PeerId>,
}

/// Runs `causeway swap take`.
pub(super) async fn take(
    args: TakeArgs,
    loaded: &LoadedConfig,
    output: Output,
) -> Result<(), Failure> {
    let assets = swaps::assets(loaded)?;
    let chosen = choose(&args.choice, &assets).await?;
    let at_most = args.pay_at_most.as_deref();
    let at_most = at_most.map(|text| swaps::whole(text, &chosen.wants, "--pay-at-most"));
    let pays_at_most = at_most.transpose()?;
    let running = Running::start(loaded, STOP_IT).await?;
    let outcome = async {
        let taking = Taking {
            maker: args.maker_key.unwrap_or(chosen.offers.maker),
            offer: chosen.offer.id,
            gets: chosen.get,
            pays_at_most,
        };
        let taken = running.service().take(&chosen.client, &taking).await;
        let swap = taken.map_err(|error| chosen.explain(&error))?;
        follow::until_settled(&running, &[swap], output).await
    };
    let outcome = outcome.await;
    running.stop().await?;
    outcome
}
