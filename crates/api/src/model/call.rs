use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Fact, LightClientRef, Time};

/// A call of a contract on another chain (ICS-27 GMP).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Call {
    /// The packet that carries it, and so the name of the call.
    #[schema(example = "eip155:31337~attest-31338-on-31337~2")]
    pub id: String,
    /// How far it is.
    pub status: CallStatus,
    /// Who calls, on the source.
    pub sender: String,
    /// The contract to be called, on the destination.
    pub receiver: String,
    /// Tells several accounts of one sender apart, in hexadecimal; `0x` for the first.
    pub salt: String,
    /// The call data, in hexadecimal.
    pub data: String,
    /// A note; empty if there is none.
    pub memo: String,
    /// What the contract returned, in hexadecimal; null until it was called, or if the call failed.
    pub result: Option<String>,
    /// The light client that it leaves through.
    pub source: LightClientRef,
    /// The light client that it arrives through.
    pub destination: LightClientRef,
    /// When it can no longer be made.
    pub timeout: Time,
    /// When this node saw it first.
    pub created_at: Time,
    /// When this node learned something about it last.
    pub updated_at: Time,
    /// What the chains showed of it, oldest first.
    pub timeline: Vec<Fact>,
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    /// It was not made yet.
    InFlight,
    /// The contract was called.
    Executed,
    /// The contract was called, and the source knows. The end.
    Completed,
    /// The call failed, and nothing of it happened.
    Failed,
    /// Its time is over, and the source is to be told.
    Expiring,
    /// It was never made, and the source knows. The end.
    Expired,
}
