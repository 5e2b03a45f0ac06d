//! What the API says, as its document describes it.
//!
//! Amounts are decimal strings of an asset's smallest units, since no JSON number of most clients holds
//! them; moments are RFC 3339 in UTC; chains, accounts and assets are named by CAIP-2, CAIP-10 and CAIP-19.

mod alert;
mod call;
mod event;
mod monitor;
mod network;
mod packet;
mod page;
mod problem;
mod status;
mod swap;
mod swap_desk;
mod time;
mod transfer;

pub use alert::{Alert, AlertSeverity, AlertStatus};
pub use call::{Call, CallStatus};
pub use event::{Event, EventKind};
pub use monitor::{MonitorReport, SeenChange, WatchedRoute};
pub use network::{
    Asset, AttestorReport, Chain, ChainKind, Endpoint, LightClient, LightClientRef, Route,
};
pub use packet::{
    Fact, FactName, Message, MessageState, Packet, PacketDetails, PacketStatus, Payload,
};
pub use page::Page;
pub use problem::{FieldProblem, Problem};
pub use status::NodeStatus;
pub use swap::{
    Expiry, Offer, Price, SpentHow, Swap, SwapAmount, SwapLeg, SwapMoment, SwapRole, SwapTrouble,
    WhichLeg,
};
pub use swap_desk::{OfferReport, SwapsReport, WalletReport};
pub use time::Time;
pub use transfer::{Token, Transfer, TransferStatus};
