use alloy_primitives::{B256, Bytes, keccak256};
use alloy_sol_types::SolValue;
use causeway_types::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ClientId, HostPath, Sequence, evm, hash::sha256};

/// What travels from one chain to the other (ICS-4 v2, "Packet").
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Packet {
    /// Its number among the packets sent through `source_client`.
    pub sequence: Sequence,
    /// The source's client of the destination.
    pub source_client: ClientId,
    /// The destination's client of the source.
    pub dest_client: ClientId,
    /// The destination takes the packet only in blocks earlier than this; from then on the source
    /// may refund. IBC v2 counts seconds.
    pub timeout: Timestamp,
    /// What the applications have to say. The public EVM contracts take exactly one payload.
    pub payloads: Vec<Payload>,
}

/// One application's part of a packet (ICS-4 v2, "Payload").
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Payload {
    /// The application that sent it, on the source.
    pub source_port: String,
    /// The application that it is for, on the destination.
    pub dest_port: String,
    /// The application protocol's version, for example `ics20-1`.
    pub version: String,
    /// How `value` is encoded, for example `application/x-solidity-abi`.
    pub encoding: String,
    /// The application's own bytes.
    pub value: Bytes,
}

/// The first byte hashed into every commitment of IBC v2, so that none can pass for one of v1.
pub(crate) const COMMITMENT_VERSION: [u8; 1] = [2];

impl Packet {
    /// The commitment that the source keeps until the packet is acknowledged or timed out:
    /// `H(2 ‖ H(dest_client) ‖ H(timeout) ‖ H(H(payload₁) ‖ …))`.
    ///
    /// The timeout is hashed big-endian, as ibc-go and the Solidity contracts do it; the text of
    /// the specification says little-endian.
    pub fn commitment(&self) -> B256 {
        let payloads: Vec<B256> = self.payloads.iter().map(Payload::hash).collect();
        sha256([
            COMMITMENT_VERSION.as_slice(),
            sha256([self.dest_client.as_str().as_bytes()]).as_slice(),
            sha256([self.timeout.as_secs().to_be_bytes().as_slice()]).as_slice(),
            sha256(payloads.iter().map(B256::as_slice)).as_slice(),
        ])
    }

    /// Where the source keeps [`Packet::commitment`].
    pub fn commitment_path(&self) -> HostPath {
        HostPath::commitment(&self.source_client, self.sequence)
    }

    /// Where the destination keeps [`Packet::receipt_value`].
    pub fn receipt_path(&self) -> HostPath {
        HostPath::receipt(&self.dest_client, self.sequence)
    }

    /// Where the destination keeps the commitment of the acknowledgement.
    pub fn ack_path(&self) -> HostPath {
        HostPath::acknowledgement(&self.dest_client, self.sequence)
    }

    /// What the public EVM contracts write as the receipt: Keccak-256 of the packet's ABI encoding.
    /// Other chains may write anything but zero.
    pub fn receipt_value(&self) -> B256 {
        keccak256(evm::Packet::from(self).abi_encode())
    }
}

impl Payload {
    fn hash(&self) -> B256 {
        let fields = [
            self.source_port.as_bytes(),
            self.dest_port.as_bytes(),
            self.version.as_bytes(),
            self.encoding.as_bytes(),
            &self.value,
        ];
        let hashes = fields.map(|field| sha256([field]));
        sha256(hashes.iter().map(B256::as_slice))
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::b256;
    use proptest::prelude::*;

    use super::*;
    use crate::{ics20, test_values::packets};

    fn transfer(clients: [&str; 2], encoding: &str, value: Bytes) -> Packet {
        Packet {
            sequence: Sequence::FIRST,
            source_client: clients[0].parse().unwrap(),
            dest_client: clients[1].parse().unwrap(),
            timeout: Timestamp::from_secs(100),
            payloads: vec![Payload {
                source_port: ics20::PORT.to_owned(),
                dest_port: ics20::PORT.to_owned(),
                version: ics20::VERSION.to_owned(),
                encoding: encoding.to_owned(),
                value,
            }],
        }
    }

    fn a_million_uatom() -> Bytes {
        ics20::FungibleTokenPacketData {
            denom: "uatom".to_owned(),
            sender: "sender".to_owned(),
            receiver: "receiver".to_owned(),
            amount: alloy_primitives::U256::from(1_000_000),
            memo: "memo".to_owned(),
        }
        .encode()
    }

    // solidity-ibc-eureka test/solidity-ibc/ICS24HostTest.t.sol
    #[test]
    fn the_commitment_is_that_of_the_solidity_contracts() {
        let packet = transfer(
            ["channel-0", "channel-1"],
            ics20::ENCODING,
            a_million_uatom(),
        );
        assert_eq!(
            packet.commitment(),
            b256!("b691a1950f6fb0bbbcf4bdb16fe2c4d0aa7ef783eb7803073f475cb8164d9b7a")
        );
    }

    // ibc-go modules/core/04-channel/v2/types/commitment_test.go
    #[test]
    fn the_commitment_is_that_of_ibc_go() {
        let clients = ["07-tendermint-0", "07-tendermint-1"];
        let json = br#"{"denom":"uatom","amount":"1000000","sender":"sender","receiver":"receiver","memo":"memo"}"#;
        assert_eq!(
            transfer(clients, "application/json", Bytes::from_static(json)).commitment(),
            b256!("a096722aa6534040a0efbdae05765132a7b223ad306d6512f3734821bd046505")
        );
        assert_eq!(
            transfer(clients, ics20::ENCODING, a_million_uatom()).commitment(),
            b256!("d408dca5088b9b375edb3c4df6bae0e18084fc0dbd90fcd0d028506553c81b25")
        );
    }

    #[test]
    fn paths_use_the_client_of_the_chain_that_keeps_them() {
        let packet = transfer(["source-7", "dest-99"], "", Bytes::new());
        assert_eq!(
            packet.commitment_path().as_bytes(),
            b"source-7\x01\0\0\0\0\0\0\0\x01"
        );
        assert_eq!(
            packet.receipt_path().as_bytes(),
            b"dest-99\x02\0\0\0\0\0\0\0\x01"
        );
        assert_eq!(
            packet.ack_path().as_bytes(),
            b"dest-99\x03\0\0\0\0\0\0\0\x01"
        );
    }

    #[test]
    fn a_packet_is_read_from_the_json_that_it_writes() {
        let packet = transfer(["channel-0", "channel-1"], "e", Bytes::from_static(&[1, 2]));
        let json = serde_json::json!({
            "sequence": 1,
            "source_client": "channel-0",
            "dest_client": "channel-1",
            "timeout": 100,
            "payloads": [{
                "source_port": "transfer",
                "dest_port": "transfer",
                "version": "ics20-1",
                "encoding": "e",
                "value": "0x0102",
            }],
        });
        assert_eq!(serde_json::to_value(&packet).unwrap(), json);
        assert_eq!(serde_json::from_value::<Packet>(json).unwrap(), packet);
    }

    proptest! {
        // The sequence and the source's client are not hashed: the path stands for them.
        #[test]
        fn the_commitment_depends_on_everything_that_the_path_does_not_say(
            packet in packets(),
            other in packets(),
        ) {
            prop_assume!(packet != other);
            let mut same = other.clone();
            same.dest_client = packet.dest_client.clone();
            same.timeout = packet.timeout;
            same.payloads = packet.payloads.clone();
            prop_assert_eq!(packet.commitment(), same.commitment());
            for change in [
                |packet: &mut Packet, other: &Packet| packet.dest_client = other.dest_client.clone(),
                |packet: &mut Packet, other: &Packet| packet.timeout = other.timeout,
                |packet: &mut Packet, other: &Packet| packet.payloads = other.payloads.clone(),
            ] {
                let mut changed = packet.clone();
                change(&mut changed, &other);
                prop_assert_eq!(changed == packet, changed.commitment() == packet.commitment());
            }
        }
    }
}
