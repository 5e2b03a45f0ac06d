//! One file per command: its arguments, what it does, what it prints.

pub(crate) mod call;
pub(crate) mod config;
mod crossing;
pub(crate) mod deploy;
pub(crate) mod keys;
mod online;
pub(crate) mod packets;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod transfer;
mod watch;
