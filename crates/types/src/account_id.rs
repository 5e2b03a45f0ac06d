use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{ChainId, ParseChainIdError};

/// An account on a chain, named as CAIP-10 says: `namespace:reference:address`.
///
/// The address is kept as given; what it means is for the chain's driver to say.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId {
    /// The chain that the account is on.
    pub chain: ChainId,
    address: String,
}

/// Why a text is no CAIP-10 account id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseAccountIdError {
    /// The part before the address is no chain id.
    #[error(transparent)]
    Chain(#[from] ParseChainIdError),
    /// The address is missing or has characters that CAIP-10 does not allow.
    #[error("{0:?} is no CAIP-10 account id (expected namespace:reference:address)")]
    Address(String),
}

impl AccountId {
    /// The account with this address on this chain.
    pub fn new(chain: ChainId, address: impl Into<String>) -> Result<Self, ParseAccountIdError> {
        let address = address.into();
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'%');
        if !(1..=128).contains(&address.len()) || !address.bytes().all(allowed) {
            return Err(ParseAccountIdError::Address(format!("{chain}:{address}")));
        }
        Ok(Self { chain, address })
    }

    /// The address on the chain, in the chain's own writing.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl FromStr for AccountId {
    type Err = ParseAccountIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (chain, address) = text
            .rsplit_once(':')
            .ok_or_else(|| ParseAccountIdError::Address(text.to_owned()))?;
        Self::new(chain.parse()?, address)
    }
}

impl TryFrom<String> for AccountId {
    type Error = ParseAccountIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(id: AccountId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.chain, self.address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_id_is_read_and_written_the_same() {
        let text = "eip155:1:0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb";
        let id: AccountId = text.parse().unwrap();
        assert_eq!(id.chain, ChainId::eip155(1));
        assert_eq!(id.address(), "0xab16a96D359eC26a11e2C2b3d8f8B8942d5Bfcdb");
        assert_eq!(id.to_string(), text);
    }

    #[test]
    fn texts_that_break_caip_10_are_refused() {
        for text in [
            "0xab16",
            "eip155:1",
            "eip155:1:",
            "eip155:x:0xab",
            "eip155:1:0x ab",
        ] {
            assert!(text.parse::<AccountId>().is_err(), "{text}");
        }
    }
}
