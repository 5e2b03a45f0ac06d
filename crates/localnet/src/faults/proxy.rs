//! The server: JSON-RPC over HTTP and over a WebSocket in front of a chain.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{
        State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};
use futures::{SinkExt as _, StreamExt as _, channel::mpsc, stream};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use url::Url;

use super::{
    Faults,
    lies::{about_the_head, answered_alone, number, pushed, pushed_height, rewritten, told},
    line::{Reply, refused, sent},
};

/// How often the chain is asked for a new head where somebody subscribed to heads.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// An endpoint in front of a chain that fails and lies as it is told to; gone when dropped.
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

struct Shared {
    upstream: Url,
    client: reqwest::Client,
    faults: Mutex<Faults>,
    requests: AtomicU64,
    lies_told: AtomicU64,
    /// Counts the cuts: a WebSocket ends when it changes.
    cut: watch::Sender<u64>,
}

impl FaultProxy {
    /// An honest endpoint of the chain that answers at this URL.
    pub async fn in_front_of(upstream: Url) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream,
            client: reqwest::Client::builder()
                .build()
                .context("no HTTP client")?,
            faults: Mutex::default(),
            requests: AtomicU64::new(0),
            lies_told: AtomicU64::new(0),
            cut: watch::Sender::new(0),
        });
        let router = Router::new()
            .route("/", get(subscribe).post(ask))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "a fault proxy ended");
            }
        });
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    /// Its HTTP endpoint.
    pub fn http_url(&self) -> Url {
        self.url("http")
    }

    /// Its WebSocket endpoint.
    pub fn ws_url(&self) -> Url {
        self.url("ws")
    }

    #[expect(
        clippy::expect_used,
        reason = "a scheme and a socket address always make a URL"
    )]
    fn url(&self, scheme: &str) -> Url {
        Url::parse(&format!("{scheme}://{}", self.address)).expect("a URL")
    }

    /// Fails and lies like this from now on.
    pub fn set(&self, faults: Faults) {
        *self.shared.faults() = faults;
    }

    /// Is well and honest from now on.
    pub fn heal(&self) {
        self.set(Faults::default());
    }

    /// Cuts every WebSocket, without a word. New ones are let in.
    pub fn cut(&self) {
        self.shared.cut.send_modify(|cuts| *cuts += 1);
    }

    /// How many questions came so far, each of a batch counted.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    /// How many answers were not what the chain had said.
    pub fn lies_told(&self) -> u64 {
        self.shared.lies_told.load(Ordering::Relaxed)
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.cut();
        self.server.abort();
    }
}

impl Shared {
    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reply to one packet of questions.
    async fn reply(&self, packet: &Value) -> Reply {
        let faults = self.faults().clone();
        let before = self.requests.fetch_add(count(packet), Ordering::Relaxed);
        if !faults.delay.is_zero() {
            tokio::time::sleep(faults.delay).await;
        }
        if let Some(reply) = refused(&faults, packet) {
            return reply;
        }
        match self.answers(&faults, packet).await {
            Ok(answers) => sent(&faults, &answers, before + 1),
            Err(_) => Reply::Status(502, None),
        }
    }

    /// What the endpoint answers to each of the questions.
    async fn answers(&self, faults: &Faults, packet: &Value) -> Result<Value> {
        let lies = &faults.lies;
        if lies.is_empty() {
            return self.upstream(packet).await;
        }
        let head = if about_the_head(lies) {
            self.head().await?
        } else {
            u64::MAX
        };
        let questions: Vec<&Value> = match packet {
            Value::Array(questions) => questions.iter().collect(),
            question => vec![question],
        };
        let asked: Vec<Value> = questions
            .iter()
            .map(|question| rewritten(lies, question, head))
            .collect();
        let passed_on: Vec<&Value> = asked
            .iter()
            .filter(|question| answered_alone(lies, question).is_none())
            .collect();
        let truth = if passed_on.is_empty() {
            json!([])
        } else {
            self.upstream(&json!(passed_on)).await?
        };
        let mut answers = Vec::with_capacity(questions.len());
        for (question, asked) in questions.into_iter().zip(&asked) {
            if let Some(result) = answered_alone(lies, asked) {
                self.lies_told.fetch_add(1, Ordering::Relaxed);
                answers.push(json!({ "jsonrpc": "2.0", "id": question["id"], "result": result }));
                continue;
            }
            let truth = truth.as_array().into_iter().flatten();
            let mut of_it = truth.filter(|answer| answer["id"] == question["id"]);
            let honest = of_it.next().context("the chain left a question out")?;
            let answer = told(lies, question, honest.clone(), head);
            if answer != *honest || asked != question {
                self.lies_told.fetch_add(1, Ordering::Relaxed);
            }
            answers.push(answer);
        }
        Ok(match packet {
            Value::Array(_) => Value::Array(answers),
            _ => answers.pop().unwrap_or_default(),
        })
    }

    async fn upstream(&self, packet: &Value) -> Result<Value> {
        let request = self.client.post(self.upstream.clone()).json(packet);
        Ok(request.send().await?.json().await?)
    }

    async fn ask(&self, method: &str, params: Value) -> Result<Value> {
        let question = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        Ok(self.upstream(&question).await?["result"].take())
    }

    async fn head(&self) -> Result<u64> {
        let head = self.ask("eth_blockNumber", json!([])).await?;
        number(head.as_str().unwrap_or_default()).context("the chain has no head")
    }

    /// The head as the endpoint tells of it.
    async fn told_head(&self) -> Result<Value> {
        let lies = self.faults().lies.clone();
        let head = self.head().await?;
        let height = format!("{:#x}", pushed_height(&lies, head));
        let mut block = self
            .ask("eth_getBlockByNumber", json!([height, false]))
            .await?;
        pushed(&lies, &mut block, head);
        Ok(block)
    }
}

fn count(packet: &Value) -> u64 {
    packet
        .as_array()
        .map_or(1, |questions| questions.len() as u64)
}

/// Questions over HTTP.
async fn ask(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let Ok(packet) = serde_json::from_slice::<Value>(&body) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let json = [(header::CONTENT_TYPE, "application/json")];
    match shared.reply(&packet).await {
        Reply::Text(text) => (json, text).into_response(),
        Reply::Status(code, retry_after) => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_GATEWAY);
            let mut response = (status, "no").into_response();
            if let Some(seconds) = retry_after {
                let headers = response.headers_mut();
                headers.insert(header::RETRY_AFTER, seconds.into());
            }
            response
        }
        Reply::Break(text) => {
            let parts = [Ok(text), Err(std::io::Error::other("broken"))];
            (json, Body::from_stream(stream::iter(parts))).into_response()
        }
        Reply::Silence => {
            std::future::pending::<Infallible>().await;
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}

/// Questions over a WebSocket.
async fn subscribe(State(shared): State<Arc<Shared>>, upgrade: WebSocketUpgrade) -> Response {
    let mut cut = shared.cut.subscribe();
    upgrade.on_upgrade(async move |socket| {
        // Dropped without a closing handshake, as a broken line is.
        tokio::select! {
            _ = cut.changed() => {}
            () = converse(shared, socket) => {}
        }
    })
}

/// Answers questions until the line breaks.
async fn converse(shared: Arc<Shared>, socket: WebSocket) {
    let (mut sink, mut source) = socket.split();
    let (outgoing, mut queue) = mpsc::unbounded::<Option<String>>();
    let writing = async {
        // Nothing more to say ends the conversation.
        while let Some(Some(text)) = queue.next().await {
            if sink.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    };
    let reading = async {
        let mut answering = stream::FuturesUnordered::new();
        loop {
            tokio::select! {
                message = source.next() => match message {
                    Some(Ok(Message::Text(text))) => {
                        answering.push(answer(&shared, text.to_string(), outgoing.clone()));
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => {}
                },
                Some(()) = answering.next() => {}
            }
        }
    };
    tokio::select! { () = writing => {}, () = reading => {} }
}

/// Answers one message; where it subscribes to heads, for as long as the line holds.
async fn answer(shared: &Shared, text: String, mut out: mpsc::UnboundedSender<Option<String>>) {
    let Ok(packet) = serde_json::from_str::<Value>(&text) else {
        return;
    };
    if packet["method"] == "eth_subscribe" {
        let id = format!("{:#x}", shared.requests.fetch_add(1, Ordering::Relaxed));
        let answer = json!({ "jsonrpc": "2.0", "id": packet["id"], "result": id });
        let _ = out.send(Some(answer.to_string())).await;
        return push_heads(shared, &id, out).await;
    }
    let reply = match shared.reply(&packet).await {
        Reply::Text(text) => Some(text),
        Reply::Status(..) | Reply::Break(_) => None,
        Reply::Silence => return,
    };
    let _ = out.send(reply).await;
}

async fn push_heads(shared: &Shared, id: &str, mut out: mpsc::UnboundedSender<Option<String>>) {
    let mut last = Value::Null;
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        let silent = {
            let faults = shared.faults();
            faults.garble.is_some() || faults.refusal.is_some()
        };
        let Ok(head) = shared.told_head().await else {
            continue;
        };
        if silent || head["hash"] == last {
            continue;
        }
        last = head["hash"].clone();
        let params = json!({ "subscription": id, "result": head });
        let push = json!({ "jsonrpc": "2.0", "method": "eth_subscription", "params": params });
        if out.send(Some(push.to_string())).await.is_err() {
            return;
        }
    }
}
