//! Real local chains with Causeway between them, for the tour, tests and benchmarks.

mod anvil;
mod coins;
mod deploy;
mod faults;
mod http;
mod hurry;
mod network;
mod node;
mod options;
mod process;
pub mod say;
mod swap_party;
mod swap_tour;
mod swaps;
mod tour;

pub use anvil::{
    ANVIL_VARIABLE, Anvil, AnvilBinary, AnvilOptions, DEV_ACCOUNTS, dev_key, dev_key_hex,
};
pub use coins::Coins;
pub use faults::{FaultProxy, Faults, Garble, Lie, Refusal};
pub use hurry::Hurry;
pub use network::{Network, Side};
pub use node::{CAUSEWAY_VARIABLE, Node, cpu_time_of, locate_causeway, rss_bytes_of};
pub use options::{NetworkOptions, roles};
pub use process::unused_port;
pub use swap_party::Party;
pub use swap_tour::{swap_hints, swap_tour};
pub use swaps::{SwapOptions, Swaps};
pub use tour::{Playground, tour};
