use std::fmt;

use alloy_primitives::{Address, B256, Bytes};
use causeway_ibc::{ClientId, Domain, Signature65};
use causeway_types::ChainId;
use serde::{Deserialize, Serialize};

use crate::EndpointHealth;

/// The most paths that one request may ask for.
pub const MAX_PATHS: usize = 256;

/// A light client: its id, and the chain it lives on (not the chain it follows).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientRef {
    /// The chain that the light client lives on.
    pub chain: ChainId,
    /// Its id there.
    pub id: ClientId,
}

impl fmt::Display for ClientRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.id, self.chain)
    }
}

/// What a caller wants signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestRequest {
    /// The light client that will verify the signatures.
    pub client: ClientRef,
    /// A height of the chain which that client follows.
    pub height: u64,
    /// keccak256 hashes of host paths on the followed chain, at most [`MAX_PATHS`], each once. Empty
    /// when only the state is wanted.
    #[serde(default)]
    pub paths: Vec<B256>,
}

/// Signed bytes, as a light client takes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// The ABI-encoded statement.
    pub data: Bytes,
    /// `r ‖ s ‖ v` over the statement's digest.
    pub signature: Signature65,
}

/// What one attestor states about one height.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attested {
    /// The address whose key signed.
    pub attestor: Address,
    /// The height and its time, for the client's update.
    pub state: Attestation,
    /// The commitments under the paths asked for, in that order; absent when none was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packets: Option<Attestation>,
}

/// Whom an attestor serves, and how its view of their chains is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// The address whose key signs.
    pub attestor: Address,
    /// The light clients it signs for.
    pub clients: Vec<ClientInfo>,
}

/// One light client an attestor serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientInfo {
    /// The light client.
    pub client: ClientRef,
    /// What signatures for it are bound to.
    pub domain: Domain,
    /// The chain it follows, whose facts are signed.
    pub source_chain: ChainId,
    /// The highest height of that chain which can be signed, if known yet.
    pub final_height: Option<u64>,
    /// The attestor's own endpoints of that chain.
    pub endpoints: Vec<EndpointHealth>,
}

impl Info {
    /// What a stranger may see; see [`EndpointHealth::redacted`].
    #[must_use]
    pub fn redacted(mut self) -> Self {
        for endpoint in self
            .clients
            .iter_mut()
            .flat_map(|client| &mut client.endpoints)
        {
            *endpoint = endpoint.redacted();
        }
        self
    }
}
