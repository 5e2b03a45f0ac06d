//! The node over HTTP: health, metrics, status and, if it attests, the attestor's API.

mod grpc;
mod levels;
mod metric_list;
mod metrics;
mod swap_metrics;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use causeway_api::ClientAddress;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub(crate) use self::grpc::GrpcServer;
use self::levels::Levels;
use crate::{failure::Failure, node::Node};

/// A server that holds its address but does not answer yet.
pub(crate) struct Server {
    listener: TcpListener,
    metrics: PrometheusHandle,
}

#[derive(Clone)]
struct App {
    node: Arc<Node>,
    metrics: PrometheusHandle,
    levels: Arc<Levels>,
}

/// Takes an address, which this field of the configuration names.
async fn bind(address: SocketAddr, field: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::failed(
            "listen",
            format!("{address} cannot be listened on: {error}"),
        )
        .at(field)
        .remedy("choose a free port, or stop the program that has this one")
    })
}

fn address_of(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener
        .local_addr()
        .map_err(|error| Failure::failed("listen", error))
}

impl Server {
    /// Takes the address, before anything that is expensive to undo.
    pub(crate) async fn bind(address: SocketAddr) -> Result<Self, Failure> {
        let listener = bind(address, "listen").await?;
        let metrics = PrometheusBuilder::new()
            .install_recorder()
            .map_err(|error| Failure::failed("metrics", error))?;
        Ok(Self { listener, metrics })
    }

    /// The address that was taken.
    pub(crate) fn address(&self) -> Result<SocketAddr, Failure> {
        address_of(&self.listener)
    }

    /// Answers until stopped, then lets open requests finish.
    pub(crate) async fn serve(
        self,
        node: Arc<Node>,
        stop: CancellationToken,
    ) -> Result<(), Failure> {
        metric_list::begin(node.chains(), node.ends());
        let mut router = Router::new()
            .route("/livez", get(async || "ok"))
            .route("/readyz", get(readyz))
            .route("/metrics", get(render_metrics))
            .with_state(App {
                node: node.clone(),
                metrics: self.metrics,
                levels: Arc::default(),
            });
        router = router.merge(match node.api_config() {
            Some(config) => {
                causeway_api::router(node.api(config, stop.clone())).merge(causeway_web::routes())
            }
            // Without an API, a node still says how it fares.
            None => Router::new()
                .route("/v1/status", get(status))
                .with_state(node.clone()),
        });
        if let Some(attestor) = node.attestor() {
            router = router.merge(causeway_attestor::routes(attestor.clone()));
        }
        if let Some(makes_offers) = node.swaps().and_then(|swaps| swaps.router()) {
            router = router.merge(makes_offers);
        }
        let service = router.into_make_service_with_connect_info::<ClientAddress>();
        axum::serve(self.listener, service)
            .with_graceful_shutdown(stop.cancelled_owned())
            .await
            .map_err(|error| Failure::failed("listen", error))
    }
}

async fn readyz(State(app): State<App>) -> Response {
    let unready = app.node.unready();
    if unready.is_empty() {
        return "ok".into_response();
    }
    (
        StatusCode::SERVICE_UNAVAILABLE,
        Json(json!({ "unready": unready })),
    )
        .into_response()
}

async fn status(State(node): State<Arc<Node>>) -> Response {
    match node.status().await {
        Ok(status) => Json(status).into_response(),
        Err(failure) => problem(&failure),
    }
}

async fn render_metrics(State(app): State<App>) -> Response {
    match app.node.status().await {
        Ok(status) => {
            let attestor = app.node.attestor().map(AsRef::as_ref);
            metrics::observe(&status, attestor, &app.levels);
        }
        Err(failure) => return problem(&failure),
    }
    app.metrics.run_upkeep();
    let content = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    (content, app.metrics.render()).into_response()
}

/// A failure as RFC 9457 writes it.
fn problem(failure: &Failure) -> Response {
    tracing::error!(%failure, "the node cannot tell its status");
    let content = [(header::CONTENT_TYPE, "application/problem+json")];
    let body = json!({ "title": "the status is not known", "status": 500 });
    (StatusCode::INTERNAL_SERVER_ERROR, content, body.to_string()).into_response()
}
