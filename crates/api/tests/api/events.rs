use std::{collections::BTreeSet, time::Duration};

use futures::StreamExt as _;
use serde_json::Value;
use tokio::time::timeout;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _},
};

use crate::served::{ALICE, Served, id, sent, transfer};

const PATIENCE: Duration = Duration::from_secs(60);

type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn connect(served: &Served, query: &str) -> Socket {
    let url = served.socket(&format!("/v1/events/ws{query}"));
    connect_async(url).await.unwrap().0
}

async fn next(socket: &mut Socket) -> Value {
    let event = async {
        loop {
            let message = socket.next().await.unwrap().unwrap();
            if let Message::Text(text) = message {
                return serde_json::from_str(&text).unwrap();
            }
        }
    };
    timeout(PATIENCE, event).await.expect("no event")
}

fn number(event: &Value) -> u64 {
    event["id"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_burst_no_event_is_missed_by_whoever_is_slow_or_comes_back() {
    const BURST: u64 = 5_000;
    let served = Served::start(|_| ()).await;
    let mut steady = connect(&served, "").await;
    let mut slow = connect(&served, "").await;
    let mut leaving = connect(&served, "").await;
    let burst = async {
        for batch in 0..BURST / 50 {
            let inputs = (1..=50).map(|n| sent(transfer(batch * 50 + n, ALICE)));
            served.feed(inputs).await;
        }
    };
    let steady = async {
        let mut seen = Vec::new();
        while seen.len() < 5_000 {
            seen.push(next(&mut steady).await);
        }
        seen
    };
    let slow = async {
        // Long enough for all of it to be told to others.
        tokio::time::sleep(Duration::from_secs(4)).await;
        let mut seen = Vec::new();
        while seen.len() < 5_000 {
            seen.push(next(&mut slow).await);
        }
        seen
    };
    let leaving = async {
        let mut seen = Vec::new();
        loop {
            for _ in 0..300 {
                seen.push(next(&mut leaving).await);
                if seen.len() == 5_000 {
                    return seen;
                }
            }
            // Gone without a word, and back after a while.
            drop(leaving);
            tokio::time::sleep(Duration::from_millis(20)).await;
            let last = number(seen.last().unwrap());
            leaving = connect(&served, &format!("?after={last}")).await;
        }
    };
    let ((), steady, slow, leaving) = tokio::join!(burst, steady, slow, leaving);
    let expected: BTreeSet<String> = (1..=BURST).map(id).collect();
    for seen in [steady, slow, leaving] {
        assert!(seen.is_sorted_by(|a, b| number(a) < number(b)));
        let subjects = seen
            .iter()
            .map(|event| event["subject"].as_str().unwrap().to_owned());
        assert_eq!(subjects.collect::<BTreeSet<_>>(), expected);
        assert_eq!(seen[0]["kind"], "packet");
        assert_eq!(seen[0]["status"], "observed");
    }
}

#[tokio::test]
async fn server_sent_events_resume_after_the_last_that_was_seen() {
    let served = Served::start(|_| ()).await;
    served.feed((1..=5).map(|n| sent(transfer(n, ALICE)))).await;
    let first = served.engine.feed(0, 100).await.unwrap();
    // The header comes before the query: a browser sends it when it connects again.
    let ask = reqwest::Client::new()
        .get(served.url("/v1/events?after=0&kinds=packet"))
        .header("last-event-id", first[2].id);
    let mut answer = ask.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    while text.matches("\n\n").count() < 2 {
        let chunk = timeout(PATIENCE, answer.chunk()).await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
    }
    assert!(text.contains(&format!("id: {}\n", first[3].id)), "{text}");
    assert!(text.contains("event: packet\n"), "{text}");
    assert!(!text.contains(&format!("id: {}\n", first[2].id)), "{text}");
}

#[tokio::test]
async fn whoever_was_away_for_too_long_is_told_so() {
    let served = Served::start(|_| ()).await;
    served.feed((1..=5).map(|n| sent(transfer(n, ALICE)))).await;
    let newest = served.engine.feed_kept().await.unwrap().newest;
    let later = causeway_engine::UnixMillis::now().plus(Duration::from_secs(60));
    served.engine.prune_feed(later, 100).await.unwrap();
    for after in [1, newest + 7] {
        let mut socket = connect(&served, &format!("?after={after}&kinds=packet")).await;
        let reset = next(&mut socket).await;
        assert_eq!((&reset["kind"], number(&reset)), (&"reset".into(), newest));
    }
    let mut socket = connect(&served, &format!("?after={newest}")).await;
    served.feed([sent(transfer(9, ALICE))]).await;
    assert_eq!(next(&mut socket).await["subject"], id(9));
}

#[tokio::test]
async fn only_the_kinds_that_are_wanted_are_told() {
    let served = Served::start(|_| ()).await;
    let mut swaps = connect(&served, "?kinds=swap,alert").await;
    served.feed([sent(transfer(1, ALICE))]).await;
    let told = timeout(Duration::from_millis(500), next(&mut swaps)).await;
    assert!(told.is_err(), "{told:?}");
}

/// The status with which a page of this origin is refused, if it is.
async fn refused(served: &Served, origin: &str) -> Option<u16> {
    let mut request = served
        .socket("/v1/events/ws")
        .into_client_request()
        .unwrap();
    let origin = origin.parse().unwrap();
    request.headers_mut().insert("origin", origin);
    match connect_async(request).await {
        Ok(_) => None,
        Err(Error::Http(answer)) => Some(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn web_pages_of_others_hear_nothing() {
    let served =
        Served::start(|settings| settings.origins.push("https://known.example".into())).await;
    let own = served.url("");
    for welcome in [own.trim_end_matches('/'), "https://known.example"] {
        assert_eq!(refused(&served, welcome).await, None, "{welcome}");
    }
    for foreign in ["https://evil.example", "https://known.example.evil", "null"] {
        assert_eq!(refused(&served, foreign).await, Some(403), "{foreign}");
    }
}
