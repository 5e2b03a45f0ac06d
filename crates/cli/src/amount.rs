//! Amounts as people write them: decimal, in whole units of the token.

use alloy::primitives::U256;
use thiserror::Error;

pub(crate) use causeway_api::format_amount;

/// Why a text is no amount of a token.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum AmountError {
    /// It is no decimal number.
    #[error("{0:?} is no amount")]
    Shape(String),
    /// It is finer than the token can express.
    #[error("{text} has {given} decimal places, the token has {decimals}")]
    TooFine {
        /// The amount as written.
        text: String,
        /// Its decimal places.
        given: usize,
        /// The token's.
        decimals: u8,
    },
    /// It is nothing.
    #[error("the amount is zero")]
    Zero,
    /// It is more than any token can have.
    #[error("{0} is more than any token can have")]
    TooLarge(String),
}

impl AmountError {
    /// What the reader can do about it.
    pub(crate) fn remedy(&self) -> String {
        match self {
            Self::Shape(_) => "write a number such as 12.5, without signs or separators".to_owned(),
            Self::TooFine { decimals, .. } => {
                format!("round it to {decimals} places")
            }
            Self::Zero => "send more than nothing".to_owned(),
            Self::TooLarge(_) => "send less".to_owned(),
        }
    }
}

/// Reads an amount in whole units of a token with this many decimals into its smallest units.
pub(crate) fn parse_amount(text: &str, decimals: u8) -> Result<U256, AmountError> {
    let shape = || AmountError::Shape(text.to_owned());
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if !whole.is_empty() && !fraction.is_empty() => (whole, fraction),
        Some(_) => return Err(shape()),
        None => (text, ""),
    };
    if whole.is_empty()
        || !whole
            .bytes()
            .chain(fraction.bytes())
            .all(|b| b.is_ascii_digit())
    {
        return Err(shape());
    }
    // Zeros at the end say nothing, so 1.50 is fine for a token with one decimal.
    let given = fraction.trim_end_matches('0').len();
    let Some(missing) = usize::from(decimals).checked_sub(given) else {
        return Err(AmountError::TooFine {
            text: text.to_owned(),
            given,
            decimals,
        });
    };
    let digits = format!("{whole}{}{}", &fraction[..given], "0".repeat(missing));
    let amount: U256 = digits
        .parse()
        .map_err(|_| AmountError::TooLarge(text.to_owned()))?;
    if amount.is_zero() {
        Err(AmountError::Zero)
    } else {
        Ok(amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly() {
        for (text, decimals, base) in [
            ("1", 18, "1000000000000000000"),
            ("1.5", 6, "1500000"),
            ("0.000001", 6, "1"),
            ("1.500", 1, "15"),
            ("7", 0, "7"),
            ("007.10", 2, "710"),
            (
                "115792089237316195423570985008687907853269984665640564039457584007913129639935",
                0,
                "115792089237316195423570985008687907853269984665640564039457584007913129639935",
            ),
        ] {
            assert_eq!(
                parse_amount(text, decimals).unwrap().to_string(),
                base,
                "{text}"
            );
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "", ".", "1.", ".5", "-1", "+1", "1e18", "1,5", "1_000", " 1", "0x1", "1.2.3", "١",
        ] {
            assert_eq!(
                parse_amount(text, 18),
                Err(AmountError::Shape(text.to_owned()))
            );
        }
        assert_eq!(parse_amount("0.00", 18), Err(AmountError::Zero));
        assert!(matches!(
            parse_amount("1.23", 1),
            Err(AmountError::TooFine { given: 2, .. })
        ));
        assert!(matches!(
            parse_amount(&"9".repeat(78), 0),
            Err(AmountError::TooLarge(_))
        ));
        assert!(matches!(
            parse_amount("1", 255),
            Err(AmountError::TooLarge(_))
        ));
    }

    #[test]
    fn what_is_written_is_read_back() {
        for decimals in [0, 1, 6, 18] {
            for base in [1_u64, 9, 10, 1_000_000, 123_456_789, 10_u64.pow(18)] {
                let amount = U256::from(base);
                let text = format_amount(amount, decimals);
                assert_eq!(parse_amount(&text, decimals), Ok(amount), "{text}");
            }
        }
        assert_eq!(format_amount(U256::ZERO, 18), "0");
    }
}
