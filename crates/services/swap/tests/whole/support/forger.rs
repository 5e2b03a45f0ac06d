use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use url::Url;

/// What becomes of an answer to a request for a path.
type Change = Arc<dyn Fn(&str, Value) -> Value + Send + Sync>;

/// Somebody between a taker and its maker who changes what the maker says, or a maker who lies.
pub(crate) struct Forger {
    pub(crate) url: Url,
    state: Listening,
}

#[derive(Clone)]
struct Listening {
    maker: Url,
    client: reqwest::Client,
    change: Arc<Mutex<Change>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Forger {
    /// Passes everything on as it is, at first. It ends with the test's runtime.
    pub(crate) async fn before(maker: Url) -> Self {
        let honest: Change = Arc::new(|_, answer| answer);
        let state = Listening {
            maker,
            client: reqwest::Client::new(),
            change: Arc::new(Mutex::new(honest)),
            asked: Arc::default(),
        };
        let app = Router::new().fallback(pass_on).with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            url: url.parse().unwrap(),
            state,
        }
    }

    /// Whether anybody has asked for this path.
    pub(crate) fn was_asked(&self, path: &str) -> bool {
        let asked = self.state.asked.lock().unwrap();
        asked.iter().any(|asked| asked.ends_with(path))
    }

    pub(crate) fn changes(&self, change: impl Fn(&str, Value) -> Value + Send + Sync + 'static) {
        *self.state.change.lock().unwrap() = Arc::new(change);
    }
}

async fn pass_on(State(state): State<Listening>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    state.asked.lock().unwrap().push(path.clone());
    let url = state.maker.join(&request.uri().to_string()).unwrap();
    let method = request.method().clone();
    let body: Bytes = axum::body::to_bytes(request.into_body(), 1 << 20)
        .await
        .unwrap();
    let asked = state
        .client
        .request(method, url)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body);
    let Ok(answer) = asked.send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let status = answer.status();
    let Ok(value) = answer.json().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let change = state.change.lock().unwrap().clone();
    (status, axum::Json(change(&path, value))).into_response()
}
