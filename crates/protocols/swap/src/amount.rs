use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// So many of an asset's smallest units: satoshis, wei, or a token's.
///
/// 128 bits hold 3.4 · 10^38 units, which is more than any coin or token of worth has in all, and leave
/// room for exact products with a price in 256. Greater amounts, which an ERC-20 token can state, are
/// refused where they come in and never cut. In JSON an amount is a decimal string, because many
/// readers take numbers for doubles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Amount(u128);

/// A text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no amount (expected a decimal number below 2^128 without sign or leading zeros)")]
pub struct ParseAmountError(pub String);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many smallest units.
    pub const fn new(units: u128) -> Self {
        Self(units)
    }

    /// The number of smallest units.
    pub const fn units(self) -> u128 {
        self.0
    }
}

impl FromStr for Amount {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .ok()
            .filter(|units: &u128| units.to_string() == text)
            .map(Self)
            .ok_or_else(|| ParseAmountError(text.to_owned()))
    }
}

impl TryFrom<String> for Amount {
    type Error = ParseAmountError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.to_string()
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_decimal_string_in_json() {
        let most = Amount::new(u128::MAX);
        let text = "\"340282366920938463463374607431768211455\"";
        assert_eq!(serde_json::to_string(&most).unwrap(), text);
        assert_eq!(serde_json::from_str::<Amount>(text).unwrap(), most);
    }

    #[test]
    fn an_amount_has_one_writing() {
        for text in [
            "",
            "01",
            "+1",
            "-1",
            "1.0",
            "0x1",
            " 1",
            "340282366920938463463374607431768211456",
        ] {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
        assert!(serde_json::from_str::<Amount>("1").is_err());
    }
}
