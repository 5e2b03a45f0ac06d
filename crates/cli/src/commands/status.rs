//! `causeway status`: what the running node says of itself.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use causeway_api::model::{NodeStatus, Problem};
use clap::Args;
use reqwest::StatusCode;
use url::Url;

use crate::{config, failure::Failure, node::Shown, output::Output};

/// The node itself waits for its chains and attestors before it answers.
const PATIENCE: Duration = Duration::from_secs(10);

/// Holds a key of the node that is asked.
const KEY_VARIABLE: &str = "CAUSEWAY_API_KEY";

/// The arguments of `causeway status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Shows the chains with their heads and endpoints, the routes with what must be trusted, which
attestors answer, swaps with wallets and offers, and, if nothing moves, why.

Examples:
  causeway status
  causeway status --url http://127.0.0.1:7100 --json

A node that lets nobody read without a key is asked with the one in CAUSEWAY_API_KEY.")]
pub(crate) struct StatusArgs {
    /// Where the node listens [default: `listen` of the configuration]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// Runs `causeway status`.
pub(crate) async fn execute(args: StatusArgs, path: &Path, output: Output) -> Result<(), Failure> {
    let base = match &args.url {
        Some(text) => parse_url(text)?,
        None => parse_url(&format!(
            "http://{}",
            reachable(config::load(path)?.config.listen)
        ))?,
    };
    let url = base
        .join("v1/status")
        .map_err(|error| Failure::failed("url", error))?;
    let http = reqwest::Client::builder()
        .timeout(PATIENCE)
        .build()
        .map_err(|error| Failure::failed("http", error))?;
    let unreachable = |error: reqwest::Error| {
        Failure::failed(
            "no-node",
            format!("no node answers at {base}: {}", reason(&error)),
        )
        .at("listen")
        .remedy("start it with `causeway run`, or name another with --url")
    };
    let mut request = http.get(url);
    if let Ok(key) = std::env::var(KEY_VARIABLE) {
        request = request.bearer_auth(key);
    }
    let response = request.send().await.map_err(unreachable)?;
    if matches!(
        response.status(),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
    ) {
        let problem = response.json::<Problem>().await;
        let detail =
            problem.map_or_else(|_| String::new(), |problem| format!(": {}", problem.detail));
        return Err(Failure::failed(
            "no-access",
            format!("the node at {base} does not answer this{detail}"),
        )
        .at(KEY_VARIABLE)
        .remedy("make a key with `causeway api keys new`, and put it into the variable"));
    }
    let response = response.error_for_status().map_err(unreachable)?;
    let status: NodeStatus = response.json().await.map_err(|error| {
        Failure::failed(
            "no-node",
            format!("what answers at {base} is no node: {}", reason(&error)),
        )
        .at("listen")
        .remedy("name the node's address with --url")
    })?;
    output.print(&Shown(&status));
    Ok(())
}

fn parse_url(text: &str) -> Result<Url, Failure> {
    let refuse = |message: String| {
        Failure::usage(
            "--url",
            message,
            "write http:// and the node's address, such as http://127.0.0.1:7100",
        )
    };
    let url: Url = text
        .parse()
        .map_err(|error| refuse(format!("{text:?} is no URL: {error}")))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        scheme => Err(refuse(format!(
            "the scheme {scheme} is neither http nor https"
        ))),
    }
}

/// A node that listens on all addresses is asked on the loopback.
pub(crate) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// The innermost cause, which says most: "connection refused".
fn reason(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
