//! Two chains in two EVMs, attestors with real keys, and a relayer.
#![allow(dead_code)]

pub mod attestors;
pub mod chain;
pub mod fixtures;
pub mod forgery;
pub mod network;
pub mod safeguards;
pub mod substitutes;
