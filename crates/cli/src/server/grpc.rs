//! The gRPC service of [`causeway_grpc`] beside the node's HTTP interface.

use std::{net::SocketAddr, sync::Arc};

use causeway_grpc::Limits;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{address_of, bind};
use crate::{
    config::{Config, GrpcConfig},
    failure::Failure,
    node::Node,
};

/// A service that holds its address but does not answer yet.
pub(crate) struct GrpcServer {
    listener: TcpListener,
    config: GrpcConfig,
}

impl GrpcServer {
    /// Takes the address, if the configuration asks for the service.
    pub(crate) async fn bind(config: &Config) -> Result<Option<Self>, Failure> {
        let Some(config) = config.grpc.clone() else {
            return Ok(None);
        };
        let listener = bind(config.listen, "grpc.listen").await?;
        Ok(Some(Self { listener, config }))
    }

    /// The address that was taken.
    pub(crate) fn address(&self) -> Result<SocketAddr, Failure> {
        address_of(&self.listener)
    }

    /// Answers until stopped, then lets what was begun finish.
    pub(crate) async fn serve(
        self,
        node: Arc<Node>,
        stop: CancellationToken,
    ) -> Result<(), Failure> {
        let one_shot = node.one_shot(self.config.attestors.as_deref())?;
        let limits = Limits {
            concurrent: self.config.concurrent,
            ..Limits::default()
        };
        let version = env!("CARGO_PKG_VERSION");
        causeway_grpc::serve(self.listener, Arc::new(one_shot), version, limits, stop)
            .await
            .map_err(|error| Failure::failed("grpc", error))
    }
}
