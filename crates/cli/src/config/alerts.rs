use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::duration;

/// Who is told when something is wrong.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertsConfig {
    /// Where alerts are posted as JSON; without it they go to log and metrics alone.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) webhook: Option<Url>,
    /// The environment variable with the secret that deliveries are signed with.
    #[serde(default)]
    pub(crate) secret_env: Option<String>,
    /// The file with that secret, readable by its owner alone.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) secret_file: Option<PathBuf>,
    /// How soon an alert that lasts is told of again.
    #[serde(default = "default_repeat", deserialize_with = "duration::deserialize")]
    #[schemars(with = "String", extend("default" = "4h", "examples" = ["4h"]))]
    pub(crate) repeat: Duration,
    /// How long something must be right before its alert is resolved.
    #[serde(default = "default_quiet", deserialize_with = "duration::deserialize")]
    #[schemars(with = "String", extend("default" = "30s", "examples" = ["30s"]))]
    pub(crate) quiet: Duration,
    /// How many deliveries a minute at most; the others wait.
    #[serde(default = "default_per_minute")]
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) per_minute: usize,
    /// A signer with less of the chain's coin than this is an alert.
    #[serde(default = "default_low_balance")]
    #[schemars(extend("examples" = ["0.05"]))]
    pub(crate) low_balance: String,
    /// Messages that wait for longer than this are an alert.
    #[serde(default = "default_stuck", deserialize_with = "duration::deserialize")]
    #[schemars(with = "String", extend("default" = "10m", "examples" = ["10m"]))]
    pub(crate) stuck_after: Duration,
    /// A chain without a new block for longer than this is an alert.
    #[serde(
        default = "default_stalled",
        deserialize_with = "duration::deserialize"
    )]
    #[schemars(with = "String", extend("default" = "2m", "examples" = ["2m"]))]
    pub(crate) stalled_after: Duration,
}

impl Default for AlertsConfig {
    fn default() -> Self {
        Self {
            webhook: None,
            secret_env: None,
            secret_file: None,
            repeat: default_repeat(),
            quiet: default_quiet(),
            per_minute: default_per_minute(),
            low_balance: default_low_balance(),
            stuck_after: default_stuck(),
            stalled_after: default_stalled(),
        }
    }
}

fn default_repeat() -> Duration {
    Duration::from_hours(4)
}

fn default_quiet() -> Duration {
    Duration::from_secs(30)
}

fn default_per_minute() -> usize {
    30
}

fn default_low_balance() -> String {
    "0.05".to_owned()
}

fn default_stuck() -> Duration {
    Duration::from_mins(10)
}

fn default_stalled() -> Duration {
    Duration::from_mins(2)
}
