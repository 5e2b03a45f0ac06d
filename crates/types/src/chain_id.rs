use std::{
    fmt::{self, Write as _},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A blockchain, named as CAIP-2 says: `namespace:reference`, for example `eip155:31337`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChainId {
    text: String,
    colon: usize,
}

/// Why a text is no CAIP-2 chain id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "{text:?} is no CAIP-2 chain id: {reason} (expected namespace:reference, such as eip155:1)"
)]
pub struct ParseChainIdError {
    /// The text that was given.
    pub text: String,
    /// The rule it breaks.
    pub reason: &'static str,
}

impl ChainId {
    /// The EVM chain with this EIP-155 id.
    pub fn eip155(id: u64) -> Self {
        Self {
            text: format!("eip155:{id}"),
            colon: "eip155".len(),
        }
    }

    /// The Bitcoin-like chain that begins with the block of this hash, its bytes in the order in which
    /// people write it. The reference is the first half of the hash (CAIP-2, namespace `bip122`).
    pub fn bip122(genesis: &[u8; 32]) -> Self {
        let mut text = "bip122:".to_owned();
        for byte in &genesis[..16] {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self {
            text,
            colon: "bip122".len(),
        }
    }

    /// The kind of chain, `eip155` for EVM chains.
    pub fn namespace(&self) -> &str {
        &self.text[..self.colon]
    }

    /// The chain within its namespace, `31337` in `eip155:31337`.
    pub fn reference(&self) -> &str {
        &self.text[self.colon + 1..]
    }

    /// The EIP-155 number, if this is an EVM chain.
    pub fn eip155_id(&self) -> Option<u64> {
        (self.namespace() == "eip155")
            .then(|| self.reference().parse().ok())
            .flatten()
    }

    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for ChainId {
    type Err = ParseChainIdError;

    /// CAIP-2: namespace `[-a-z0-9]{3,8}`, reference `[-_a-zA-Z0-9]{1,32}`; an EIP-155 reference is
    /// a decimal number without leading zeros, and a BIP-122 reference the first half of a block
    /// hash in lower case, so that two texts never name one chain.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |reason| ParseChainIdError {
            text: text.to_owned(),
            reason,
        };
        let (namespace, reference) = text
            .split_once(':')
            .ok_or_else(|| refuse("it has no colon"))?;
        let namespace_ok = (3..=8).contains(&namespace.len())
            && namespace
                .bytes()
                .all(|b| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit());
        if !namespace_ok {
            return Err(refuse("the namespace is not 3 to 8 of a-z, 0-9 and -"));
        }
        let reference_ok = (1..=32).contains(&reference.len())
            && reference
                .bytes()
                .all(|b| b == b'-' || b == b'_' || b.is_ascii_alphanumeric());
        if !reference_ok {
            return Err(refuse(
                "the reference is not 1 to 32 letters, digits, - and _",
            ));
        }
        if namespace == "eip155"
            && reference.parse::<u64>().map(|id| id.to_string()).as_deref() != Ok(reference)
        {
            return Err(refuse("an eip155 reference is a decimal number"));
        }
        let hex_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if namespace == "bip122" && !(reference.len() == 32 && reference.bytes().all(hex_digit)) {
            return Err(refuse(
                "a bip122 reference is 32 lower-case hexadecimal digits",
            ));
        }
        Ok(Self {
            text: text.to_owned(),
            colon: namespace.len(),
        })
    }
}

impl TryFrom<String> for ChainId {
    type Error = ParseChainIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ChainId> for String {
    fn from(id: ChainId) -> Self {
        id.text
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_evm_chain_id_is_read_and_written_the_same() {
        let id: ChainId = "eip155:31337".parse().unwrap();
        assert_eq!(id, ChainId::eip155(31337));
        assert_eq!((id.namespace(), id.reference()), ("eip155", "31337"));
        assert_eq!(id.eip155_id(), Some(31337));
        assert_eq!(id.to_string(), "eip155:31337");
    }

    #[test]
    fn a_bitcoin_like_chain_is_named_by_half_of_its_first_block() {
        let mut genesis = [0xab; 32];
        genesis[0] = 0x0f;
        let id = ChainId::bip122(&genesis);
        assert_eq!(id.as_str(), "bip122:0fababababababababababababababab");
        assert_eq!(id.as_str().parse(), Ok(id));
    }

    #[test]
    fn texts_that_break_caip_2_are_refused() {
        for text in [
            "31337",
            "eip155:",
            "eip155:01",
            "eip155:0x1",
            "EIP155:1",
            "eip155:1:2",
            "ab:1",
            "",
        ] {
            assert!(text.parse::<ChainId>().is_err(), "{text}");
        }
        let long = format!("cosmos:{}", "a".repeat(33));
        assert!(long.parse::<ChainId>().is_err());
    }

    #[test]
    fn a_bitcoin_like_chain_has_one_writing() {
        let id: ChainId = "bip122:000000000019d6689c085ae165831e93".parse().unwrap();
        assert_eq!((id.namespace(), id.eip155_id()), ("bip122", None));
        for text in [
            "bip122:000000000019D6689C085AE165831E93",
            "bip122:000000000019d6689c085ae165831e9",
            "bip122:main",
        ] {
            assert!(text.parse::<ChainId>().is_err(), "{text}");
        }
    }
}
