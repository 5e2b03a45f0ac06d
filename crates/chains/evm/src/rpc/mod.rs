//! Endpoints: connections, health, failover and the wire format.

mod call;
mod endpoint;
mod error;
mod failover;
mod health;
mod http;
mod monitor;
mod pool;
mod renumber;
mod wire;

pub use error::{RpcError, RpcErrorKind};
pub use health::EndpointHealth;
pub use wire::{Log, reads_answer};

pub(crate) use call::{Call, Rpc};
pub(crate) use endpoint::Endpoint;
pub(crate) use error::shorten;
use failover::FailoverTransport;
pub(crate) use monitor::watch_endpoint;
pub(crate) use pool::Pool;
pub(crate) use wire::{Header, WireHeader, WireLog, WireReceipt};
