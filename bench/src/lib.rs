//! Measures the relayer on real local chains.

mod burst;
mod gas;
mod report;
mod watch;

pub use report::Report;
pub use run::{Blocks, RelayOptions, relay};

mod run;
