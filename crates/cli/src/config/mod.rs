//! The node's configuration: one TOML file, overridden by the environment, checked at the edge.
//!
//! What the file says is read into these structs and checked as a whole by [`Config::problems`];
//! the services below never see the file's shape, only plain values made from it.

mod alerts;
mod api;
mod attestor;
mod chain;
mod check;
mod check_swaps;
mod duration;
mod edit;
mod environment;
mod error;
mod finality;
mod grpc;
mod host;
mod key_source;
mod load;
mod log;
mod monitor;
mod relayer;
mod route;
mod schema;
mod store;
mod swap_problem;
mod swaps;
mod telemetry;

use std::net::{Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use alerts::AlertsConfig;
pub(crate) use api::ApiConfig;
pub(crate) use attestor::AttestorConfig;
pub(crate) use chain::ChainConfig;
pub(crate) use edit::ConfigEdit;
pub(crate) use error::{ConfigError, ConfigErrors, Problem};
pub(crate) use finality::FinalityConfig;
pub(crate) use grpc::GrpcConfig;
pub(crate) use key_source::{AwsKmsKey, KeySource, PasswordSource, is_variable, looks_like_a_key};
#[cfg(test)]
pub(crate) use load::parse;
pub(crate) use load::{LoadedConfig, load};
pub(crate) use log::{LogConfig, LogFormat};
pub(crate) use monitor::MonitorConfig;
pub(crate) use relayer::RelayerConfig;
pub(crate) use route::{RouteConfig, RouteEnd};
pub(crate) use schema::schema;
pub(crate) use store::Store;
pub(crate) use swap_problem::SwapProblem;
pub(crate) use swaps::{Lasts, MakerPart, PairConfig, SwapAsset, SwapChainConfig, SwapsConfig};
pub(crate) use telemetry::TelemetryConfig;

/// The starter that `config init` writes.
pub(crate) const STARTER: &str = include_str!("starter.toml");

/// Everything a node is told about the world. Every key can be overridden by the environment:
/// `CAUSEWAY__RELAYER__BATCH=20` sets `batch` in `[relayer]`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Causeway configuration")]
pub(crate) struct Config {
    /// Allows what is unsafe with real value: 1-of-1 committees, single endpoints, finality depth 0.
    #[serde(default)]
    pub(crate) dev: bool,
    /// The database: a `SQLite` file of this node alone, relative to this file's directory, or a
    /// `PostgreSQL` database that several replicas of the node may share.
    #[serde(default = "default_store")]
    #[schemars(extend("examples" = ["sqlite://causeway.db", "postgres://causeway@db.example.org/causeway"]))]
    pub(crate) store: String,
    /// Where health, metrics, status and the attestor's API are served.
    #[serde(default = "default_listen")]
    #[schemars(with = "String", extend("examples" = ["127.0.0.1:7100"]))]
    pub(crate) listen: SocketAddr,
    /// What is logged, and how.
    #[serde(default)]
    pub(crate) log: LogConfig,
    /// The chains this node talks to.
    #[serde(default)]
    pub(crate) chains: Vec<ChainConfig>,
    /// The connections between them; `causeway deploy` writes these.
    #[serde(default)]
    pub(crate) routes: Vec<RouteConfig>,
    /// Present: this node relays packets on the routes.
    #[serde(default)]
    pub(crate) relayer: Option<RelayerConfig>,
    /// Present: this node attests for the clients of the routes.
    #[serde(default)]
    pub(crate) attestor: Option<AttestorConfig>,
    /// Present: this node watches the routes, and pauses what is broken.
    #[serde(default)]
    pub(crate) monitor: Option<MonitorConfig>,
    /// Who is told when something is wrong.
    #[serde(default)]
    pub(crate) alerts: AlertsConfig,
    /// Present: this node swaps with others, without anybody's trust.
    #[serde(default)]
    pub(crate) swaps: Option<SwapsConfig>,
    /// Present: this node serves the API for people and their programs.
    #[serde(default)]
    pub(crate) api: Option<ApiConfig>,
    /// Present: this node makes transactions for other front ends over gRPC.
    #[serde(default)]
    pub(crate) grpc: Option<GrpcConfig>,
    /// Present: this node sends traces of packets to an OpenTelemetry collector.
    #[serde(default)]
    pub(crate) telemetry: Option<TelemetryConfig>,
}

fn default_store() -> String {
    "sqlite://causeway.db".to_owned()
}

fn default_listen() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 7100).into()
}
