//! What operations cost: whole transactions, three of five attestors, through the proxies.

use std::collections::BTreeMap;

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall;
use causeway_contracts::NATIVE_COIN;
use causeway_contracts::attestation_light_client::AttestationLightClient;
use causeway_contracts::counter::Counter;
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_contracts::ics26_router::IICS26RouterMsgs::Packet;
use causeway_contracts::ics27_gmp::{ICS27GMP, IICS27GMPMsgs::SendCallMsg};

use crate::harness::attestors::{self, Attestors, ROTATION};
use crate::harness::chain::{ALICE, BOB, RELAYER, Receipt};
use crate::harness::network::{ACKNOWLEDGEMENT, COMMITMENT, Network, Side, TIMEOUT, home};
use crate::harness::safeguards::{INCOMING, OUTGOING};
use crate::harness::snapshot;

/// At most this much, for what has a target.
const TARGETS: [(&str, u64); 9] = [
    ("send_transfer_warm", 130_000),
    ("recv_existing_voucher", 200_000),
    ("recv_batch_50_per_packet", 120_000),
    ("ack_batch_50_per_packet", 70_000),
    ("timeout", 170_000),
    // With limits and holds on, the same holds.
    ("send_transfer_guarded", 130_000),
    ("recv_existing_voucher_guarded", 200_000),
    ("recv_batch_50_guarded_per_packet", 120_000),
    ("ack_batch_50_guarded_per_packet", 70_000),
];

#[test]
fn gas_is_what_the_snapshot_says_and_within_the_targets() {
    let measured = measure();
    snapshot::check("gas.json", &measured, &TARGETS);
}

fn measure() -> BTreeMap<String, u64> {
    let mut gas = BTreeMap::new();
    let mut record = |name: &str, receipt: &Receipt| {
        gas.insert(name.to_owned(), receipt.gas);
        receipt.gas
    };

    let mut net = Network::new();
    let token = net.token;
    let first = net.try_transfer(Side::A, token, 500).unwrap();
    record("send_transfer_first_with_announcement", &first);
    let [announcement, packet] = first.sent().try_into().unwrap();
    record(
        "recv_announcement_creating_voucher",
        &net.recv(Side::B, &announcement).unwrap(),
    );
    net.recv(Side::B, &packet).unwrap();
    record(
        "send_transfer_warm",
        &net.try_transfer(Side::A, token, 500).unwrap(),
    );

    let mut bare = Network::new();
    let [_, packet] = bare
        .try_transfer(Side::A, token, 5)
        .unwrap()
        .sent()
        .try_into()
        .unwrap();
    record(
        "recv_creating_voucher",
        &bare.recv(Side::B, &packet).unwrap(),
    );

    let packet = net.transfer(Side::A, token, 500);
    let received = net.recv(Side::B, &packet).unwrap();
    record("recv_existing_voucher", &received);
    let ack = received.acknowledgements().remove(0);
    record("ack", &net.ack(Side::A, &packet, &ack).unwrap());

    let packet = net.transfer(Side::A, token, 500);
    net.pass(TIMEOUT);
    record("timeout", &net.timeout(Side::A, &packet).unwrap());

    let height = net.b.height + 1;
    net.b.next_block();
    let update = net
        .attestors
        .prove_state(net.domain(Side::A), height, net.b.timestamp);
    let call = causeway_contracts::ics26_router::ICS26Router::updateClientCall {
        clientId: net.a.client_id.clone(),
        updateMsg: update,
    };
    record("update_client", &net.a.must(RELAYER, net.a.router, &call));

    back_home(&mut net, &mut record);
    native(&mut net, &mut record);
    message(&mut net, &mut record);
    for size in [25, 50] {
        let (recv, ack) = batch(&mut net, size);
        gas.insert(format!("recv_batch_{size}_per_packet"), recv);
        gas.insert(format!("ack_batch_{size}_per_packet"), ack);
    }
    guarded(&mut gas);
    gas.insert("rotate_attestors".to_owned(), rotation(&mut net));
    gas
}

/// The same with limits in both directions and large amounts held, and what a held one costs.
fn guarded(gas: &mut BTreeMap<String, u64>) {
    let mut net = Network::new();
    net.cross(Side::A, net.token, 500);
    let voucher = net.b.voucher(&home(net.token));
    let token = net.token;
    for direction in [OUTGOING, INCOMING] {
        net.a.limit(token, direction, 10u128.pow(12), 86_400);
        net.b.limit(voucher, direction, 10u128.pow(12), 86_400);
    }
    net.a.hold(token, 100_000, 3600);
    net.b.hold(voucher, 100_000, 3600);
    net.cross(Side::A, token, 500);

    let mut record = |name: &str, receipt: &Receipt| gas.insert(name.to_owned(), receipt.gas);
    let sent = net.try_transfer(Side::A, token, 500).unwrap();
    record("send_transfer_guarded", &sent);
    let received = net.recv(Side::B, &sent.sent()[0]).unwrap();
    record("recv_existing_voucher_guarded", &received);
    let held = net.transfer(Side::A, token, 100_000);
    record("recv_held", &net.recv(Side::B, &held).unwrap());
    net.b.timestamp += 3600;
    record("release_held", &net.b.release(RELAYER, 1).unwrap());
    let (recv, ack) = batch(&mut net, 50);
    gas.insert("recv_batch_50_guarded_per_packet".into(), recv);
    gas.insert("ack_batch_50_guarded_per_packet".into(), ack);
}

/// Three of five attestors hand over to three of five others.
fn rotation(net: &mut Network) -> u64 {
    let others = Attestors::new(3, 5, 20);
    let data = attestors::rotation(2, 3600, &others);
    let message = net.attestors.prove(ROTATION, net.domain(Side::A), data);
    let call = AttestationLightClient::rotateAttestorsCall {
        rotationMsg: message,
    };
    net.a.must(RELAYER, net.a.client, &call).gas
}

fn back_home(net: &mut Network, record: &mut impl FnMut(&str, &Receipt) -> u64) {
    let voucher = net.b.voucher(&home(net.token));
    // Bob's, so that Alice can send it home as all transfers in this harness are hers.
    let amount = U256::from(1000);
    net.b.must(
        BOB,
        voucher,
        &causeway_contracts::test_erc20::TestERC20::transferCall {
            to: ALICE,
            value: amount,
        },
    );
    net.transfer(Side::B, voucher, 100);
    let sent = net.try_transfer(Side::B, voucher, 100).unwrap();
    record("send_voucher_home", &sent);
    record("recv_at_home", &net.recv(Side::A, &sent.sent()[0]).unwrap());
}

fn native(net: &mut Network, record: &mut impl FnMut(&str, &Receipt) -> u64) {
    for name in ["send_native_first", "send_native_warm"] {
        let msg_ = net.transfer_msg(Side::A, NATIVE_COIN, 1000);
        let data: Bytes = ICS20Transfer::sendTransferCall { msg_ }.abi_encode().into();
        let transfer = net.a.transfer;
        record(
            name,
            &net.a
                .send_raw(ALICE, transfer, U256::from(1000), data)
                .unwrap(),
        );
    }
}

fn message(net: &mut Network, record: &mut impl FnMut(&str, &Receipt) -> u64) {
    let counter: Address = net.b.deploy_plain(&Counter::BYTECODE);
    for name in ["first", "warm"] {
        let msg_ = SendCallMsg {
            sourceClient: net.a.client_id.clone(),
            receiver: counter.to_checksum(None),
            salt: Bytes::new(),
            payload: Counter::incrementCall { by: U256::from(7) }
                .abi_encode()
                .into(),
            timeoutTimestamp: net.a.timestamp + TIMEOUT,
            memo: String::new(),
        };
        let sent = net
            .a
            .must(ALICE, net.a.gmp, &ICS27GMP::sendCallCall { msg_ });
        let packet = sent.sent().remove(0);
        let received = net.recv(Side::B, &packet).unwrap();
        let ack = received.acknowledgements().remove(0);
        let acknowledged = net.ack(Side::A, &packet, &ack).unwrap();
        record(&format!("gmp_send_{name}"), &sent);
        record(&format!("gmp_recv_{name}"), &received);
        record(&format!("gmp_ack_{name}"), &acknowledged);
    }
}

/// Delivers and acknowledges transfers in one transaction each, proven once.
fn batch(net: &mut Network, size: usize) -> (u64, u64) {
    let packets: Vec<Packet> = (0..size)
        .map(|_| net.transfer(Side::A, net.token, 3))
        .collect();
    let once = |proof: &Bytes, index: usize| {
        if index == 0 {
            proof.clone()
        } else {
            Bytes::new()
        }
    };

    let height = net.update(Side::B);
    let paths: Vec<_> = packets.iter().map(|packet| (COMMITMENT, packet)).collect();
    let proof = net.attest(Side::B, height, &paths);
    let calls = packets.iter().enumerate().map(|(index, packet)| {
        Network::recv_call(packet, once(&proof, index), height)
            .abi_encode()
            .into()
    });
    let received = net.multicall(Side::B, calls.collect()).unwrap();
    let acks = received.acknowledgements();
    assert_eq!(acks.len(), size);

    let height = net.update(Side::A);
    let paths: Vec<_> = packets
        .iter()
        .map(|packet| (ACKNOWLEDGEMENT, packet))
        .collect();
    let proof = net.attest(Side::A, height, &paths);
    let calls = packets
        .iter()
        .zip(&acks)
        .enumerate()
        .map(|(index, (packet, ack))| {
            Network::ack_call(packet, ack, once(&proof, index), height)
                .abi_encode()
                .into()
        });
    let acknowledged = net.multicall(Side::A, calls.collect()).unwrap();
    assert!(!acknowledged.was_noop());
    (
        received.gas.div_ceil(size as u64),
        acknowledged.gas.div_ceil(size as u64),
    )
}
