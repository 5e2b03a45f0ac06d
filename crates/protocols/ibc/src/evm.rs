//! IBC v2 as EVM contracts write it: the ABI of packets, and where the router keeps commitments.

use alloy_primitives::{B256, b256, keccak256};
use causeway_types::Timestamp;

use crate::{DecodeError, Sequence};

mod sol_types {
    #![allow(
        missing_docs,
        reason = "the fields are those of the pure types, which say what they mean"
    )]

    alloy_sol_types::sol! {
        /// One application's part of a packet, as the contracts' ABI has it.
        #[derive(Debug, PartialEq, Eq)]
        struct Payload {
            string sourcePort;
            string destPort;
            string version;
            string encoding;
            bytes value;
        }

        /// A packet, as the contracts' ABI has it.
        #[derive(Debug, PartialEq, Eq)]
        struct Packet {
            uint64 sequence;
            string sourceClient;
            string destClient;
            uint64 timeoutTimestamp;
            Payload[] payloads;
        }

        /// A height of a chain whose revision number is 0 wherever heights are plain numbers.
        #[derive(Debug, PartialEq, Eq)]
        struct Height {
            uint64 revisionNumber;
            uint64 revisionHeight;
        }
    }
}

pub use sol_types::{Height, Packet, Payload};

/// Where the router's storage begins: the ERC-7201 slot of `ibc.storage.IBCStore`. The mapping from
/// path keys to commitments is the first thing there.
pub const COMMITMENTS_SLOT: B256 =
    b256!("1260944489272988d9df285149b5aa1b0f48f2136d6f416159f840a3e0747600");

/// The storage key of the router's commitment under a path key, as `eth_getStorageAt` and
/// `eth_getProof` take it.
pub fn storage_key(path_key: B256) -> B256 {
    keccak256([path_key, COMMITMENTS_SLOT].concat())
}

impl Height {
    /// The height of a chain that has no revisions, as EVM chains.
    pub const fn of_block(height: u64) -> Self {
        Self {
            revisionNumber: 0,
            revisionHeight: height,
        }
    }
}

impl From<&crate::Payload> for Payload {
    fn from(payload: &crate::Payload) -> Self {
        Self {
            sourcePort: payload.source_port.clone(),
            destPort: payload.dest_port.clone(),
            version: payload.version.clone(),
            encoding: payload.encoding.clone(),
            value: payload.value.clone(),
        }
    }
}

impl From<Payload> for crate::Payload {
    fn from(payload: Payload) -> Self {
        Self {
            source_port: payload.sourcePort,
            dest_port: payload.destPort,
            version: payload.version,
            encoding: payload.encoding,
            value: payload.value,
        }
    }
}

impl From<&crate::Packet> for Packet {
    fn from(packet: &crate::Packet) -> Self {
        Self {
            sequence: packet.sequence.get(),
            sourceClient: packet.source_client.to_string(),
            destClient: packet.dest_client.to_string(),
            timeoutTimestamp: packet.timeout.as_secs(),
            payloads: packet.payloads.iter().map(Payload::from).collect(),
        }
    }
}

impl TryFrom<Packet> for crate::Packet {
    type Error = DecodeError;

    /// Refuses a sequence of zero, client ids that ICS-24 does not allow, and a packet that says
    /// nothing; the error names the field.
    fn try_from(packet: Packet) -> Result<Self, Self::Error> {
        const WHAT: &str = "a packet";
        let sequence = Sequence::try_from(packet.sequence)
            .map_err(|error| DecodeError::field(WHAT, "sequence", error))?;
        let source_client = packet
            .sourceClient
            .try_into()
            .map_err(|error| DecodeError::field(WHAT, "sourceClient", error))?;
        let dest_client = packet
            .destClient
            .try_into()
            .map_err(|error| DecodeError::field(WHAT, "destClient", error))?;
        if packet.payloads.is_empty() {
            return Err(DecodeError::field(
                WHAT,
                "payloads",
                "it is empty (expected one or more)",
            ));
        }
        Ok(Self {
            sequence,
            source_client,
            dest_client,
            timeout: Timestamp::from_secs(packet.timeoutTimestamp),
            payloads: packet
                .payloads
                .into_iter()
                .map(crate::Payload::from)
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::hex;
    use alloy_sol_types::{SolStruct, SolValue};
    use proptest::prelude::*;

    use super::*;
    use crate::test_values::{evm_packet, packet_seven, packets};

    #[test]
    fn the_storage_key_is_where_the_public_router_keeps_the_commitment() {
        let path = crate::HostPath::commitment(&"channel-0".parse().unwrap(), Sequence::FIRST);
        assert_eq!(
            path.key(),
            b256!("f12abff5cdc0ca904de170332d1278d1002652e8bd9ed9e103cd2ae10d5465a7")
        );
        assert_eq!(
            storage_key(path.key()),
            b256!("159ac19e1a188a1143a006ecbbdce0e626c08665252d035c98633a7286456057")
        );
    }

    // ERC-7201: keccak256(abi.encode(uint256(keccak256(id)) - 1)) & ~bytes32(uint256(0xff))
    #[test]
    fn the_slot_is_computed_from_its_name() {
        let before = alloy_primitives::U256::from_be_bytes(keccak256("ibc.storage.IBCStore").0)
            - alloy_primitives::U256::ONE;
        let mut slot = keccak256(before.to_be_bytes::<32>());
        slot[31] = 0;
        assert_eq!(slot, COMMITMENTS_SLOT);
    }

    #[test]
    fn the_structs_have_the_types_that_the_public_selectors_and_topics_hash() {
        fn tuple<S: SolStruct>() -> String {
            let fields = S::eip712_root_type();
            let (_, fields) = fields.split_once('(').unwrap();
            let types = fields.trim_end_matches(')').split(',');
            types
                .map(|field| field.split_once(' ').unwrap().0)
                .collect::<Vec<_>>()
                .join(",")
        }
        let packet = tuple::<Packet>().replace("Payload", &format!("({})", tuple::<Payload>()));
        let height = tuple::<Height>();
        let topic = keccak256(format!("SendPacket(string,uint256,({packet}))"));
        assert_eq!(
            topic,
            b256!("ab3a4458a269be61dfa43faa33aa7b1f5d570716f83ad078bc2ba5dab039abae")
        );
        let selector = keccak256(format!("recvPacket((({packet}),bytes,({height})))"));
        assert_eq!(selector[..4], hex!("5ebd10ca"));
    }

    #[test]
    fn a_packet_is_encoded_as_solidity_encodes_it() {
        let (packet, encoding) = packet_seven();
        assert_eq!(
            hex::encode(evm_packet().abi_encode()),
            hex::encode(&encoding)
        );
        assert_eq!(packet.receipt_value(), keccak256(encoding));
    }

    #[test]
    fn what_no_packet_can_have_is_refused_by_the_name_of_the_field() {
        let check = |spoil: fn(&mut Packet), expected: &str| {
            let mut packet = evm_packet();
            spoil(&mut packet);
            match crate::Packet::try_from(packet) {
                Err(DecodeError::Field { field, .. }) => assert_eq!(field, expected),
                other => panic!("{expected}: {other:?}"),
            }
        };
        check(|packet| packet.sequence = 0, "sequence");
        check(
            |packet| packet.sourceClient = "abc".to_owned(),
            "sourceClient",
        );
        check(
            |packet| packet.destClient = "client/1".to_owned(),
            "destClient",
        );
        check(|packet| packet.payloads.clear(), "payloads");
    }

    proptest! {
        #[test]
        fn a_packet_survives_the_way_through_the_abi(packet in packets()) {
            let bytes = Packet::from(&packet).abi_encode();
            let back = Packet::abi_decode_validate(&bytes).unwrap();
            prop_assert_eq!(crate::Packet::try_from(back).unwrap(), packet);
        }
    }
}
