//! `causeway swap`: exchanges with others that nobody has to be trusted for.

mod deploy;
mod follow;
mod manage;
mod offers;
mod take;
mod tower;
mod view;
mod wallet;
mod withdraw;

use std::path::Path;

use causeway_swap::Refusal;
use causeway_swap_service::{SwapError, TalkError};
use clap::{Args, Subcommand};

use self::{
    deploy::DeployArgs,
    manage::{ListArgs, RefundArgs, ResumeArgs, ShowArgs},
    offers::{OffersArgs, QuoteArgs},
    take::TakeArgs,
    tower::{DelegateArgs, TowerArgs},
};
use crate::{config, failure::Failure, output::Output, store::busy, swaps};

/// The arguments of `causeway swap`.
#[derive(Debug, Args)]
#[command(after_help = "\
Both legs of a swap happen or both are refunded, whatever crashes and whoever vanishes, as long as this
program runs again before a time lock ends. A swap that was begun is gone on with by `swap resume`, or by
`causeway run` with the same configuration; until its end it needs one of them.

Examples:
  causeway swap wallet
  causeway swap offers --maker http://127.0.0.1:7100
  causeway swap take --maker http://127.0.0.1:7100 --offer 0x3f2a91bc --get 0.5
  causeway swap resume")]
pub(crate) struct SwapArgs {
    #[command(subcommand)]
    command: SwapCommand,
}

#[derive(Debug, Subcommand)]
enum SwapCommand {
    /// List what a maker offers
    Offers(OffersArgs),
    /// Ask a maker for exact amounts, without promising anything
    Quote(QuoteArgs),
    /// Take an offer, and go through with the swap
    Take(TakeArgs),
    /// List our swaps, newest first
    List(ListArgs),
    /// Show one swap: both legs, their confirmations and time locks, and what a person should do
    Show(ShowArgs),
    /// Go on with swaps that are open, until they are settled
    Resume(ResumeArgs),
    /// End a swap as far as that is safe, and take back what we locked
    Refund(RefundArgs),
    /// Write down what a watchtower needs to stand in for us in a swap
    Delegate(DelegateArgs),
    /// Watch over swaps of others who may be away
    Tower(TowerArgs),
    /// Show where coins to be swapped are sent to, and what there is
    Wallet(wallet::WalletArgs),
    /// Pay coins out of that wallet
    Withdraw(withdraw::WithdrawArgs),
    /// Deploy the contract that holds locks on an EVM chain
    Deploy(DeployArgs),
}

/// Runs `causeway swap`.
pub(crate) async fn execute(args: SwapArgs, path: &Path, output: Output) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    // All that has to do with swaps needs to know how we swap; a contract may serve others alone.
    if !matches!(args.command, SwapCommand::Deploy(_)) {
        swaps::part(&loaded)?;
    }
    match args.command {
        SwapCommand::Offers(args) => Box::pin(offers::offers(args, &loaded, output)).await,
        SwapCommand::Quote(args) => Box::pin(offers::quote(args, &loaded, output)).await,
        SwapCommand::Take(args) => Box::pin(take::take(args, &loaded, output)).await,
        SwapCommand::List(args) => Box::pin(manage::list(args, &loaded, output)).await,
        SwapCommand::Show(args) => Box::pin(manage::show(args, &loaded, output)).await,
        SwapCommand::Resume(args) => Box::pin(manage::resume(args, &loaded, output)).await,
        SwapCommand::Refund(args) => Box::pin(manage::refund(args, &loaded, output)).await,
        SwapCommand::Delegate(args) => Box::pin(tower::delegate(args, &loaded, output)).await,
        SwapCommand::Tower(args) => Box::pin(tower::tower(args, &loaded, output)).await,
        SwapCommand::Withdraw(args) => Box::pin(withdraw::execute(args, &loaded, output)).await,
        SwapCommand::Wallet(args) => Box::pin(wallet::execute(args, &loaded, output)).await,
        SwapCommand::Deploy(args) => Box::pin(deploy::execute(args, &loaded, output)).await,
    }
}

/// What went wrong with a swap, in a command's words.
fn failed(error: &SwapError) -> Failure {
    if let Some(failure) = busy(error) {
        return failure;
    }
    let failure = Failure::failed("swap", error);
    match error {
        SwapError::Refused(Refusal::Time(_)) => failure.remedy(
            "nothing was locked; make long and short in [[swaps.chains]] longer, or down_for shorter",
        ),
        SwapError::Refused(_) | SwapError::Begin(_) | SwapError::Quote(_) => {
            failure.remedy("nothing was locked; choose another amount or offer, or change [swaps]")
        }
        SwapError::UnknownChain(_) => failure
            .at("swaps.chains")
            .remedy("add a [[swaps.chains]] entry with its id, or take another offer"),
        SwapError::TheyRefused(_) => failure.remedy(
            "nothing was locked; ask for the offers again, and choose an amount within them",
        ),
        SwapError::Talk(TalkError::Stranger { .. }) => failure
            .at("--maker-key")
            .remedy("ask the maker for its key again, over a way that you trust"),
        SwapError::Talk(TalkError::Away(..)) => failure
            .at("--maker")
            .remedy("check the maker's address, and that it is running"),
        SwapError::Talk(_) => failure.remedy("check that the other party is running"),
        SwapError::TooLittle { .. } => {
            failure.remedy("take less, or send more to what `causeway swap wallet` shows")
        }
        _ => failure,
    }
}

/// A hash that begins with these digits, if there is one and no other.
fn by_prefix<T>(
    text: &str,
    field: &str,
    all: impl IntoIterator<Item = (String, T)>,
    where_to_look: &str,
) -> Result<T, Failure> {
    let wanted = text.strip_prefix("0x").unwrap_or(text).to_lowercase();
    let fits = |name: &str| name.trim_start_matches("0x").starts_with(&wanted);
    let mut fitting: Vec<_> = all.into_iter().filter(|(name, _)| fits(name)).collect();
    let several = fitting.len() > 1;
    match fitting.pop() {
        Some((_, only)) if !several && !wanted.is_empty() => Ok(only),
        found => {
            let message = if found.is_some() {
                format!("several begin with {text:?}")
            } else {
                format!("there is none that begins with {text:?}")
            };
            Err(Failure::usage(field, message, where_to_look))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_names_one_thing_or_nothing() {
        let all = || {
            [
                ("0xab12".to_owned(), 1),
                ("0xab34".to_owned(), 2),
                ("0xcd".to_owned(), 3),
            ]
        };
        let find = |text| by_prefix(text, "ID", all(), "look there").ok();
        assert_eq!(find("0xab1"), Some(1));
        assert_eq!(find("CD"), Some(3));
        for none in ["ab", "0xee", "", "0x"] {
            assert_eq!(find(none), None, "{none}");
        }
    }
}
