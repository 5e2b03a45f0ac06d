//! The attestors of both light clients hand over to others while packets flow: nothing is lost,
//! nothing is restarted, and who was replaced is believed no more.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::{
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use alloy::{primitives::U256, signers::SignerSync as _, sol_types::SolCall as _};
use causeway_contracts::ics26_router::ICS26Router;
use causeway_ibc::{
    AttestationKind, Domain, Misbehaviour, Signature65, SignedAttestation, StateAttestation,
    attestation_digest,
};
use causeway_ibc_evm::Token;
use causeway_localnet::{Node, Side, dev_key, dev_key_hex, roles, unused_port};
use causeway_relayer::{ClientEnd, Evidence};
use causeway_types::Timestamp;
use common::{
    LONG, Outcome, Scene,
    books::{Books, all_over, books},
    eventually, run_causeway, send,
};

/// The keys of the attestors that join. Only one of the first three stays, so that what the old set
/// signs is of no use to the new.
const NEWCOMERS: [usize; 2] = [roles::FIRST_ATTESTOR + 5, roles::FIRST_ATTESTOR + 6];

/// For how long, by the chains' clocks, both sets are believed. Blocks come faster than seconds, and
/// each is a second later than the one before.
const OVERLAP: u64 = 40;

#[tokio::test(flavor = "multi_thread")]
async fn attestors_hand_over_while_packets_flow() {
    let mut scene = Scene::set(|_| ()).await;
    for index in 0..3 {
        scene.start_attestor(index).await.unwrap();
    }
    let (mut newcomers, mut urls) = (Vec::new(), String::new());
    for role in NEWCOMERS {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, unused_port().unwrap()));
        newcomers.push(start_newcomer(&scene, role, address).await);
        write!(urls, "\"http://{address}\", ").unwrap();
    }
    // The relayer knows the newcomers before the light clients do; it is not touched again.
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, unused_port().unwrap()));
    let config = scene.relayer_config("relayer", address).unwrap();
    let config = config.replace("attestors = [", &format!("attestors = [{urls}"));
    let mut relayer = scene
        .start_node("relayer", &config, roles::RELAYER)
        .await
        .unwrap();

    let over = AtomicBool::new(false);
    let (a, b) = (&scene.network.a, &scene.network.b);
    let (forth, back) = ((a, b), (b, a));
    let story = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        for side in [b, a] {
            rotate(&scene, side).await;
        }
        for side in [b, a] {
            let until = show(&scene, side).await["previous"]["until"]
                .as_u64()
                .unwrap();
            eventually("the overlap is over", async || {
                let now = side.chain.head().await.unwrap().timestamp;
                (now >= Timestamp::from_secs(until)).then_some(())
            })
            .await;
            the_old_set_is_silent(side).await;
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        over.store(true, Ordering::SeqCst);
    };
    let ((), sent_forth, sent_back) = tokio::join!(
        story,
        keep_sending(forth, 4, &over),
        keep_sending(back, 5, &over)
    );

    for (route, sent) in [(forth, sent_forth), (back, sent_back)] {
        let tally = all_over(route).await;
        assert!(
            sent > 5 && tally.acknowledged >= sent,
            "{sent} sent, {tally:?}"
        );
        assert_eq!((tally.refused, tally.timed_out), (0, 0));
        let Books { locked, minted } = books(route, Token::Native).await;
        assert_eq!((locked, minted), (U256::from(sent), U256::from(sent)));
    }
    who_was_replaced_says_so(&scene).await;
    relayer.ensure_running().unwrap();
    for node in newcomers.into_iter().chain([relayer]) {
        assert!(node.terminate().await.unwrap().success());
    }
    scene.network.stop().await.unwrap();
}

async fn start_newcomer(scene: &Scene, role: usize, address: SocketAddr) -> Node {
    let first = scene.attestor_urls()[0].socket_addrs(|| None).unwrap()[0];
    let config = scene
        .attestor_config(0)
        .unwrap()
        .replace(&first.to_string(), &address.to_string())
        .replace("attestor-0.db", &format!("newcomer-{role}.db"));
    scene
        .start_node(&format!("newcomer-{role}"), &config, role)
        .await
        .unwrap()
}

/// Sends one unit of the chain's coin after the other; answers how many.
async fn keep_sending(route: (&Side, &Side), role: usize, over: &AtomicBool) -> usize {
    let account = route.0.account(role);
    let bob = route.1.account(roles::BOB).address();
    let mut sent = 0;
    while !over.load(Ordering::SeqCst) {
        send(route, &account, (Token::Native, 1), bob, LONG).await;
        sent += 1;
    }
    sent
}

async fn as_role(scene: &Scene, role: usize, arguments: &[&str]) -> Outcome {
    let key = dev_key_hex(role);
    run_causeway(
        &scene.user_config(),
        &[("CAUSEWAY_KEY", key.as_str())],
        arguments,
    )
    .await
}

/// Hands the client on this side over from attestors 0, 1 and 2 to 2 and the newcomers.
async fn rotate(scene: &Scene, side: &Side) {
    let [one, two] = NEWCOMERS;
    let members = [roles::FIRST_ATTESTOR + 2, one, two];
    let members = members
        .map(|role| dev_key(role).address().to_string())
        .join(",");
    let (file, overlap) = (format!("{}.json", side.name), format!("{OVERLAP}s"));
    let propose = [
        "attestors",
        "rotate",
        "propose",
        "--on",
        side.name,
        "--attestors",
        &members,
        "--threshold",
        "2",
        "--overlap",
        &overlap,
        "--out",
        &file,
        "--json",
    ];
    let proposed = as_role(scene, roles::ALICE, &propose).await.json();
    assert_eq!(
        (
            proposed["set_number"].as_u64(),
            proposed["signatures_needed"].as_u64()
        ),
        (Some(2), Some(2))
    );

    // A stranger's signature is not taken, and one is not enough.
    let sign = ["attestors", "rotate", "sign", &file, "--json"];
    let submit = ["attestors", "rotate", "submit", &file, "--json"];
    assert_eq!(as_role(scene, roles::ALICE, &sign).await.code, 2);
    assert_eq!(as_role(scene, NEWCOMERS[0], &sign).await.code, 2);
    as_role(scene, roles::FIRST_ATTESTOR, &sign).await.json();
    // Signed twice, it counts once.
    let again = as_role(scene, roles::FIRST_ATTESTOR, &sign).await.json();
    assert_eq!(again["signed_by"].as_array().unwrap().len(), 1);
    let refused = as_role(scene, roles::ALICE, &submit).await;
    assert!(
        refused.code == 2 && refused.stderr.contains("1 of the 2 signatures needed"),
        "{refused:?}"
    );
    // Nobody is sent a copy of what somebody else signed: each signs a copy of the proposal.
    let copy = scene.dir().join("copy.json");
    let mut bare: serde_json::Value = read(&scene.dir().join(&file));
    bare["signatures"] = serde_json::json!([]);
    std::fs::write(&copy, bare.to_string()).unwrap();
    let sign_copy = ["attestors", "rotate", "sign", "copy.json", "--json"];
    as_role(scene, roles::FIRST_ATTESTOR + 2, &sign_copy)
        .await
        .json();

    let submit = [
        "attestors",
        "rotate",
        "submit",
        &file,
        "copy.json",
        "--json",
    ];
    let rotated = as_role(scene, roles::DEPLOYER, &submit).await.json();
    assert_eq!(rotated["event"], "rotated");
    assert!(rotated["tx"].as_str().unwrap().starts_with("0x"));
    // It serves once.
    assert_ne!(as_role(scene, roles::DEPLOYER, &submit).await.code, 0);
    let shown = show(scene, side).await;
    assert_eq!(shown["set_number"], 2);
    assert_eq!(shown["attestors"].as_array().unwrap().len(), 3);
    assert_eq!(shown["previous"]["attestors"].as_array().unwrap().len(), 3);
}

fn read(path: &std::path::Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

async fn show(scene: &Scene, side: &Side) -> serde_json::Value {
    let shown = as_role(
        scene,
        roles::ALICE,
        &["attestors", "show", "--on", side.name, "--json"],
    )
    .await;
    shown.json()["clients"][0].clone()
}

fn domain(side: &Side) -> Domain {
    let number = side.id().eip155_id().unwrap();
    Domain::of_client(number, side.contracts.router, &side.client)
}

/// What these development accounts sign for the client on this side.
fn state(side: &Side, height: u64, seconds: u64, signers: &[usize]) -> SignedAttestation {
    let timestamp = Timestamp::from_secs(seconds);
    let data = StateAttestation { height, timestamp }.encode();
    let digest = attestation_digest(AttestationKind::State, &domain(side), &data);
    let signatures = signers.iter().map(|role| {
        let signature = dev_key(*role).sign_hash_sync(&digest).unwrap();
        Signature65::new(signature.as_bytes())
    });
    SignedAttestation {
        signatures: signatures.collect(),
        data,
    }
}

async fn the_old_set_is_silent(side: &Side) {
    let update = |signers: &[usize]| {
        ICS26Router::updateClientCall {
            clientId: side.client.to_string(),
            updateMsg: state(side, 1_000_000, 1, signers).encode(),
        }
        .abi_encode()
    };
    let account = side.account(roles::DEPLOYER);
    let first = roles::FIRST_ATTESTOR;
    let router = side.contracts.router;
    let old = update(&[first, first + 1]);
    let refused = account
        .execute("the update", router, old.into(), U256::ZERO)
        .await;
    let reason = refused.unwrap_err().to_string();
    assert!(reason.contains("UnknownSigner"), "{reason}");
}

/// The attestor that was replaced runs on, and its status says that it does so in vain.
async fn who_was_replaced_says_so(scene: &Scene) {
    let replaced = &scene.attestor_urls()[0].to_string();
    eventually("the replaced attestor notices", async || {
        let status = as_role(
            scene,
            roles::ALICE,
            &["status", "--url", replaced, "--json"],
        )
        .await
        .json();
        let problems = status["problems"].to_string();
        problems
            .contains("its signatures do not count")
            .then_some(())
    })
    .await;
    let stays = &scene.attestor_urls()[2].to_string();
    let status = as_role(scene, roles::ALICE, &["status", "--url", stays, "--json"])
        .await
        .json();
    assert!(
        !status["problems"].to_string().contains("do not count"),
        "{status}"
    );
}

/// The relayer finds evidence that it kept before it was killed, and freezes the light client.
#[tokio::test(flavor = "multi_thread")]
async fn a_contradiction_freezes_the_light_client_and_is_told_first() {
    let mut scene = Scene::set(|_| ()).await;
    let first = roles::FIRST_ATTESTOR;
    let evidence = |side: &Side| Evidence {
        client: ClientEnd {
            chain: side.id().clone(),
            client: side.client.clone(),
        },
        domain: domain(side),
        height: 77,
        attestors: vec![dev_key(first + 1).address()],
        quorum: true,
        misbehaviour: Misbehaviour {
            kind: AttestationKind::State,
            first: state(side, 77, 1, &[first, first + 1]),
            second: state(side, 77, 2, &[first + 1, first + 2]),
        },
    };
    let keep = |path: PathBuf, evidence: &Evidence| {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, serde_json::to_vec(evidence).unwrap()).unwrap();
    };
    let on_beta = evidence(&scene.network.b);
    keep(
        scene
            .dir()
            .join("evidence")
            .join(format!("{}.json", on_beta.name())),
        &on_beta,
    );
    scene.start_nodes().await.unwrap();
    let status = eventually("the client on beta is frozen", async || {
        let status = scene.status().await;
        (status["alarms"].as_array().unwrap().len() == 1).then_some(status)
    })
    .await;
    let alarm = status["alarms"][0].to_string();
    let name = format!("{} on {} is frozen", scene.b.client, scene.b.id());
    assert!(alarm.contains(&name), "{alarm}");
    let text = scene.causeway(&["status"]).await.stdout;
    assert!(text.starts_with("ALARM"), "{text}");

    // A person does the same by hand.
    let on_alpha = evidence(&scene.network.a);
    keep(scene.dir().join("mine.json"), &on_alpha);
    let freeze = ["client", "freeze", "--evidence", "mine.json", "--json"];
    let frozen = as_role(&scene, roles::DEPLOYER, &freeze).await.json();
    assert!(frozen["tx"].as_str().unwrap().starts_with("0x"));
    let again = as_role(&scene, roles::DEPLOYER, &freeze).await.json();
    assert!(again["tx"].is_null());
    assert_eq!(show(&scene, &scene.network.a).await["frozen"], true);

    // What proves nothing is not sent.
    let mut harmless = evidence(&scene.network.a);
    harmless.misbehaviour.second = harmless.misbehaviour.first.clone();
    keep(scene.dir().join("mine.json"), &harmless);
    let refused = as_role(&scene, roles::DEPLOYER, &freeze).await;
    assert!(
        refused.code == 2 && refused.stderr.contains("can both be true"),
        "{refused:?}"
    );
    scene.network.stop().await.unwrap();
}
