//! Who says something: keys that sign, and what is signed.

use std::{fmt, str::FromStr};

use alloy_primitives::{B256, B512, hex};
use k256::schnorr::{
    Signature, SigningKey, VerifyingKey,
    signature::{Signer as _, Verifier as _},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A party that signs what it says: the x coordinate of its public key (BIP-340), in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PeerId(B256);

/// A BIP-340 signature, in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PeerSignature(B512);

/// A text is no key or no signature.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is no {what} (expected {digits} lower-case hexadecimal digits)")]
pub struct ParsePeerError {
    what: &'static str,
    digits: usize,
    text: String,
}

/// Somebody else has signed, or something else was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the signature is not one of {by} under this")]
pub struct WrongSignature {
    /// Who should have signed.
    pub by: PeerId,
}

/// The key of a party.
pub struct PeerKey(SigningKey);

impl PeerKey {
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        SigningKey::from_bytes(bytes).ok().map(Self)
    }

    /// Who it is the key of.
    pub fn id(&self) -> PeerId {
        PeerId(B256::from_slice(&self.0.verifying_key().to_bytes()))
    }

    /// Signs a statement.
    pub fn sign(&self, statement: &Statement) -> PeerSignature {
        let signature: Signature = self.0.sign(&statement.0);
        PeerSignature(B512::from_slice(&signature.to_bytes()))
    }
}

impl fmt::Debug for PeerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerKey({})", self.id())
    }
}

impl PeerId {
    /// Whether this party has signed the statement.
    ///
    /// # Errors
    /// When it has not.
    pub fn check(
        &self,
        statement: &Statement,
        signature: &PeerSignature,
    ) -> Result<(), WrongSignature> {
        let wrong = WrongSignature { by: *self };
        let key = VerifyingKey::from_bytes(self.0.as_slice()).map_err(|_| wrong)?;
        let signature = Signature::try_from(signature.0.as_slice()).map_err(|_| wrong)?;
        key.verify(&statement.0, &signature).map_err(|_| wrong)
    }
}

/// The bytes that stand for something that is said: its kind and its parts, so that nothing signed for
/// one purpose serves another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement(Vec<u8>);

impl Statement {
    /// A statement of a kind, of these parts in this order.
    pub fn new(kind: &str, parts: &[&[u8]]) -> Self {
        let mut bytes = Vec::new();
        for part in [kind.as_bytes()].iter().chain(parts) {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part);
        }
        Self(bytes)
    }
}

fn parse<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], ParsePeerError> {
    let wrong = || ParsePeerError {
        what,
        digits: 2 * N,
        text: text.chars().take(2 * N + 1).collect(),
    };
    if text.len() != 2 * N || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(wrong());
    }
    hex::decode_to_array(text).map_err(|_| wrong())
}

impl FromStr for PeerId {
    type Err = ParsePeerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse("party's key", text).map(|bytes| Self(B256::new(bytes)))
    }
}

impl TryFrom<String> for PeerId {
    type Error = ParsePeerError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PeerId> for String {
    fn from(id: PeerId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl TryFrom<String> for PeerSignature {
    type Error = ParsePeerError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        parse("signature", &text).map(|bytes| Self(B512::new(bytes)))
    }
}

impl From<PeerSignature> for String {
    fn from(signature: PeerSignature) -> Self {
        hex::encode(signature.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> PeerKey {
        PeerKey::from_bytes(&[byte; 32]).unwrap()
    }

    #[test]
    fn a_signature_counts_for_its_party_and_its_statement() {
        let statement = Statement::new("kind", &[b"ab", b"c"]);
        let signature = key(1).sign(&statement);
        let by = key(1).id();
        by.check(&statement, &signature).unwrap();
        assert_eq!(
            key(2).id().check(&statement, &signature),
            Err(WrongSignature { by: key(2).id() })
        );
        for other in [
            Statement::new("kind", &[b"a", b"bc"]),
            Statement::new("kin", &[b"dab", b"c"]),
        ] {
            assert!(by.check(&other, &signature).is_err());
        }
    }

    #[test]
    fn parties_and_signatures_have_one_writing() {
        let id = key(1).id();
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        for wrong in [
            text.to_uppercase(),
            format!("0x{text}"),
            text[2..].to_owned(),
            "zz".repeat(32),
        ] {
            assert!(wrong.parse::<PeerId>().is_err(), "{wrong}");
        }
        let signature = key(1).sign(&Statement::new("", &[]));
        let json = serde_json::to_string(&signature).unwrap();
        assert_eq!(
            serde_json::from_str::<PeerSignature>(&json).unwrap(),
            signature
        );
    }
}
