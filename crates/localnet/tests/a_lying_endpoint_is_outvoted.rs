//! Attestors that ask several endpoints of a chain: one that lies changes nothing and stops nothing,
//! and where too few agree nothing is signed.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;
mod liar;

use alloy::primitives::{B256, Bytes, U256};
use causeway_attestor::{AttestRequest, Attested, AttestorClient, ClientRef, ProblemKind};
use causeway_ibc::{Packet, PacketAttestation, SignedAttestation, StateAttestation, evm};
use causeway_ibc_evm::{SendError, Token, client_view, encode_batch};
use causeway_localnet::roles;
use causeway_relayer::{ClientView, Message, Proof};
use common::{
    LONG, PATIENCE, Scene,
    books::{Books, all_over, books},
    eventually, mining, send,
};
use liar::Liar;
use url::Url;

/// A scene whose attestors ask these endpoints of alpha, two of which must agree.
async fn scene_with(endpoints: impl FnOnce(&Scene) -> [Url; 3]) -> Scene {
    let mut scene = Scene::set(|_| ()).await;
    let [first, second, third] = endpoints(&scene);
    let alone = format!("endpoints = [\"{}\"]", scene.a.anvil.ws_url());
    let several = format!("endpoints = [\"{first}\", \"{second}\", \"{third}\"]\nagreement = 2");
    for index in 0..3 {
        let config = scene.attestor_config(index).unwrap();
        assert!(config.contains(&alone), "{config}");
        let config = config.replace(&alone, &several);
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
    let scene = scene_with(|scene| {
        let anvil = &scene.a.anvil;
        let lies = Liar::in_front_of(anvil.http_url());
        // The endpoint that is asked first is the one that lies.
        let endpoints = [lies.url(), anvil.ws_url(), anvil.http_url()];
        liar = Some(lies);
        endpoints
    })
    .await;
    let liar = liar.unwrap();
    let (a, b) = (&scene.network.a, &scene.network.b);
    let forged = forged_after_an_honest_one(&scene).await;
    let key = evm::storage_key(forged.commitment_path().key());
    liar.forge(key, forged.commitment());
    liar.shift_clock(86_400);

    let head = a.chain.head().await.unwrap();
    let answers = attest(&scene, &forged).await;
    let answers: Vec<Attested> = answers.into_iter().map(Result::unwrap).collect();
    for answer in &answers {
        assert_eq!(commitment(answer), B256::ZERO, "a packet was made up");
        let state = StateAttestation::decode(&answer.state.data).unwrap();
        let ahead = state.timestamp.as_secs() - head.timestamp.as_secs();
        assert!(ahead < 60, "the clock was turned by {ahead} s");
    }
    eventually("the endpoint had its say about both", async || {
        let (words, clocks) = liar.lies_told();
        (words > 0 && clocks > 0).then_some(())
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
    let scene = scene_with(|scene| {
        let anvil = &scene.a.anvil;
        liars.extend([0, 1].map(|_| Liar::in_front_of(anvil.http_url())));
        [liars[0].url(), liars[1].url(), anvil.ws_url()]
    })
    .await;
    let (a, b) = (&scene.network.a, &scene.network.b);
    let forged = forged_after_an_honest_one(&scene).await;
    let key = evm::storage_key(forged.commitment_path().key());
    liars[0].forge(key, forged.commitment());
    liars[1].forge(key, B256::repeat_byte(7));
    for answer in attest(&scene, &forged).await {
        let refusal = answer.unwrap_err();
        assert_eq!(refusal.kind(), Some(ProblemKind::Disagreement), "{refusal}");
    }

    // Endpoints that agree about nothing stop everything that stands on their chain.
    for (liar, shift) in liars.iter().zip([1_000, 2_000]) {
        liar.shift_clock(shift);
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
        locked: U256::from(3),
        minted: U256::from(1),
    };
    assert_eq!(books((a, b), Token::Native).await, stopped);
    let problems = scene.status().await["problems"].to_string();
    assert!(problems.contains("0 of the 2 attestations"), "{problems}");

    // When they tell the truth again, everything moves.
    for liar in &liars {
        liar.shift_clock(0);
    }
    assert_eq!(all_over((a, b)).await.acknowledged, 3);
    assert_eq!(books((a, b), Token::Native).await, Books::balanced(3));
    scene.network.stop().await.unwrap();
}
