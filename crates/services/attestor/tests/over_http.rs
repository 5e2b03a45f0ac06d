//! The attestor behind its real HTTP server, asked by the real client.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{
    future::IntoFuture,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use alloy_primitives::B256;
use axum::{Json, Router, http::StatusCode, response::Redirect, routing::post};
use causeway_attestor::{
    AnswerDefect, Attestor, AttestorClient, AttestorClientError, ClientInfo, EndpointHealth,
    Problem, ProblemKind, SourceError, routes,
};
use causeway_types::ChainId;
use common::{FakeSource, attestor, client_ref, domain, key, path, request};
use serde_json::{Value, json};
use tokio::net::TcpListener;

async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, router).into_future());
    address
}

fn client_of(address: SocketAddr) -> AttestorClient {
    let url = format!("http://{address}").parse().unwrap();
    AttestorClient::new(url, Duration::from_secs(10)).unwrap()
}

struct Served {
    source: Arc<FakeSource>,
    attestor: Arc<Attestor>,
    address: SocketAddr,
    client: AttestorClient,
    _dir: tempfile::TempDir,
}

async fn served() -> Served {
    let dir = tempfile::tempdir().unwrap();
    let source = FakeSource::new();
    let attestor = Arc::new(attestor(&dir.path().join("db"), &source).await);
    let address = serve(routes(attestor.clone())).await;
    Served {
        source,
        attestor,
        address,
        client: client_of(address),
        _dir: dir,
    }
}

impl Served {
    /// Sends this body as it is, and expects this problem.
    async fn expect_problem(&self, body: impl Into<reqwest::Body>, kind: ProblemKind) -> Problem {
        let before = self.attestor.stats().failed(kind);
        let response = reqwest::Client::new()
            .post(format!("http://{}/v1/attest", self.address))
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status().as_u16(), kind.status());
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        let problem: Problem = response.json().await.unwrap();
        assert_eq!(problem.type_uri, format!("/problems/{}", kind.slug()));
        assert_eq!(problem.status, kind.status());
        assert_eq!(self.attestor.stats().failed(kind), before + 1);
        problem
    }

    async fn refused(&self, height: u64, paths: &[B256]) -> AttestorClientError {
        self.client
            .attest(&request(height, paths))
            .await
            .unwrap_err()
    }
}

#[tokio::test]
async fn a_full_request_is_signed_across_the_wire() {
    let served = served().await;
    let paths: Vec<B256> = (0..=255).map(path).collect();
    let request = request(42, &paths);
    let attested = served.client.attest(&request).await.unwrap();
    attested.verify(&request, &domain()).unwrap();
    assert_eq!(attested, served.attestor.attest(request).await.unwrap());
    assert_eq!(served.attestor.stats().signed(), 2);
}

#[tokio::test]
async fn bodies_that_are_no_requests_are_refused_as_problems() {
    let served = served().await;
    served
        .expect_problem("{", ProblemKind::MalformedRequest)
        .await;
    served
        .expect_problem("", ProblemKind::MalformedRequest)
        .await;
    served
        .expect_problem("null", ProblemKind::InvalidRequest)
        .await;
    served
        .expect_problem(vec![b' '; 65 * 1024], ProblemKind::BodyTooLarge)
        .await;

    let good = serde_json::to_value(request(42, &[path(1)])).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut body = good.clone();
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[field] = value;
        body.to_string()
    };
    for body in [
        with("/unknown", json!(1)),
        with("/client/unknown", json!(1)),
        with("/client/chain", json!("31338")),
        with("/client/id", json!("a/b")),
        with("/height", json!(-1)),
        with("/height", json!("42")),
        with("/paths", json!(["0x12"])),
        with("/paths", json!(null)),
    ] {
        served
            .expect_problem(body, ProblemKind::InvalidRequest)
            .await;
    }
    let problem = served
        .expect_problem(with("/unknown", json!(1)), ProblemKind::InvalidRequest)
        .await;
    assert!(
        problem.detail.contains("unknown field `unknown`"),
        "{}",
        problem.detail
    );
    assert_eq!(served.source.story().questions, 0, "the chain is not asked");
}

#[tokio::test]
async fn other_addresses_methods_and_media_types_are_refused_as_problems() {
    let served = served().await;
    let http = reqwest::Client::new();
    let url = |path: &str| format!("http://{}{path}", served.address);
    for (request, kind) in [
        (http.get(url("/")), ProblemKind::NotFound),
        (http.get(url("/v1/attest")), ProblemKind::MethodNotAllowed),
        (http.post(url("/v1/info")), ProblemKind::MethodNotAllowed),
        (
            http.post(url("/v1/attest")).body("{}"),
            ProblemKind::UnsupportedMediaType,
        ),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), kind.status());
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        assert_eq!(response.json::<Problem>().await.unwrap().kind(), Some(kind));
    }
}

#[tokio::test]
async fn an_unknown_light_client_is_named_in_the_refusal() {
    let served = served().await;
    let mut request = request(42, &[]);
    request.client.id = "client-9".parse().unwrap();
    let error = served.client.attest(&request).await.unwrap_err();
    assert_eq!(error.kind(), Some(ProblemKind::UnknownClient));
    assert!(
        error.to_string().contains("client-9 on eip155:31338"),
        "{error}"
    );
    assert!(!error.may_retry());
}

#[tokio::test]
async fn too_many_paths_are_refused() {
    let served = served().await;
    let paths: Vec<B256> = (0..=255).map(path).chain([B256::ZERO]).collect();
    let error = served.refused(42, &paths).await;
    assert_eq!(error.kind(), Some(ProblemKind::TooManyPaths));
    assert!(!error.may_retry());
}

#[tokio::test]
async fn a_height_not_yet_final_says_how_far_the_chain_is_and_when_to_ask_again() {
    let served = served().await;
    let error = served.refused(101, &[]).await;
    assert_eq!(error.kind(), Some(ProblemKind::NotYetFinal));
    assert_eq!(error.final_height(), Some(100));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
    assert!(error.may_retry());
}

#[tokio::test]
async fn a_contradiction_is_not_to_be_retried() {
    let served = served().await;
    served.client.attest(&request(42, &[])).await.unwrap();
    served.source.story().fork = 1;
    let error = served.refused(42, &[]).await;
    assert_eq!(error.kind(), Some(ProblemKind::RefusedConflict));
    assert!(!error.may_retry());
    assert_eq!(error.retry_after(), None);
}

#[tokio::test]
async fn endpoints_in_trouble_are_retried_and_their_addresses_kept_from_callers() {
    let served = served().await;
    let reason = || "http://rpc.example/secret".to_owned();
    for (failure, kind) in [
        (
            SourceError::Unreachable {
                answering: 0,
                needed: 2,
                reason: reason(),
            },
            ProblemKind::Unreachable,
        ),
        (
            SourceError::Disagreement {
                subject: "block 42".to_owned(),
                agreeing: 1,
                needed: 2,
                reason: reason(),
            },
            ProblemKind::Disagreement,
        ),
    ] {
        served.source.story().failure = Some(failure);
        let error = served.refused(42, &[]).await;
        assert_eq!(error.kind(), Some(kind));
        assert!(error.may_retry());
        assert_eq!(error.retry_after(), Some(Duration::from_secs(5)));
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn info_tells_whom_it_serves_without_the_keys_of_its_endpoints() {
    let served = served().await;
    let info = served.client.info().await.unwrap();
    assert_eq!(info.attestor, key().address());
    let url = "http://rpc.example:8545".to_owned();
    let client = ClientInfo {
        client: client_ref(),
        domain: domain(),
        source_chain: ChainId::eip155(31337),
        final_height: Some(100),
        endpoints: vec![EndpointHealth {
            url,
            healthy: false,
            error: None,
        }],
    };
    assert_eq!(info.clients, [client]);
    let own = &served.attestor.info().clients[0].endpoints[0];
    assert!(own.url.contains("secret"), "the process itself sees all");
}

/// What an attestor that is not ours, or no attestor at all, may answer.
async fn answered_by(router: Router) -> AttestorClientError {
    client_of(serve(router).await)
        .attest(&request(42, &[path(1)]))
        .await
        .unwrap_err()
}

fn defect(error: &AttestorClientError) -> &AnswerDefect {
    let AttestorClientError::BadAnswer { defect, .. } = error else {
        panic!("{error}")
    };
    defect
}

#[tokio::test]
async fn an_answer_about_something_else_is_not_taken() {
    let honest = served().await;
    for asked in [
        request(43, &[path(1)]),
        request(42, &[path(2)]),
        request(42, &[]),
    ] {
        let other = honest.client.attest(&asked).await.unwrap();
        let router = Router::new().route("/v1/attest", post(async move || Json(other)));
        let error = answered_by(router).await;
        assert!(
            matches!(
                defect(&error),
                AnswerDefect::WrongHeight { .. } | AnswerDefect::WrongPaths { .. }
            ),
            "{error}"
        );
        assert!(!error.may_retry());
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let endless = || async { "a".repeat(300 * 1024) };
    let error = answered_by(Router::new().route("/v1/attest", post(endless))).await;
    assert!(
        matches!(defect(&error), AnswerDefect::TooLarge { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_that_is_no_attestors_is_retried_only_if_a_server_is_in_trouble() {
    for (status, may_retry) in [
        (StatusCode::OK, false),
        (StatusCode::BAD_GATEWAY, true),
        (StatusCode::NOT_FOUND, false),
    ] {
        let page = move || async move { (status, "<html>") };
        let error = answered_by(Router::new().route("/v1/attest", post(page))).await;
        assert!(
            matches!(defect(&error), AnswerDefect::Malformed { .. }),
            "{error}"
        );
        assert_eq!(error.may_retry(), may_retry, "{status}");
    }
}

#[tokio::test]
async fn a_pause_that_an_attestor_asks_for_is_bounded() {
    let retry_after = [("retry-after", u64::MAX.to_string())];
    let problem = Json(Problem::new(ProblemKind::Unreachable, ""));
    let answer = (StatusCode::SERVICE_UNAVAILABLE, retry_after, problem);
    let refuse = async move || answer;
    let error = answered_by(Router::new().route("/v1/attest", post(refuse))).await;
    assert_eq!(error.retry_after(), Some(Duration::from_mins(1)));
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let visits = Arc::new(AtomicUsize::new(0));
    let counter = visits.clone();
    let elsewhere = Router::new().route(
        "/v1/attest",
        post(async move || {
            counter.fetch_add(1, Ordering::Relaxed);
        }),
    );
    let target = format!("http://{}/v1/attest", serve(elsewhere).await);
    let redirect = move || async move { Redirect::temporary(&target) };
    let error = answered_by(Router::new().route("/v1/attest", post(redirect))).await;
    assert!(
        matches!(error, AttestorClientError::BadAnswer { status: 307, .. }),
        "{error}"
    );
    assert_eq!(visits.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_attestor_that_is_down_or_silent_is_retried() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let client = AttestorClient::new(url, Duration::from_millis(200)).unwrap();
    let asked = request(42, &[]);
    let silent = tokio::time::timeout(Duration::from_secs(5), client.attest(&asked));
    let silent = silent.await.expect("it waits 200 ms").unwrap_err();
    drop(listener);
    let down = client.attest(&asked).await.unwrap_err();
    for error in [silent, down] {
        assert!(
            matches!(error, AttestorClientError::Unreachable { .. }),
            "{error}"
        );
        assert!(error.may_retry());
    }
}

#[tokio::test]
async fn an_attestor_may_be_served_below_a_path() {
    let served = served().await;
    let below = serve(Router::new().nest("/attestor", routes(served.attestor.clone()))).await;
    for url in [
        format!("http://{below}/attestor"),
        format!("http://{below}/attestor/"),
    ] {
        let client = AttestorClient::new(url.parse().unwrap(), Duration::from_secs(10)).unwrap();
        client.info().await.unwrap();
    }
}
