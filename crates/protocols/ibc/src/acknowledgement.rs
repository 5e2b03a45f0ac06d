use alloy_primitives::{B256, Bytes, b256};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{hash::sha256, packet::COMMITMENT_VERSION};

/// What a destination answers when a packet failed there: SHA-256 of
/// `UNIVERSAL_ERROR_ACKNOWLEDGEMENT` (ICS-4 v2, "Acknowledgement").
pub const UNIVERSAL_ERROR_ACKNOWLEDGEMENT: B256 =
    b256!("4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab");

/// What the destination's applications answered: one acknowledgement per payload, or the universal
/// error alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Bytes>", into = "Vec<Bytes>")]
pub struct Acknowledgement(Vec<Bytes>);

/// Why a list of application acknowledgements is no acknowledgement of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AcknowledgementError {
    /// There is not one acknowledgement.
    #[error("an acknowledgement is empty (expected one entry per payload)")]
    Empty,
    /// An application acknowledgement has no bytes.
    #[error("acknowledgement {index} has no bytes")]
    EmptyEntry {
        /// Its place, counted from zero.
        index: usize,
    },
    /// The universal error stands beside other entries; it is allowed only alone.
    #[error("the universal error acknowledgement is one of {entries} entries (expected it alone)")]
    ErrorNotAlone {
        /// How many entries there are.
        entries: usize,
    },
}

impl Acknowledgement {
    /// The acknowledgement of a packet that failed at the destination.
    pub fn universal_error() -> Self {
        Self(vec![UNIVERSAL_ERROR_ACKNOWLEDGEMENT.into()])
    }

    /// The applications' acknowledgements, in the order of the packet's payloads.
    pub fn app_acknowledgements(&self) -> &[Bytes] {
        &self.0
    }

    /// Whether the packet failed at the destination, so that the source must undo it.
    pub fn is_universal_error(&self) -> bool {
        self.0
            .iter()
            .any(|ack| ack.as_ref() == UNIVERSAL_ERROR_ACKNOWLEDGEMENT.as_slice())
    }

    /// The commitment that the destination keeps of it.
    pub fn commitment(&self) -> B256 {
        ack_commitment(&self.0)
    }
}

impl TryFrom<Vec<Bytes>> for Acknowledgement {
    type Error = AcknowledgementError;

    fn try_from(acks: Vec<Bytes>) -> Result<Self, Self::Error> {
        if acks.is_empty() {
            return Err(AcknowledgementError::Empty);
        }
        if let Some(index) = acks.iter().position(|ack| ack.is_empty()) {
            return Err(AcknowledgementError::EmptyEntry { index });
        }
        let acknowledgement = Self(acks);
        if acknowledgement.is_universal_error() && acknowledgement.0.len() > 1 {
            return Err(AcknowledgementError::ErrorNotAlone {
                entries: acknowledgement.0.len(),
            });
        }
        Ok(acknowledgement)
    }
}

impl From<Acknowledgement> for Vec<Bytes> {
    fn from(acknowledgement: Acknowledgement) -> Self {
        acknowledgement.0
    }
}

/// The commitment that a destination keeps of application acknowledgements:
/// `H(2 ‖ H(ack₁) ‖ H(ack₂) …)`.
pub fn ack_commitment(acks: &[Bytes]) -> B256 {
    let hashes: Vec<B256> = acks.iter().map(|ack| sha256([ack.as_ref()])).collect();
    sha256(std::iter::once(COMMITMENT_VERSION.as_slice()).chain(hashes.iter().map(B256::as_slice)))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;

    use super::*;

    #[test]
    fn the_universal_error_is_the_hash_of_its_name() {
        assert_eq!(
            sha256([b"UNIVERSAL_ERROR_ACKNOWLEDGEMENT".as_slice()]),
            UNIVERSAL_ERROR_ACKNOWLEDGEMENT
        );
    }

    // solidity-ibc-eureka ICS24HostTest.t.sol; ibc-go 04-channel/v2/types/commitment_test.go
    #[test]
    fn commitments_are_those_of_the_public_implementations() {
        let check = |ack: &[u8], expected: &str| {
            assert_eq!(
                hex::encode(ack_commitment(&[Bytes::copy_from_slice(ack)])),
                expected
            );
        };
        check(
            b"some bytes",
            "f03b4667413e56aaf086663267913e525c442b56fa1af4fa3f3dab9f37044c5b",
        );
    }

    #[test]
    fn the_commitment_of_the_universal_error_is_that_of_ibc_go() {
        let commitment = hex::encode(Acknowledgement::universal_error().commitment());
        assert!(
            commitment.starts_with("e2fb30df") && commitment.ends_with("ced7"),
            "{commitment}"
        );
    }

    #[test]
    fn the_universal_error_stands_alone_or_not_at_all() {
        let error: Bytes = UNIVERSAL_ERROR_ACKNOWLEDGEMENT.into();
        let other = Bytes::from_static(b"other");
        let alone = Acknowledgement::try_from(vec![error.clone()]).unwrap();
        assert!(alone.is_universal_error());
        assert_eq!(alone, Acknowledgement::universal_error());
        for acks in [
            vec![error.clone(), other.clone()],
            vec![other.clone(), error.clone()],
            vec![error.clone(), error],
        ] {
            assert_eq!(
                Acknowledgement::try_from(acks),
                Err(AcknowledgementError::ErrorNotAlone { entries: 2 })
            );
        }
        assert!(
            !Acknowledgement::try_from(vec![other.clone(), other])
                .unwrap()
                .is_universal_error()
        );
    }

    #[test]
    fn an_acknowledgement_without_entries_or_bytes_is_refused() {
        assert_eq!(
            Acknowledgement::try_from(vec![]),
            Err(AcknowledgementError::Empty)
        );
        assert_eq!(
            Acknowledgement::try_from(vec![Bytes::from_static(b"a"), Bytes::new()]),
            Err(AcknowledgementError::EmptyEntry { index: 1 })
        );
        assert!(serde_json::from_str::<Acknowledgement>("[]").is_err());
    }
}
