use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use alloy::transports::http::reqwest::Client;
use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

use super::Anvil;

/// What the proxy does with one request, given the true answer: the answer that it gives instead,
/// or `None` for none at all.
type Rule = Box<dyn Fn(&Value, Value) -> Option<Value> + Send>;

/// What the proxy does with one request before passing it on: the answer that it gives without
/// passing it on, `None` to pass it on.
type Intercept = Box<dyn Fn(&Value) -> Option<Value> + Send>;

struct Shared {
    upstream: Url,
    client: Client,
    rule: Mutex<Rule>,
    intercept: Mutex<Intercept>,
    requests: AtomicUsize,
}

/// An HTTP endpoint in front of an anvil that can lie, lag, refuse and be dead.
pub(crate) struct Proxy {
    pub(crate) url: Url,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Proxy {
    /// An honest endpoint, until told otherwise.
    pub(crate) async fn start(anvil: &Anvil) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let shared = Arc::new(Shared {
            upstream: anvil.http.clone(),
            client: Client::new(),
            rule: Mutex::new(Box::new(|_, answer| Some(answer))),
            intercept: Mutex::new(Box::new(|_| None)),
            requests: AtomicUsize::new(0),
        });
        let router = Router::new()
            .route("/", post(answer))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            shared,
            server,
        }
    }

    pub(crate) fn rule(&self, rule: impl Fn(&Value, Value) -> Option<Value> + Send + 'static) {
        *self.shared.rule.lock().unwrap() = Box::new(rule);
    }

    /// Answers some requests, of those that come alone, without passing them on.
    pub(crate) fn intercept(&self, rule: impl Fn(&Value) -> Option<Value> + Send + 'static) {
        *self.shared.intercept.lock().unwrap() = Box::new(rule);
    }

    pub(crate) fn honest(&self) {
        self.rule(|_, answer| Some(answer));
        self.intercept(|_| None);
    }

    /// Answers every request with an HTTP error from now on.
    pub(crate) fn dead(&self) {
        self.rule(|_, _| None);
    }

    /// Knows no block above this height from now on.
    pub(crate) fn frozen_at(&self, head: Value) {
        let height = head["number"].as_str().unwrap().to_owned();
        let limit = number(&height);
        self.rule(move |request, answer| {
            let asked = request["params"][0].as_str().unwrap_or_default();
            match request["method"].as_str().unwrap() {
                "eth_blockNumber" => Some(result(request, json!(height))),
                "eth_getBlockByNumber" if asked == "latest" => Some(result(request, head.clone())),
                "eth_getBlockByNumber" if number(asked) > limit => {
                    Some(result(request, Value::Null))
                }
                _ => Some(answer),
            }
        });
    }

    /// How many requests were answered, each of a batch counted.
    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::Relaxed)
    }
}

fn number(quantity: &str) -> u64 {
    u64::from_str_radix(quantity.trim_start_matches("0x"), 16).unwrap_or(0)
}

/// An answer to a request.
pub(crate) fn result(request: &Value, result: impl Into<Value>) -> Value {
    json!({ "jsonrpc": "2.0", "id": request["id"], "result": result.into() })
}

/// An error for an answer.
pub(crate) fn error(request: &Value, code: i64, message: &str) -> Value {
    let error = json!({ "code": code, "message": message });
    json!({ "jsonrpc": "2.0", "id": request["id"], "error": error })
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    Json(packet): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    if packet.is_object()
        && let Some(answer) = (shared.intercept.lock().unwrap())(&packet)
    {
        return Ok(Json(answer));
    }
    let request = shared
        .client
        .post(shared.upstream.clone())
        .body(packet.to_string());
    let request = request.header("content-type", "application/json");
    let answers = request.send().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    let answers = answers.bytes().await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    let answers: Value = serde_json::from_slice(&answers).unwrap();
    let rule = shared.rule.lock().unwrap();
    let apply = |request: &Value, answer: Value| {
        shared.requests.fetch_add(1, Ordering::Relaxed);
        rule(request, answer).ok_or(StatusCode::SERVICE_UNAVAILABLE)
    };
    let Value::Array(requests) = &packet else {
        return apply(&packet, answers).map(Json);
    };
    let find = |request: &Value| {
        let answers = answers.as_array().unwrap();
        answers
            .iter()
            .find(|answer| answer["id"] == request["id"])
            .unwrap()
            .clone()
    };
    let answers: Result<Vec<_>, _> = requests
        .iter()
        .map(|request| apply(request, find(request)))
        .collect();
    Ok(Json(Value::Array(answers?)))
}
