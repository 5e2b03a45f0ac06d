//! An endpoint that passes questions on to a real chain, and lies where it was told to.
#![allow(dead_code, unreachable_pub)]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use alloy::primitives::{Address, B256, U256};
use axum::{Json, Router, extract::State, routing::post};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use url::Url;

/// A lying endpoint; gone when dropped.
pub struct Liar {
    url: Url,
    lies: Arc<Mutex<Lies>>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Lies {
    words: BTreeMap<B256, B256>,
    supplies: BTreeMap<Address, U256>,
    told_about_supplies: usize,
    clock_shift: u64,
    told_about_words: usize,
    told_about_clock: usize,
}

#[derive(Clone)]
struct App {
    upstream: Url,
    http: reqwest::Client,
    lies: Arc<Mutex<Lies>>,
}

impl Liar {
    /// Honest until it is told what to lie about.
    pub fn in_front_of(upstream: Url) -> Self {
        let lies = Arc::new(Mutex::new(Lies::default()));
        let app = App {
            upstream,
            http: reqwest::Client::new(),
            lies: lies.clone(),
        };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let listener = TcpListener::from_std(listener).unwrap();
        let router = Router::new().route("/", post(answer)).with_state(app);
        let serve = async { axum::serve(listener, router).await.unwrap() };
        Self {
            url: url.parse().unwrap(),
            lies,
            server: tokio::spawn(serve),
        }
    }

    pub fn url(&self) -> Url {
        self.url.clone()
    }

    /// Lies from now on about the storage under this key.
    pub fn forge(&self, key: B256, word: B256) {
        self.lies.lock().unwrap().words.insert(key, word);
    }

    /// Lies from now on about how much there is of this token.
    pub fn forge_supply(&self, token: Address, supply: U256) {
        self.lies.lock().unwrap().supplies.insert(token, supply);
    }

    /// How often it lied about a supply.
    pub fn supplies_told(&self) -> usize {
        self.lies.lock().unwrap().told_about_supplies
    }

    /// Says from now on that every block is this much younger than it is.
    pub fn shift_clock(&self, seconds: u64) {
        self.lies.lock().unwrap().clock_shift = seconds;
    }

    /// How often it lied, about storage and about the time.
    pub fn lies_told(&self) -> (usize, usize) {
        let lies = self.lies.lock().unwrap();
        (lies.told_about_words, lies.told_about_clock)
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(app): State<App>, Json(questions): Json<Value>) -> Json<Value> {
    let request = app.http.post(app.upstream).json(&questions);
    let mut answers: Value = request.send().await.unwrap().json().await.unwrap();
    let mut lies = app.lies.lock().unwrap();
    match (&questions, &mut answers) {
        (Value::Array(questions), Value::Array(answers)) => {
            for answer in answers {
                let asked = questions.iter().find(|asked| asked["id"] == answer["id"]);
                lies.tell(asked.unwrap(), answer);
            }
        }
        (question, answer) => lies.tell(question, answer),
    }
    Json(answers)
}

impl Lies {
    fn tell(&mut self, question: &Value, answer: &mut Value) {
        match question["method"].as_str() {
            Some("eth_getStorageAt") => {
                let key: B256 = serde_json::from_value(question["params"][1].clone()).unwrap();
                if let Some(word) = self.words.get(&key) {
                    answer["result"] = json!(word);
                    self.told_about_words += 1;
                }
            }
            Some("eth_call") if question["params"][0]["data"] == "0x18160ddd" => {
                let to: Address =
                    serde_json::from_value(question["params"][0]["to"].clone()).unwrap();
                if let Some(supply) = self.supplies.get(&to) {
                    answer["result"] = json!(B256::from(*supply));
                    self.told_about_supplies += 1;
                }
            }
            Some("eth_getBlockByNumber" | "eth_getBlockByHash") if self.clock_shift > 0 => {
                let Some(time) = answer["result"]["timestamp"].as_str() else {
                    return;
                };
                let time = u64::from_str_radix(time.trim_start_matches("0x"), 16).unwrap();
                answer["result"]["timestamp"] = json!(format!("{:#x}", time + self.clock_shift));
                self.told_about_clock += 1;
            }
            _ => {}
        }
    }
}
