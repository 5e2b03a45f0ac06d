//! What a person can ask to be sent.

use alloy::primitives::{Address, Bytes, U256};
use causeway_contracts::{
    NATIVE_COIN,
    ics20_transfer::{ICS20Transfer, IICS20TransferMsgs},
};
use causeway_ibc::{ClientId, ics20};
use causeway_types::Timestamp;

/// A kind of coin on one chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// The chain's own coin.
    Native,
    /// The ERC-20 token at this address; vouchers are such tokens too.
    Erc20(Address),
}

impl Token {
    /// The address by which the contracts know it.
    pub fn address(self) -> Address {
        match self {
            Self::Native => NATIVE_COIN,
            Self::Erc20(address) => address,
        }
    }
}

/// What a token says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// Its full name.
    pub name: String,
    /// Its short name.
    pub symbol: String,
    /// How many decimal places one unit has.
    pub decimals: u8,
}

/// A transfer to be sent.
#[derive(Clone, Debug)]
pub struct TransferOrder {
    /// What to send.
    pub token: Token,
    /// How much, in the token's smallest units.
    pub amount: U256,
    /// Who receives it on the destination.
    pub receiver: String,
    /// The light client, on this chain, of the destination.
    pub client: ClientId,
    /// The destination takes it only before this time.
    pub timeout: Timestamp,
    /// A note to the receiving application.
    pub memo: String,
}

/// A contract call to be sent.
#[derive(Clone, Debug)]
pub struct CallOrder {
    /// The contract to call on the destination.
    pub target: Address,
    /// The call data.
    pub data: Bytes,
    /// Tells apart several accounts of one sender on the destination.
    pub salt: Bytes,
    /// The light client, on this chain, of the destination.
    pub client: ClientId,
    /// The destination takes it only before this time.
    pub timeout: Timestamp,
    /// A note to the receiving application.
    pub memo: String,
}

/// The contract call that a transfer is, and the coin that goes with it.
pub fn transfer_call(order: &TransferOrder) -> (ICS20Transfer::sendTransferCall, U256) {
    let value = if order.token == Token::Native {
        order.amount
    } else {
        U256::ZERO
    };
    let call = ICS20Transfer::sendTransferCall {
        msg_: IICS20TransferMsgs::SendTransferMsg {
            denom: order.token.address(),
            amount: order.amount,
            receiver: order.receiver.clone(),
            sourceClient: order.client.to_string(),
            destPort: ics20::PORT.to_owned(),
            timeoutTimestamp: order.timeout.as_secs(),
            memo: order.memo.clone(),
        },
    };
    (call, value)
}
