//! The driver against real chains: each test starts its own anvil.

mod agreement;
mod back_fill;
mod endpoints;
mod following;
mod lane_batches;
mod lane_recovery;
mod lane_submission;
mod reorganisation;
mod support;
