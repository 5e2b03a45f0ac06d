//! Real local chains with Causeway between them, for the tour, tests and benchmarks.

mod anvil;
mod http;
mod network;
mod node;
mod process;
pub mod say;
mod tour;

pub use anvil::{
    ANVIL_VARIABLE, Anvil, AnvilBinary, AnvilOptions, DEV_ACCOUNTS, dev_key, dev_key_hex,
};
pub use network::{Network, NetworkOptions, Side, roles};
pub use node::{CAUSEWAY_VARIABLE, Node, locate_causeway};
pub use process::unused_port;
pub use tour::{Playground, tour};
