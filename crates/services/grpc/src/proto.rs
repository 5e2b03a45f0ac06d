//! The service's messages, its client and its server, as generated.
#![allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic
)]

tonic::include_proto!("causeway.relay.v1");

pub(crate) const DESCRIPTOR: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/relay.descriptor"));
