//! Tokens as people name them.

use std::str::FromStr;

use causeway_ibc::{ClientId, ics20::Denom};
use causeway_ibc_evm::{Token, voucher_of};

use super::crossing::chain_failure;
use crate::{address::parse_address, failure::Failure, network::Side};

/// A token, or the voucher here of a token over there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenArg {
    Here(Token),
    VoucherOf(Token),
}

impl FromStr for TokenArg {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        let parse = |text: &str| match text {
            "native" => Ok(Token::Native),
            address => parse_address(address)
                .map(Token::Erc20)
                .map_err(|error| Failure::address("--token", &error)),
        };
        match text.strip_prefix("voucher:") {
            Some(origin) => Ok(Self::VoucherOf(parse(origin)?)),
            None => Ok(Self::Here(parse(text)?)),
        }
    }
}

impl TokenArg {
    /// The token on the chain `here`, whose client of the chain called `there` this is.
    pub(super) async fn locate(
        self,
        here: &Side,
        there: &str,
        client: &ClientId,
    ) -> Result<Token, Failure> {
        let origin = match self {
            Self::Here(token) => return Ok(token),
            Self::VoucherOf(origin) => origin,
        };
        // ICS-20 writes addresses in lower case.
        let denom = Denom::parse(&format!("{:#x}", origin.address()))
            .map_err(|error| Failure::usage("--token", error, "name a token by its address"))?;
        let voucher = voucher_of(&here.chain.provider(), &here.contracts, client, &denom)
            .await
            .map_err(|error| chain_failure(&error))?;
        voucher.map(Token::Erc20).ok_or_else(|| {
            let here = &here.label;
            let message = format!("{here} has no voucher of that token of {there}");
            Failure::usage(
                "--token",
                message,
                format!("a voucher is made by the first transfer from {there} to {here}"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_an_address_the_coin_or_a_voucher() {
        let parse = |text: &str| text.parse::<TokenArg>();
        assert_eq!(parse("native").unwrap(), TokenArg::Here(Token::Native));
        assert!(matches!(
            parse("0x70997970C51812dc3A010C7d01b50e0d17dc79C8"),
            Ok(TokenArg::Here(Token::Erc20(_)))
        ));
        assert_eq!(
            parse("voucher:native").unwrap(),
            TokenArg::VoucherOf(Token::Native)
        );
        assert!(parse("ETH").is_err_and(|error| error.to_string().contains("--token")));
    }
}
