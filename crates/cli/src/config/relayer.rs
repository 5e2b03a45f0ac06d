use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::{KeySource, duration};

/// How this node relays.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RelayerConfig {
    /// The key that pays for delivery on every chain.
    pub(crate) key: KeySource,
    /// Further keys that pay for delivery on every chain. Transactions of one key follow one another;
    /// with several, more of them are on their way at a time.
    #[serde(default)]
    pub(crate) more_keys: Vec<KeySource>,
    /// The attestors that are asked for signatures.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(crate) attestors: Vec<Url>,
    /// Names this node among the replicas that share a `PostgreSQL` store, each by a name of its own,
    /// so that after a restart it need not wait for itself. Unset: a new name at every start.
    #[serde(default)]
    pub(crate) replica: Option<String>,
    /// The most packets delivered in one transaction, where a block has room for as many.
    #[serde(default = "default_batch")]
    #[schemars(range(min = 1, max = 200))]
    pub(crate) batch: usize,
    /// A packet that has not come to its end after this long is reported as a problem.
    #[schemars(with = "String", extend("default" = "10m", "examples" = ["10m", "1h"]))]
    #[serde(
        default = "default_overdue_after",
        deserialize_with = "duration::deserialize"
    )]
    pub(crate) overdue_after: Duration,
}

fn default_overdue_after() -> Duration {
    Duration::from_mins(10)
}

fn default_batch() -> usize {
    200
}
