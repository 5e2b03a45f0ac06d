//! The operations.

pub(crate) mod alerts;
pub(crate) mod calls;
pub(crate) mod events;
pub(crate) mod network;
pub(crate) mod packets;
pub(crate) mod status;
pub(crate) mod swaps;
pub(crate) mod transfers;
