use reqwest::Method;
use serde_json::Value;

use crate::served::Served;

async fn ask(served: &Served, method: Method, path: &str, body: Option<Vec<u8>>) -> (u16, Value) {
    let ask = reqwest::Client::new().request(method, served.url(path));
    let ask = body.into_iter().fold(ask, reqwest::RequestBuilder::body);
    let answer = ask.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let id = answer.headers()["x-request-id"].clone();
    let status = answer.status().as_u16();
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["status"], status);
    assert_eq!(problem["instance"], id.to_str().unwrap());
    let kind = problem["type"].as_str().unwrap();
    assert!(kind.starts_with("urn:causeway:problem:"), "{kind}");
    (status, problem)
}

#[tokio::test]
async fn every_refusal_has_one_shape() {
    let served = Served::start(|settings| settings.longest_body = 10).await;
    let ask = async |method, path, body| ask(&served, method, path, body).await.0;
    assert_eq!(ask(Method::GET, "/v1/nothing", None).await, 404);
    assert_eq!(ask(Method::GET, "/v1", None).await, 404);
    assert_eq!(ask(Method::GET, "/v1/chains/eip155:9", None).await, 404);
    assert_eq!(ask(Method::GET, "/v1/chains/%ff", None).await, 400);
    assert_eq!(ask(Method::POST, "/v1/packets", None).await, 405);
    assert_eq!(ask(Method::DELETE, "/v1/status", None).await, 405);
    assert_eq!(ask(Method::GET, "/v1/status", Some(vec![0; 11])).await, 413);
    assert_eq!(ask(Method::GET, "/v1/swaps/0x12", None).await, 404);
    assert_eq!(ask(Method::GET, "/v1/events?after=x", None).await, 400);
    assert_eq!(
        ask(Method::GET, "/v1/events?kinds=packet,fish", None).await,
        400
    );
    assert_eq!(ask(Method::GET, "/v1/events/ws", None).await, 426);
    assert_eq!(
        ask(Method::GET, "/v1/packets/..%2f..%2fetc", None).await,
        404
    );
}

#[tokio::test]
async fn one_too_many_at_once_is_refused_and_told_when_to_come_back() {
    let served = Served::start(|settings| settings.concurrent = 0).await;
    let answer = reqwest::get(served.url("/v1/status")).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (503, &"1".parse().unwrap())
    );
}

#[tokio::test]
async fn pages_of_other_origins_may_ask_only_if_they_are_named() {
    let named = "https://bridge.example.org";
    let served = Served::start(|settings| settings.origins = vec![named.to_owned()]).await;
    let ask = async |origin: &str| {
        let ask = reqwest::Client::new().get(served.url("/v1/chains"));
        let answer = ask.header("origin", origin).send().await.unwrap();
        let allowed = answer.headers().get("access-control-allow-origin");
        allowed.map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(ask(named).await.as_deref(), Some(named));
    assert_eq!(ask("https://evil.example.org").await, None);
    let ask = reqwest::Client::new().request(Method::OPTIONS, served.url("/v1/packets"));
    let ask = ask.header("origin", named);
    let ask = ask.header("access-control-request-method", "GET");
    let ask = ask.header("access-control-request-headers", "authorization");
    let answer = ask.send().await.unwrap();
    assert!(answer.status().is_success());
    assert_eq!(answer.headers()["access-control-allow-origin"], named);
}
