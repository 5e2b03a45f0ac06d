//! The API as it is served, over real stores.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must stop loudly"
)]

mod access;
mod crossings;
mod document;
mod events;
mod lists;
mod served;
mod shape;
