use std::{fmt, net::SocketAddr, path::PathBuf};

use alloy::primitives::Address;
use causeway_types::ChainId;
use thiserror::Error;

use super::SwapProblem;
use crate::redact::redact;

/// One thing that is wrong with the configuration: where, what was found, what to do.
#[derive(Clone, Debug, Error)]
pub(crate) struct ConfigError {
    /// The key's path, such as `chains[0].finality`; none when the file as a whole is at fault.
    pub(crate) field: Option<String>,
    /// What is wrong with it.
    pub(crate) problem: Problem,
    /// The environment variable that set the value, if it was not the file.
    pub(crate) variable: Option<String>,
}

impl ConfigError {
    pub(crate) fn new(field: impl Into<String>, problem: Problem) -> Self {
        Self {
            field: Some(field.into()),
            problem,
            variable: None,
        }
    }

    pub(crate) fn of_file(problem: Problem) -> Self {
        Self {
            field: None,
            problem,
            variable: None,
        }
    }

    /// What is wrong, without the place.
    pub(crate) fn message(&self) -> String {
        redact(&self.problem.to_string())
    }

    /// What the reader can do about it.
    pub(crate) fn remedy(&self) -> String {
        match &self.variable {
            Some(variable) => format!(
                "{} (the value comes from {variable})",
                self.problem.remedy()
            ),
            None => self.problem.remedy(),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message())
    }
}

/// Everything that is wrong with the configuration, at least one thing.
#[derive(Clone, Debug, Error)]
#[error("{first}{}", more(.others.len()))]
pub(crate) struct ConfigErrors {
    /// The first in the order of the file.
    pub(crate) first: Box<ConfigError>,
    /// The rest.
    pub(crate) others: Vec<ConfigError>,
}

impl ConfigErrors {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        std::iter::once(self.first.as_ref()).chain(&self.others)
    }

    /// `Ok` if there is nothing wrong.
    pub(crate) fn none_in(problems: Vec<ConfigError>) -> Result<(), Self> {
        let mut problems = problems.into_iter();
        match problems.next() {
            Some(first) => Err(Self {
                first: Box::new(first),
                others: problems.collect(),
            }),
            None => Ok(()),
        }
    }
}

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self {
            first: Box::new(error),
            others: Vec::new(),
        }
    }
}

fn more(count: usize) -> String {
    if count == 0 {
        String::new()
    } else {
        format!(" (and {count} more)")
    }
}

/// What can be wrong with a configuration.
#[derive(Clone, Debug, Error)]
pub(crate) enum Problem {
    #[error("there is no configuration at {}", .0.display())]
    NoFile(PathBuf),
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: String },
    #[error("{} already exists", .0.display())]
    Exists(PathBuf),
    #[error("{} cannot be written: {reason}", path.display())]
    Unwritable { path: PathBuf, reason: String },
    #[error("this is no TOML at line {line}, column {column}: {message}")]
    Syntax {
        line: usize,
        column: usize,
        message: String,
    },
    #[error("{message}")]
    Shape {
        message: String,
        expected: &'static str,
    },
    #[error("{reason}")]
    Override { reason: &'static str },
    #[error("there is no chain")]
    NoChains,
    #[error("no driver speaks {namespace:?}, the namespace of {id}")]
    NoDriver { id: ChainId, namespace: String },
    #[error("{id} is also chains[{other}]")]
    DuplicateChain { id: ChainId, other: usize },
    #[error("{name:?} also names chains[{other}]")]
    DuplicateName { name: String, other: usize },
    #[error("{0:?} is no short name")]
    BadName(String),
    #[error("there is no endpoint")]
    NoEndpoints,
    #[error("{0} is listed twice, and one node cannot give a second opinion on itself")]
    DuplicateUrl(String),
    #[error("{0} is on the host of an earlier one, so whoever runs that host has two voices")]
    SharedHost(String),
    #[error("{url} has the scheme {scheme:?}")]
    BadScheme {
        url: String,
        scheme: String,
        allowed: &'static str,
    },
    #[error("one endpoint alone could lie about the chain, and everything signed would follow it")]
    SingleEndpoint,
    #[error("{agreement} of {endpoints} endpoints cannot agree")]
    ImpossibleAgreement { agreement: usize, endpoints: usize },
    #[error(
        "{agreement} of {endpoints} endpoints is no majority, so two halves could tell different stories"
    )]
    MinorityAgreement { agreement: usize, endpoints: usize },
    #[error("depth 0 believes blocks that the chain may still take back")]
    NoFinality,
    #[error("{0} is outside 50ms to 60s")]
    PollInterval(String),
    #[error("{chain} is no chain of this configuration")]
    UnknownChain { chain: ChainId, known: Vec<String> },
    #[error("{0} has no router yet, and a route needs one on both chains")]
    NoRouter(ChainId),
    #[error("both ends are on {0}")]
    RouteToItself(ChainId),
    #[error("the client {client:?} on {chain} is also an end of routes[{other}]")]
    DuplicateClient {
        client: String,
        chain: ChainId,
        other: usize,
    },
    #[error("the monitor has no endpoints of its own on {0}, and this node relays as well")]
    SharedEndpoints(ChainId),
    #[error("{0} % is outside 1 to 100")]
    OutflowPercent(u8),
    #[error("there are two places for the secret")]
    TwoSecrets,
    #[error("{0:?} is no amount of a chain's coin")]
    BadAmount(String),
    #[error("{0} is outside 1 to 1000")]
    PerMinute(usize),
    #[error("there is no attestor")]
    NoAttestors,
    #[error("one attestor alone could sign anything")]
    SingleAttestor,
    #[error("{0} is outside 1 to 200")]
    Batch(usize),
    #[error("{0} is outside 1 to 1024")]
    Concurrent(usize),
    #[error("this is nothing")]
    Nothing,
    #[error("{0} is also the address of the HTTP interface")]
    ListenTwice(SocketAddr),
    #[error("{client:?} is no client of the routes")]
    UnknownClient { client: String, known: Vec<String> },
    #[error("{given:?} is no database of a node: {reason}")]
    BadStore { given: String, reason: &'static str },
    #[error("{0:?} is no name of a replica")]
    Replica(String),
    #[error("{given:?} is no log filter: {reason}")]
    BadLogLevel { given: String, reason: String },
    #[error("{address} answers for chain {actual}")]
    WrongChain { address: String, actual: String },
    #[error("{address} does not answer: {reason}")]
    Unreachable { address: String, reason: String },
    #[error("there is no contract at {router} on {chain}")]
    NoContract { router: Address, chain: ChainId },
    #[error("{0}")]
    Contracts(String),
    #[error(transparent)]
    Swaps(#[from] SwapProblem),
}

impl Problem {
    /// What the reader can do about it.
    pub(crate) fn remedy(&self) -> String {
        let fixed = match self {
            Self::NoFile(_) => {
                "write one with `causeway config init`, or name another with --config"
            }
            Self::Unreadable { .. } => "check the path and its permissions",
            Self::Exists(_) => "name another file with --config, or move this one away first",
            Self::Unwritable { .. } => "check that the directory exists and may be written to",
            Self::Syntax { .. } => "correct the line; texts stand in double quotes",
            Self::Shape { expected, .. } => expected,
            Self::Override { .. } => {
                "write CAUSEWAY__SECTION__KEY=value, and CAUSEWAY__CHAINS__0__KEY for an entry of a list"
            }
            Self::NoChains => "add a [[chains]] entry with an id and endpoints",
            Self::NoDriver { .. } => "this build has a driver for eip155",
            Self::DuplicateChain { .. } => "join the two entries into one",
            Self::Swaps(problem) => return problem.remedy(),
            Self::DuplicateName { .. } => "give each chain a name of its own",
            Self::BadName(_) => "use 1 to 32 of a-z, 0-9 and -",
            Self::NoEndpoints => "list at least one URL, such as \"ws://127.0.0.1:8545\"",
            Self::DuplicateUrl(_) => "list each URL once",
            Self::SharedHost(_) => {
                "list URLs on machines of different parties, or set dev = true for a local network"
            }
            Self::SingleEndpoint => {
                "list at least two endpoints run by different parties, or set dev = true for a local network"
            }
            Self::MinorityAgreement { .. } => {
                "ask for more than half, or set dev = true for a local network"
            }
            Self::NoFinality => {
                "use \"finalized\" or a depth above 0, or set dev = true for a local network"
            }
            Self::PollInterval(_) => "use a duration such as \"1s\"",
            Self::NoRouter(_) => {
                "run `causeway deploy`, which writes the router, or set it by hand"
            }
            Self::RouteToItself(_) => "name two different chains",
            Self::DuplicateClient { .. } => "list each pair of clients once",
            Self::SharedEndpoints(_) => {
                "add [[monitor.chains]] with endpoints of other providers, or run the monitor as a node of its own"
            }
            Self::TwoSecrets => "keep one of secret_env and secret_file",
            Self::BadAmount(_) => "write it with a point, such as \"0.05\"",
            Self::PerMinute(_) => "choose a number from 1 to 1000",
            Self::OutflowPercent(_) => "choose a number from 1 to 100; 100 never alerts",
            Self::NoAttestors => {
                "list the URLs of the attestors, such as \"http://127.0.0.1:7111\""
            }
            Self::SingleAttestor => {
                "list the whole committee, or set dev = true for a local network"
            }
            Self::Batch(_) => "choose a number from 1 to 200; 50 suits most chains",
            Self::BadStore { .. } => {
                "use a URL such as \"sqlite://causeway.db\" or \"postgres://causeway@host/causeway\""
            }
            Self::Replica(_) => {
                "use 1 to 64 letters, digits, dots, hyphens or underscores, another name for each replica"
            }
            Self::Concurrent(_) => "choose a number from 1 to 1024; 32 suits most nodes",
            Self::Nothing => "choose more than nothing, or leave the key out",
            Self::ListenTwice(_) => "choose another port",
            Self::BadLogLevel { .. } => {
                "use error, warn, info, debug or trace, or a filter such as \"info,causeway_evm=debug\""
            }
            Self::WrongChain { .. } => "correct the endpoint or the chain's id",
            Self::Unreachable { .. } => {
                "check the URL, and that the node is running and reachable from here"
            }
            Self::Contracts(_) => "correct the router and the client, or run `causeway deploy`",
            Self::NoContract { .. } => {
                "correct the address, or remove it and run `causeway deploy`"
            }
            Self::BadScheme { allowed, .. } => return format!("use {allowed}"),
            Self::ImpossibleAgreement { endpoints, .. } => {
                return format!("choose a number from 1 to {endpoints}, or list more endpoints");
            }
            Self::UnknownChain { known, .. } => return format!("known chains: {}", list(known)),
            Self::UnknownClient { known, .. } => return format!("known clients: {}", list(known)),
        };
        fixed.to_owned()
    }
}

fn list(known: &[String]) -> String {
    if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    }
}
