//! `causeway transfer`: tokens from one chain to another.

use std::path::Path;

use alloy::primitives::{Address, U256};
use causeway_ibc_evm::{SendError, Token, TokenInfo, TransferOrder};
use causeway_types::{AccountId, ChainId};
use clap::Args;

use super::{
    crossing::{Crossing, CrossingArgs, send_failure},
    token::TokenArg,
};
use crate::{
    address::parse_address,
    amount::{AmountError, format_amount, parse_amount},
    config,
    failure::Failure,
    output::Output,
    progress::Progress,
};

/// The arguments of `causeway transfer`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  causeway transfer --from alpha --to beta --token native --amount 1.5 --receiver 0x70997970C51812dc3A010C7d01b50e0d17dc79C8
  causeway transfer --from alpha --to beta --token 0x5FbDB2315678afecb367f032d93F642f64180aa3 --amount 100 --receiver eip155:31338:0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --key alice
  causeway transfer --from beta --to alpha --token voucher:native --amount 1.5 --receiver 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 --timeout 30m --json

Ends with 0 when the transfer is acknowledged, with 3 when it was sent and is refunded.")]
pub(crate) struct TransferArgs {
    #[command(flatten)]
    crossing: CrossingArgs,
    /// Token to send: its address on the source, native, or voucher:ADDRESS / voucher:native for
    /// the voucher of a token of the destination
    #[arg(long)]
    token: String,
    /// How much, in whole tokens such as 12.5
    #[arg(long)]
    amount: String,
    /// The amount counts the token's smallest units
    #[arg(long)]
    base_units: bool,
    /// Who receives it on the destination: an address or a CAIP-10 account
    #[arg(long, value_name = "ACCOUNT")]
    receiver: String,
}

/// Runs `causeway transfer`.
pub(crate) async fn execute(
    args: TransferArgs,
    path: &Path,
    output: Output,
) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let receiver = parse_receiver(&args.receiver, &args.crossing.destination(&loaded)?)?;
    let token: TokenArg = args.token.parse()?;
    check_amount(&args.amount, args.base_units)?;
    let crossing = args.crossing.open(&loaded).await?;
    let (here, there) = (&crossing.source, &crossing.destination.label);
    let client = &crossing.direction.source.client;
    let token = token.locate(here, there, client).await?;
    let info = crossing
        .account
        .token_info(token)
        .await
        .map_err(|error| send_failure(&error))?;
    let decimals = if args.base_units { 0 } else { info.decimals };
    let amount = parse_amount(&args.amount, decimals).map_err(|error| amount_failure(&error))?;
    check_balance(&crossing, token, &info, amount).await?;
    let order = TransferOrder {
        token,
        amount,
        // As the public implementations write it.
        receiver: format!("{receiver:#x}"),
        client: crossing.direction.source.client.clone(),
        timeout: crossing.deadline().await?,
        memo: crossing.memo.clone(),
    };
    let progress = Progress::new(output);
    let explain = |error: SendError| match error {
        SendError::AmountAboveBalance {
            balance, amount, ..
        } => too_much(&info, balance, amount),
        error => send_failure(&error),
    };
    crossing
        .carry_out(
            &progress,
            async || crossing.account.transfer(&order).await,
            |_| None,
            explain,
        )
        .await
}

fn amount_failure(error: &AmountError) -> Failure {
    Failure::usage("--amount", error, error.remedy())
}

/// Finds what is wrong with the amount whatever the token, before the network is asked.
fn check_amount(text: &str, base_units: bool) -> Result<(), Failure> {
    if base_units && text.contains('.') {
        let message = format!("{text:?} has a decimal point, and smallest units are whole");
        return Err(Failure::usage(
            "--amount",
            message,
            "leave out the point, or --base-units",
        ));
    }
    match parse_amount(text, if base_units { 0 } else { u8::MAX }) {
        // Only the token's own decimals can tell.
        Err(AmountError::TooLarge(_)) if !base_units => Ok(()),
        checked => checked.map(drop).map_err(|error| amount_failure(&error)),
    }
}

/// Reads the receiver, which must be on the destination if it names a chain at all.
fn parse_receiver(text: &str, destination: &ChainId) -> Result<Address, Failure> {
    let address = if text.contains(':') {
        let account: AccountId = text.parse().map_err(|error| {
            let remedy = format!("write {destination}:0x… or the address alone");
            Failure::usage("--receiver", error, remedy)
        })?;
        if &account.chain != destination {
            let message = format!(
                "{text} is on {}, the transfer goes to {destination}",
                account.chain
            );
            return Err(Failure::usage(
                "--receiver",
                message,
                "name an account on the destination",
            ));
        }
        account.address().to_owned()
    } else {
        text.to_owned()
    };
    let address =
        parse_address(&address).map_err(|error| Failure::address("--receiver", &error))?;
    if address.is_zero() {
        let message = "nobody has the zero address, so the tokens would be lost";
        return Err(Failure::usage(
            "--receiver",
            message,
            "name an account that somebody has",
        ));
    }
    Ok(address)
}

async fn check_balance(
    crossing: &Crossing,
    token: Token,
    info: &TokenInfo,
    amount: U256,
) -> Result<(), Failure> {
    let balance = crossing
        .account
        .balance(token)
        .await
        .map_err(|error| send_failure(&error))?;
    if balance < amount {
        Err(too_much(info, balance, amount))
    } else {
        Ok(())
    }
}

fn too_much(info: &TokenInfo, balance: U256, amount: U256) -> Failure {
    let show = |amount| format!("{} {}", format_amount(amount, info.decimals), info.symbol);
    let message = format!(
        "{} is more than the account's balance of {}",
        show(amount),
        show(balance)
    );
    Failure::usage(
        "--amount",
        message,
        format!("send at most {}", show(balance)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECEIVER: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

    #[test]
    fn a_receiver_is_an_address_or_an_account_of_the_destination() {
        let destination = ChainId::eip155(31338);
        for text in [
            RECEIVER.to_owned(),
            RECEIVER.to_lowercase(),
            format!("eip155:31338:{RECEIVER}"),
        ] {
            let receiver = parse_receiver(&text, &destination).unwrap();
            assert_eq!(receiver.to_string(), RECEIVER);
        }
        for (text, why) in [
            (format!("eip155:31337:{RECEIVER}"), "goes to eip155:31338"),
            (RECEIVER.replace("70997970C5", "70997970c5"), "checksum"),
            ("eip155:31338:0x12".to_owned(), "no address"),
            ("bob".to_owned(), "no address"),
            (format!("0x{}", "0".repeat(40)), "zero address"),
        ] {
            let error = parse_receiver(&text, &destination).unwrap_err().to_string();
            assert!(
                error.contains("--receiver") && error.contains(why),
                "{error}"
            );
        }
    }

    #[test]
    fn too_much_is_told_in_whole_tokens() {
        let info = TokenInfo {
            name: String::new(),
            symbol: "TUSD".to_owned(),
            decimals: 6,
        };
        let error = too_much(&info, U256::from(1_500_000), U256::from(2_000_000)).to_string();
        assert!(
            error.contains("2 TUSD is more than the account's balance of 1.5 TUSD"),
            "{error}"
        );
    }
}
