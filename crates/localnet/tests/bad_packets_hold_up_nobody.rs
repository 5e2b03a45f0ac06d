//! A strange application sends packets that no honest one would, and a contract that is no router
//! emits a router's events. Each ends refused, timed out or ignored, with a reason in the log and in a
//! metric; nothing is minted for them; and honest packets cross at the same time.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use alloy::{
    primitives::{Address, Bytes, U256, bytes, keccak256},
    sol_types::{SolCall as _, SolEvent as _, SolValue as _},
};
use causeway_contracts::ics26_router::{ICS26Router, ICS26Router::SendPacket};
use causeway_ibc::ics20;
use causeway_ibc_evm::{Account, SendError, Token};
use causeway_localnet::{Side, roles};
use causeway_relayer::EventKind;
use common::{
    LONG, Scene,
    books::{Books, events, fates},
    eventually, metric, send,
};

mod app {
    #![allow(missing_docs, clippy::pedantic)]
    alloy::sol! {
        TestApp,
        "../../contracts/artifacts/TestApp.json"
    }
}
use app::{
    IICS26RouterMsgs::{MsgSendPacket, Payload},
    TestApp,
};

/// How many seconds a packet lives that may be undeliverable.
const SHORT: u64 = 12;

const ABI: &str = "application/x-solidity-abi";

/// Transfer data in which text may be anything.
fn transfer_data(denom: &[u8], amount: u64, memo: &[u8]) -> Bytes {
    let receiver = b"0x90F79bf6EB2c4f870365E785982E1f101E93b906".as_slice();
    let text = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
    // `bytes` and `string` are encoded alike.
    let data = (
        text(denom),
        text(receiver),
        text(receiver),
        U256::from(amount),
        text(memo),
    );
    data.abi_encode_params().into()
}

/// What no honest application sends: to which port, which version, in which encoding, and what.
fn strange() -> Vec<(&'static str, String, String, &'static str, Bytes)> {
    let good = transfer_data(b"uatom", 5, b"");
    let nested = vec![b'['; 60_000];
    let to_transfer = |version: &str, encoding: &'static str, value: Bytes| {
        (ics20::PORT.to_owned(), version.to_owned(), encoding, value)
    };
    let cases = [
        ("garbage", to_transfer("ics20-1", ABI, bytes!("deadbeef"))),
        ("nothing", to_transfer("ics20-1", ABI, Bytes::new())),
        (
            "a foreign encoding",
            to_transfer(
                "ics20-1",
                "application/json",
                Bytes::from_static(b"{\"denom\":1}"),
            ),
        ),
        ("another version", to_transfer("ics20-9", ABI, good.clone())),
        (
            "a denomination that is no UTF-8",
            to_transfer("ics20-1", ABI, transfer_data(b"\xff\xfe/\xc3", 5, b"")),
        ),
        (
            "a denomination in other letters",
            to_transfer(
                "ics20-1",
                ABI,
                transfer_data("перевод/💰".as_bytes(), 5, b""),
            ),
        ),
        (
            "an oversized memo",
            to_transfer("ics20-1", ABI, transfer_data(b"uatom", 5, &nested)),
        ),
        (
            "an amount of zero",
            to_transfer("ics20-1", ABI, transfer_data(b"uatom", 0, b"")),
        ),
        (
            "a port where nobody is",
            ("nobody".to_owned(), "ics20-1".to_owned(), ABI, good.clone()),
        ),
        (
            "a port with a strange name",
            (
                "../../etc\n\u{1b}[2J".to_owned(),
                "ics20-1".to_owned(),
                ABI,
                good,
            ),
        ),
    ];
    let flat = cases
        .into_iter()
        .map(|(name, (port, version, encoding, value))| (name, port, version, encoding, value));
    flat.collect()
}

/// A contract that emits three topics and data as it is told to: LOG3 of its call data.
const EMITTER: Bytes =
    bytes!("601880600b6000396000f3" "60603603806060600037604035602035600035836000a300");

async fn strange_app(side: &Side, account: &Account) -> Address {
    let (app, _) = account
        .deploy("a strange application", &TestApp::BYTECODE, &[])
        .await
        .unwrap();
    let add = ICS26Router::addIBCApp_0Call { app };
    let router = side.contracts.router;
    let call = add.abi_encode().into();
    account
        .execute("its registration", router, call, U256::ZERO)
        .await
        .unwrap();
    app
}

async fn send_strange(
    side: &Side,
    account: &Account,
    app: Address,
    payload: Payload,
    timeout: u64,
) -> Result<(), SendError> {
    let call = TestApp::sendCall {
        router: side.contracts.router,
        msg_: MsgSendPacket {
            sourceClient: side.client.to_string(),
            timeoutTimestamp: timeout,
            payload,
        },
    };
    let call = call.abi_encode().into();
    let sent = account.execute("a strange packet", app, call, U256::ZERO);
    sent.await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_and_events_that_no_honest_party_sends_hold_up_nobody() {
    let mut scene = Scene::set_and_run(|_| ()).await;
    let listen = scene.network.relayer().unwrap().listen();
    let (a, b) = (&scene.network.a, &scene.network.b);
    let hurry = a.hurry();
    let thief = a.account(roles::BOB);
    let app = strange_app(a, &thief).await;
    let now = async || a.chain.head().await.unwrap().timestamp.as_secs();
    let source_port = format!("{app:#x}");
    let cases = strange();
    let number = cases.len();
    for (name, port, version, encoding, value) in cases {
        eprintln!("{name}");
        let payload = Payload {
            sourcePort: source_port.clone(),
            destPort: port,
            version,
            encoding: encoding.to_owned(),
            value,
        };
        let timeout = now().await + SHORT;
        send_strange(a, &thief, app, payload, timeout)
            .await
            .unwrap();
    }

    // What the router itself refuses: times that are over, and times further off than a day.
    let payload = Payload {
        sourcePort: source_port,
        destPort: ics20::PORT.to_owned(),
        version: "ics20-1".to_owned(),
        encoding: ABI.to_owned(),
        value: transfer_data(b"uatom", 5, b""),
    };
    for timeout in [1, now().await + 86_400 + 600, u64::MAX] {
        let refused = send_strange(a, &thief, app, payload.clone(), timeout).await;
        assert!(
            matches!(refused, Err(SendError::Refused { .. })),
            "{timeout}"
        );
    }

    // An honest packet, and the same event once more, with the right signature and a sequence of
    // its own, from a contract that is no router.
    let (alice, bob) = (a.account(roles::ALICE), b.account(roles::BOB).address());
    let coin = (Token::Native, 7);
    let honest = send((a, b), &alice, coin, bob, LONG).await;
    let (emitter, _) = thief.deploy("no router", &EMITTER, &[]).await.unwrap();
    let seen = events(a).await;
    let genuine = seen.iter().find(|event| event.packet == honest.packet);
    assert_eq!(genuine.unwrap().kind, EventKind::Sent);
    let receipt =
        alloy::providers::Provider::get_transaction_receipt(&a.chain.provider(), honest.tx);
    let receipt = receipt.await.unwrap().unwrap();
    let is_send =
        |log: &&alloy::rpc::types::Log| log.topics().first() == Some(&SendPacket::SIGNATURE_HASH);
    let log = receipt.inner.logs().iter().rfind(is_send).unwrap();
    let [signature, client, _] = *log.topics() else {
        panic!("{log:?}")
    };
    let sequence = U256::from(honest.packet.sequence.get() + 1);
    let topics = (signature, client, sequence).abi_encode();
    let data = [topics, log.data().data.to_vec()].concat();
    let emitted = thief
        .execute("the event", emitter, data.into(), U256::ZERO)
        .await
        .unwrap();
    assert_eq!(
        emitted.logs()[0].topics()[0],
        keccak256(SendPacket::SIGNATURE)
    );
    drop(hurry);

    // The honest packet is not held up, and every strange one ends.
    let fates = eventually("every packet ends", async || {
        let fates = fates((a, b)).await;
        fates
            .iter()
            .all(|(_, fate)| fate.is_over())
            .then_some(fates)
    })
    .await;
    let strange = |packet: &causeway_ibc::Packet| packet.payloads[0].source_port != ics20::PORT;
    let (mut ended, mut crossed) = (0, 0);
    for (packet, fate) in &fates {
        assert!(fate.is_proper(), "{fate:?}: {packet:?}");
        if strange(packet) {
            assert_eq!(fate.refused + fate.timed_out, 1, "{packet:?}");
            ended += 1;
        } else {
            crossed += fate.acknowledged - fate.refused;
        }
    }
    assert_eq!(ended, number);
    // The coin and, before it, its description.
    assert_eq!(crossed, 2);
    let coin = common::books::books((a, b), Token::Native).await;
    assert_eq!(coin, Books::balanced(7), "something was minted for nothing");
    assert!(metric(listen, "causeway_messages_refused_total").await > 0.0);
    let log = std::fs::read_to_string(scene.network.relayer().unwrap().log()).unwrap();
    assert!(log.contains("message refused"), "no reason in the log");
    scene.network.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packet_that_nobody_can_read_is_counted_and_holds_up_nobody() {
    let mut scene = Scene::set_and_run(|_| ()).await;
    let listen = scene.network.relayer().unwrap().listen();
    let (a, b) = (&scene.network.a, &scene.network.b);
    let (alice, bob) = (a.account(roles::ALICE), b.account(roles::BOB).address());
    send((a, b), &alice, (Token::Native, 3), bob, LONG).await;
    let thief = a.account(roles::BOB);
    let hurry = a.hurry();
    let app = strange_app(a, &thief).await;
    let payload = Payload {
        sourcePort: format!("{app:#x}"),
        destPort: ics20::PORT.to_owned(),
        version: "VERSION-VERSION".to_owned(),
        encoding: ABI.to_owned(),
        value: Bytes::new(),
    };
    let timeout = a.chain.head().await.unwrap().timestamp.as_secs() + LONG;
    let call = TestApp::sendCall {
        router: a.contracts.router,
        msg_: MsgSendPacket {
            sourceClient: a.client.to_string(),
            timeoutTimestamp: timeout,
            payload,
        },
    };
    // Text that is no UTF-8 cannot be written in Rust; it can be sent.
    let mut call = call.abi_encode();
    let place = call.windows(15).position(|part| part == b"VERSION-VERSION");
    call[place.unwrap()..][..7].fill(0xff);
    thief
        .execute("an unreadable packet", app, call.into(), U256::ZERO)
        .await
        .unwrap();
    drop(hurry);
    eventually("it is counted", async || {
        (metric(listen, "causeway_unreadable_events_total").await > 0.0).then_some(())
    })
    .await;

    send((a, b), &alice, (Token::Native, 7), bob, LONG).await;
    eventually("honest packets cross", async || {
        let honest = fates((a, b)).await;
        let transfers = honest
            .iter()
            .filter(|(packet, _)| packet.payloads[0].source_port == ics20::PORT);
        let over = transfers.clone().count() == 3
            && transfers
                .clone()
                .all(|(_, fate)| fate.is_over() && fate.is_proper());
        over.then_some(())
    })
    .await;
    // Somebody must look: there is a packet that is not carried.
    eventually(
        "the status says that a sequence was passed over",
        async || {
            let problems = scene.status().await["problems"].to_string();
            problems.contains("were never shown").then_some(())
        },
    )
    .await;
    scene.network.ensure_running().unwrap();
    scene.network.stop().await.unwrap();
}
