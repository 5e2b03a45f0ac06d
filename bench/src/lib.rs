//! Measures the relayer on real local chains.

mod burst;
mod ceiling;
mod gas;
mod hand;
mod peer;
mod report;
mod run;
mod say;
mod watch;

pub use peer::Peer;
pub use report::Report;
pub use run::{Blocks, Load, RelayOptions, relay};
