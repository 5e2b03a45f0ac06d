use causeway_api::{Network, Scope, model::Time};
use serde_json::Value;

use crate::served::Served;

/// Every operation of the document, with something in the place of each parameter of its path.
fn operations() -> Vec<(String, String, bool)> {
    let document = serde_json::to_value(causeway_api::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| {
                let guarded = operation["security"]
                    .as_array()
                    .is_some_and(|needed| !needed.is_empty());
                (
                    method.to_uppercase(),
                    path.replace("{id}", "nothing"),
                    guarded,
                )
            })
    });
    operations.collect()
}

async fn status(served: &Served, method: &str, path: &str, authorization: Option<&str>) -> u16 {
    let ask = reqwest::Client::new().request(method.parse().unwrap(), served.url(path));
    let ask = authorization
        .into_iter()
        .fold(ask, |ask, value| ask.header("authorization", value));
    let answer = ask.send().await.unwrap();
    let status = answer.status().as_u16();
    if status >= 400 {
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["status"], status, "{method} {path}");
    }
    status
}

#[tokio::test]
async fn every_operation_lets_in_whom_it_should_and_nobody_else() {
    let served = Served::start(|settings| settings.access.anonymous_read = false).await;
    let right = served.key(&[Scope::Read], None).await;
    let wrong_scope = served.key(&[Scope::Operate], None).await;
    let expired = served.key(&[Scope::Read], Some(Time::from_millis(1))).await;
    let revoked = served
        .keys
        .create("gone", [Scope::Read].into(), None)
        .await
        .unwrap();
    served.keys.revoke(&revoked.key.id).await.unwrap();
    let cut = &right[..right.len() - 1];
    let operations = operations();
    assert!(operations.len() >= 17, "{operations:?}");
    for (method, path, guarded) in operations {
        assert!(guarded, "{method} {path} says of no key that it needs it");
        let status = async |authorization: Option<String>| {
            status(&served, &method, &path, authorization.as_deref()).await
        };
        let bearer = |key: &str| Some(format!("Bearer {key}"));
        for (who, authorization, expected) in [
            ("nobody", None, 401),
            ("an empty key", bearer(""), 401),
            ("a stranger", bearer("cwk_0_0"), 401),
            ("a cut key", bearer(cut), 401),
            ("another scheme", Some(format!("Basic {right}")), 401),
            ("an expired key", bearer(&expired), 401),
            ("a revoked key", bearer(&revoked.text), 401),
            ("a key of another scope", bearer(&wrong_scope), 403),
        ] {
            assert_eq!(
                status(authorization).await,
                expected,
                "{who}: {method} {path}"
            );
        }
        let admitted = status(bearer(&right)).await;
        assert!(
            [200, 404, 426].contains(&admitted),
            "{method} {path}: {admitted}"
        );
    }
}

#[tokio::test]
async fn reading_without_a_key_is_a_choice() {
    let served = Served::start(|settings| settings.access.anonymous_read = true).await;
    assert_eq!(status(&served, "GET", "/v1/chains", None).await, 200);
    // Who shows a key is held to it.
    assert_eq!(
        status(&served, "GET", "/v1/chains", Some("Bearer x")).await,
        401
    );
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_when_to_come_back() {
    let served = Served::start(|settings| {
        settings.access.rates.per_address = 3;
        settings.access.rates.per_key = 5;
    })
    .await;
    let key = served.key(&[Scope::Read], None).await;
    let other = served.key(&[Scope::Read], None).await;
    let ask = async |key: Option<&str>, forwarded: &str| {
        let ask = reqwest::Client::new().get(served.url("/v1/chains"));
        let ask = ask.header("x-forwarded-for", forwarded);
        let ask = key
            .into_iter()
            .fold(ask, reqwest::RequestBuilder::bearer_auth);
        ask.send().await.unwrap()
    };
    for n in 0..3 {
        // A stranger who invents addresses stays the same stranger.
        let answer = ask(None, &format!("192.0.2.{n}")).await;
        assert_eq!(answer.status(), 200);
        let left = answer.headers()["ratelimit"].to_str().unwrap().to_owned();
        assert!(
            left.starts_with(&format!("\"address\";r={}", 2 - n)),
            "{left}"
        );
        assert_eq!(answer.headers()["ratelimit-policy"], "\"address\";q=3;w=60");
    }
    let refused = ask(None, "192.0.2.9").await;
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.headers()["retry-after"], "20");
    assert!(refused.headers().contains_key("ratelimit"));
    for n in 0..5 {
        assert_eq!(ask(Some(&key), "").await.status(), 200, "{n}");
    }
    assert_eq!(ask(Some(&key), "").await.status(), 429);
    assert_eq!(ask(Some(&other), "").await.status(), 200);
    // Trying keys out costs as well.
    assert_eq!(ask(Some("cwk_1_1"), "").await.status(), 429);
}

#[tokio::test]
async fn behind_a_proxy_that_is_trusted_each_client_has_a_limit_of_its_own() {
    let served = Served::start(|settings| {
        settings.access.rates.per_address = 1;
        settings.access.trusted_proxies = vec![Network::read("127.0.0.0/8").unwrap()];
    })
    .await;
    let ask = async |forwarded: &str| {
        let ask = reqwest::Client::new().get(served.url("/v1/chains"));
        let ask = ask.header("x-forwarded-for", forwarded);
        ask.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask("192.0.2.1").await, 200);
    assert_eq!(ask("192.0.2.1").await, 429);
    assert_eq!(ask("203.0.113.1, 192.0.2.1").await, 429);
    assert_eq!(ask("192.0.2.2").await, 200);
}
