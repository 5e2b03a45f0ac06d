//! EVM addresses as people write them.

use alloy::primitives::Address;
use serde::Serializer;
use thiserror::Error;

/// Why a text is no EVM address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum AddressError {
    /// It is not 0x and 40 hexadecimal digits.
    #[error("{0:?} is no address (expected 0x and 40 hexadecimal digits)")]
    Shape(String),
    /// Its capitals say that a digit is wrong.
    #[error("{0:?} has a wrong checksum, so a digit may be mistyped")]
    Checksum(String),
}

/// Reads an address. Mixed case carries the EIP-55 checksum, which must then be right; an address
/// in one case carries none.
pub(crate) fn parse_address(text: &str) -> Result<Address, AddressError> {
    let digits = text
        .strip_prefix("0x")
        .ok_or_else(|| AddressError::Shape(text.to_owned()))?;
    if digits.len() != 40 {
        return Err(AddressError::Shape(text.to_owned()));
    }
    let address: Address = text
        .parse()
        .map_err(|_| AddressError::Shape(text.to_owned()))?;
    let mixed = digits.bytes().any(|b| b.is_ascii_lowercase())
        && digits.bytes().any(|b| b.is_ascii_uppercase());
    if mixed && address.to_checksum(None) != text {
        return Err(AddressError::Checksum(text.to_owned()));
    }
    Ok(address)
}

/// Writes an address with its checksum, as people compare it.
pub(crate) fn checksummed<S: Serializer>(
    address: &Address,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&address.to_checksum(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_case_must_carry_the_right_checksum() {
        let right = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
        assert_eq!(parse_address(right).unwrap().to_string(), right);
        assert!(parse_address(&right.to_lowercase()).is_ok());
        let wrong = right.replace("39F", "39f");
        assert_eq!(
            parse_address(&wrong),
            Err(AddressError::Checksum(wrong.clone()))
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "0x",
            "f39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
            "0xf39F",
            "0xzz9Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        ] {
            assert_eq!(
                parse_address(text),
                Err(AddressError::Shape(text.to_owned()))
            );
        }
    }
}
