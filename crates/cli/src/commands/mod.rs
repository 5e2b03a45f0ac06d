//! One file per command: its arguments, what it does, what it prints.

pub(crate) mod api;
pub(crate) mod attestors;
pub(crate) mod call;
pub(crate) mod client;
pub(crate) mod config;
mod crossing;
pub(crate) mod deploy;
pub(crate) mod doctor;
mod guard;
pub(crate) mod held;
pub(crate) mod keys;
pub(crate) mod limits;
mod online;
pub(crate) mod packets;
pub(crate) mod pause;
pub(crate) mod relay;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod store;
pub(crate) mod swap;
mod token;
pub(crate) mod transfer;
mod watch;
