use std::{
    error::Error as _,
    fmt::{self, Write as _},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use reqwest::{Client, Response, redirect::Policy};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};
use url::Url;

use super::{RpcError, RpcErrorKind, shorten};
use crate::Network;

/// How long an unused connection stays open. A node that is asked to stop waits for its connections.
const KEPT_OPEN: Duration = Duration::from_secs(1);

/// How a node knows us.
#[derive(Clone)]
pub enum RpcAuth {
    /// By the file that the node writes when it starts. It is read for every request, so that a node may
    /// be started anew.
    Cookie(PathBuf),
    /// By a user and a password.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
}

/// Where a node is.
#[derive(Clone)]
pub struct RpcEndpoint {
    /// Its address, `http://host:port`.
    pub url: Url,
    /// How it knows us.
    pub auth: RpcAuth,
}

/// How much an endpoint may cost us.
#[derive(Clone, Copy, Debug)]
pub struct RpcLimits {
    /// How long an answer may take.
    pub timeout: Duration,
    /// How long a search through all unspent outputs may take, which is minutes on large chains.
    pub scan_timeout: Duration,
    /// The most bytes of an answer that are read. A full block with all its details is 20 MB.
    pub max_answer_bytes: usize,
}

impl Default for RpcLimits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            scan_timeout: Duration::from_secs(900),
            max_answer_bytes: 64 << 20,
        }
    }
}

/// Requests to one node. Before the first, and after every failure to reach it, the node has to show
/// that it serves the right chain.
#[derive(Clone, Debug)]
pub struct RpcClient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    http: Client,
    endpoint: RpcEndpoint,
    label: String,
    network: &'static Network,
    limits: RpcLimits,
    verified: AtomicBool,
}

/// An answer as JSON-RPC has it.
#[derive(Deserialize)]
struct Answer {
    result: Option<Box<RawValue>>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    #[serde(default)]
    message: String,
}

impl RpcClient {
    /// Requests to this endpoint, which has to serve this chain. Nothing is asked yet.
    ///
    /// # Errors
    /// When the system has no room for an HTTP client.
    pub fn new(
        endpoint: RpcEndpoint,
        network: &'static Network,
        limits: RpcLimits,
    ) -> Result<Self, RpcError> {
        let label = label(&endpoint.url);
        // A redirect is never followed: an endpoint must not send us, and our password, elsewhere. Nor
        // is a proxy of the environment asked on the way to it.
        let http = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .pool_idle_timeout(KEPT_OPEN)
            .build();
        let http = http.map_err(|error| RpcError {
            endpoint: label.clone(),
            method: "connect",
            kind: RpcErrorKind::Transport(shorten(&error.to_string())),
        })?;
        Ok(Self(Arc::new(Inner {
            http,
            endpoint,
            label,
            network,
            limits,
            verified: AtomicBool::new(false),
        })))
    }

    /// The endpoint, without credentials.
    pub fn label(&self) -> &str {
        &self.0.label
    }

    /// The chain that it serves.
    pub fn network(&self) -> &'static Network {
        self.0.network
    }

    pub(super) fn limits(&self) -> RpcLimits {
        self.0.limits
    }

    /// Any method with any parameters, for what the driver has no method of its own for.
    ///
    /// # Errors
    /// When there is no answer, or not such a one.
    pub async fn call<R: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
    ) -> Result<R, RpcError> {
        self.call_within(method, params, self.0.limits.timeout)
            .await
    }

    pub(super) async fn call_within<R: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
        timeout: Duration,
    ) -> Result<R, RpcError> {
        if !self.0.verified.load(Ordering::Acquire) {
            self.verify().await?;
        }
        self.request(method, params, timeout).await
    }

    /// Compares the chain's first block with the one that the network begins with.
    async fn verify(&self) -> Result<(), RpcError> {
        const METHOD: &str = "getblockhash";
        let got: String = self
            .request(METHOD, json!([0]), self.0.limits.timeout)
            .await?;
        let network = self.0.network;
        let expected = network.genesis_hash().to_string();
        if got != expected {
            let (chain, got) = (network.name, shorten(&got));
            return Err(self.error(
                METHOD,
                RpcErrorKind::WrongChain {
                    chain,
                    expected,
                    got,
                },
            ));
        }
        self.0.verified.store(true, Ordering::Release);
        Ok(())
    }

    async fn request<R: DeserializeOwned>(
        &self,
        method: &'static str,
        params: Value,
        timeout: Duration,
    ) -> Result<R, RpcError> {
        let answer = tokio::time::timeout(timeout, self.post(method, params)).await;
        let late = || RpcErrorKind::Transport(format!("not within {timeout:?}"));
        let raw = answer.unwrap_or_else(|_| Err(late())).map_err(|kind| {
            if matches!(kind, RpcErrorKind::Transport(_) | RpcErrorKind::Http { .. }) {
                // Another node may answer next time.
                self.0.verified.store(false, Ordering::Release);
            }
            self.error(method, kind)
        })?;
        serde_json::from_str(&raw).map_err(|error| self.malformed(method, &error.to_string()))
    }

    async fn post(&self, method: &str, params: Value) -> Result<String, RpcErrorKind> {
        let (user, password) = self.credentials().await?;
        let body = json!({ "jsonrpc": "1.0", "id": 0, "method": method, "params": params });
        let request = self.0.http.post(self.0.endpoint.url.clone());
        let request = request.basic_auth(user, Some(password)).json(&body);
        let response = request.send().await.map_err(transport)?;
        let status = response.status();
        let body = read_at_most(response, self.0.limits.max_answer_bytes).await?;
        // Refusals come with a status of their own, so what can be read goes before the status.
        match serde_json::from_slice::<Answer>(&body) {
            Ok(Answer {
                error: Some(refusal),
                ..
            }) => Err(RpcErrorKind::Refused {
                code: refusal.code,
                message: shorten(&refusal.message),
            }),
            Ok(Answer { result, .. }) if status.is_success() => {
                Ok(result.map_or_else(|| "null".to_owned(), |raw| raw.get().to_owned()))
            }
            Err(error) if status.is_success() => {
                Err(RpcErrorKind::Malformed(shorten(&error.to_string())))
            }
            _ => Err(RpcErrorKind::Http {
                status: status.as_u16(),
            }),
        }
    }

    async fn credentials(&self) -> Result<(String, String), RpcErrorKind> {
        let path = match &self.0.endpoint.auth {
            RpcAuth::Password { user, password } => return Ok((user.clone(), password.clone())),
            RpcAuth::Cookie(path) => path,
        };
        let unreadable = |reason: String| RpcErrorKind::Cookie {
            path: path.display().to_string(),
            reason,
        };
        let text = tokio::fs::read_to_string(path).await;
        let text = text.map_err(|error| unreadable(error.to_string()))?;
        let (user, password) = text
            .trim()
            .split_once(':')
            .ok_or_else(|| unreadable("it has no colon".to_owned()))?;
        Ok((user.to_owned(), password.to_owned()))
    }

    pub(super) fn error(&self, method: &'static str, kind: RpcErrorKind) -> RpcError {
        let endpoint = self.0.label.clone();
        RpcError {
            endpoint,
            method,
            kind,
        }
    }

    pub(super) fn malformed(&self, method: &'static str, reason: &str) -> RpcError {
        self.error(method, RpcErrorKind::Malformed(shorten(reason)))
    }
}

/// The host and port alone: user, password and path are nobody's business.
fn label(url: &Url) -> String {
    let host = url.host_str().unwrap_or("?");
    let port = url.port_or_known_default();
    port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

async fn read_at_most(mut response: Response, limit: usize) -> Result<Vec<u8>, RpcErrorKind> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(transport)? {
        if body.len() + chunk.len() > limit {
            return Err(RpcErrorKind::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The error with its causes, but without the URL, which may hold a password.
fn transport(error: reqwest::Error) -> RpcErrorKind {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing into a string cannot fail.
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    RpcErrorKind::Transport(shorten(&text))
}

/// Says nothing of the password.
impl fmt::Debug for RpcAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cookie(path) => f.debug_tuple("Cookie").field(path).finish(),
            Self::Password { user, .. } => {
                let mut shown = f.debug_struct("Password");
                shown.field("user", user).finish_non_exhaustive()
            }
        }
    }
}

/// Says nothing of a password in the address.
impl fmt::Debug for RpcEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RpcEndpoint");
        shown.field("at", &label(&self.url));
        shown.field("auth", &self.auth).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_named_and_shown_without_its_credentials() {
        let url = |text: &str| Url::parse(text).unwrap();
        assert_eq!(
            label(&url("http://user:secret@127.0.0.1:8332/x")),
            "127.0.0.1:8332"
        );
        assert_eq!(label(&url("https://node.example")), "node.example:443");
        let auth = RpcAuth::Password {
            user: "user".to_owned(),
            password: "secret".to_owned(),
        };
        let url = url("http://user:secret@127.0.0.1:8332/secret");
        let endpoint = RpcEndpoint { url, auth };
        assert!(!format!("{endpoint:?}").contains("secret"));
    }
}
