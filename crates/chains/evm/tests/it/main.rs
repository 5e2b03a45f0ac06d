//! The driver against real chains: each test starts its own anvil.

// A failed expectation is how a test fails, in its helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agreed_state;
mod agreement;
mod back_fill;
mod endpoints;
mod following;
mod lane_batches;
mod lane_recovery;
mod lane_submission;
mod lying_logs;
mod reorganisation;
mod support;
