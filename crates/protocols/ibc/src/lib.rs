//! IBC v2 without I/O: packets, commitments, encodings, attestations and the life of a packet.
//!
//! Bytes are those of the public EVM and Go implementations: commitments and paths of ICS-24, the
//! Solidity ABI of ICS-26, ICS-20 transfers, ICS-27 calls and m-of-n attestations. Everything that
//! is decoded is decoded strictly: there is one encoding of a value, and any other is refused.

pub mod evm;
pub mod gmp;
pub mod ics20;

mod abi;
mod acknowledgement;
mod attestation;
mod client_id;
mod committee;
mod hash;
mod host_path;
mod misbehaviour;
mod packet;
mod packet_life;
mod rotation;
mod sequence;
mod signature;
#[cfg(test)]
mod test_values;

pub use abi::{ABI_ENCODING, DecodeError};
pub use acknowledgement::{
    Acknowledgement, AcknowledgementError, UNIVERSAL_ERROR_ACKNOWLEDGEMENT, ack_commitment,
};
pub use attestation::{
    AttestationKind, Domain, PacketAttestation, PathCommitment, SignedAttestation,
    StateAttestation, attestation_digest,
};
pub use client_id::{ClientId, ParseClientIdError};
pub use committee::{Committee, CommitteeError, NotEnough};
pub use host_path::HostPath;
pub use misbehaviour::{Misbehaviour, contradict};
pub use packet::{Packet, Payload};
pub use packet_life::{
    Action, Claim, Contradiction, DstClock, Event, IllegalTransition, Input, PacketLife, Phase,
    Proof, Seen, Transition,
};
pub use rotation::{Rotation, RotationError};
pub use sequence::{Sequence, ZeroSequence};
pub use signature::{RecoverError, Signature65, recover};
