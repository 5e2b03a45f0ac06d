//! Attestors that ask several endpoints of a chain: one that lies changes nothing and stops nothing,
//! and where too few agree nothing is signed.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use alloy::primitives::{B256, Bytes, U256};
use causeway_attestor::{AttestRequest, Attested, AttestorClient, ClientRef, ProblemKind};
use causeway_ibc::{Packet, PacketAttestation, SignedAttestation, StateAttestation, evm};
use causeway_ibc_evm::{SendError, Token, client_view, encode_batch};
use causeway_localnet::{FaultProxy, Faults, Lie, Refusal, roles};
use causeway_relayer::{ClientView, Message, Proof};
use common::{
    LONG, PATIENCE, Scene,
    books::{Books, all_over, books},
    eventually, metric, mining, run_causeway, send, through,
};
use url::Url;

/// A scene whose attestors ask these endpoints of alpha, two of which must agree.
async fn scene_with(endpoints: impl AsyncFnOnce(&Scene) -> [Url; 3]) -> Scene {
    let mut scene = Scene::set(|_| ()).await;
    let endpoints = endpoints(&scene).await;
    for index in 0..3 {
        let config = scene.attestor_config(index).unwrap();
        let config = through(&config, &scene.a, &endpoints, 2);
        scene.start_attestor_with(index, &config).await.unwrap();
    }
    scene.start_relayer().await.unwrap();
    scene
}

/// Carries an honest transfer, and makes up one that was never sent.
async fn forged_after_an_honest_one(scene: &Scene) -> Packet {
    let (a, b) = (&scene.network.a, &scene.network.b);
    let bob = b.account(roles::BOB).address();
    let coin = (Token::Native, 1);
    let honest = send((a, b), &a.account(roles::ALICE), coin, bob, LONG).await;
    all_over((a, b)).await;
    let mut forged = honest.packet;
    forged.sequence = 1_000_000.try_into().unwrap();
    forged
}

/// Asks every attestor what stands under the packet's commitment path at alpha's head.
async fn attest(
    scene: &Scene,
    packet: &Packet,
) -> Vec<Result<Attested, causeway_attestor::AttestorClientError>> {
    let request = AttestRequest {
        client: ClientRef {
            chain: scene.b.id().clone(),
            id: scene.b.client.clone(),
        },
        height: mining::height(&scene.a).await,
        paths: vec![packet.commitment_path().key()],
    };
    let mut answers = Vec::new();
    for url in scene.attestor_urls() {
        let attestor = AttestorClient::new(url, PATIENCE).unwrap();
        answers.push(attestor.attest(&request).await);
    }
    answers
}

/// What an attestor says stands under the one path that it was asked for.
fn commitment(attested: &Attested) -> B256 {
    let data = &attested.packets.as_ref().unwrap().data;
    PacketAttestation::decode(data).unwrap().packets[0].commitment
}

/// The attestors' answers as a light client takes them.
fn proof(answers: &[Attested], client: &ClientView) -> Proof {
    let signed = |part: fn(&Attested) -> &causeway_attestor::Attestation| {
        let data = part(&answers[0]).data.clone();
        let enough = answers.iter().take(client.committee.threshold().into());
        SignedAttestation {
            data,
            signatures: enough.map(|answer| part(answer).signature).collect(),
        }
    };
    Proof {
        height: StateAttestation::decode(&answers[0].state.data)
            .unwrap()
            .height,
        state: signed(|answer| &answer.state),
        packets: signed(|answer| answer.packets.as_ref().unwrap()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_that_one_endpoint_makes_up_is_never_signed_and_cannot_be_delivered() {
    let mut liar = None;
    let scene = scene_with(async |scene| {
        let anvil = &scene.a.anvil;
        let lies = FaultProxy::in_front_of(anvil.http_url()).await.unwrap();
        // The endpoint that is asked first is the one that lies.
        let endpoints = [lies.http_url(), anvil.ws_url(), anvil.http_url()];
        liar = Some(lies);
        endpoints
    })
    .await;
    let liar = liar.unwrap();
    let (a, b) = (&scene.network.a, &scene.network.b);
    let forged = forged_after_an_honest_one(&scene).await;
    let key = evm::storage_key(forged.commitment_path().key());
    let word = forged.commitment();
    liar.set(Faults::lies([
        Lie::Storage { key, word },
        Lie::Clock(86_400),
    ]));

    let head = a.chain.head().await.unwrap();
    let answers = attest(&scene, &forged).await;
    let answers: Vec<Attested> = answers.into_iter().map(Result::unwrap).collect();
    for answer in &answers {
        assert_eq!(commitment(answer), B256::ZERO, "a packet was made up");
        let state = StateAttestation::decode(&answer.state.data).unwrap();
        let ahead = state.timestamp.as_secs() - head.timestamp.as_secs();
        assert!(ahead < 60, "the clock was turned by {ahead} s");
    }
    eventually("the endpoint had its say", async || {
        (liar.lies_told() > 0).then_some(())
    })
    .await;

    // Even somebody who brings those signatures to the router himself gets nowhere with them.
    let client = client_view(&b.chain.provider(), b.contracts.router, &b.client)
        .await
        .unwrap();
    let message = Message::Receive { packet: forged };
    let call: Bytes = encode_batch(&client, &proof(&answers, &client), &[message]);
    let thief = b.account(roles::BOB);
    let theft = thief
        .execute("the theft", b.contracts.router, call, U256::ZERO)
        .await;
    assert!(matches!(theft, Err(SendError::Refused { .. })), "{theft:?}");

    // Meanwhile honest packets cross, with the same endpoints.
    let bob = b.account(roles::BOB).address();
    let coin = (Token::Native, 2);
    send((a, b), &a.account(roles::ALICE), coin, bob, LONG).await;
    assert_eq!(all_over((a, b)).await.acknowledged, 3);
    assert_eq!(books((a, b), Token::Native).await, Books::balanced(3));
    scene.network.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_two_of_three_endpoints_lie_differently_nothing_is_signed() {
    let mut liars = Vec::new();
    let scene = scene_with(async |scene| {
        let anvil = &scene.a.anvil;
        for _ in 0..2 {
            liars.push(FaultProxy::in_front_of(anvil.http_url()).await.unwrap());
        }
        [liars[0].http_url(), liars[1].http_url(), anvil.ws_url()]
    })
    .await;
    let (a, b) = (&scene.network.a, &scene.network.b);
    let forged = forged_after_an_honest_one(&scene).await;
    let key = evm::storage_key(forged.commitment_path().key());
    for (liar, word) in liars
        .iter()
        .zip([forged.commitment(), B256::repeat_byte(7)])
    {
        liar.set(Faults::lies([Lie::Storage { key, word }]));
    }
    for answer in attest(&scene, &forged).await {
        let refusal = answer.unwrap_err();
        assert_eq!(refusal.kind(), Some(ProblemKind::Disagreement), "{refusal}");
    }

    // Endpoints that agree about nothing stop everything that stands on their chain, and so do dead
    // ones. When they are well again, everything moves by itself.
    let lies = [1_000, 2_000].map(|shift| Faults::lies([Lie::Clock(shift)]));
    let dead = [503, 429].map(|code| {
        let retry_after = None;
        Faults::refuses(Refusal::Status { code, retry_after })
    });
    let said = [
        "disagree on the final block",
        "1 endpoints answer, 2 must agree",
    ];
    let mut crossed = 1;
    for (faults, said) in [lies, dead].into_iter().zip(said) {
        for (liar, faults) in liars.iter().zip(faults) {
            liar.set(faults);
        }
        let bob = b.account(roles::BOB).address();
        let coin = (Token::Native, 2);
        send((a, b), &a.account(roles::ALICE), coin, bob, LONG).await;
        let over = mining::height(b).await + 10;
        eventually("some blocks pass", async || {
            (mining::height(b).await >= over).then_some(())
        })
        .await;
        let stopped = Books {
            locked: U256::from(crossed + 2),
            minted: U256::from(crossed),
        };
        assert_eq!(books((a, b), Token::Native).await, stopped);
        let problems = scene.status().await["problems"].to_string();
        assert!(problems.contains("0 of the 2 attestations"), "{problems}");
        for index in 0..3 {
            attestor_says(&scene, index, said).await;
        }
        liars.iter().for_each(FaultProxy::heal);
        crossed += 2;
        all_over((a, b)).await;
        let balanced = Books::balanced(crossed);
        assert_eq!(books((a, b), Token::Native).await, balanced);
    }
    scene.network.stop().await.unwrap();
}

/// Waits until an attestor's own status says what is wrong, and its metrics that something is.
async fn attestor_says(scene: &Scene, index: usize, said: &str) {
    let config = scene.dir().join(format!("attestor-{index}.toml"));
    eventually(said, async || {
        let status = run_causeway(&config, &[], &["status", "--json"]).await;
        let problems = status.json()["problems"].to_string();
        problems.contains(said).then_some(())
    })
    .await;
    let url = scene.attestor_urls()[index].clone();
    let listen = url.socket_addrs(|| None).unwrap()[0];
    let failures = metric(listen, "causeway_agreement_failures_total").await;
    assert!(failures > 0.0, "no metric for it");
}
