use causeway_types::ChainId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{LightClientRef, Time};

/// A packet between two chains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Packet {
    /// Names the packet in paths: `CHAIN~CLIENT~SEQUENCE` of its source. The command line writes the same
    /// with slashes. In a path, percent-encode what a client's id may hold and a path may not, such as `#`.
    #[schema(example = "eip155:31337~attest-31338-on-31337~1")]
    pub id: String,
    /// The light client that it leaves through.
    pub source: LightClientRef,
    /// The light client that it arrives through.
    pub destination: LightClientRef,
    /// Its number among those of its source.
    #[schema(minimum = 1)]
    pub sequence: u64,
    /// Where it stands.
    pub status: PacketStatus,
    /// Whether nothing more is expected to happen.
    pub done: bool,
    /// When it can no longer be received.
    pub timeout: Time,
    /// The applications that it is for: `transfer`, `gmpport`.
    pub applications: Vec<String>,
    /// When this node saw it first.
    pub created_at: Time,
    /// When this node learned something about it last.
    pub updated_at: Time,
    /// What the chains showed of it, oldest first.
    pub timeline: Vec<Fact>,
}

/// A packet with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PacketDetails {
    /// The packet.
    #[serde(flatten)]
    pub packet: Packet,
    /// What it carries.
    pub payloads: Vec<Payload>,
    /// What each application answered, in hexadecimal; null until the destination has received it.
    pub acknowledgements: Option<Vec<String>>,
    /// The messages that had or have to be carried for it, oldest first.
    pub messages: Vec<Message>,
}

/// Where a packet stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PacketStatus {
    /// It was sent, in a block that may yet go.
    Observed,
    /// It was sent for good.
    Final,
    /// It was proven to the destination.
    Proven,
    /// The destination has received it.
    Delivered,
    /// The source knows what the destination answered. The end.
    Acknowledged,
    /// Its time is over, and the source is to be told.
    TimingOut,
    /// The source knows that it was never received, and has refunded. The end.
    TimedOut,
}

/// Something that a chain showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fact {
    /// What happened.
    pub fact: FactName,
    /// On which chain.
    #[schema(value_type = String, example = "eip155:31337")]
    pub chain: ChainId,
    /// In which transaction.
    pub tx: String,
    /// The height of its block.
    pub height: u64,
    /// The time of its block.
    pub time: Time,
    /// Whether the block is final.
    pub is_final: bool,
}

/// What happened to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactName {
    /// The source committed to it.
    Sent,
    /// The destination received it.
    Received,
    /// The source took the answer.
    Acknowledged,
    /// The source took it back.
    TimedOut,
}

/// What a packet carries for one application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Payload {
    /// The application on the source.
    pub source_port: String,
    /// The application on the destination.
    pub dest_port: String,
    /// The version of their protocol.
    pub version: String,
    /// How the value is encoded.
    pub encoding: String,
    /// The value, in hexadecimal.
    pub value: String,
}

/// A message that has to be carried to a light client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// Which: `receive`, `acknowledge` or `timeout`.
    pub message: String,
    /// The light client it goes to, as `CHAIN/CLIENT`.
    pub to: String,
    /// How it fares.
    pub state: MessageState,
    /// How often it failed.
    pub attempts: u32,
    /// Why it failed the last time.
    pub last_error: Option<String>,
    /// When it is tried next; null if it is not.
    pub next_try: Option<Time>,
}

/// How a message fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It waits for its turn, or to be tried again.
    Waiting,
    /// It is on its way.
    BeingCarried,
    /// An operator holds it back.
    Skipped,
    /// It has arrived.
    Done,
    /// A chain shows what it was to bring about, or it is needed no more for another reason.
    NotNeeded,
}
