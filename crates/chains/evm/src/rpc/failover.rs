use std::{sync::Arc, task};

use alloy::{
    rpc::json_rpc::{RequestPacket, ResponsePacket},
    transports::{TransportError, TransportErrorKind, TransportFut, TransportResult},
};
use tower_service::Service;
use tracing::debug;

use super::Pool;

/// Requests to whichever endpoint answers, as a transport for alloy's providers. For reads where
/// a wrong answer costs time and nothing else.
#[derive(Clone, Debug)]
pub(crate) struct FailoverTransport(pub(crate) Arc<Pool>);

impl FailoverTransport {
    async fn send(self, packet: RequestPacket) -> TransportResult<ResponsePacket> {
        let mut last = Err(TransportErrorKind::custom_str("the chain has no endpoint"));
        for endpoint in self.0.candidates() {
            last = endpoint.send(packet.clone()).await;
            match &last {
                Ok(answer) if !overloaded(answer) => return last,
                Ok(_) => endpoint.fail("it refuses for load"),
                Err(error) => debug!(endpoint = %endpoint.label, %error, "trying another endpoint"),
            }
        }
        last
    }
}

/// Whether the endpoint says that it is asked too much.
fn overloaded(answer: &ResponsePacket) -> bool {
    answer.iter_errors().any(|error| {
        let message = error.message.to_lowercase();
        error.code == 429
            || [
                "rate limit",
                "too many requests",
                "compute units",
                "request limit",
            ]
            .iter()
            .any(|words| message.contains(words))
    })
}

impl Service<RequestPacket> for FailoverTransport {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<TransportResult<()>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        Box::pin(self.clone().send(packet))
    }
}
