use std::{fmt, str::FromStr};

use alloy_primitives::U256;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Amount;

/// What one smallest unit of the asset that is given costs, in smallest units of the asset that is
/// wanted: an exact ratio in lowest terms, written `wanted/given`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Price {
    wanted: u128,
    given: u128,
}

/// Why something is no price.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PriceError {
    /// One side of the ratio is nothing.
    #[error("a price of {wanted}/{given} (expected both above 0)")]
    Zero {
        /// Units wanted.
        wanted: u128,
        /// Units given.
        given: u128,
    },
    /// A text that is not a ratio in lowest terms.
    #[error("{0:?} is no price (expected wanted/given in lowest terms, such as 3/2)")]
    Text(String),
}

/// An amount that the product of an amount and a price does not fit into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{amount} at {price} is above 2^128 smallest units")]
pub struct PriceOverflow {
    /// The amount that was to be converted.
    pub amount: Amount,
    /// The price.
    pub price: Price,
}

impl Price {
    /// `wanted` units of one asset for `given` units of the other.
    ///
    /// # Errors
    /// When either is 0.
    pub const fn new(wanted: u128, given: u128) -> Result<Self, PriceError> {
        if wanted == 0 || given == 0 {
            return Err(PriceError::Zero { wanted, given });
        }
        let (mut a, mut b) = (wanted, given);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Ok(Self {
            wanted: wanted / a,
            given: given / a,
        })
    }

    /// The price with so many hundredths of a percent of it added for whoever gives.
    ///
    /// # Errors
    /// When the ratio cannot be written exactly with 128 bits on either side.
    pub fn marked_up(self, hundredths_of_percent: u32) -> Result<Self, PriceError> {
        const WHOLE: u128 = 10_000;
        let percent = WHOLE + u128::from(hundredths_of_percent);
        // The ratio is in lowest terms, so that only the factors can still be reduced.
        let factor = Self::new(percent, WHOLE)?;
        let across = |a: u128, b: u128| Self::new(a, b);
        let (left, right) = (
            across(self.wanted, factor.given)?,
            across(factor.wanted, self.given)?,
        );
        let inexact =
            || PriceError::Text(format!("{self} with {hundredths_of_percent}/10000 added"));
        let wanted = left.wanted.checked_mul(right.wanted).ok_or_else(inexact)?;
        let given = left.given.checked_mul(right.given).ok_or_else(inexact)?;
        Self::new(wanted, given)
    }

    /// What has to be paid for `given`, rounded up: a fraction of a unit is never given away.
    ///
    /// # Errors
    /// When that is more than an amount can be.
    pub fn wanted_for(self, given: Amount) -> Result<Amount, PriceOverflow> {
        // Two factors of 128 bits have a product of 256.
        let product = U256::from(given.units()) * U256::from(self.wanted);
        self.amount(product.div_ceil(U256::from(self.given)), given)
    }

    /// What is got for `wanted`, rounded down.
    ///
    /// # Errors
    /// When that is more than an amount can be.
    pub fn given_for(self, wanted: Amount) -> Result<Amount, PriceOverflow> {
        let product = U256::from(wanted.units()) * U256::from(self.given);
        self.amount(product / U256::from(self.wanted), wanted)
    }

    fn amount(self, units: U256, of: Amount) -> Result<Amount, PriceOverflow> {
        u128::try_from(units)
            .map(Amount::new)
            .map_err(|_| PriceOverflow {
                amount: of,
                price: self,
            })
    }
}

impl FromStr for Price {
    type Err = PriceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let no_price = || PriceError::Text(text.to_owned());
        let (wanted, given) = text.split_once('/').ok_or_else(no_price)?;
        let number = |text: &str| text.parse().map_err(|_| no_price());
        let price = Self::new(number(wanted)?, number(given)?)?;
        (price.to_string() == text)
            .then_some(price)
            .ok_or_else(no_price)
    }
}

impl TryFrom<String> for Price {
    type Error = PriceError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Price> for String {
    fn from(price: Price) -> Self {
        price.to_string()
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.wanted, self.given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_up_is_exact_or_refused() {
        let price = |wanted, given| Price::new(wanted, given).unwrap();
        assert_eq!(price(1, 20).marked_up(50), Ok(price(201, 4_000)));
        assert_eq!(price(7, 3).marked_up(0), Ok(price(7, 3)));
        assert!(price(u128::MAX, 1).marked_up(1).is_err());
    }

    #[test]
    fn rounding_never_gives_a_unit_away() {
        let price = Price::new(10, 3).unwrap();
        let wanted = |given| price.wanted_for(Amount::new(given)).unwrap().units();
        let given = |wanted| price.given_for(Amount::new(wanted)).unwrap().units();
        assert_eq!([wanted(1), wanted(2), wanted(3)], [4, 7, 10]);
        assert_eq!([given(3), given(4), given(10)], [0, 1, 3]);
    }

    #[test]
    fn products_are_exact_to_the_last_unit() {
        let most = Amount::new(u128::MAX);
        let even = Price::new(u128::MAX, u128::MAX - 1).unwrap();
        assert_eq!(even.given_for(most).unwrap().units(), u128::MAX - 1);
        assert_eq!(
            even.wanted_for(most),
            Err(PriceOverflow {
                amount: most,
                price: even
            })
        );
    }

    #[test]
    fn a_price_has_one_writing() {
        assert_eq!(Price::new(20, 6).unwrap().to_string(), "10/3");
        assert_eq!("10/3".parse::<Price>(), Price::new(10, 3));
        for text in [
            "20/6", "10", "10/", "10/3/1", "010/3", "+1/2", "1/0", "0/1", "-1/2", "1.5/1",
        ] {
            assert!(text.parse::<Price>().is_err(), "{text}");
        }
    }
}
