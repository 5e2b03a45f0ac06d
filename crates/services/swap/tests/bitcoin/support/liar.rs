//! An endpoint that passes requests on to a node and alters the answers.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use bitcoin::hex::FromHex as _;
use causeway_bitcoin::{RpcAuth, RpcClient, RpcEndpoint};
use serde_json::{Value, json};

/// What it does with the result of a method.
type Lie = Arc<dyn Fn(&str, Value) -> Value + Send + Sync>;

/// What it has against a transaction.
type Refusing = Arc<dyn Fn(&[u8]) -> Option<(i64, &'static str)> + Send + Sync>;

/// A running liar; it ends with the test's runtime.
pub(crate) struct Liar {
    pub(crate) endpoint: RpcEndpoint,
    state: Listening,
}

#[derive(Clone)]
struct Listening {
    node: RpcClient,
    lie: Arc<Mutex<Lie>>,
    refusal: Arc<Mutex<Refusing>>,
    /// Whether transactions go no further, and which they were.
    swallows: Arc<AtomicBool>,
    swallowed: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Liar {
    /// Listens in front of the node, honest at first.
    pub(crate) async fn before(node: &RpcClient) -> Self {
        let honest: Lie = Arc::new(|_, result| result);
        let state = Listening {
            node: node.clone(),
            lie: Arc::new(Mutex::new(honest)),
            refusal: Arc::new(Mutex::new(Arc::new(|_: &[u8]| None))),
            swallows: Arc::default(),
            swallowed: Arc::default(),
        };
        let app = Router::new()
            .route("/", post(answer))
            .with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let endpoint = RpcEndpoint {
            url: url.parse().unwrap(),
            auth: RpcAuth::Password {
                user: "any".to_owned(),
                password: "body".to_owned(),
            },
        };
        Self { endpoint, state }
    }

    /// Lies like this from now on.
    pub(crate) fn lies(&self, lie: impl Fn(&str, Value) -> Value + Send + Sync + 'static) {
        *self.state.lie.lock().unwrap() = Arc::new(lie);
    }

    /// Answers transactions with this error from now on, and asks nobody, where it is given one.
    pub(crate) fn refuses(
        &self,
        refusal: impl Fn(&[u8]) -> Option<(i64, &'static str)> + Send + Sync + 'static,
    ) {
        *self.state.refusal.lock().unwrap() = Arc::new(refusal);
    }

    /// Keeps what transactions it is sent to itself.
    pub(crate) fn swallows(&self) {
        self.state.swallows.store(true, Ordering::Relaxed);
    }

    /// The bytes that it has kept to itself.
    pub(crate) fn swallowed(&self) -> Vec<Vec<u8>> {
        self.state.swallowed.lock().unwrap().clone()
    }

    pub(crate) fn forget_swallowed(&self) {
        self.state.swallowed.lock().unwrap().clear();
    }
}

async fn answer(
    State(state): State<Listening>,
    Json(request): Json<Value>,
) -> (StatusCode, Json<Value>) {
    // Only names of methods are needed that live as long as the program.
    let method: &'static str = request["method"].as_str().unwrap().to_owned().leak();
    if method == "sendrawtransaction" {
        let bytes = Vec::from_hex(request["params"][0].as_str().unwrap()).unwrap();
        let refusal = Arc::clone(&state.refusal.lock().unwrap());
        if let Some((code, message)) = refusal(&bytes) {
            let error = json!({ "code": code, "message": message });
            let answer = json!({ "result": null, "error": error, "id": 0 });
            return (StatusCode::INTERNAL_SERVER_ERROR, Json(answer));
        }
        if state.swallows.load(Ordering::Relaxed) {
            state.swallowed.lock().unwrap().push(bytes);
            return (StatusCode::SERVICE_UNAVAILABLE, Json(Value::Null));
        }
    }
    let lie = Arc::clone(&state.lie.lock().unwrap());
    match state
        .node
        .call::<Value>(method, request["params"].clone())
        .await
    {
        Ok(result) => {
            let result = lie(method, result);
            (
                StatusCode::OK,
                Json(json!({ "result": result, "error": null, "id": 0 })),
            )
        }
        Err(error) => {
            let code = error.code().unwrap();
            let error = json!({ "code": code, "message": error.to_string() });
            let answer = json!({ "result": null, "error": error, "id": 0 });
            (StatusCode::INTERNAL_SERVER_ERROR, Json(answer))
        }
    }
}
