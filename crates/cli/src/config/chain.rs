use std::time::Duration;

use alloy::primitives::Address;
use causeway_types::ChainId;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use url::Url;

use super::{FinalityConfig, duration};
use crate::address::parse_address;

/// One chain: where it is reached and when it is believed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChainConfig {
    /// The chain's CAIP-2 id.
    #[schemars(with = "String", extend(
        "pattern" = "^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$", "examples" = ["eip155:31337"]
    ))]
    pub(crate) id: ChainId,
    /// A short name to use on the command line instead of the id.
    #[serde(default)]
    #[schemars(extend("pattern" = "^[a-z0-9-]{1,32}$"))]
    pub(crate) name: Option<String>,
    /// RPC endpoints, independent of each other. The first is preferred, the others are the
    /// fallback and the second opinion.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(crate) endpoints: Vec<Url>,
    /// How many endpoints must agree on anything that will be signed; a majority by default.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub(crate) agreement: Option<usize>,
    /// When a block counts as final.
    #[serde(default)]
    pub(crate) finality: FinalityConfig,
    /// The ICS-26 router; `causeway deploy` writes it.
    #[serde(default, deserialize_with = "optional_address")]
    #[schemars(with = "Option<String>", extend("pattern" = "^0x[0-9a-fA-F]{40}$"))]
    pub(crate) router: Option<Address>,
    /// The block from which the router's events are read at first; `causeway deploy` writes it.
    #[serde(default)]
    pub(crate) start_height: u64,
    /// How often the head is asked for when no subscription delivers it.
    #[serde(
        default = "default_poll_interval",
        deserialize_with = "duration::deserialize"
    )]
    #[schemars(with = "String", extend("default" = "1s", "examples" = ["1s", "500ms"]))]
    pub(crate) poll_interval: Duration,
}

impl ChainConfig {
    /// The k of the k-of-n rule: as configured, or a majority.
    pub(crate) fn required_agreement(&self) -> usize {
        self.agreement.unwrap_or(self.endpoints.len() / 2 + 1)
    }

    /// The short name if there is one, the id otherwise.
    pub(crate) fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(self.id.as_str())
    }
}

fn default_poll_interval() -> Duration {
    Duration::from_secs(1)
}

fn optional_address<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Address>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_address(&text).map(Some).map_err(de::Error::custom)
}
