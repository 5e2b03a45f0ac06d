use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use url::Url;

use super::duration;

/// The API for people and their programs, at `listen` below `/v1`; its documentation is at `/docs`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiConfig {
    /// Whether reading needs no key. Whoever reaches the address then sees all that crosses.
    #[serde(default)]
    pub(crate) anonymous_read: bool,
    /// Web pages of these origins may ask.
    #[serde(default)]
    #[schemars(with = "Vec<String>", extend("examples" = [["https://bridge.example.org"]]))]
    pub(crate) origins: Vec<Url>,
    /// The proxies before the node: their word is taken for whom they ask for. Nobody else's is.
    #[serde(default, deserialize_with = "networks")]
    #[schemars(with = "Vec<String>", extend("examples" = [["10.0.0.0/8", "192.0.2.7"]]))]
    pub(crate) trusted_proxies: Vec<causeway_api::Network>,
    /// Requests a minute with one key.
    #[serde(default = "default_per_key")]
    #[schemars(range(min = 1))]
    pub(crate) per_key: u32,
    /// Requests a minute from one address without a key.
    #[serde(default = "default_per_address")]
    #[schemars(range(min = 1))]
    pub(crate) per_address: u32,
    /// How long an answer may take to begin.
    #[serde(
        default = "default_patience",
        deserialize_with = "duration::deserialize"
    )]
    #[schemars(with = "String", extend("default" = "15s", "examples" = ["15s"]))]
    pub(crate) patience: Duration,
    /// Requests that are worked on at once; one more is refused.
    #[serde(default = "default_concurrent")]
    #[schemars(range(min = 1))]
    pub(crate) concurrent: usize,
    /// How many may follow the events at once.
    #[serde(default = "default_subscribers")]
    #[schemars(range(min = 1))]
    pub(crate) subscribers: usize,
}

fn default_per_key() -> u32 {
    causeway_api::RateConfig::default().per_key
}

fn default_per_address() -> u32 {
    causeway_api::RateConfig::default().per_address
}

fn default_patience() -> Duration {
    causeway_api::Settings::default().patience
}

fn default_concurrent() -> usize {
    causeway_api::Settings::default().concurrent
}

fn default_subscribers() -> usize {
    causeway_api::Settings::default().subscribers
}

fn networks<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<causeway_api::Network>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let read = |text: String| {
        causeway_api::Network::read(&text).ok_or_else(|| {
            let expected = "an address or a network such as \"10.0.0.0/8\"";
            de::Error::invalid_value(de::Unexpected::Str(&text), &expected)
        })
    };
    texts.into_iter().map(read).collect()
}

impl ApiConfig {
    /// What the API is told of it.
    pub(crate) fn settings(&self) -> causeway_api::Settings {
        let origin = |url: &Url| url.origin().ascii_serialization();
        causeway_api::Settings {
            access: causeway_api::AccessConfig {
                anonymous_read: self.anonymous_read,
                trusted_proxies: self.trusted_proxies.clone(),
                rates: causeway_api::RateConfig {
                    per_key: self.per_key,
                    per_address: self.per_address,
                },
            },
            origins: self.origins.iter().map(origin).collect(),
            patience: self.patience,
            concurrent: self.concurrent,
            subscribers: self.subscribers,
            ..causeway_api::Settings::default()
        }
    }

    /// The first number that is none of the possible ones.
    pub(super) fn zero(&self) -> Option<&'static str> {
        let numbers = [
            ("per_key", self.per_key == 0),
            ("per_address", self.per_address == 0),
            ("patience", self.patience.is_zero()),
            ("concurrent", self.concurrent == 0),
            ("subscribers", self.subscribers == 0),
        ];
        let zero = numbers.into_iter().find(|(_, is_zero)| *is_zero);
        zero.map(|(name, _)| name)
    }
}
