//! What there is to cross: chains, assets, routes, and who secures them.

use causeway_types::ChainId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A chain as the node sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Chain {
    /// Its CAIP-2 id.
    #[schema(value_type = String, example = "eip155:31337")]
    pub id: ChainId,
    /// What the node's configuration calls it.
    pub name: Option<String>,
    /// What kind of chain it is.
    pub kind: ChainKind,
    /// The height of its newest block; null before one was seen.
    pub head: Option<u64>,
    /// The height of its newest final block.
    pub final_height: Option<u64>,
    /// Blocks between the head and the newest final block.
    pub lag: Option<u64>,
    /// The rule that makes a block final.
    #[schema(example = "finalized")]
    pub finality: String,
    /// How many endpoints must agree before anything is signed.
    pub agreement: usize,
    /// The endpoints it is reached at, without their credentials.
    pub endpoints: Vec<Endpoint>,
    /// The contract that packets enter and leave by, if packets cross to this chain.
    pub router: Option<String>,
    /// What it said last that cannot be true with what is known.
    pub contradiction: Option<String>,
    /// Why it cannot be followed, if it cannot.
    pub problem: Option<String>,
}

/// What kind of chain it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChainKind {
    /// An EVM chain: packets and swaps.
    Evm,
    /// A chain of the Bitcoin family: swaps.
    Bitcoin,
}

/// One endpoint, without its credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Endpoint {
    /// Where it is.
    pub url: String,
    /// Whether it answers as it should.
    pub healthy: bool,
    /// The newest block that it told of.
    pub head: Option<u64>,
    /// How long it took to answer, in milliseconds.
    pub latency_ms: Option<u64>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// An asset on one chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Asset {
    /// Its CAIP-19 id.
    #[schema(example = "eip155:31337/slip44:60")]
    pub id: String,
    /// Its chain, as CAIP-2.
    #[schema(value_type = String, example = "eip155:31337")]
    pub chain: ChainId,
    /// What the chain is called.
    pub chain_name: String,
    /// What people call it; null while its chain cannot be asked.
    #[schema(example = "ETH")]
    pub symbol: Option<String>,
    /// How many decimals a whole unit has; null while its chain cannot be asked.
    pub decimals: Option<u8>,
    /// The token's contract; null for the chain's own coin.
    pub token: Option<String>,
    /// How packets of transfers name it on its own chain; null where it is only swapped.
    pub denom: Option<String>,
}

/// A route: two light clients that name each other, one connection between two chains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Route {
    /// Names the route among those of the node: its first light client as `CHAIN~CLIENT`.
    #[schema(example = "eip155:31337~attest-31338-on-31337")]
    pub id: String,
    /// The light client at either end. Each is believed about the chain of the other.
    #[schema(min_items = 2, max_items = 2)]
    pub clients: Vec<LightClient>,
}

/// One light client, what it asks one to believe, and how messages toward it fare.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LightClient {
    /// The chain it lives on.
    #[schema(value_type = String, example = "eip155:31337")]
    pub chain: ChainId,
    /// Its id there.
    #[schema(example = "attest-31338-on-31337")]
    pub client: String,
    /// The kind of light client.
    #[schema(example = "2-of-3 attestation")]
    pub kind: String,
    /// What must be trusted for it to be right, in one line.
    pub trust: String,
    /// How many attestors must sign.
    pub threshold: u8,
    /// Who may sign.
    pub members: Vec<String>,
    /// Which set of attestors that is; 0 if it cannot be replaced.
    pub set_number: u64,
    /// Whether misbehaviour was proven, so that it believes nothing any more.
    pub frozen: bool,
    /// How many of them answer this node; null where it asks none.
    pub reachable: Option<usize>,
    /// Messages that have not arrived yet.
    pub waiting: u64,
    /// Why nothing moves, if nothing does.
    pub problem: Option<String>,
}

/// A light client by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LightClientRef {
    /// The chain it lives on.
    #[schema(value_type = String, example = "eip155:31337")]
    pub chain: ChainId,
    /// Its id there.
    #[schema(example = "attest-31338-on-31337")]
    pub client: String,
}

/// An attestor as the node reaches it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttestorReport {
    /// Where it is asked.
    pub url: String,
    /// The address it signs with; null while it does not answer.
    pub address: Option<String>,
    /// The light clients it signs for.
    pub clients: Vec<String>,
    /// Why it does not help, if it does not.
    pub problem: Option<String>,
}
