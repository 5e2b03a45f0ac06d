//! Which token a packet moves, and how.

use std::{fmt, str::FromStr};

use alloy::{
    primitives::{Address, U256},
    sol,
    sol_types::SolValue,
};
use causeway_ibc::{ClientId, Packet, ics20};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One end of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The end that the configuration names `a`.
    A,
    /// The end that the configuration names `b`.
    B,
}

impl Side {
    /// Both ends.
    pub const BOTH: [Self; 2] = [Self::A, Self::B];

    /// The other end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "a",
            Self::B => "b",
        })
    }
}

/// One value for each end of a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ends<T> {
    /// The value for the end `a`.
    pub a: T,
    /// The value for the end `b`.
    pub b: T,
}

impl<T> Ends<T> {
    /// The value for this end.
    pub const fn of(&self, side: Side) -> &T {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    /// The value for this end, to be changed.
    pub const fn of_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }
}

/// A token of a route: locked at `home`, stood for by a voucher at the other end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Asset {
    /// Where it is locked.
    pub home: Side,
    /// What it is called there: an address, or the trace of a voucher that is passed on.
    pub denom: String,
}

/// A text that names no asset.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} names no asset (expected a:<denom> or b:<denom>)")]
pub struct ParseAssetError(String);

impl Asset {
    /// What the voucher at the other end is called, whose client this is.
    pub fn voucher_denom(&self, client_there: &ClientId) -> String {
        format!("{}/{client_there}/{}", ics20::PORT, self.denom)
    }

    /// The token's address at home, if its name is one.
    pub fn address(&self) -> Option<Address> {
        self.denom.parse().ok()
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.home, self.denom)
    }
}

impl FromStr for Asset {
    type Err = ParseAssetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (home, denom) = match text.split_once(':') {
            Some(("a", denom)) => (Side::A, denom),
            Some(("b", denom)) => (Side::B, denom),
            _ => return Err(ParseAssetError(text.to_owned())),
        };
        let denom = denom.to_owned();
        Ok(Self { home, denom })
    }
}

impl TryFrom<String> for Asset {
    type Error = ParseAssetError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Asset> for String {
    fn from(asset: Asset) -> Self {
        asset.to_string()
    }
}

/// What sending did to the tokens; receiving does the opposite at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Motion {
    /// Locked at home, to be minted.
    Lock,
    /// Burned abroad, to be unlocked.
    Burn,
}

/// What a transfer packet moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// The token.
    pub asset: Asset,
    /// How much, in its smallest units.
    pub amount: U256,
    /// What sending it did.
    pub motion: Motion,
}

sol! {
    /// ICS-20 packet data whose texts are read as the contracts read them: as bytes. A sender may
    /// write anything into receiver and memo, also what is no UTF-8, and the tokens move all the same.
    struct LooseTransfer {
        bytes denom;
        bytes sender;
        bytes receiver;
        uint256 amount;
        bytes memo;
    }
}

/// What a packet that leaves this end moves. `None` for packets of other applications, and for
/// those that only describe a token.
pub fn transfer_of(packet: &Packet, from: Side) -> Option<Transfer> {
    let payload = packet.payloads.first()?;
    let is_transfer = payload.source_port == ics20::PORT
        && payload.version == ics20::VERSION
        && payload.encoding == ics20::ENCODING;
    if !is_transfer {
        return None;
    }
    let data = LooseTransfer::abi_decode(&payload.value).ok()?;
    let denom = String::from_utf8(data.denom.to_vec()).ok()?;
    let hop = format!("{}/{}/", ics20::PORT, packet.source_client);
    let (motion, home, denom) = match denom.strip_prefix(&hop) {
        Some(rest) => (Motion::Burn, from.other(), rest.to_owned()),
        None => (Motion::Lock, from, denom),
    };
    Some(Transfer {
        asset: Asset { home, denom },
        amount: data.amount,
        motion,
    })
}

#[cfg(test)]
mod tests {
    use causeway_types::Timestamp;

    use super::*;

    fn packet(denom: &str, memo: &[u8]) -> Packet {
        let data = LooseTransfer {
            denom: denom.as_bytes().to_vec().into(),
            sender: b"0x01".into(),
            receiver: b"0x02".into(),
            amount: U256::from(7),
            memo: memo.to_vec().into(),
        };
        Packet {
            sequence: causeway_ibc::Sequence::FIRST,
            source_client: "client-0".parse().unwrap(),
            dest_client: "client-9".parse().unwrap(),
            timeout: Timestamp::from_secs(1),
            payloads: vec![causeway_ibc::Payload {
                source_port: ics20::PORT.to_owned(),
                dest_port: ics20::PORT.to_owned(),
                version: ics20::VERSION.to_owned(),
                encoding: ics20::ENCODING.to_owned(),
                value: data.abi_encode().into(),
            }],
        }
    }

    #[test]
    fn a_token_leaves_home_by_being_locked_and_returns_by_being_burned() {
        let check = |denom: &str, motion, asset: &str| {
            let transfer = transfer_of(&packet(denom, b""), Side::A).unwrap();
            assert_eq!(transfer.motion, motion, "{denom}");
            assert_eq!(transfer.asset, asset.parse().unwrap(), "{denom}");
            assert_eq!(transfer.amount, U256::from(7));
        };
        check("0xab", Motion::Lock, "a:0xab");
        check("transfer/client-0/0xab", Motion::Burn, "b:0xab");
        check(
            "transfer/client-1/0xab",
            Motion::Lock,
            "a:transfer/client-1/0xab",
        );
        check(
            "transfer/client-00/0xab",
            Motion::Lock,
            "a:transfer/client-00/0xab",
        );
    }

    #[test]
    fn a_memo_that_is_no_text_hides_no_transfer() {
        assert!(transfer_of(&packet("0xab", &[0xff, 0xfe]), Side::A).is_some());
    }

    #[test]
    fn a_packet_of_another_application_moves_no_token() {
        let mut other = packet("0xab", b"");
        other.payloads[0].version = ics20::METADATA_VERSION.to_owned();
        assert_eq!(transfer_of(&other, Side::A), None);
    }

    #[test]
    fn an_asset_is_read_from_the_text_that_it_writes() {
        let asset = Asset {
            home: Side::B,
            denom: "transfer/client-1/0xab".to_owned(),
        };
        assert_eq!(asset.to_string().parse(), Ok(asset));
        assert!("c:0xab".parse::<Asset>().is_err());
    }
}
