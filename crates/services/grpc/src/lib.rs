//! The gRPC service that makes the transactions which deliver packets, so that other front ends can
//! build on it: unsigned transactions out, no state, no key.
//!
//! [`proto`] is generated from `proto/causeway/relay/v1/relay.proto`, which describes the service.
//! Beside it the server speaks gRPC's health checking and reflection.

mod clients;
mod convert;
pub mod proto;
mod relay;
mod server;
mod service;

pub use server::{GrpcError, Limits, serve};
