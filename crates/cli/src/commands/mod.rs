//! One file per command: its arguments, what it does, what it prints.

pub(crate) mod call;
pub(crate) mod config;
mod crossing;
pub(crate) mod keys;
pub(crate) mod transfer;
