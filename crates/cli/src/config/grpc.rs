use std::net::{Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

/// The gRPC service that makes the transactions which deliver packets, for other front ends.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrpcConfig {
    /// Where it is served.
    #[serde(default = "default_listen")]
    #[schemars(with = "String", extend("examples" = ["127.0.0.1:7101"]))]
    pub(crate) listen: SocketAddr,
    /// The attestors that are asked for signatures; those of the relayer by default.
    #[serde(default)]
    #[schemars(with = "Option<Vec<String>>", length(min = 1))]
    pub(crate) attestors: Option<Vec<Url>>,
    /// Requests that are worked on at once; one more is refused.
    #[serde(default = "default_concurrent")]
    #[schemars(range(min = 1, max = 1024))]
    pub(crate) concurrent: usize,
}

fn default_listen() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 7101).into()
}

fn default_concurrent() -> usize {
    32
}
