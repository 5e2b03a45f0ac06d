//! `causeway run`: the node.

use std::{fmt, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use clap::Args;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    config,
    failure::Failure,
    logging,
    node::Node,
    output::Output,
    server::{GrpcServer, Server},
};

/// How long open requests may take to end once everything else has.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// The arguments of `causeway run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Logs go to stderr. SIGINT or SIGTERM lets the node finish what is in flight; a second one ends it at
once, which is safe: what was begun is kept and taken up again.

Alerts go to the metric causeway_alert and, with [alerts], to a webhook. Their names:
  critical  route-broken, pause-failed, monitor-blind, client-frozen, contradiction, quorum-lost,
            attestors-missing, chain-stalled, swap-attention
  warning   route-paused, unusual-outflow, token-short, governance-changed, endpoint-down,
            low-balance, packets-stuck, lane-stalled

Examples:
  causeway run
  causeway run --config node.toml --json")]
pub(crate) struct RunArgs {}

#[derive(Serialize)]
struct Listening {
    event: &'static str,
    address: SocketAddr,
    /// Whether the API is there.
    api: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    grpc: Option<SocketAddr>,
}

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "listening on http://{}: /livez /readyz /metrics /v1/status",
            self.address
        )?;
        if self.api {
            write!(f, " /docs")?;
        }
        self.grpc.map_or(Ok(()), |address| {
            write!(
                f,
                "\nlistening on grpc://{address}: causeway.relay.v1.RelayService"
            )
        })
    }
}

/// Runs `causeway run`.
pub(crate) async fn execute(path: &Path, output: Output) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let traces = logging::start(&loaded.config, output.is_json())?;
    let server = Server::bind(loaded.config.listen).await?;
    let grpc = GrpcServer::bind(&loaded.config).await?;
    let stop = CancellationToken::new();
    stop_on_signal(&stop)?;
    let node = Arc::new(Node::open(&loaded).await?);
    output.print(&Listening {
        event: "listening",
        address: server.address()?,
        api: loaded.config.api.is_some(),
        grpc: grpc.as_ref().map(GrpcServer::address).transpose()?,
    });
    info!(address = %loaded.config.listen, version = env!("CARGO_PKG_VERSION"), "node is up");
    // The server answers for as long as the node finishes its work, and stops with it.
    let server_stop = CancellationToken::new();
    let (serving_node, serving_stop, node_stop) = (node.clone(), server_stop.clone(), stop.clone());
    let serving = tokio::spawn(async move {
        let served = serve(server, grpc, serving_node, serving_stop).await;
        // A node that nobody can ask is not left running.
        if served.is_err() {
            node_stop.cancel();
        }
        served
    });
    let outcome = Box::pin(node.run(stop)).await;
    server_stop.cancel();
    if let Ok(served) = tokio::time::timeout(LAST_ANSWERS, serving).await {
        served.map_err(|error| Failure::failed("listen", error))??;
    } else {
        // Whoever reads slowly, or never ends a request, does not keep the node from ending.
        warn!("open requests were cut off");
    }
    info!("node is down");
    if let Some(traces) = traces {
        traces.finish().await;
    }
    outcome
}

/// Serves HTTP, and gRPC where it is asked for.
async fn serve(
    server: Server,
    grpc: Option<GrpcServer>,
    node: Arc<Node>,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let http = server.serve(node.clone(), stop.clone());
    let grpc = async {
        match grpc {
            Some(grpc) => grpc.serve(node, stop).await,
            None => Ok(()),
        }
    };
    tokio::try_join!(http, grpc).map(drop)
}

fn stop_on_signal(stop: &CancellationToken) -> Result<(), Failure> {
    let failed = |error| Failure::failed("signals", error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let stop = stop.clone();
    tokio::spawn(async move {
        let mut signalled = async || {
            tokio::select! {
                _ = interrupt.recv() => {},
                _ = terminate.recv() => {},
            }
        };
        signalled().await;
        info!("stopping: finishing what is in flight");
        stop.cancel();
        signalled().await;
        std::process::exit(130);
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use causeway_alerts::AlertName;
    use clap::Args as _;

    use super::RunArgs;

    #[test]
    fn the_help_names_every_alert() {
        let command = RunArgs::augment_args(clap::Command::new("run"));
        let help = command.get_after_help().map(ToString::to_string);
        let help = help.unwrap_or_default();
        for name in AlertName::ALL {
            assert!(help.contains(name.as_str()), "{name} is not in the help");
        }
    }
}
