//! The relayer's first endpoint hides events, alters them or makes them up. Two others do not: no
//! packet is missed or mistaken, none that was made up is carried, and the liar is named.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use alloy::{
    primitives::{Address, B256, Bytes, U256},
    sol_types::{SolCall as _, SolEvent as _},
};
use causeway_contracts::ics26_router::ICS26Router::{
    AckPacket, SendPacket, WriteAcknowledgement, recvPacketCall,
};
use causeway_ibc::Packet;
use causeway_ibc_evm::{Token, decode_event, encode_message};
use causeway_localnet::{FaultProxy, Faults, Lie, Side, roles};
use causeway_relayer::{EventKind, Message};
use common::{
    LONG, Scene,
    books::{Books, all_over, books},
    eventually, metric, send, through,
};
use serde_json::Value;

/// A sequence that no packet of the story has.
const MADE_UP: u64 = 1_000_000;

/// The packet as the router would announce it.
fn announced(packet: &Packet) -> alloy::primitives::LogData {
    let message = Message::Receive {
        packet: packet.clone(),
    };
    let call = encode_message(&message, Bytes::new(), 0);
    let packet = recvPacketCall::abi_decode(&call).unwrap().msg_.packet;
    SendPacket {
        clientId: alloy::primitives::keccak256(&packet.sourceClient),
        sequence: U256::from(packet.sequence),
        packet,
    }
    .encode_log_data()
}

fn word(amount: u64) -> Bytes {
    U256::from(amount).to_be_bytes::<32>().into()
}

/// Every lie in turn, with the amount that crosses meanwhile.
fn lies(scene: &Scene, made_up: &Packet) -> Vec<(u64, Vec<Lie>)> {
    let event = announced(made_up);
    let router = scene.a.contracts.router;
    vec![
        (3, vec![Lie::HiddenLogs(SendPacket::SIGNATURE_HASH)]),
        (
            5,
            vec![
                Lie::HiddenLogs(SendPacket::SIGNATURE_HASH),
                Lie::HiddenLogs(WriteAcknowledgement::SIGNATURE_HASH),
                Lie::HiddenLogs(AckPacket::SIGNATURE_HASH),
                Lie::EmptyBlooms,
            ],
        ),
        (
            0xdeca_fbad,
            vec![Lie::AlteredLogs {
                find: word(0xdeca_fbad),
                replace: word(0xdeca_fbad_0000),
            }],
        ),
        (
            7,
            vec![Lie::ExtraLogs {
                topic: SendPacket::SIGNATURE_HASH,
                topics: event.topics().to_vec(),
                data: event.data,
            }],
        ),
        (
            9,
            vec![Lie::LogsOf {
                contract: router,
                instead: Address::repeat_byte(9),
            }],
        ),
        (11, vec![Lie::Hashes]),
    ]
}

async fn cross(route: (&Side, &Side), amount: u64) -> Packet {
    let alice = route.0.account(roles::ALICE);
    let bob = route.1.account(roles::BOB).address();
    let sent = send(route, &alice, (Token::Native, amount), bob, LONG).await;
    sent.packet
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_endpoint_hides_alters_or_makes_up_changes_nothing() {
    let mut scene = Scene::set(|_| ()).await;
    let mut liars = Vec::new();
    let mut config = scene.own_relayer_config().unwrap();
    for side in [&scene.network.a, &scene.network.b] {
        let anvil = &side.anvil;
        let liar = FaultProxy::in_front_of(anvil.http_url()).await.unwrap();
        let endpoints = [liar.ws_url(), anvil.ws_url(), anvil.http_url()];
        config = through(&config, side, &endpoints, 2);
        liars.push(liar);
    }
    for index in 0..3 {
        scene.start_attestor(index).await.unwrap();
    }
    scene.start_relayer_with(&config).await.unwrap();
    let (a, b) = (&scene.network.a, &scene.network.b);
    let mut made_up = cross((a, b), 1).await;
    all_over((a, b)).await;
    made_up.sequence = MADE_UP.try_into().unwrap();
    // What cannot be read would be left out anyway, and the story would prove nothing.
    let log = alloy::primitives::Log {
        address: a.contracts.router,
        data: announced(&made_up),
    };
    let read = decode_event(&log, B256::ZERO, 0).unwrap().unwrap();
    assert_eq!((read.kind, &read.packet), (EventKind::Sent, &made_up));

    let mut total = 1;
    for (amount, lies) in lies(&scene, &made_up) {
        eprintln!("{lies:?}");
        let before = liars[0].lies_told();
        for liar in &liars {
            liar.set(Faults::lies(lies.clone()));
        }
        cross((a, b), amount).await;
        cross((b, a), amount).await;
        total += amount;
        // Delivered and acknowledged while it lies.
        for route in [(a, b), (b, a)] {
            let tally = all_over(route).await;
            assert_eq!((tally.refused, tally.timed_out), (0, 0));
        }
        eventually("the endpoint had its say", async || {
            (liars[0].lies_told() > before).then_some(())
        })
        .await;
        liars.iter().for_each(FaultProxy::heal);
    }
    assert_eq!(books((a, b), Token::Native).await, Books::balanced(total));

    // The relayer's own account agrees with the chains', and knows nothing of what was made up.
    let packets = eventually("the relayer knows that nothing is open", async || {
        let packets = scene.packets().await;
        let ended = |packet: &Value| packet["phase"] == "acknowledged";
        packets.iter().all(ended).then_some(packets)
    })
    .await;
    let end = format!("/{MADE_UP}");
    let named = |packet: &Value| packet["packet"].as_str().unwrap().ends_with(&end);
    assert!(!packets.iter().any(named), "{packets:#?}");
    let problems = scene.status().await["problems"].to_string();
    assert!(!problems.contains("ALARM"), "{problems}");
    let listen = scene.network.relayer().unwrap().listen();
    assert!(metric(listen, "causeway_endpoint_wrong_answers_total").await > 0.0);
    scene.network.stop().await.unwrap();
}
