//! Signs finalized facts of one chain for the light clients of another.
//!
//! An [`Attestor`] states what stood in a block of a source chain, for a light client on another
//! chain that trusts its key. It believes its own endpoints only, k of n of them agreeing (behind
//! [`Source`]), and it signs final blocks only. Whatever it signs is first made durable, and nothing
//! that contradicts it is ever signed after: not after a restart, not after a reorganisation.
//!
//! [`routes`] serves it over HTTP; [`AttestorClient`] asks it from elsewhere.

mod answer;
mod attestor;
mod client;
mod error;
mod message;
mod problem;
mod server;
mod signer;
mod source;
mod statement;
mod stats;
mod trace;

pub use answer::AnswerDefect;
pub use attestor::{AttestedClient, Attestor};
pub use client::{AttestorClient, AttestorClientError};
pub use error::{AttestError, SetUpError};
pub use message::{AttestRequest, Attestation, Attested, ClientInfo, ClientRef, Info, MAX_PATHS};
pub use problem::{Problem, ProblemKind};
pub use server::routes;
pub use signer::{SignError, Signer};
pub use source::{EndpointHealth, Source, SourceError};
pub use stats::AttestorStats;
pub use trace::{TRACE_TARGET, on_behalf_of};
