//! Delivers notices to a URL until it takes them.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use alloy_primitives::hex;
use causeway_engine::{Claimed, Engine, EngineError, UnixMillis};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use url::Url;

use crate::machine::{LANE, Notice};

/// How long a claim holds, and how long one delivery may take.
const LEASE: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(10);

/// How often notices are looked for when nothing announces a change.
const IDLE: Duration = Duration::from_millis(500);

/// The window in which deliveries are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// The header that shows who sent a notice: `t=<Unix seconds>,v1=<hex>`, the latter being
/// HMAC-SHA256, under the shared secret, of `<Unix seconds>.<body>`.
pub const SIGNATURE_HEADER: &str = "causeway-signature";

/// Where notices go.
#[derive(Clone)]
pub struct Webhook {
    /// The URL that takes them.
    pub url: Url,
    /// Shared with whoever takes them; without it they are not signed.
    pub secret: Option<String>,
    /// How many are delivered within a minute, at most; the others wait.
    pub per_minute: usize,
}

/// Delivers what waits.
pub(crate) struct Sender {
    engine: Engine,
    webhook: Webhook,
    owner: String,
    http: reqwest::Client,
    /// When the last deliveries were tried, the oldest first.
    tried: VecDeque<Instant>,
}

impl Sender {
    pub(crate) fn new(
        engine: Engine,
        webhook: Webhook,
        owner: String,
    ) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            engine,
            webhook,
            owner,
            http,
            tried: VecDeque::new(),
        })
    }

    /// Delivers until stopped.
    pub(crate) async fn run(mut self, stop: CancellationToken) -> Result<(), EngineError> {
        let mut changed = self.engine.changed();
        loop {
            changed.borrow_and_update();
            while !stop.is_cancelled() && self.may_send() {
                let now = UnixMillis::now();
                let claimed = self.engine.claim(LANE, &self.owner, 1, LEASE, now).await;
                let claimed = match claimed {
                    Ok(claimed) => claimed.into_iter().next(),
                    Err(error) if error.is_transient() => None,
                    Err(error) => return Err(error),
                };
                let Some(claimed) = claimed else { break };
                self.tried.push_back(Instant::now());
                self.deliver(claimed).await?;
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = changed.changed() => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
    }

    fn may_send(&mut self) -> bool {
        while self
            .tried
            .front()
            .is_some_and(|when| when.elapsed() > WINDOW)
        {
            self.tried.pop_front();
        }
        self.tried.len() < self.webhook.per_minute.max(1)
    }

    async fn deliver(&self, claimed: Claimed<Notice>) -> Result<(), EngineError> {
        let outcome = self.post(&claimed).await;
        let now = UnixMillis::now();
        let (result, kept) = match outcome {
            Ok(()) => {
                debug!(id = claimed.key, "alert delivered");
                (
                    "delivered",
                    self.engine.complete(&[claimed.id], &self.owner, now).await,
                )
            }
            Err(error) => {
                let reason = error.to_string();
                warn!(
                    id = claimed.key,
                    reason, "alert not delivered, trying again"
                );
                let retried = self
                    .engine
                    .retry(&[claimed.id], &self.owner, &reason, now)
                    .await;
                ("failed", retried)
            }
        };
        metrics::counter!("causeway_alert_deliveries_total", "outcome" => result).increment(1);
        match kept {
            Err(error) if !error.is_transient() => Err(error),
            _ => Ok(()),
        }
    }

    async fn post(&self, claimed: &Claimed<Notice>) -> Result<(), PostError> {
        let notice = &claimed.effect;
        // The same id at every repetition: whoever takes the notice can tell.
        let body = json!({ "id": claimed.key, "alert": notice }).to_string();
        let mut request = self
            .http
            .post(self.webhook.url.clone())
            .header("content-type", "application/json");
        if let Some(secret) = &self.webhook.secret {
            let seconds = UnixMillis::now().as_millis() / 1_000;
            request = request.header(SIGNATURE_HEADER, signature(secret, seconds, &body));
        }
        let answer = request.body(body).send().await;
        // The URL is a secret with many services.
        let answer = answer.map_err(|error| PostError::NoAnswer(error.without_url()))?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(PostError::Refused(answer.status()))
        }
    }
}

/// Why a notice was not taken.
#[derive(Debug, thiserror::Error)]
enum PostError {
    /// The receiver cannot be reached, or broke off.
    #[error("the webhook does not answer: {0}")]
    NoAnswer(#[source] reqwest::Error),
    /// The receiver answered that it did not take it.
    #[error("the webhook answers {0}")]
    Refused(reqwest::StatusCode),
}

/// What [`SIGNATURE_HEADER`] holds.
pub fn signature(secret: &str, unix_seconds: i64, body: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return String::new();
    };
    mac.update(format!("{unix_seconds}.{body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    format!("t={unix_seconds},v1={}", hex::encode(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    // printf '1.{}' | openssl dgst -sha256 -hmac key
    #[test]
    fn a_signature_is_hmac_sha256_of_time_and_body() {
        let digest = "1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224";
        assert_eq!(signature("key", 1, "{}"), format!("t=1,v1={digest}"));
    }
}
