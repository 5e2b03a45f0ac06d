//! Carries packets, acknowledgements and timeouts between IBC hosts.
//!
//! One [`Relayer`] serves any number of routes. For every chain an *observer* turns what the chain
//! says into inputs of the packets' state machines; for every light client a *carrier* takes the
//! effects that come out, gathers attestations and submits messages. Both meet only in the engine's
//! database: an effect is finished when the chain shows the fact it was to bring about, never
//! because a transaction seemed to succeed. The relayer is trusted with nothing: the destination
//! checks every proof.

mod attempt;
mod attestations;
mod carrier;
mod clock;
mod contradictions;
mod host;
mod leadership;
mod observer;
mod overdue;
mod packet;
mod prosecutor;
mod relayer;
mod route;
mod sequences;
mod status;
mod trace;

#[cfg(test)]
mod simulation;

pub use attestations::{Committees, GatherError, Witness, WitnessError};
pub use contradictions::Evidence;
pub use host::{
    ClientView, EventKind, Follow, Host, HostError, HostUpdate, Message, PacketEvent, Proof,
    SubmitError, Submitted,
};
pub use leadership::Leadership;
pub use overdue::Overdue;
pub use packet::{
    Displaced, FactTx, PacketError, PacketInput, PacketMachine, PacketRecord, RelayEffect,
    process_key, tags,
};
pub use relayer::{Relayer, RelayerConfig, RelayerError};
pub use route::{ClientEnd, Route, RouteError, RouteTable, Routes};
pub use status::{ChainStatus, LaneStatus, RelayerStatus, RouteStatus};
pub use trace::{PacketTrace, TARGET as TRACE_TARGET};
