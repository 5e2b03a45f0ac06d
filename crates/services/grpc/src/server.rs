use std::{sync::Arc, time::Duration};

use causeway_oneshot::OneShot;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use crate::{
    proto::{DESCRIPTOR, relay_service_server::RelayServiceServer},
    service::Service,
};

/// The largest request: 32 hashes and a committee of 255 take a small part of it.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// The largest answer: what 32 transactions of a full batch need.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// What strangers may ask of the service at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests being worked on; one more is refused at once.
    pub concurrent: usize,
    /// How long one may take.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrent: 32,
            patience: Duration::from_secs(30),
        }
    }
}

/// Why the service stopped.
#[derive(Debug, Error)]
pub enum GrpcError {
    /// The connection could not be served.
    #[error("gRPC cannot be served: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The description of the service is no good.
    #[error("the service cannot be described: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// Serves until stopped, then lets what was begun finish.
pub async fn serve(
    listener: TcpListener,
    one_shot: Arc<OneShot>,
    version: &'static str,
    limits: Limits,
    stop: CancellationToken,
) -> Result<(), GrpcError> {
    let service = RelayServiceServer::new(Service::new(one_shot, version, limits))
        .max_decoding_message_size(MAX_REQUEST_BYTES)
        .max_encoding_message_size(MAX_ANSWER_BYTES);
    let (health, health_service) = tonic_health::server::health_reporter();
    health.set_serving::<RelayServiceServer<Service>>().await;
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTOR)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .build_v1()?;
    Server::builder()
        .timeout(limits.patience)
        .concurrency_limit_per_connection(limits.concurrent)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .max_concurrent_streams(u32::try_from(limits.concurrent).ok())
        .add_service(health_service)
        .add_service(reflection)
        .add_service(service)
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), stop.cancelled_owned())
        .await?;
    Ok(())
}
