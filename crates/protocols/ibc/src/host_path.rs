use std::fmt;

use alloy_primitives::{B256, hex, keccak256};
use serde::{Deserialize, Serialize};

use crate::{ClientId, Sequence};

/// Where a chain keeps a packet's commitment, receipt or acknowledgement: the client id, a tag, and
/// the sequence as eight big-endian bytes (ICS-24 v2, "Path-space").
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostPath(alloy_primitives::Bytes);

/// The tag between client id and sequence. The table of the specification and ibc-go agree on these
/// values; the specification's own sample code swaps the last two.
#[derive(Clone, Copy)]
enum Tag {
    Commitment = 1,
    Receipt = 2,
    Acknowledgement = 3,
}

impl HostPath {
    /// Where the source keeps the commitment of a packet sent through its client.
    pub fn commitment(source_client: &ClientId, sequence: Sequence) -> Self {
        Self::new(source_client, Tag::Commitment, sequence)
    }

    /// Where the destination notes that a packet arrived through its client.
    pub fn receipt(dest_client: &ClientId, sequence: Sequence) -> Self {
        Self::new(dest_client, Tag::Receipt, sequence)
    }

    /// Where the destination keeps the commitment of a packet's acknowledgement.
    pub fn acknowledgement(dest_client: &ClientId, sequence: Sequence) -> Self {
        Self::new(dest_client, Tag::Acknowledgement, sequence)
    }

    fn new(client: &ClientId, tag: Tag, sequence: Sequence) -> Self {
        let mut path = client.as_str().as_bytes().to_vec();
        path.push(tag as u8);
        path.extend_from_slice(&sequence.get().to_be_bytes());
        Self(path.into())
    }

    /// The path's bytes, without any prefix of the chain's store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Keccak-256 of the path: the key in the EVM contracts' mapping, and the path's name in a
    /// packet attestation.
    pub fn key(&self) -> B256 {
        keccak256(&self.0)
    }
}

impl fmt::Debug for HostPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostPath({})", hex::encode(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(text: &str) -> ClientId {
        text.parse().unwrap()
    }

    fn sequence(number: u64) -> Sequence {
        number.try_into().unwrap()
    }

    // ibc-go modules/core/24-host/v2/packet_key_test.go, solidity-ibc-eureka ICS24HostTest.t.sol
    #[test]
    fn paths_are_those_of_the_public_implementations() {
        let check =
            |path: HostPath, expected: &str| assert_eq!(hex::encode(path.as_bytes()), expected);
        check(
            HostPath::commitment(&client("channel-0"), sequence(1)),
            "6368616e6e656c2d30010000000000000001",
        );
        check(
            HostPath::receipt(&client("channel-0"), sequence(1)),
            "6368616e6e656c2d30020000000000000001",
        );
        check(
            HostPath::acknowledgement(&client("channel-0"), sequence(1)),
            "6368616e6e656c2d30030000000000000001",
        );
        check(
            HostPath::receipt(&client("channel-1"), sequence(2)),
            "6368616e6e656c2d31020000000000000002",
        );
        check(
            HostPath::acknowledgement(&client("channel-2"), sequence(3)),
            "6368616e6e656c2d32030000000000000003",
        );
    }
}
