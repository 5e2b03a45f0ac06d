//! Swaps on real EVM chains: locks that are made, seen, claimed and taken back.

// A failed expectation is how a test fails, in its helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod consent;
mod contract;
mod faults;
mod restart;
mod reverts;
mod sightings;
mod story;
mod terms;
