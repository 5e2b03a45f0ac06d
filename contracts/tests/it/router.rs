//! The router towards applications and light clients of every kind.

use alloy::primitives::{Address, Bytes, U256, hex, keccak256};
use alloy::sol_types::{SolCall, SolValue};
use causeway_contracts::ics26_router::ICS26Router;
use causeway_contracts::ics26_router::IICS02ClientMsgs::CounterpartyInfo;
use causeway_contracts::ics26_router::IICS26RouterMsgs::{Packet, Payload};

use crate::harness::chain::{ADMIN, Chain, Failure, RELAYER, Receipt, path};
use crate::harness::fixtures::app::{IIBCAppCallbacks, IICS26RouterMsgs as AppMsgs};
use crate::harness::fixtures::{SilentContract, TestApp, TestLightClient};
use crate::harness::network::Network;

const ERROR: [u8; 32] = hex!("4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab");

/// A router whose client believes everything, and an application that answers what it is told to.
struct Bench {
    chain: Chain,
    app: Address,
    client: Address,
}

fn bench(prefix: &[&[u8]]) -> Bench {
    let mut chain = Chain::empty(1);
    chain.deploy_stack();
    let app = chain.deploy_plain(&TestApp::BYTECODE);
    let client = chain.deploy_plain(&TestLightClient::BYTECODE);
    let router = chain.router;
    chain.must(
        ADMIN,
        router,
        &ICS26Router::addIBCApp_1Call {
            portId: "test-app".into(),
            app,
        },
    );
    chain.must(
        ADMIN,
        router,
        &ICS26Router::addClient_0Call {
            clientId: "here-is-there".into(),
            counterpartyInfo: CounterpartyInfo {
                clientId: "there-is-here".into(),
                merklePrefix: prefix.iter().map(|key| key.to_vec().into()).collect(),
            },
            client,
        },
    );
    Bench { chain, app, client }
}

fn incoming(bench: &Bench, value: &[u8]) -> Packet {
    Packet {
        sequence: 9,
        sourceClient: "there-is-here".into(),
        destClient: "here-is-there".into(),
        timeoutTimestamp: bench.chain.timestamp + 100,
        payloads: vec![Payload {
            sourcePort: "a port of theirs".into(),
            destPort: "test-app".into(),
            version: "v".into(),
            encoding: String::new(),
            value: value.to_vec().into(),
        }],
    }
}

impl Bench {
    fn answer(&mut self, answer: &[u8], reverts: bool) {
        let answer_ = answer.to_vec().into();
        self.chain.must(
            ADMIN,
            self.app,
            &TestApp::setCall {
                answer_,
                reverts_: reverts,
            },
        );
    }

    fn relay<C: SolCall>(&mut self, call: &C) -> Result<Receipt, Failure> {
        self.chain.send(RELAYER, self.chain.router, call)
    }

    fn recv(&mut self, packet: &Packet) -> Result<Receipt, Failure> {
        self.relay(&Network::recv_call(packet, Bytes::new(), 3))
    }

    fn last_callback(&self) -> alloy::primitives::B256 {
        self.chain.view(self.app, &TestApp::lastCallbackCall {})
    }
}

#[test]
fn an_answer_is_committed_and_announced() {
    let mut bench = bench(&[b""]);
    bench.answer(b"an answer of more than thirty-two bytes", false);
    let packet = incoming(&bench, b"value");
    let receipt = bench.recv(&packet).unwrap();
    let event = receipt
        .events::<ICS26Router::WriteAcknowledgement>()
        .remove(0);
    assert_eq!(event.clientId, keccak256("here-is-there"));
    assert_eq!(event.sequence, U256::from(9));
    assert_eq!(event.packet, packet);
    assert_eq!(
        event.acknowledgements[0].as_ref(),
        b"an answer of more than thirty-two bytes"
    );
    let receipt = keccak256(packet.abi_encode());
    let stored = bench
        .chain
        .commitment(keccak256(path("here-is-there", 2, 9)));
    assert_eq!(stored, receipt);
}

#[test]
fn an_application_that_reverts_gets_the_error_acknowledgement_written() {
    let mut bench = bench(&[b""]);
    bench.answer(b"reason", true);
    let packet = incoming(&bench, b"value");
    let receipt = bench.recv(&packet).unwrap();
    assert_eq!(receipt.acknowledgements(), [Bytes::from(ERROR)]);
    let reason = receipt
        .events::<ICS26Router::IBCAppRecvPacketCallbackError>()
        .remove(0)
        .reason;
    assert_eq!(reason.as_ref(), b"reason");
}

#[test]
fn an_application_that_reverts_without_a_reason_may_have_run_out_of_gas() {
    let mut bench = bench(&[b""]);
    bench.answer(b"", true);
    let packet = incoming(&bench, b"value");
    assert!(
        bench
            .recv(&packet)
            .err()
            .unwrap()
            .is::<ICS26Router::IBCFailedCallback>()
    );
}

#[test]
fn an_application_must_answer_and_not_with_the_error_acknowledgement() {
    let mut bench = bench(&[b""]);
    let packet = incoming(&bench, b"value");
    bench.answer(b"", false);
    let failure = bench.recv(&packet).err().unwrap();
    assert!(failure.is::<ICS26Router::IBCAsyncAcknowledgementNotSupported>());
    bench.answer(&ERROR, false);
    let failure = bench.recv(&packet).err().unwrap();
    assert!(failure.is::<ICS26Router::IBCErrorUniversalAcknowledgement>());
}

#[test]
fn silence_is_neither_an_answer_nor_a_proof() {
    let mut bench = bench(&[b""]);
    let silent = bench.chain.deploy_plain(&SilentContract::BYTECODE);
    let router = bench.chain.router;
    bench.chain.must(
        ADMIN,
        router,
        &ICS26Router::addIBCApp_1Call {
            portId: "silent".into(),
            app: silent,
        },
    );
    let mut packet = incoming(&bench, b"value");
    packet.payloads[0].destPort = "silent".into();
    assert!(
        bench
            .recv(&packet)
            .err()
            .unwrap()
            .is::<ICS26Router::IBCAppMisbehaved>()
    );

    bench
        .chain
        .register("silent-client", "there-is-here", silent);
    let mut packet = incoming(&bench, b"value");
    packet.destClient = "silent-client".into();
    assert!(
        bench
            .recv(&packet)
            .err()
            .unwrap()
            .is::<ICS26Router::IBCLightClientSilent>()
    );
}

/// What an ABI encoder makes of the callback, compared with what the router copied together.
fn expect_callback(bench: &Bench, encoded: Vec<u8>) {
    assert_eq!(bench.last_callback(), keccak256(encoded));
}

#[test]
fn applications_are_told_the_packet_whatever_its_size() {
    for (client, value) in [
        ("", 0),
        ("x", 1),
        ("", 31),
        ("", 32),
        ("xyz", 33),
        ("", 500),
    ] {
        let mut bench = bench(&[b""]);
        let here = format!("here-is-there{}", client.repeat(20));
        if !client.is_empty() {
            let trusted = bench.client;
            bench.chain.register(&here, "there-is-here", trusted);
        }
        let mut packet = incoming(&bench, &vec![7; value]);
        packet.destClient = here.clone();
        let payload = AppMsgs::Payload {
            sourcePort: packet.payloads[0].sourcePort.clone(),
            destPort: packet.payloads[0].destPort.clone(),
            version: packet.payloads[0].version.clone(),
            encoding: packet.payloads[0].encoding.clone(),
            value: packet.payloads[0].value.clone(),
        };
        bench.recv(&packet).unwrap();
        expect_callback(
            &bench,
            IIBCAppCallbacks::OnRecvPacketCallback {
                sourceClient: packet.sourceClient.clone(),
                destinationClient: here.clone(),
                sequence: 9,
                payload: payload.clone(),
                relayer: RELAYER,
            }
            .abi_encode(),
        );
        outgoing(&mut bench, &here, value);
    }
}

/// Sends two packets, acknowledges one and times the other out.
fn outgoing(bench: &mut Bench, here: &str, size: usize) {
    use crate::harness::fixtures::app::IICS26RouterMsgs::MsgSendPacket;
    let payload = AppMsgs::Payload {
        sourcePort: "test-app".into(),
        destPort: "theirs".into(),
        version: "v".into(),
        encoding: "e".into(),
        value: vec![9; size].into(),
    };
    let call = TestApp::sendCall {
        router: bench.chain.router,
        msg_: MsgSendPacket {
            sourceClient: here.into(),
            timeoutTimestamp: bench.chain.timestamp + 100,
            payload: payload.clone(),
        },
    };
    let app = bench.app;
    let [first, second]: [Packet; 2] =
        [(), ()].map(|()| bench.chain.must(ADMIN, app, &call).sent().remove(0));
    assert_eq!((first.sequence, second.sequence), (1, 2));
    let acknowledgement = Bytes::from(vec![5; size]);
    let receipt = bench
        .relay(&Network::ack_call(
            &first,
            &acknowledgement,
            Bytes::new(),
            3,
        ))
        .unwrap();
    expect_callback(
        bench,
        IIBCAppCallbacks::OnAcknowledgementPacketCallback {
            sourceClient: here.into(),
            destinationClient: "there-is-here".into(),
            sequence: 1,
            payload: payload.clone(),
            acknowledgement: acknowledgement.clone(),
            relayer: RELAYER,
        }
        .abi_encode(),
    );
    let event = receipt.events::<ICS26Router::AckPacket>().remove(0);
    assert_eq!(
        (event.packet, event.acknowledgement),
        (first, acknowledgement)
    );

    let receipt = bench
        .relay(&Network::timeout_call(&second, Bytes::new(), 3))
        .unwrap();
    expect_callback(
        bench,
        IIBCAppCallbacks::OnTimeoutPacketCallback {
            sourceClient: here.into(),
            destinationClient: "there-is-here".into(),
            sequence: 2,
            payload,
            relayer: RELAYER,
        }
        .abi_encode(),
    );
    let event = receipt.events::<ICS26Router::TimeoutPacket>().remove(0);
    assert_eq!((event.packet, event.clientId), (second, keccak256(here)));
}

fn asked(bench: &Bench, index: u64) -> Bytes {
    bench.chain.view(
        bench.client,
        &TestLightClient::lastPathCall(U256::from(index)),
    )
}

#[test]
fn a_light_client_is_asked_for_the_path_under_the_prefix() {
    let expected = path("there-is-here", 1, 9);
    for (prefix, paths) in [
        (vec![b"".as_slice()], vec![expected.clone()]),
        (vec![b"ibc", b""], vec![b"ibc".to_vec(), expected.clone()]),
        (
            vec![b"ibc", b"test/"],
            vec![b"ibc".to_vec(), [b"test/".as_slice(), &expected].concat()],
        ),
        (vec![b"x"], vec![[b"x".as_slice(), &expected].concat()]),
    ] {
        let mut bench = bench(&prefix);
        let packet = incoming(&bench, b"value");
        let proof = Bytes::from(vec![3; 45]);
        bench
            .relay(&Network::recv_call(&packet, proof.clone(), 77))
            .unwrap();
        for (index, path) in paths.iter().enumerate() {
            assert_eq!(asked(&bench, index as u64).as_ref(), path.as_slice());
        }
        let client = bench.client;
        assert_eq!(
            bench.chain.view(client, &TestLightClient::lastProofCall {}),
            proof
        );
        assert_eq!(
            bench
                .chain
                .view(client, &TestLightClient::lastHeightCall {}),
            77
        );
        assert_eq!(
            bench
                .chain
                .view(client, &TestLightClient::lastValueCall {})
                .len(),
            32
        );
        outgoing(&mut bench, "here-is-there", 40);
        let absent = path_under(&prefix, &path("there-is-here", 2, 2));
        assert_eq!(asked(&bench, prefix.len() as u64 - 1).to_vec(), absent);
        assert!(
            bench
                .chain
                .view(client, &TestLightClient::lastValueCall {})
                .is_empty()
        );
    }
}

fn path_under(prefix: &[&[u8]], path: &[u8]) -> Vec<u8> {
    [prefix[prefix.len() - 1], path].concat()
}

#[test]
fn a_packet_is_not_settled_with_an_application_that_has_no_code() {
    use causeway_contracts::ics26_router::IICS26RouterMsgs::MsgSendPacket;
    let mut bench = bench(&[b""]);
    let router = bench.chain.router;
    // A plain account can be bound to its own address, and send.
    bench.chain.must(
        RELAYER,
        router,
        &ICS26Router::addIBCApp_0Call { app: RELAYER },
    );
    let call = ICS26Router::sendPacketCall {
        msg_: MsgSendPacket {
            sourceClient: "here-is-there".into(),
            timeoutTimestamp: bench.chain.timestamp + 100,
            payload: Payload {
                sourcePort: format!("{RELAYER:#x}"),
                ..incoming(&bench, b"value").payloads.remove(0)
            },
        },
    };
    let packet = bench.chain.must(RELAYER, router, &call).sent().remove(0);
    let ack = Network::ack_call(&packet, &Bytes::from_static(b"ok"), Bytes::new(), 3);
    assert!(
        bench
            .relay(&ack)
            .err()
            .unwrap()
            .is::<ICS26Router::IBCAppMisbehaved>()
    );
    let timeout = Network::timeout_call(&packet, Bytes::new(), 3);
    assert!(
        bench
            .relay(&timeout)
            .err()
            .unwrap()
            .is::<ICS26Router::IBCAppMisbehaved>()
    );
}
