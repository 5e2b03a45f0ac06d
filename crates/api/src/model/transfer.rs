use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Fact, LightClientRef, Time};

/// A token on its way from one chain to another (ICS-20).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Transfer {
    /// The packet that carries it, and so the name of the transfer.
    #[schema(example = "eip155:31337~attest-31338-on-31337~1")]
    pub id: String,
    /// Where the money is.
    pub status: TransferStatus,
    /// What is moved.
    pub token: Token,
    /// How much, in the token's smallest units.
    #[schema(example = "1500000000000000000", pattern = "^[0-9]+$")]
    pub amount: String,
    /// How much, in whole units; null if the token's decimals are not known.
    #[schema(example = "1.5")]
    pub amount_in_units: Option<String>,
    /// Who sends, on the source.
    pub sender: String,
    /// Who receives, on the destination.
    pub receiver: String,
    /// A note; empty if there is none.
    pub memo: String,
    /// The light client that it leaves through.
    pub source: LightClientRef,
    /// The light client that it arrives through.
    pub destination: LightClientRef,
    /// When it can no longer arrive, and is refunded.
    pub timeout: Time,
    /// When this node saw it first.
    pub created_at: Time,
    /// When this node learned something about it last.
    pub updated_at: Time,
    /// What the chains showed of it, oldest first.
    pub timeline: Vec<Fact>,
}

/// Where the money is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferStatus {
    /// It has left the sender and not arrived.
    InFlight,
    /// The receiver has it.
    Arrived,
    /// The receiver has it, and the source knows. The end.
    Completed,
    /// It did not arrive, and goes back.
    Refunding,
    /// The sender has it back. The end.
    Refunded,
}

/// A token as a transfer names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// The denomination in the packet: a token of the source, or a trace of the clients it came through.
    pub denom: String,
    /// The token that the trace ends in, on the chain that it comes from.
    pub base: String,
    /// The asset on the source, as CAIP-19; null for a voucher.
    pub asset: Option<String>,
    /// What people call it; null if that is not known.
    pub symbol: Option<String>,
    /// How many decimals a whole unit has; null if that is not known.
    pub decimals: Option<u8>,
}
