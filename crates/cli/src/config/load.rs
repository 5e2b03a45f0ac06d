use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use serde_path_to_error::Segment;
use toml::Table;

use super::{Config, ConfigError, ConfigErrors, Problem, environment};

/// A configuration that was read and found sound, with the place it came from.
#[derive(Clone, Debug)]
pub(crate) struct LoadedConfig {
    /// What it says.
    pub(crate) config: Config,
    /// The file.
    pub(crate) path: PathBuf,
}

impl LoadedConfig {
    /// A path of the configuration, taken from the file's own directory if it is relative.
    pub(crate) fn resolve(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }
}

/// Reads the file, lays the environment over it and checks the whole.
pub(crate) fn load(path: &Path) -> Result<LoadedConfig, ConfigErrors> {
    let text = fs::read_to_string(path).map_err(|error| {
        ConfigError::of_file(if error.kind() == io::ErrorKind::NotFound {
            Problem::NoFile(path.to_owned())
        } else {
            Problem::Unreadable {
                path: path.to_owned(),
                reason: error.to_string(),
            }
        })
    })?;
    // A variable that is not Unicode cannot be one of ours.
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let config = parse(&text, variables)?;
    Ok(LoadedConfig {
        config,
        path: path.to_owned(),
    })
}

/// Reads the text of a configuration, lays the variables over it and checks the whole.
pub(crate) fn parse(
    text: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, ConfigErrors> {
    let mut table: Table = text.parse().map_err(|error| syntax(text, &error))?;
    let origins = environment::apply(&mut table, variables)?;
    let mut errors = match serde_path_to_error::deserialize::<_, Config>(table.clone()) {
        Ok(config) => match ConfigErrors::none_in(config.problems()) {
            Ok(()) => return Ok(config),
            Err(errors) => errors,
        },
        Err(error) => shape(&error, &table).into(),
    };
    for error in std::iter::once(errors.first.as_mut()).chain(&mut errors.others) {
        let field = error.field.clone().unwrap_or_default();
        error.variable = origins
            .iter()
            .find(|(path, _)| field.starts_with(path.as_str()))
            .map(|(_, variable)| variable.clone());
    }
    Err(errors)
}

/// The place and the reason, without the line itself, which may hold a secret.
fn syntax(text: &str, error: &toml::de::Error) -> ConfigError {
    let at = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    ConfigError::of_file(Problem::Syntax {
        line,
        column,
        message: error.message().to_owned(),
    })
}

fn shape(error: &serde_path_to_error::Error<toml::de::Error>, table: &Table) -> ConfigError {
    let mut message = plain_words(error.inner().message());
    let path = error.path().to_string();
    // The path of an unknown key ends above it, that of a missing one too.
    let named = ["unknown field `", "missing field `"]
        .into_iter()
        .find_map(|start| message.strip_prefix(start)?.split_once('`'))
        .map(|(key, _)| key.to_owned());
    let field = match (path.as_str(), &named) {
        (".", Some(key)) => key.clone(),
        (path, Some(key)) if !path.ends_with(key.as_str()) => format!("{path}.{key}"),
        (path, _) => path.to_owned(),
    };
    if named.is_none()
        && let Some(value) = value_at(table, error.path())
        && !message.contains(value.trim_matches('"'))
    {
        message = format!("{value}: {message}");
    }
    let expected = if message.starts_with("unknown field") {
        "remove the key or correct its name; `causeway config schema` lists them all"
    } else {
        expected(&field)
    };
    ConfigError::new(field, Problem::Shape { message, expected })
}

/// Names Rust's types as the reader would.
fn plain_words(message: &str) -> String {
    let mut text = match message.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected a table"),
        None => message.to_owned(),
    };
    for kind in ["usize", "u64", "u32"] {
        text = text.replace(&format!("expected {kind}"), "expected a whole number");
    }
    text
}

/// The plain value at a path, as TOML writes it; none for a table, a list and whatever may be secret.
fn value_at(table: &Table, path: &serde_path_to_error::Path) -> Option<String> {
    let mut segments = path.iter();
    let Some(Segment::Map { key: first }) = segments.next() else {
        return None;
    };
    let mut value = table.get(first)?;
    for segment in segments {
        value = match segment {
            Segment::Map { key } if ["key", "more_keys", "seed"].contains(&key.as_str()) => {
                return None;
            }
            Segment::Map { key } => value.get(key)?,
            Segment::Seq { index } => value.get(*index)?,
            _ => return None,
        };
    }
    (!value.is_table() && !value.is_array()).then(|| value.to_string())
}

/// What belongs at a path, for a value of the wrong kind and for a missing one.
fn expected(field: &str) -> &'static str {
    let within = |part: &str| field.starts_with(part);
    let last = field.rsplit('.').next().unwrap_or_default();
    let key = last.split('[').next().unwrap_or_default();
    if let Some(expected) = within("swaps.").then(|| expected_of_swaps(key)).flatten() {
        return expected;
    }
    match key {
        _ if [
            "relayer.key",
            "relayer.more_keys",
            "attestor.key",
            "monitor.key",
            "swaps.key",
            "swaps.seed",
        ]
        .into_iter()
        .any(within) =>
        {
            "name where the key is read from: { env = \"NAME\" }, { file = \"path\" } or \
             { keystore = \"path\", password_file = \"path\" }"
        }
        "dev" => "use true or false",
        "store" => {
            "use a URL such as \"sqlite://causeway.db\" or \"postgres://causeway@host/causeway\""
        }
        "listen" => "use an address and a port, such as \"127.0.0.1:7100\"",
        "format" => "use \"text\" or \"json\"",
        "level" => "use error, warn, info, debug or trace",
        "id" => "use the chain's CAIP-2 id, such as \"eip155:31337\"",
        "name" => "use a short name such as \"alpha\"",
        "endpoints" => {
            "use a list of URLs, such as [\"wss://one.example.org\", \"https://two.example.org\"]"
        }
        "agreement" => "use the number of endpoints that must agree, such as 2",
        "finality" | "depth" => "use \"finalized\", \"safe\" or { depth = 10 }",
        "router" => {
            "use the router's address: 0x and 40 hexadecimal digits, as the deployment printed it"
        }
        "poll_interval" => "use a duration with its unit, such as \"1s\"",
        "a" | "b" | "routes" => "use { chain = \"eip155:31337\", client = \"its id there\" }",
        "chain" => "use the CAIP-2 id of one of the [[chains]], such as \"eip155:31337\"",
        "client" => "use the client's id on that chain, 4 to 128 characters",
        "attestors" => "use a list of URLs, such as [\"http://127.0.0.1:7111\"]",
        "replica" => "use a short name such as \"node-1\"",
        "batch" => "use a number from 1 to 200",
        "clients" => "use a list of client ids of the routes",
        "chains" => "use [[chains]] with an id and endpoints",
        "log" => "use a table: [log]",
        "relayer" => "use a table: [relayer] with key and attestors",
        "attestor" => "use a table: [attestor] with key",
        "monitor" => "use a table: [monitor]",
        "alerts" => "use a table: [alerts]",
        "webhook" => "use a URL such as \"https://example.org/hook\"",
        "low_balance" => "use an amount in quotes, such as \"0.05\"",
        "overdue_after" | "repeat" | "quiet" | "stuck_after" | "stalled_after" => {
            "use a duration with its unit, such as \"10m\""
        }
        "patience" | "outflow_window" => "use a duration with its unit, such as \"60s\"",
        "tokens" | "token" => {
            "use { chain = \"eip155:31337\", token = \"native\" } or the token's address"
        }
        "telemetry" => "use a table: [telemetry] with otlp",
        "otlp" => "use the collector's URL, such as \"http://127.0.0.1:4318\"",
        "service" => "use a name such as \"causeway\"",
        "swaps" => "use a table: [swaps] with seed, key and [[swaps.chains]]",
        "grpc" => "use a table: [grpc] with listen",
        "concurrent" => "use a number from 1 to 1024",
        _ => "`causeway config schema` describes every key",
    }
}

/// The same for keys that mean something in the part about swaps.
fn expected_of_swaps(key: &str) -> Option<&'static str> {
    Some(match key {
        "chains" => "use [[swaps.chains]] with the id of a chain",
        "endpoints" => "use a list of URLs, such as [\"http://127.0.0.1:8332\"]",
        "maker" => "use a table: [swaps.maker] with [[swaps.maker.pairs]]",
        "long" | "short" => {
            "use a duration or a number of blocks, such as \"6h\" or \"144 blocks\""
        }
        "least" | "most" | "inventory" | "price" => "use an amount in quotes, such as \"0.05\"",
        "confirmations" | "missed_slots" | "fee_cap" | "fee_percent" | "spread" => {
            "use a whole number without quotes, such as 10"
        }
        "locks_first" => "use true or false",
        "dust" => "use a whole number in quotes, such as \"10000\"",
        "cookie" => "use the path of the node's cookie file",
        "price_url" => "use a URL such as \"http://127.0.0.1:9000/price\"",
        "pairs" => "use [[swaps.maker.pairs]] with gives, wants, price, least and most",
        "gives" | "wants" => {
            "use { chain = \"alpha\" }, with the address of a token as token if it is one"
        }
        "contract" => "use the contract's address, as `causeway swap deploy` printed it",
        "block_time" | "inclusion" | "skew" | "down_for" | "longest" | "cooperation"
        | "script_path" | "offer" | "quote" => "use a duration with its unit, such as \"10m\"",
        _ => return None,
    })
}
