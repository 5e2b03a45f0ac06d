use std::{fmt, str::FromStr};

use alloy_primitives::Address;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ChainId, ParseChainIdError};

/// An asset on a chain, named as CAIP-19 says: `chain/namespace:reference`, for example
/// `bip122:000000000019d6689c085ae165831e93/slip44:0` for bitcoin.
///
/// One asset has one name: a `slip44` reference is a decimal number without leading zeros, and the
/// address of an `erc20` is written with the checksum of EIP-55.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AssetId {
    chain: ChainId,
    namespace: String,
    reference: String,
}

/// Why a text is no CAIP-19 asset id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseAssetIdError {
    /// The part before the slash is no chain id.
    #[error(transparent)]
    Chain(#[from] ParseChainIdError),
    /// What follows the chain id breaks a rule.
    #[error(
        "{text:?} is no CAIP-19 asset id: {reason} (expected chain/namespace:reference, such as eip155:1/slip44:60)"
    )]
    Asset {
        /// The text that was given.
        text: String,
        /// The rule it breaks.
        reason: &'static str,
    },
}

impl AssetId {
    /// The coin that a chain itself runs on, by its number in SLIP-44: 0 for bitcoin, 60 for ether.
    pub fn coin(chain: ChainId, slip44: u32) -> Self {
        Self {
            chain,
            namespace: "slip44".to_owned(),
            reference: slip44.to_string(),
        }
    }

    /// The ERC-20 token of this contract.
    pub fn erc20(chain: ChainId, token: Address) -> Self {
        Self {
            chain,
            namespace: "erc20".to_owned(),
            reference: token.to_checksum(None),
        }
    }

    /// The chain that the asset is on.
    pub const fn chain(&self) -> &ChainId {
        &self.chain
    }

    /// The kind of asset: `slip44` for a chain's own coin, `erc20` for a token.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The asset within its namespace.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The contract of an ERC-20 token; `None` for any other asset.
    pub fn erc20_address(&self) -> Option<Address> {
        (self.namespace == "erc20")
            .then(|| self.reference.parse().ok())
            .flatten()
    }
}

impl FromStr for AssetId {
    type Err = ParseAssetIdError;

    /// CAIP-19: namespace `[-a-z0-9]{3,8}`, reference `[-.%a-zA-Z0-9]{1,128}`. The token ids of things
    /// that exist once are no part of an asset that has amounts, and are refused.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |reason| ParseAssetIdError::Asset {
            text: text.to_owned(),
            reason,
        };
        let (chain, asset) = text
            .split_once('/')
            .ok_or_else(|| refuse("it has no slash"))?;
        let chain: ChainId = chain.parse()?;
        let (namespace, reference) = asset
            .split_once(':')
            .ok_or_else(|| refuse("the asset has no colon"))?;
        let namespace_ok = (3..=8).contains(&namespace.len())
            && namespace
                .bytes()
                .all(|b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit());
        if !namespace_ok {
            return Err(refuse("the namespace is not 3 to 8 of a-z, 0-9 and -"));
        }
        let reference_ok = (1..=128).contains(&reference.len())
            && reference
                .bytes()
                .all(|b| matches!(b, b'-' | b'.' | b'%') || b.is_ascii_alphanumeric());
        if !reference_ok {
            return Err(refuse(
                "the reference is not 1 to 128 letters, digits, -, . and %",
            ));
        }
        match namespace {
            "slip44" => {
                let number: u32 = reference
                    .parse()
                    .ok()
                    .filter(|number: &u32| number.to_string() == reference)
                    .ok_or_else(|| refuse("a slip44 reference is a decimal number"))?;
                Ok(Self::coin(chain, number))
            }
            "erc20" => {
                let token: Address = Some(reference)
                    .filter(|reference| reference.starts_with("0x"))
                    .and_then(|reference| reference.parse().ok())
                    .ok_or_else(|| refuse("an erc20 reference is an address"))?;
                if reference != token.to_checksum(None) {
                    return Err(refuse(
                        "the address is not written with the checksum of EIP-55",
                    ));
                }
                Ok(Self::erc20(chain, token))
            }
            _ => Ok(Self {
                chain,
                namespace: namespace.to_owned(),
                reference: reference.to_owned(),
            }),
        }
    }
}

impl TryFrom<String> for AssetId {
    type Error = ParseAssetIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AssetId> for String {
    fn from(id: AssetId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for AssetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.chain, self.namespace, self.reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAI: &str = "eip155:1/erc20:0x6B175474E89094C44Da98b954EedeAC495271d0F";

    #[test]
    fn assets_are_read_and_written_the_same() {
        for text in [
            "bip122:000000000019d6689c085ae165831e93/slip44:0",
            "eip155:1/slip44:60",
            "cosmos:cosmoshub-3/slip44:118",
            DAI,
        ] {
            let id: AssetId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
        }
        let dai: AssetId = DAI.parse().unwrap();
        assert_eq!(dai.chain(), &ChainId::eip155(1));
        assert_eq!(
            AssetId::erc20(ChainId::eip155(1), dai.erc20_address().unwrap()),
            dai
        );
        assert_eq!(AssetId::coin(ChainId::eip155(1), 60).erc20_address(), None);
    }

    #[test]
    fn texts_that_name_no_asset_are_refused() {
        let upper = format!("eip155:1/erc20:0x{}", DAI[17..].to_ascii_uppercase());
        let lower = DAI.to_ascii_lowercase();
        for text in [
            "eip155:1",
            "eip155:1/slip44",
            "eip155:01/slip44:60",
            "eip155:1/slip44:060",
            "eip155:1/slip44:-1",
            "eip155:1/slip44:",
            "eip155:1/ERC20:0x6B175474E89094C44Da98b954EedeAC495271d0F",
            "eip155:1/erc20:6B175474E89094C44Da98b954EedeAC495271d0F",
            "eip155:1/erc20:0x6B17",
            "eip155:1/erc721:0x06012c8cf97BEaD5deAe237070F9587f8E7A266d/771769",
            &upper,
            &lower,
            "",
        ] {
            assert!(text.parse::<AssetId>().is_err(), "{text}");
        }
    }
}
