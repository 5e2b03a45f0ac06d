//! The engine on real database files, through its public interface only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must stop loudly"
)]

mod atomicity;
mod crash;
mod effects;
mod feed;
mod guard;
mod journal;
mod lanes;
mod leaders;
mod leases;
mod machine;
mod opening;
mod operator;
mod processes;
mod prune;
mod replicas;
mod search;
mod speed;
