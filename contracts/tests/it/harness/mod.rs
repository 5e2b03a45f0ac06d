//! Two chains in two EVMs, attestors with real keys, and a relayer.
#![allow(dead_code)]

pub mod attestors;
pub mod chain;
pub mod fixtures;
pub mod network;
pub mod substitutes;
