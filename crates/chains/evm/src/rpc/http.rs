use std::{error::Error as StdError, fmt::Write as _, task, time::Duration};

use alloy::{
    rpc::json_rpc::{RequestPacket, ResponsePacket},
    transports::{
        TransportError, TransportErrorKind, TransportFut, TransportResult,
        http::reqwest::{
            Client, Response,
            header::{CONTENT_TYPE, RETRY_AFTER},
            redirect::Policy,
        },
    },
};
use thiserror::Error;
use tower_service::Service;
use url::Url;

use super::shorten;

/// An endpoint that is asked too much and says when to ask again (RFC 9110, section 10.2.3).
#[derive(Debug, Error)]
#[error("HTTP error {status}, to be asked again after {after:?}: {text}")]
pub(super) struct Busy {
    status: u16,
    pub(super) after: Duration,
    text: String,
}

/// JSON-RPC over HTTP that stops reading an answer at a limit: alloy's own transport would let an
/// endpoint fill the memory.
#[derive(Clone, Debug)]
pub(crate) struct BoundedHttp {
    client: Client,
    url: Url,
    max_response_bytes: usize,
}

impl BoundedHttp {
    /// A redirect is never followed: an endpoint must not send us elsewhere, least of all to
    /// another endpoint, which it would then speak for.
    pub(crate) fn new(url: Url, max_response_bytes: usize) -> TransportResult<Self> {
        let client = Client::builder()
            .redirect(Policy::none())
            .build()
            .map_err(TransportErrorKind::custom)?;
        Ok(Self {
            client,
            url,
            max_response_bytes,
        })
    }

    async fn post(self, packet: RequestPacket) -> TransportResult<ResponsePacket> {
        let body = serde_json::to_vec(&packet).map_err(TransportError::ser_err)?;
        let request = self
            .client
            .post(self.url)
            .header(CONTENT_TYPE, "application/json");
        let response = request.body(body).send().await;
        let response = response.map_err(without_url)?;
        let status = response.status();
        // A date instead of seconds is as good as nothing: clocks differ.
        let header = response.headers().get(RETRY_AFTER);
        let after = header.and_then(|after| after.to_str().ok()?.trim().parse().ok());
        let body = read_at_most(response, self.max_response_bytes).await?;
        match serde_json::from_slice(&body) {
            Ok(packet) => Ok(packet),
            Err(error) => {
                let text = shorten(&String::from_utf8_lossy(&body));
                if status.is_success() {
                    Err(TransportError::deser_err(error, text))
                } else if let Some(after) = after.map(Duration::from_secs) {
                    let status = status.as_u16();
                    Err(TransportErrorKind::custom(Busy {
                        status,
                        after,
                        text,
                    }))
                } else {
                    Err(TransportErrorKind::http_error(status.as_u16(), text))
                }
            }
        }
    }
}

async fn read_at_most(mut response: Response, limit: usize) -> TransportResult<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(without_url)? {
        if body.len() + chunk.len() > limit {
            return Err(TransportErrorKind::custom_str(&format!(
                "response size exceeds the limit of {limit} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The error with its causes, but without the URL, which may hold a password.
fn without_url(error: alloy::transports::http::reqwest::Error) -> TransportError {
    TransportErrorKind::custom_str(&with_causes(&error.without_url()))
}

/// An error and its causes in one line.
pub(crate) fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

impl Service<RequestPacket> for BoundedHttp {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut task::Context<'_>) -> task::Poll<TransportResult<()>> {
        task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        Box::pin(self.clone().post(packet))
    }
}
