use alloy_primitives::Bytes;
use alloy_sol_types::SolValue;
use serde::{Deserialize, Serialize};

use super::{ENCODING, PORT};
use crate::{DecodeError, Payload, abi::decode_strictly};

/// The version of the packet that announces a token's metadata; it goes from transfer port to
/// transfer port. Our own addition: chains that do not know it answer with the universal error, and
/// vouchers there keep showing the denomination.
pub const METADATA_VERSION: &str = "causeway-metadata-1";

mod sol_types {
    alloy_sol_types::sol! {
        struct TokenMetadata {
            string denom;
            string name;
            string symbol;
            uint8 decimals;
        }
    }
}

/// How a token calls itself where it comes from, so that its vouchers can show the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenMetadata {
    /// Which token, by its full trace as the source sees it; see [`super::Denom`].
    pub denom: String,
    /// Its name, for example `Wrapped Ether`.
    pub name: String,
    /// Its symbol, for example `WETH`.
    pub symbol: String,
    /// How many decimal places a whole token has.
    pub decimals: u8,
}

impl TokenMetadata {
    /// The ABI encoding that becomes a payload's value.
    pub fn encode(&self) -> Bytes {
        let metadata = sol_types::TokenMetadata {
            denom: self.denom.clone(),
            name: self.name.clone(),
            symbol: self.symbol.clone(),
            decimals: self.decimals,
        };
        metadata.abi_encode().into()
    }

    /// Reads a payload's value; refuses any encoding but the canonical one.
    pub fn decode(value: &[u8]) -> Result<Self, DecodeError> {
        let metadata: sol_types::TokenMetadata = decode_strictly("token metadata", value)?;
        Ok(Self {
            denom: metadata.denom,
            name: metadata.name,
            symbol: metadata.symbol,
            decimals: metadata.decimals,
        })
    }

    /// The payload that announces it.
    pub fn payload(&self) -> Payload {
        Payload {
            source_port: PORT.to_owned(),
            dest_port: PORT.to_owned(),
            version: METADATA_VERSION.to_owned(),
            encoding: ENCODING.to_owned(),
            value: self.encode(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_values::{check_strictness, damage, words};

    fn wrapped_ether() -> (TokenMetadata, Vec<u8>) {
        let metadata = TokenMetadata {
            denom: "0xabc".to_owned(),
            name: "Wrapped Ether".to_owned(),
            symbol: "WETH".to_owned(),
            decimals: 18,
        };
        let encoding = words(&[
            "20",
            "80",
            "c0",
            "100",
            "12",
            "5",
            ".3078616263",
            "d",
            ".57726170706564204574686572",
            "4",
            ".57455448",
        ]);
        (metadata, encoding)
    }

    #[test]
    fn metadata_is_encoded_as_solidity_encodes_it() {
        let (metadata, encoding) = wrapped_ether();
        assert_eq!(metadata.encode(), encoding);
        assert_eq!(TokenMetadata::decode(&encoding), Ok(metadata.clone()));
        let payload = metadata.payload();
        assert_eq!([payload.source_port, payload.dest_port], ["transfer"; 2]);
        assert_eq!(payload.version, "causeway-metadata-1");
    }

    #[test]
    fn decimals_that_are_no_single_byte_are_refused() {
        let (_, mut encoding) = wrapped_ether();
        encoding[4 * 32 + 30] = 1;
        assert!(TokenMetadata::decode(&encoding).is_err());
    }

    proptest! {
        #[test]
        fn metadata_has_one_encoding(
            (denom, name, symbol, decimals) in (any::<String>(), ".{0,50}", ".{0,50}", any::<u8>()),
            damage in damage(),
        ) {
            let metadata = TokenMetadata { denom, name, symbol, decimals };
            check_strictness(&metadata, TokenMetadata::encode, TokenMetadata::decode, damage);
        }
    }
}
