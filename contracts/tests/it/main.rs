//! The contracts as they are deployed: every story runs the checked-in artifacts on an EVM, through their proxies.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc
)]
#![allow(missing_docs, unreachable_pub, non_snake_case, clippy::pedantic)]

mod harness;

mod access;
mod assets;
mod call_targets;
mod conservation;
mod gas;
mod held;
mod hostile_tokens;
mod light_client;
mod limits;
mod messages;
mod metadata;
mod misbehaviour;
mod mutation;
mod packet_data;
mod pauses;
mod refunds;
mod relaying;
mod rotation;
mod rotation_rules;
mod router;
mod signatures;
mod swap_bond;
mod swap_claim;
mod swap_code;
mod swap_conservation;
mod swap_gas;
mod swap_lock;
mod swap_refund;
mod swap_tokens;
mod transfer;
mod vectors;
