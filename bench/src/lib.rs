//! Measures the relayer, and what swaps cost, on real local chains.

mod burst;
mod ceiling;
mod gas;
mod hand;
mod npm;
mod peer;
mod report;
mod run;
mod say;
mod swap;
mod watch;

pub use peer::Peer;
pub use report::Report;
pub use run::{Blocks, Load, RelayOptions, relay};
pub use swap::{DaemonOptions, DaemonReport, Gas, SwapOptions, SwapPeer, SwapReport, swap};
