use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::KeySource;

/// How this node relays.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelayerConfig {
    /// The key that pays for delivery on every chain.
    pub(crate) key: KeySource,
    /// The attestors that are asked for signatures.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(crate) attestors: Vec<Url>,
    /// The most packets delivered in one transaction.
    #[serde(default = "default_batch")]
    #[schemars(range(min = 1, max = 200))]
    pub(crate) batch: usize,
}

fn default_batch() -> usize {
    50
}
