//! Two chains in two EVMs, attestors with real keys, and a relayer; and one chain for swaps.
#![allow(dead_code)]

pub mod attestors;
pub mod chain;
pub mod fixtures;
pub mod forgery;
pub mod network;
pub mod safeguards;
pub mod snapshot;
pub mod substitutes;
pub mod swap;
pub mod swap_signing;
