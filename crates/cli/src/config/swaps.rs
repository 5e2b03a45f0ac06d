use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use alloy::primitives::Address;
use causeway_swap::Span;
use causeway_types::ChainId;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};
use url::Url;

use super::{KeySource, duration};
use crate::address::parse_address;

/// How this node swaps: trustlessly, by hash and time, with anybody.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwapsConfig {
    /// 32 secret bytes that all keys and secrets of swaps follow from. Whoever has them has the coins.
    pub(crate) seed: KeySource,
    /// The key that locks, claims and refunds on EVM chains, and pays for it.
    #[serde(default)]
    pub(crate) key: Option<KeySource>,
    /// For how long altogether this node may be down, or blind, during a swap.
    #[serde(
        default = "default_down_for",
        deserialize_with = "duration::deserialize"
    )]
    #[schemars(with = "String", extend("default" = "30m", "examples" = ["30m"]))]
    pub(crate) down_for: Duration,
    /// Nothing is locked for longer than this.
    #[serde(
        default = "default_longest",
        deserialize_with = "duration::deserialize"
    )]
    #[schemars(with = "String", extend("default" = "3days", "examples" = ["3days"]))]
    pub(crate) longest: Duration,
    /// How long to wait for the other party's signature under a claim, which makes it smaller.
    #[serde(
        default = "default_cooperation",
        deserialize_with = "duration::deserialize"
    )]
    #[schemars(with = "String", extend("default" = "15m", "examples" = ["15m"]))]
    pub(crate) cooperation: Duration,
    /// So long before a lock's expiry, that waiting ends in any case.
    #[serde(
        default = "default_script_path",
        deserialize_with = "duration::deserialize"
    )]
    #[schemars(with = "String", extend("default" = "2h", "examples" = ["2h"]))]
    pub(crate) script_path: Duration,
    /// The chains to swap on.
    #[schemars(length(min = 1))]
    pub(crate) chains: Vec<SwapChainConfig>,
    /// Present: this node makes offers.
    #[serde(default)]
    pub(crate) maker: Option<MakerPart>,
}

/// A chain to swap on. What is not given follows from what the chain is known for.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwapChainConfig {
    /// The CAIP-2 id: of one of the chains, or of a chain of the Bitcoin family.
    #[schemars(with = "String", extend("examples" = ["eip155:1", "bip122:000000000019d6689c085ae165831e93"]))]
    pub(crate) id: ChainId,
    /// A short name, for a chain of the Bitcoin family.
    #[serde(default)]
    #[schemars(extend("pattern" = "^[a-z0-9-]{1,32}$"))]
    pub(crate) name: Option<String>,
    /// The contract that holds locks on an EVM chain; `causeway swap deploy` writes it.
    #[serde(default, deserialize_with = "optional_address")]
    #[schemars(with = "Option<String>", extend("pattern" = "^0x[0-9a-fA-F]{40}$"))]
    pub(crate) contract: Option<Address>,
    /// The nodes of a chain of the Bitcoin family, independent of each other; user and password may
    /// stand in the URL.
    #[serde(default)]
    #[schemars(with = "Vec<String>", extend("examples" = [["http://127.0.0.1:8332"]]))]
    pub(crate) endpoints: Vec<Url>,
    /// The file by which those nodes know us whose URL has no password; taken from this file's directory
    /// if it is relative.
    #[serde(default)]
    pub(crate) cookie: Option<PathBuf>,
    /// How many of these nodes must agree; a majority by default.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub(crate) agreement: Option<usize>,
    /// How many blocks, its own included, make a transaction final.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub(crate) confirmations: Option<u64>,
    /// How far blocks are apart on average, or how long a slot is.
    #[serde(default, deserialize_with = "optional_duration")]
    #[schemars(with = "Option<String>", extend("examples" = ["12s", "10m"]))]
    pub(crate) block_time: Option<Duration>,
    /// How many slots of an EVM chain may stay empty while we wait.
    #[serde(default)]
    pub(crate) missed_slots: Option<u64>,
    /// Within this time a transaction whose fee follows the market is in a block.
    #[serde(default, deserialize_with = "optional_duration")]
    #[schemars(with = "Option<String>", extend("examples" = ["10m"]))]
    pub(crate) inclusion: Option<Duration>,
    /// How much our clock and the time of blocks may differ.
    #[serde(default, deserialize_with = "optional_duration")]
    #[schemars(with = "Option<String>", extend("examples" = ["30s"]))]
    pub(crate) skew: Option<Duration>,
    /// How long a lock lasts that is the first of a swap, such as "24h" or "144 blocks".
    #[serde(default)]
    pub(crate) long: Option<Lasts>,
    /// How long a lock lasts that is the second of a swap.
    #[serde(default)]
    pub(crate) short: Option<Lasts>,
    /// The least that is worth a lock, in the smallest units of any asset there.
    #[serde(default)]
    #[schemars(extend("examples" = ["10000"]))]
    pub(crate) dust: Option<String>,
    /// The highest fee on a chain of the Bitcoin family, in satoshis per virtual byte.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub(crate) fee_cap: Option<u64>,
    /// The most of its value that a claim or a refund there may pay for getting into a block, in percent.
    #[serde(default)]
    #[schemars(range(min = 1, max = 100))]
    pub(crate) fee_percent: Option<u8>,
}

/// What a node offers to takers.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MakerPart {
    /// How long an offer holds.
    #[serde(default = "default_offer", deserialize_with = "duration::deserialize")]
    #[schemars(with = "String", extend("default" = "5m"))]
    pub(crate) offer: Duration,
    /// How long a quote holds: by then the taker must have agreed.
    #[serde(default = "default_quote", deserialize_with = "duration::deserialize")]
    #[schemars(with = "String", extend("default" = "1m"))]
    pub(crate) quote: Duration,
    /// What is exchanged.
    #[schemars(length(min = 1))]
    pub(crate) pairs: Vec<PairConfig>,
}

/// Two assets that are exchanged, in one direction.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PairConfig {
    /// What this node gives.
    pub(crate) gives: SwapAsset,
    /// What it wants for it.
    pub(crate) wants: SwapAsset,
    /// What one whole unit that is given costs in whole units that are wanted, such as "0.05".
    #[serde(default)]
    #[schemars(extend("examples" = ["0.05"]))]
    pub(crate) price: Option<String>,
    /// Where the price is asked for instead: a server that answers with `{"price": "wanted/given"}` in
    /// smallest units.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(crate) price_url: Option<Url>,
    /// What is added to the price, in hundredths of a percent.
    #[serde(default)]
    #[schemars(range(max = 10_000))]
    pub(crate) spread: u32,
    /// The least that is given in one swap, in whole units.
    pub(crate) least: String,
    /// The most that is given in one swap, in whole units.
    pub(crate) most: String,
    /// The most that may be at stake in all swaps of this pair together, in whole units; no limit but
    /// the balance by default.
    #[serde(default)]
    pub(crate) inventory: Option<String>,
    /// Whether this node makes the secret and locks first. By default the taker does, so that nobody can
    /// make this node lock for nothing.
    #[serde(default)]
    pub(crate) locks_first: bool,
}

/// An asset on one of the chains to swap on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwapAsset {
    /// The chain's name or id.
    pub(crate) chain: String,
    /// An ERC-20 token's address; the chain's own coin by default.
    #[serde(default, deserialize_with = "optional_address")]
    #[schemars(with = "Option<String>")]
    pub(crate) token: Option<Address>,
}

/// How long a lock lasts: a duration, or so many blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lasts(pub(crate) Span);

impl FromStr for Lasts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{text:?} is no time (expected \"144 blocks\" or \"6h\")");
        if let Some(blocks) = text.strip_suffix(" blocks") {
            let blocks = blocks.parse().map_err(|_| wrong())?;
            return Ok(Self(Span::Blocks(blocks)));
        }
        let time = humantime::parse_duration(text).map_err(|_| wrong())?;
        if time.subsec_nanos() != 0 {
            return Err(wrong());
        }
        Ok(Self(Span::Secs(time.as_secs())))
    }
}

impl fmt::Display for Lasts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Span::Blocks(blocks) => write!(f, "{blocks} blocks"),
            Span::Secs(secs) => humantime::format_duration(Duration::from_secs(secs)).fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for Lasts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Lasts {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Lasts".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A duration with its unit, or a number of blocks.",
            "examples": ["6h", "144 blocks"]
        })
    }
}

fn optional_duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration::deserialize(deserializer).map(Some)
}

fn optional_address<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Address>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_address(&text).map(Some).map_err(de::Error::custom)
}

fn default_down_for() -> Duration {
    Duration::from_mins(30)
}

fn default_longest() -> Duration {
    Duration::from_hours(72)
}

fn default_cooperation() -> Duration {
    Duration::from_mins(15)
}

fn default_script_path() -> Duration {
    Duration::from_hours(2)
}

fn default_offer() -> Duration {
    Duration::from_mins(5)
}

fn default_quote() -> Duration {
    Duration::from_mins(1)
}
