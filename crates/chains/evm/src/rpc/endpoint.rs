use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task,
    time::{Duration, Instant},
};

use alloy::{
    pubsub::{ConnectionHandle, PubSubConnect, RawSubscription},
    rpc::{
        client::{ClientBuilder, RpcClient},
        json_rpc::{RequestPacket, ResponsePacket},
    },
    transports::{
        TransportError, TransportErrorKind, TransportFut, TransportResult,
        ws::{WebSocketConfig, WsConnect},
    },
};
use alloy_primitives::{B256, U64};
use tokio::time::timeout;
use tower_service::Service;
use tracing::{info, warn};
use url::Url;

use super::{
    Header, Rpc, RpcError,
    health::Health,
    http::{BoundedHttp, Busy},
    renumber::Renumbered,
    shorten,
};
use crate::{EndpointHealth, EvmConfig, EvmError};

/// One endpoint of one chain: connects when first used and again after failures, and checks the
/// chain id each time before anything else is asked.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// The URL without credentials.
    pub(crate) label: String,
    url: Url,
    chain_number: u64,
    request_timeout: Duration,
    max_response_bytes: usize,
    max_batch: usize,
    health: Mutex<Health>,
    connection: tokio::sync::Mutex<Option<RpcClient>>,
}

impl Endpoint {
    pub(crate) fn new(index: usize, url: Url, chain_number: u64, config: &EvmConfig) -> Self {
        Self {
            label: without_credentials(&url, index),
            url,
            chain_number,
            request_timeout: config.request_timeout,
            max_response_bytes: config.max_response_bytes,
            max_batch: config.max_batch.max(1),
            health: Mutex::default(),
            connection: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn report(&self) -> EndpointHealth {
        let health = self.health();
        EndpointHealth {
            url: self.label.clone(),
            healthy: health.healthy(Instant::now()),
            last_error: health.last_error.clone(),
            head: health.head.map(|head| head.block),
            latency: health.latency,
        }
    }

    pub(crate) fn head(&self) -> Option<Header> {
        self.health().head
    }

    /// Whether it may be asked now: not a wrong chain, not pausing after failures.
    pub(crate) fn usable(&self) -> bool {
        let health = self.health();
        health.wrong_chain.is_none() && health.pause(Instant::now()).is_none()
    }

    /// Holds an answer that cannot be right against the endpoint: others are preferred for a while.
    pub(crate) fn distrust(&self, reason: &str) {
        warn!(endpoint = %self.label, reason, "endpoint gave an answer that cannot be right");
        let chain = format!("eip155:{}", self.chain_number);
        metrics::counter!("causeway_endpoint_wrong_answers_total",
            "chain" => chain, "endpoint" => self.label.clone())
        .increment(1);
        self.health().distrusted(shorten(reason), Instant::now());
    }

    /// Counts a failure that the transport could not see.
    pub(crate) fn fail(&self, reason: &str) {
        warn!(endpoint = %self.label, reason, "endpoint failed");
        self.health().failed(shorten(reason), Instant::now());
    }

    /// Requests that go to this endpoint only.
    pub(crate) fn rpc(self: &Arc<Self>) -> Rpc {
        let client = RpcClient::new(EndpointTransport(Arc::clone(self)), false);
        Rpc::new(client, &self.label, self.max_batch)
    }

    /// Connects and checks the chain id; a wrong one is an error that stays.
    pub(crate) async fn verify(&self, expected: &causeway_types::ChainId) -> Result<(), EvmError> {
        let outcome = self.connect().await;
        if let Some(got) = self.health().wrong_chain {
            let (endpoint, expected) = (self.label.clone(), expected.clone());
            return Err(EvmError::WrongChain {
                endpoint,
                expected,
                got,
            });
        }
        outcome
            .map(drop)
            .map_err(|error| EvmError::Rpc(RpcError::from_wire(&self.label, "eth_chainId", &error)))
    }

    /// The head subscription, on endpoints that can push.
    pub(crate) async fn subscribe_heads(&self) -> TransportResult<RawSubscription> {
        let client = self.connect().await?;
        let Some(frontend) = client.pubsub_frontend() else {
            return Err(TransportErrorKind::pubsub_unavailable());
        };
        let mut call = client.request::<_, B256>("eth_subscribe", ["newHeads"]);
        call.set_is_subscription();
        let id = timeout(self.request_timeout, call).await;
        match id.unwrap_or_else(|_| Err(self.timed_out())) {
            Ok(id) => frontend.get_subscription(id).await,
            Err(error) => {
                if !error.is_error_resp() {
                    self.failed(&error, Some(&client)).await;
                }
                Err(error)
            }
        }
    }

    /// Closes the connection; the next request opens another.
    pub(crate) async fn disconnect(&self) {
        *self.connection.lock().await = None;
    }

    pub(crate) fn can_push(&self) -> bool {
        self.url.scheme().starts_with("ws")
    }

    /// Sends requests and keeps the books on how it went.
    pub(crate) async fn send(&self, packet: RequestPacket) -> TransportResult<ResponsePacket> {
        let client = self.connect().await?;
        let (packet, given) = Renumbered::new(&packet, &client)?.split();
        let started = Instant::now();
        let mut transport = client.transport().clone();
        let answer = timeout(self.request_timeout, transport.call(packet)).await;
        match answer.unwrap_or_else(|_| Err(self.timed_out())) {
            Ok(packet) => {
                self.health().succeeded(started.elapsed());
                Ok(Renumbered::restore(&given, packet))
            }
            Err(error) => {
                self.failed(&error, Some(&client)).await;
                Err(error)
            }
        }
    }

    async fn failed(&self, error: &TransportError, client: Option<&RpcClient>) {
        let after = asked_for(error);
        let error = shorten(&error.to_string());
        if self.health().failures() == 0 {
            warn!(endpoint = %self.label, error, "endpoint failed");
        }
        {
            let (mut health, now) = (self.health(), Instant::now());
            health.failed(error, now);
            health.leave_alone(after, now);
        }
        // A broken WebSocket stays broken; drop it unless somebody has opened a new one already.
        let mut connection = self.connection.lock().await;
        let same =
            |kept: &RpcClient| client.is_some_and(|used| Arc::ptr_eq(kept.inner(), used.inner()));
        if connection.as_ref().is_some_and(same) {
            *connection = None;
        }
    }

    /// The connection, opened if there is none, its chain id checked.
    async fn connect(&self) -> TransportResult<RpcClient> {
        let mut connection = self.connection.lock().await;
        if let (Some(client), true) = (connection.as_ref(), self.health().verified) {
            return Ok(client.clone());
        }
        *connection = None;
        let opened = timeout(self.request_timeout, self.open()).await;
        match opened.unwrap_or_else(|_| Err(self.timed_out())) {
            Ok(client) => {
                self.health().verified = true;
                info!(endpoint = %self.label, "endpoint connected");
                *connection = Some(client.clone());
                Ok(client)
            }
            Err(error) => {
                drop(connection);
                self.failed(&error, None).await;
                Err(error)
            }
        }
    }

    async fn open(&self) -> TransportResult<RpcClient> {
        let client = if self.can_push() {
            let limit = WebSocketConfig::default()
                .max_message_size(Some(self.max_response_bytes))
                .max_frame_size(Some(self.max_response_bytes));
            let connect = WsConnect::new(self.url.as_str()).with_config(limit);
            ClientBuilder::default()
                .pubsub(OneConnection(connect))
                .await?
        } else {
            RpcClient::new(
                BoundedHttp::new(self.url.clone(), self.max_response_bytes)?,
                false,
            )
        };
        let started = Instant::now();
        let number: U64 = client.request_noparams("eth_chainId").await?;
        let number: u64 = number.to();
        if number != self.chain_number {
            self.health().wrong_chain = Some(number);
            let expected = self.chain_number;
            return Err(TransportErrorKind::non_retryable_str(&format!(
                "serves chain eip155:{number}, expected eip155:{expected}"
            )));
        }
        self.health().succeeded(started.elapsed());
        Ok(client)
    }

    fn timed_out(&self) -> TransportError {
        let seconds = self.request_timeout.as_secs_f32();
        TransportErrorKind::custom_str(&format!("timed out after {seconds} s"))
    }
}

/// How long the endpoint asks to be left alone.
fn asked_for(error: &TransportError) -> Duration {
    let busy = match error {
        TransportError::Transport(TransportErrorKind::Custom(error)) => error.downcast_ref(),
        _ => None,
    };
    busy.map_or(Duration::ZERO, |busy: &Busy| busy.after)
}

/// A WebSocket that does not reconnect by itself: alloy would do so silently, without checking the
/// chain id and while requests hang instead of going to another endpoint.
#[derive(Clone, Debug)]
struct OneConnection(WsConnect);

impl PubSubConnect for OneConnection {
    fn is_local(&self) -> bool {
        false
    }

    fn connect(&self) -> impl Future<Output = TransportResult<ConnectionHandle>> + Send {
        self.0.connect()
    }

    async fn try_reconnect(&self) -> TransportResult<ConnectionHandle> {
        Err(TransportErrorKind::non_retryable_str("connection lost"))
    }
}

/// Requests to one endpoint, as a transport for alloy's clients.
#[derive(Clone, Debug)]
struct EndpointTransport(Arc<Endpoint>);

impl Service<RequestPacket> for EndpointTransport {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<TransportResult<()>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let endpoint = Arc::clone(&self.0);
        Box::pin(async move { endpoint.send(packet).await })
    }
}

/// The URL as it may be shown: providers put keys into the user, the path and the query.
fn without_credentials(url: &Url, index: usize) -> String {
    let host = url.host_str().unwrap_or("?");
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let hidden = url.path() != "/" && !url.path().is_empty() || url.query().is_some();
    let rest = if hidden {
        format!("/… (endpoint {})", index + 1)
    } else {
        String::new()
    };
    format!("{}://{host}{port}{rest}", url.scheme())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_named_without_its_credentials() {
        let named = |url: &str| without_credentials(&url.parse().unwrap(), 1);
        assert_eq!(named("http://127.0.0.1:8545"), "http://127.0.0.1:8545");
        assert_eq!(named("wss://user:secret@host"), "wss://host");
        assert_eq!(
            named("https://host/v3/secret"),
            "https://host/… (endpoint 2)"
        );
        assert_eq!(
            named("https://host/?key=secret"),
            "https://host/… (endpoint 2)"
        );
    }
}
