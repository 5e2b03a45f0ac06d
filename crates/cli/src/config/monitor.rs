use std::time::Duration;

use alloy::primitives::Address;
use causeway_types::ChainId;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use url::Url;

use super::{KeySource, duration};
use crate::address::parse_address;

/// How this node watches the routes: that nothing is minted which was not locked.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MonitorConfig {
    /// The key that pauses, which must have the pauser role; without it the monitor only tells.
    #[serde(default)]
    pub(crate) key: Option<KeySource>,
    /// The monitor's own endpoints; those of the chains are used where none are given. A node that
    /// also relays must give them.
    #[serde(default)]
    pub(crate) chains: Vec<MonitorChainConfig>,
    /// How long a route may be unreadable before that is an alert.
    #[serde(
        default = "default_patience",
        deserialize_with = "duration::deserialize"
    )]
    #[schemars(with = "String", extend("default" = "60s", "examples" = ["60s"]))]
    pub(crate) patience: Duration,
    /// Whether a route that cannot be read for so long is paused, too.
    #[serde(default)]
    pub(crate) pause_when_blind: bool,
    /// The tokens whose shortfall pauses a route; of others it is only told. All tokens by default,
    /// and then a stranger who sends a token of his own making, which lies about its balances, can
    /// stop the route.
    #[serde(default)]
    pub(crate) tokens: Option<Vec<TokenConfig>>,
    /// How much of a token may leave within the window before that is an alert, in percent of what
    /// was locked; 100 for never.
    #[serde(default = "default_outflow_percent")]
    #[schemars(range(min = 1, max = 100))]
    pub(crate) outflow_percent: u8,
    /// The window in which outflow is measured.
    #[serde(
        default = "default_outflow_window",
        deserialize_with = "duration::deserialize"
    )]
    #[schemars(with = "String", extend("default" = "1h", "examples" = ["1h"]))]
    pub(crate) outflow_window: Duration,
}

/// How the monitor reaches one chain.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MonitorChainConfig {
    /// One of the chains.
    #[schemars(with = "String")]
    pub(crate) id: ChainId,
    /// RPC endpoints, independent of each other and of those that the relayer uses.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(crate) endpoints: Vec<Url>,
    /// How many of them must agree on what stands on the chain; a majority by default.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub(crate) agreement: Option<usize>,
}

/// A token on a chain.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenConfig {
    /// The chain that it is at home on.
    #[schemars(with = "String")]
    pub(crate) chain: ChainId,
    /// Its address, or `native`.
    #[serde(deserialize_with = "token")]
    #[schemars(with = "String", extend("examples" = ["native"]))]
    pub(crate) token: Address,
}

fn token<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "native" {
        return Ok(causeway_ibc_evm::Token::Native.address());
    }
    parse_address(&text).map_err(de::Error::custom)
}

fn default_patience() -> Duration {
    Duration::from_secs(60)
}

fn default_outflow_percent() -> u8 {
    50
}

fn default_outflow_window() -> Duration {
    Duration::from_secs(3600)
}
