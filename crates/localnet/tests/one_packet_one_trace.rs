//! A collector that speaks OTLP sees one packet as one trace, with spans of both chains and of the
//! attestors, although nobody carries a context from chain to chain.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use axum::{Router, body::Bytes, extract::State, routing::post};
use causeway_localnet::{roles, unused_port};
use causeway_relayer::PacketTrace;
use common::{LONG, Scene, books::all_over, eventually, send};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value, trace::v1::Span,
};
use prost::Message as _;

/// Spans by trace.
type Seen = Arc<Mutex<BTreeMap<Vec<u8>, Vec<Span>>>>;

/// A collector on any port.
async fn collector() -> (SocketAddr, Seen) {
    async fn receive(State(seen): State<Seen>, body: Bytes) {
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let resources = request.resource_spans.into_iter();
        let scopes = resources.flat_map(|resource| resource.scope_spans);
        for span in scopes.flat_map(|scope| scope.spans) {
            let mut seen = seen.lock().unwrap();
            seen.entry(span.trace_id.clone()).or_default().push(span);
        }
    }
    let seen = Seen::default();
    let router = Router::new().route("/v1/traces", post(receive));
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let router = router.with_state(seen.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, seen)
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|found| found.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_packet_is_one_trace_across_both_chains_and_the_attestors() {
    let mut scene = Scene::set(|_| ()).await;
    let (address, seen) = collector().await;
    let telemetry = format!("\n[telemetry]\notlp = \"http://{address}\"\n");
    for index in 0..3 {
        let config = scene.attestor_config(index).unwrap() + &telemetry;
        scene.start_attestor_with(index, &config).await.unwrap();
    }
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, unused_port().unwrap()));
    let config = scene.relayer_config("followed", listen).unwrap() + &telemetry;
    let node = scene
        .start_node("followed", &config, roles::RELAYER)
        .await
        .unwrap();
    let (a, b) = (&scene.network.a, &scene.network.b);
    let receiver = b.account(roles::BOB).address();
    let alice = a.account(roles::ALICE);
    // The second goes alone, so that its attestors' spans are its own.
    let mut last = None;
    for amount in 1..=2 {
        last = Some(send((a, b), &alice, (scene.tusd(), amount), receiver, LONG).await);
        all_over((a, b)).await;
    }
    let sequence = last.unwrap().packet.sequence;
    let packet = format!("{}/{}/{sequence}", a.id(), a.client);
    let trace = PacketTrace::of(&packet);

    let spans = eventually("the collector has the whole trace", async || {
        let seen = seen.lock().unwrap();
        let spans = seen.get(trace.trace_id.as_slice())?;
        let whole = spans.iter().any(|span| span.name == "packet");
        let signed = spans.iter().any(|span| span.name == "attest");
        (whole && signed).then(|| spans.clone())
    })
    .await;
    let on = |name: &str| -> BTreeSet<Option<String>> {
        let named = spans.iter().filter(|span| span.name == name);
        named
            .map(|span| attribute(span, "causeway.chain"))
            .collect()
    };
    let (here, there) = (Some(a.id().to_string()), Some(b.id().to_string()));
    assert_eq!(on("observed"), [here.clone()].into());
    assert_eq!(on("delivered"), [there.clone()].into());
    assert_eq!(on("acknowledged"), [here.clone()].into());
    assert_eq!(on("submitted"), [here, there].into());
    for name in ["final", "attested", "attest"] {
        assert!(!on(name).is_empty(), "no span {name}");
    }
    // All stand under the packet's own span, and none ends before it begins.
    let root = trace.root_span_id.to_vec();
    for span in &spans {
        let is_root = span.span_id == root;
        assert!(is_root || span.parent_span_id == root, "{span:?}");
        assert_eq!(is_root, span.name == "packet");
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
    }
    let forms = spans.iter().map(|span| &span.trace_id);
    assert_eq!(forms.collect::<BTreeSet<_>>().len(), 1);
    node.terminate().await.unwrap();
    scene.network.stop().await.unwrap();
}
