use std::collections::BTreeSet;

use serde_json::Value;

use crate::served::{ALICE, BOB, Served, id, sent, transfer, tx};

async fn with_packets(count: u64) -> Served {
    let served = Served::start(|_| ()).await;
    let sender = |n| if n % 10 == 0 { ALICE } else { BOB };
    served
        .feed((1..=count).map(|n| sent(transfer(n, sender(n)))))
        .await;
    served
}

#[tokio::test]
async fn pages_follow_one_another_and_hold_each_item_once() {
    let served = with_packets(230).await;
    let (_, first) = served.get("/v1/packets").await;
    assert_eq!(first["items"].as_array().unwrap().len(), 50);
    for limit in [1, 7, 115, 200] {
        let path = format!("/v1/packets?limit={limit}");
        if limit > 1 {
            let all = served.all(&path).await;
            assert_eq!(all.len(), 230, "{limit}");
            assert_eq!(BTreeSet::from_iter(&all).len(), 230);
        }
        let (_, page) = served.get(&path).await;
        assert_eq!(page["items"].as_array().unwrap().len(), limit);
    }
    // A page that holds all there is says so.
    let served = with_packets(50).await;
    let (_, page) = served.get("/v1/packets").await;
    assert_eq!(page["next"], Value::Null);
}

#[tokio::test]
async fn filters_find_what_they_say_in_any_spelling_of_an_account() {
    let served = with_packets(120).await;
    for sender in [ALICE.to_owned(), ALICE.to_lowercase()] {
        let found = served
            .all(&format!("/v1/transfers?sender={sender}&limit=5"))
            .await;
        let expected: BTreeSet<_> = (1..=12).map(|n| id(10 * n)).collect();
        assert_eq!(BTreeSet::from_iter(found), expected);
    }
    let count = async |query: &str| served.all(&format!("/v1/packets?{query}")).await.len();
    assert_eq!(count("from=eip155:1").await, 120);
    assert_eq!(count("from=eip155:2").await, 0);
    assert_eq!(count("to=eip155:2&client=client-on-2").await, 120);
    assert_eq!(count(&format!("receiver={BOB}&sender={ALICE}")).await, 12);
    assert_eq!(count(&format!("tx={}", tx("sent", 7))).await, 1);
    assert_eq!(
        count(&format!("tx={}&sender={ALICE}", tx("sent", 7))).await,
        0
    );
    assert_eq!(count("status=observed").await, 120);
    assert_eq!(count("status=delivered").await, 0);
    assert_eq!(
        served.all("/v1/transfers?status=in_flight").await.len(),
        120
    );
    assert_eq!(served.all("/v1/transfers?status=completed").await.len(), 0);
    assert_eq!(served.all("/v1/calls").await.len(), 0);
}

/// The page is short and says where to go on, instead of looking at everything.
#[tokio::test]
async fn a_filter_that_nothing_passes_is_looked_up_a_piece_at_a_time() {
    let served = with_packets(1_500).await;
    let path = "/v1/packets?from=eip155:1&to=eip155:1&client=client-on-1&limit=200";
    let (_, page) = served.get(path).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 0);
    assert!(page["next"].is_string(), "{page}");
    assert_eq!(served.all(path).await.len(), 0);
}

#[tokio::test]
async fn a_cursor_serves_its_own_list_alone() {
    let served = with_packets(60).await;
    let (_, page) = served.get("/v1/packets?limit=5").await;
    let next = page["next"].as_str().unwrap();
    let (status, _) = served
        .get(&format!("/v1/packets?limit=9&cursor={next}"))
        .await;
    assert_eq!(status, 200);
    for path in ["/v1/transfers?", "/v1/packets?from=eip155:1&"] {
        let (status, problem) = served.get(&format!("{path}cursor={next}")).await;
        assert_eq!(
            (status, &problem["type"]),
            (400, &"urn:causeway:problem:bad-cursor".into())
        );
        assert_eq!(problem["errors"][0]["field"], "cursor");
    }
}

#[tokio::test]
async fn a_list_can_be_had_whole_as_lines() {
    let served = with_packets(450).await;
    let ask = reqwest::Client::new()
        .get(served.url("/v1/transfers?limit=1"))
        .header("accept", "application/x-ndjson");
    let answer = ask.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let text = answer.text().await.unwrap();
    let ids: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 450);
    assert_eq!(BTreeSet::from_iter(&ids).len(), 450);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_by_name() {
    let served = with_packets(1).await;
    for (query, kind, field) in [
        ("limit=0", "bad-parameter", "limit"),
        ("limit=201", "bad-parameter", "limit"),
        ("limit=-1", "bad-parameter", "limit"),
        ("limit=many", "bad-parameter", "limit"),
        ("limits=5", "unknown-field", "limits"),
        ("sender=a&sender=b", "bad-parameter", "sender"),
        ("sender=%00", "bad-parameter", "sender"),
        ("status=lost", "bad-parameter", "status"),
        ("cursor=AAAA", "bad-cursor", "cursor"),
        ("cursor=", "bad-cursor", "cursor"),
    ] {
        let (status, problem) = served.get(&format!("/v1/packets?{query}")).await;
        assert_eq!(status, 400, "{query}: {problem}");
        assert_eq!(
            problem["type"],
            format!("urn:causeway:problem:{kind}"),
            "{query}"
        );
        assert_eq!(problem["errors"][0]["field"], field, "{query}: {problem}");
    }
    let (status, problem) = served.get("/v1/chains?limit=5").await;
    assert_eq!(
        (status, &problem["errors"][0]["field"]),
        (400, &"limit".into())
    );
}
