//! The driver against real nodes of both chains.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

mod branches;
mod broadcasting;
mod endpoints;
mod fees;
mod following;
mod lock_times;
mod spends;
mod wallet;
