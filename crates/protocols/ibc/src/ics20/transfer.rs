use alloy_primitives::{Bytes, U256};
use alloy_sol_types::SolValue;
use serde::{Deserialize, Serialize};

use super::{ENCODING, PORT, VERSION};
use crate::{DecodeError, Payload, abi::decode_strictly};

mod sol_types {
    alloy_sol_types::sol! {
        struct FungibleTokenPacketData {
            string denom;
            string sender;
            string receiver;
            uint256 amount;
            string memo;
        }
    }
}

/// An order to pay out tokens at the destination (ICS-20, "Data Structures").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FungibleTokenPacketData {
    /// Which token, by its full trace as the source sees it; see [`super::Denom`].
    pub denom: String,
    /// Who pays, on the source. EVM contracts write the address in lower case.
    pub sender: String,
    /// Who is paid, on the destination.
    pub receiver: String,
    /// How much, in the token's smallest unit.
    pub amount: U256,
    /// A note that the applications pass on; empty if there is none.
    pub memo: String,
}

impl FungibleTokenPacketData {
    /// The ABI encoding that becomes a payload's value.
    pub fn encode(&self) -> Bytes {
        let data = sol_types::FungibleTokenPacketData {
            denom: self.denom.clone(),
            sender: self.sender.clone(),
            receiver: self.receiver.clone(),
            amount: self.amount,
            memo: self.memo.clone(),
        };
        data.abi_encode().into()
    }

    /// Reads a payload's value; refuses any encoding but the canonical one.
    pub fn decode(value: &[u8]) -> Result<Self, DecodeError> {
        let data: sol_types::FungibleTokenPacketData =
            decode_strictly("ICS-20 packet data", value)?;
        Ok(Self {
            denom: data.denom,
            sender: data.sender,
            receiver: data.receiver,
            amount: data.amount,
            memo: data.memo,
        })
    }

    /// The payload that carries it from one transfer application to the other.
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_values::{check_strictness, damage, words};

    const UATOM: [&str; 14] = [
        "20",
        "a0",
        "e0",
        "120",
        "f4240",
        "160",
        "5",
        ".7561746f6d",
        "6",
        ".73656e646572",
        "8",
        ".7265636569766572",
        "4",
        ".6d656d6f",
    ];

    fn transfers() -> impl Strategy<Value = FungibleTokenPacketData> {
        (
            any::<String>(),
            ".{0,50}",
            ".{0,50}",
            any::<[u8; 32]>(),
            ".{0,50}",
        )
            .prop_map(
                |(denom, sender, receiver, amount, memo)| FungibleTokenPacketData {
                    denom,
                    sender,
                    receiver,
                    amount: U256::from_be_bytes(amount),
                    memo,
                },
            )
    }

    #[test]
    fn a_transfer_is_encoded_as_solidity_encodes_it() {
        let bytes = words(&UATOM);
        let transfer = FungibleTokenPacketData::decode(&bytes).unwrap();
        assert_eq!(
            (transfer.denom.as_str(), transfer.memo.as_str()),
            ("uatom", "memo")
        );
        assert_eq!(
            (transfer.sender.as_str(), transfer.receiver.as_str()),
            ("sender", "receiver")
        );
        assert_eq!(transfer.amount, U256::from(1_000_000));
        assert_eq!(transfer.encode(), bytes);
    }

    #[test]
    fn encodings_that_solidity_would_read_but_never_write_are_refused() {
        let refused = |change: fn(&mut Vec<u8>), why: &str| {
            let mut bytes = words(&UATOM);
            change(&mut bytes);
            assert!(FungibleTokenPacketData::decode(&bytes).is_err(), "{why}");
        };
        refused(
            |bytes| bytes[7 * 32 + 5] = 1,
            "the padding of a text is not zero",
        );
        refused(|bytes| bytes.extend([0; 32]), "a word too many");
        refused(|bytes| bytes[7 * 32] = 0xff, "a text is not UTF-8");
        refused(
            |bytes| bytes[5 * 32 + 30..6 * 32].copy_from_slice(&[0, 0xa0]),
            "two fields share their bytes",
        );
        refused(|bytes| bytes[0] = 1, "an offset beyond the end");
    }

    #[test]
    fn the_payload_names_the_application_on_both_sides() {
        let transfer = FungibleTokenPacketData::decode(&words(&UATOM)).unwrap();
        let Payload {
            source_port,
            dest_port,
            version,
            encoding,
            value,
        } = transfer.payload();
        assert_eq!([source_port, dest_port], ["transfer"; 2]);
        assert_eq!(
            [version.as_str(), &encoding],
            ["ics20-1", "application/x-solidity-abi"]
        );
        assert_eq!(FungibleTokenPacketData::decode(&value), Ok(transfer));
    }

    proptest! {
        #[test]
        fn a_transfer_has_one_encoding(transfer in transfers(), damage in damage()) {
            check_strictness(
                &transfer,
                FungibleTokenPacketData::encode,
                FungibleTokenPacketData::decode,
                damage,
            );
        }
    }
}
