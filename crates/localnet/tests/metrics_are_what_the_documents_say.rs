//! Every metric that the dashboard shows is exported by running nodes, and every one that they export
//! is in the table.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use causeway_grpc::proto::{InfoRequest, relay_service_client::RelayServiceClient};
use causeway_local_bitcoin::NodeKind;
use causeway_localnet::{Party, SwapOptions, Swaps, roles, unused_port};
use common::{LONG, Scene, books::all_over, eventually, send};

fn ops(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../ops")
        .join(file)
}

/// The words of a text that begin as our metrics do.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours = words.filter(|word| word.starts_with("causeway_"));
    ours.map(str::to_owned).collect()
}

/// What a node exports, by the types that it declares.
async fn exported(url: &str) -> BTreeSet<String> {
    let text = reqwest::get(format!("{url}metrics")).await.unwrap();
    let text = text.text().await.unwrap();
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let names = types.map(|line| line.split(' ').next().unwrap().to_owned());
    names.filter(|name| name.starts_with("causeway_")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_and_the_table_name_what_nodes_export() {
    // As those who swap count on.
    let blocks = Some(Duration::from_secs(1));
    let mut scene = Scene::set(|options| options.block_time = blocks).await;
    for index in 0..3 {
        scene.start_attestor(index).await.unwrap();
    }
    let address = || SocketAddr::from((Ipv4Addr::LOCALHOST, unused_port().unwrap()));
    let (listen, grpc) = (address(), address());
    let config = scene.relayer_config("watched", listen).unwrap();
    let config = format!("{config}\n[grpc]\nlisten = \"{grpc}\"\n");
    let node = scene
        .start_node("watched", &config, roles::RELAYER)
        .await
        .unwrap();
    let (a, b) = (&scene.network.a, &scene.network.b);
    let receiver = b.account(roles::BOB).address();
    let alice = a.account(roles::ALICE);
    send((a, b), &alice, (scene.tusd(), 3), receiver, LONG).await;
    all_over((a, b)).await;
    let mut client = RelayServiceClient::connect(format!("http://{grpc}"))
        .await
        .unwrap();
    client.info(InfoRequest {}).await.unwrap();

    // Somebody who makes offers of swaps, and has locked something in one.
    let options = SwapOptions {
        blocks: 1,
        ..SwapOptions::new(NodeKind::Litecoin)
    };
    let swaps = Swaps::start(&scene.network, options).await.unwrap();
    let maker = swaps.maker_url();
    let offer = swaps.offer("bip122").await.unwrap();
    let take = [
        "swap", "take", "--maker", &maker, "--offer", &offer, "--get", "1",
    ];
    let mut taking = swaps.command(Party::Taker, &take).spawn().unwrap();
    let of_swaps = eventually("a lock of the maker's has an expiry", async || {
        let found = exported(&format!("{maker}/")).await;
        let has_all = ["causeway_swap_expiry_blocks", "causeway_swap_balance"]
            .iter()
            .all(|name| found.contains(*name));
        has_all.then_some(found)
    })
    .await;

    let mut found = exported(&format!("http://{listen}/")).await;
    found.extend(of_swaps);
    for url in scene.attestor_urls() {
        found.extend(exported(url.as_str()).await);
    }
    let table = fs::read_to_string(ops("METRICS.md")).unwrap();
    let described = names(&table);
    let unlisted: Vec<_> = found.difference(&described).collect();
    assert!(
        unlisted.is_empty(),
        "ops/METRICS.md leaves out {unlisted:?}"
    );
    let dashboard = fs::read_to_string(ops("grafana/causeway.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    assert!(json["panels"].as_array().unwrap().len() > 10);
    let shown = names(&dashboard);
    let unknown: Vec<_> = shown.difference(&found).collect();
    assert!(
        unknown.is_empty(),
        "the dashboard shows {unknown:?}, which nobody exports"
    );
    taking.wait().await.unwrap();
    swaps.stop().await.unwrap();
    node.terminate().await.unwrap();
    scene.network.stop().await.unwrap();
}
