//! A user whose relayer is asleep delivers a packet alone, with nothing but its transaction's hash.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use alloy::{
    network::TransactionBuilder,
    primitives::{B256, Bytes, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use causeway_ibc_evm::event_topics;
use causeway_localnet::{dev_key_hex, roles, unused_port};
use common::{
    LONG, Outcome, Scene,
    books::{Books, books},
    run_causeway, send,
};
use serde_json::Value;

/// Development accounts that nobody else uses.
const CARRIER: usize = 4;
const WALLET: usize = 5;

/// A scene with attestors, and the configuration of a user who asks them; no relayer runs.
async fn scene() -> (Scene, PathBuf) {
    let mut scene = Scene::set(|options| options.depth = 1).await;
    for index in 0..3 {
        scene.start_attestor(index).await.unwrap();
    }
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, unused_port().unwrap()));
    let config = scene.relayer_config("user", listen).unwrap();
    let path = scene.dir().join("user.toml");
    std::fs::write(&path, config).unwrap();
    (scene, path)
}

async fn relay(config: &Path, tx: B256, more: &[&str]) -> Outcome {
    let (key, tx) = (dev_key_hex(CARRIER), tx.to_string());
    let arguments = [&["relay", "--json", "--tx", tx.as_str()], more].concat();
    run_causeway(config, &[("CAUSEWAY_KEY", key.as_str())], &arguments).await
}

fn events(outcome: &Outcome) -> Vec<String> {
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let lines = outcome.lines();
    let names = lines.iter().map(|line| line["event"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

fn tx_of(outcome: &Outcome, event: &str) -> B256 {
    let lines = outcome.lines();
    let line = lines.iter().find(|line| line["event"] == event).unwrap();
    line["tx"].as_str().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_transaction_is_delivered_acknowledged_and_refunded_without_a_relayer() {
    let (scene, config) = scene().await;
    let (a, b, tusd) = (&scene.network.a, &scene.network.b, scene.tusd());
    let forth = (a, b);
    let (alice, receiver) = (a.account(roles::ALICE), b.account(roles::BOB).address());

    // There and back again in one go; and once more, to find it done.
    let sent = send(forth, &alice, (tusd, 5), receiver, LONG).await;
    let outcome = relay(&config, sent.tx, &["--ack"]).await;
    let told = events(&outcome);
    assert!(
        told.contains(&"delivered".to_owned()) && told.contains(&"acknowledged".to_owned()),
        "{outcome:?}"
    );
    assert_eq!(books(forth, tusd).await, Books::balanced(5));
    let again = relay(&config, sent.tx, &["--ack"]).await;
    assert!(
        events(&again)
            .iter()
            .all(|event| event == "found" || event == "already"),
        "{again:?}"
    );
    let receipt = tx_of(&outcome, "delivered");
    let of_receipt = relay(&config, receipt, &["--chain", "beta"]).await;
    assert!(
        events(&of_receipt).contains(&"already".to_owned()),
        "{of_receipt:?}"
    );

    // A look first, which changes nothing; then a transaction for another wallet.
    let sent = send(forth, &alice, (tusd, 7), receiver, LONG).await;
    let look = relay(&config, sent.tx, &["--dry-run"]).await;
    let lines = look.lines();
    assert!(
        lines.last().unwrap()["gas"].as_u64().unwrap() > 50_000,
        "{look:?}"
    );
    assert_eq!(books(forth, tusd).await.minted, U256::from(5));
    let wallet = b.account(WALLET);
    let from = wallet.address().to_string();
    let printed = relay(&config, sent.tx, &["--unsigned", "--from", &from]).await;
    let lines = printed.lines();
    let unsigned = lines
        .iter()
        .find(|line| line["event"] == "unsigned")
        .unwrap();
    let carried = send_unsigned(wallet.provider(), unsigned).await;
    assert_eq!(books(forth, tusd).await, Books::balanced(12));

    // The transaction that wrote an acknowledgement leads to it as well.
    let outcome = relay(&config, carried, &[]).await;
    assert!(
        events(&outcome).contains(&"acknowledged".to_owned()),
        "{outcome:?}"
    );
    let outcome = relay(&config, sent.tx, &["--chain", "alpha"]).await;
    let lines = outcome.lines();
    assert_eq!(lines.last().unwrap()["state"], "concluded", "{outcome:?}");

    // What nobody took in time comes home.
    let sent = send(forth, &alice, (tusd, 9), receiver, 3).await;
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    let outcome = relay(&config, sent.tx, &[]).await;
    assert!(
        events(&outcome).contains(&"refunded".to_owned()),
        "{outcome:?}"
    );
    assert_eq!(books(forth, tusd).await, Books::balanced(12));
    scene.network.stop().await.unwrap();
}

/// Signs and sends what the command printed, as any wallet would.
async fn send_unsigned(provider: &impl Provider, tx: &Value) -> B256 {
    let number = |name: &str| tx[name].as_str().unwrap().parse::<U256>().unwrap();
    let request = TransactionRequest::default()
        .with_to(tx["to"].as_str().unwrap().parse().unwrap())
        .with_input(tx["data"].as_str().unwrap().parse::<Bytes>().unwrap())
        .with_chain_id(number("chainId").to())
        .with_gas_limit(number("gas").to());
    let pending = provider.send_transaction(request).await.unwrap();
    let receipt = pending.get_receipt().await.unwrap();
    assert!(receipt.status());
    receipt.transaction_hash
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_says_nothing_of_packets_is_refused_with_the_reason() {
    let (scene, config) = scene().await;
    let account = scene.network.a.account(CARRIER);

    let nowhere = relay(&config, B256::repeat_byte(7), &["--dry-run"]).await;
    assert_eq!(nowhere.code, 1, "{nowhere:?}");
    assert!(nowhere.stderr.contains("unknown-tx"), "{nowhere:?}");

    // A contract that emits the topic of a packet event while it is being created.
    let mut code = vec![0x7f];
    code.extend_from_slice(event_topics()[0].as_slice());
    code.extend_from_slice(&[0x60, 0, 0x60, 0, 0xa1, 0]);
    let request = TransactionRequest::default().with_deploy_code(code);
    let pending = account.provider().send_transaction(request).await.unwrap();
    let forged = pending.get_receipt().await.unwrap();
    assert_eq!(forged.logs().len(), 1);
    let outcome = relay(&config, forged.transaction_hash, &["--dry-run"]).await;
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(
        outcome.stderr.contains("wrong-contract")
            && outcome
                .stderr
                .contains(&forged.contract_address.unwrap().to_string()),
        "{outcome:?}"
    );
    scene.network.stop().await.unwrap();
}
