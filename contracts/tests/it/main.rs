//! The contracts as they are deployed: every story runs the checked-in artifacts on an EVM, through their proxies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::missing_panics_doc)]
#![allow(missing_docs, unreachable_pub)]

mod harness;

mod gas;
mod prof;
mod transfer;
