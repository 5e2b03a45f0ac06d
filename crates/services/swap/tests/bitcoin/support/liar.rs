//! An endpoint that passes requests on to a node and alters the answers.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use bitcoin::hex::FromHex as _;
use causeway_bitcoin::{RpcAuth, RpcClient, RpcEndpoint};
use serde_json::{Value, json};

/// What it does with the result of a method.
type Lie = Arc<dyn Fn(&str, Value) -> Value + Send + Sync>;

/// A running liar; it ends with the test's runtime.
pub(crate) struct Liar {
    pub(crate) endpoint: RpcEndpoint,
    state: Listening,
}

#[derive(Clone)]
struct Listening {
    node: RpcClient,
    lie: Arc<Mutex<Lie>>,
    /// A method that it refuses, and how.
    refuses: Arc<Mutex<Option<(String, Value)>>>,
    /// A method whose requests go no further, and what they said.
    swallows: Arc<Mutex<Option<String>>>,
    swallowed: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Liar {
    /// Listens in front of the node, honest at first.
    pub(crate) async fn before(node: &RpcClient) -> Self {
        let honest: Lie = Arc::new(|_, result| result);
        let state = Listening {
            node: node.clone(),
            lie: Arc::new(Mutex::new(honest)),
            refuses: Arc::default(),
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

    /// Answers a method with this error from now on, and asks nobody.
    pub(crate) fn refuses(&self, method: &str, code: i64, message: &str) {
        let answer = json!({ "code": code, "message": message });
        *self.state.refuses.lock().unwrap() = Some((method.to_owned(), answer));
    }

    /// Keeps what transactions it is sent to itself.
    pub(crate) fn swallows(&self, method: &str) {
        *self.state.swallows.lock().unwrap() = Some(method.to_owned());
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
    if state.swallows.lock().unwrap().as_deref() == Some(method) {
        let bytes = Vec::from_hex(request["params"][0].as_str().unwrap()).unwrap();
        state.swallowed.lock().unwrap().push(bytes);
        return (StatusCode::SERVICE_UNAVAILABLE, Json(Value::Null));
    }
    let refuses = state.refuses.lock().unwrap().clone();
    if let Some((_, error)) = refuses.filter(|(refused, _)| refused == method) {
        let answer = json!({ "result": null, "error": error, "id": 0 });
        return (StatusCode::INTERNAL_SERVER_ERROR, Json(answer));
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
