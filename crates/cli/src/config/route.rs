use causeway_ibc::ClientId;
use causeway_types::ChainId;
use schemars::JsonSchema;
use serde::Deserialize;

/// A pair of light clients that name each other: one connection between two chains.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteConfig {
    /// One end.
    pub(crate) a: RouteEnd,
    /// The other end.
    pub(crate) b: RouteEnd,
}

/// The light client on one chain that follows the chain at the other end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteEnd {
    /// The chain the client lives on, as its CAIP-2 id.
    #[schemars(with = "String", extend("examples" = ["eip155:31337"]))]
    pub(crate) chain: ChainId,
    /// The client's id there.
    #[schemars(with = "String", extend(
        "pattern" = "^[a-zA-Z0-9._+\\-#\\[\\]<>]{4,128}$", "examples" = ["attest-31338-on-31337"]
    ))]
    pub(crate) client: ClientId,
}

impl RouteConfig {
    /// Both ends, with the key each is written under.
    pub(crate) fn ends(&self) -> [(&'static str, &RouteEnd); 2] {
        [("a", &self.a), ("b", &self.b)]
    }
}
