//! ICS-27 GMP: contract calls between chains, ABI-encoded as the public EVM contracts do it.

use alloy_primitives::Bytes;
use alloy_sol_types::SolValue;
use serde::{Deserialize, Serialize};

use crate::{DecodeError, Payload, abi::decode_strictly};

/// The port of the call application.
pub const PORT: &str = "gmpport";

/// The version of its packets.
pub const VERSION: &str = "ics27-2";

/// How its payloads are encoded.
pub const ENCODING: &str = crate::ABI_ENCODING;

mod sol_types {
    alloy_sol_types::sol! {
        struct GmpPacketData {
            string sender;
            string receiver;
            bytes salt;
            bytes payload;
            string memo;
        }

        struct GmpAcknowledgement {
            bytes result;
        }
    }
}

/// A call to be made at the destination, by the account that belongs to the sender there (ICS-27 v2,
/// "Packet Data").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GmpPacketData {
    /// Who calls, on the source. EVM contracts write the address with its checksum.
    pub sender: String,
    /// The contract to be called, on the destination.
    pub receiver: String,
    /// Tells several accounts of one sender apart; empty for the first.
    pub salt: Bytes,
    /// The call data.
    pub payload: Bytes,
    /// A note that the applications pass on; empty if there is none.
    pub memo: String,
}

impl GmpPacketData {
    /// The ABI encoding that becomes a payload's value.
    pub fn encode(&self) -> Bytes {
        let data = sol_types::GmpPacketData {
            sender: self.sender.clone(),
            receiver: self.receiver.clone(),
            salt: self.salt.clone(),
            payload: self.payload.clone(),
            memo: self.memo.clone(),
        };
        data.abi_encode().into()
    }

    /// Reads a payload's value; refuses any encoding but the canonical one.
    pub fn decode(value: &[u8]) -> Result<Self, DecodeError> {
        let data: sol_types::GmpPacketData = decode_strictly("GMP packet data", value)?;
        Ok(Self {
            sender: data.sender,
            receiver: data.receiver,
            salt: data.salt,
            payload: data.payload,
            memo: data.memo,
        })
    }

    /// The payload that carries it from one call application to the other.
    pub fn payload(&self) -> Payload {
        Payload {
            source_port: PORT.to_owned(),
            dest_port: PORT.to_owned(),
            version: VERSION.to_owned(),
            encoding: ENCODING.to_owned(),
            value: self.encode(),
        }
    }
}

/// What a call that succeeded returned (ICS-27 v2, "Acknowledgement").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GmpAcknowledgement {
    /// The bytes that the called contract returned.
    pub result: Bytes,
}

impl GmpAcknowledgement {
    /// The ABI encoding that becomes the application's acknowledgement.
    pub fn encode(&self) -> Bytes {
        sol_types::GmpAcknowledgement {
            result: self.result.clone(),
        }
        .abi_encode()
        .into()
    }

    /// Reads an application's acknowledgement; refuses any encoding but the canonical one.
    pub fn decode(ack: &[u8]) -> Result<Self, DecodeError> {
        let ack: sol_types::GmpAcknowledgement = decode_strictly("GMP acknowledgement", ack)?;
        Ok(Self { result: ack.result })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_values::{byte_strings, check_strictness, damage, words};

    #[test]
    fn a_call_is_encoded_as_solidity_encodes_it() {
        let call = GmpPacketData {
            sender: "0xSender".to_owned(),
            receiver: "0xreceiver".to_owned(),
            salt: Bytes::from_static(&[1, 2]),
            payload: Bytes::from_static(&[0xde, 0xad, 0xbe, 0xef]),
            memo: String::new(),
        };
        let encoding = words(&[
            "20",
            "a0",
            "e0",
            "120",
            "160",
            "1a0",
            "8",
            ".307853656e646572",
            "a",
            ".30787265636569766572",
            "2",
            ".0102",
            "4",
            ".deadbeef",
            "0",
        ]);
        assert_eq!(call.encode(), encoding);
        assert_eq!(GmpPacketData::decode(&encoding), Ok(call.clone()));
        let payload = call.payload();
        assert_eq!([payload.source_port, payload.dest_port], ["gmpport"; 2]);
        assert_eq!(payload.version, "ics27-2");
        assert_eq!(payload.encoding, "application/x-solidity-abi");
    }

    #[test]
    fn a_result_is_encoded_as_solidity_encodes_it() {
        let ack = GmpAcknowledgement {
            result: Bytes::from_static(&[0xca, 0xfe]),
        };
        let encoding = words(&["20", "20", "2", ".cafe"]);
        assert_eq!(ack.encode(), encoding);
        assert_eq!(GmpAcknowledgement::decode(&encoding), Ok(ack));
    }

    #[test]
    fn the_universal_error_is_no_result_of_a_call() {
        let error = crate::UNIVERSAL_ERROR_ACKNOWLEDGEMENT;
        assert!(GmpAcknowledgement::decode(error.as_slice()).is_err());
    }

    proptest! {
        #[test]
        fn a_call_has_one_encoding(
            (sender, receiver, memo) in (any::<String>(), ".{0,50}", ".{0,50}"),
            (salt, payload) in (byte_strings(), byte_strings()),
            damage in damage(),
        ) {
            let call = GmpPacketData { sender, receiver, salt, payload, memo };
            check_strictness(&call, GmpPacketData::encode, GmpPacketData::decode, damage);
        }

        #[test]
        fn a_result_has_one_encoding(result in byte_strings(), damage in damage()) {
            let ack = GmpAcknowledgement { result };
            check_strictness(&ack, GmpAcknowledgement::encode, GmpAcknowledgement::decode, damage);
        }
    }
}
