//! Swaps on chains of the Bitcoin family, against real nodes of both.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod cooperation;
mod crashes;
mod fees;
mod liars;
mod payments;
mod reorganisations;
mod ways;
