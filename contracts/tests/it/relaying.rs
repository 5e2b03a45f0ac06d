//! What relayers can and cannot do.

use alloy::primitives::{B256, Bytes, U256};
use alloy::sol_types::SolCall;
use causeway_contracts::attestation_light_client::AttestationLightClient as Client;
use causeway_contracts::ics26_router::{ICS26Router, IICS26RouterMsgs::Packet};

use crate::harness::chain::{BOB, path_hash};
use crate::harness::network::{ACKNOWLEDGEMENT, COMMITMENT, Network, RECEIPT, Side, TIMEOUT, home};

fn bobs_vouchers(net: &Network) -> U256 {
    net.b.balance(net.b.voucher(&home(net.token)), BOB)
}

#[test]
fn a_packet_is_delivered_once() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    assert!(!net.recv(Side::B, &packet).unwrap().was_noop());
    let again = net.recv(Side::B, &packet).unwrap();
    assert!(again.was_noop());
    assert!(again.acknowledgements().is_empty());
    assert_eq!(bobs_vouchers(&net), U256::from(5));
}

#[test]
fn an_acknowledgement_counts_once() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    let ack = net
        .recv(Side::B, &packet)
        .unwrap()
        .acknowledgements()
        .remove(0);
    assert!(!net.ack(Side::A, &packet, &ack).unwrap().was_noop());
    assert!(net.ack(Side::A, &packet, &ack).unwrap().was_noop());
}

#[test]
fn a_timeout_counts_once() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    net.pass(TIMEOUT);
    let before = net.a.balance(net.token, crate::harness::chain::ALICE);
    assert!(!net.timeout(Side::A, &packet).unwrap().was_noop());
    assert!(net.timeout(Side::A, &packet).unwrap().was_noop());
    assert_eq!(
        net.a.balance(net.token, crate::harness::chain::ALICE),
        before + U256::from(5)
    );
}

#[test]
fn a_duplicate_needs_its_proof_all_the_same() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    net.recv(Side::B, &packet).unwrap();
    let height = net.update(Side::B);
    let call = Network::recv_call(&packet, Bytes::new(), height);
    assert!(
        net.relay(Side::B, &call)
            .err()
            .unwrap()
            .is::<Client::ProofNotCached>()
    );
}

#[test]
fn no_field_of_a_packet_can_be_changed_on_the_way() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    let height = net.update(Side::B);
    let proof = net.attest(Side::B, height, &[(COMMITMENT, &packet)]);
    let changes: [fn(&mut Packet); 9] = [
        |packet| packet.sequence += 1,
        |packet| packet.sourceClient.push('x'),
        |packet| packet.destClient.push('x'),
        |packet| packet.timeoutTimestamp += 1,
        |packet| packet.payloads[0].sourcePort.push('x'),
        |packet| packet.payloads[0].destPort.push('x'),
        |packet| packet.payloads[0].version.push('x'),
        |packet| packet.payloads[0].encoding.push('x'),
        |packet| {
            packet.payloads[0].value = [packet.payloads[0].value.to_vec(), vec![0]].concat().into()
        },
    ];
    for (index, change) in changes.iter().enumerate() {
        let mut changed = packet.clone();
        change(&mut changed);
        let call = Network::recv_call(&changed, proof.clone(), height);
        assert!(
            net.relay(Side::B, &call).is_err(),
            "change {index} was accepted"
        );
    }
    net.relay(Side::B, &Network::recv_call(&packet, proof, height))
        .unwrap();
}

#[test]
fn an_acknowledgement_cannot_be_changed_on_the_way() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    net.recv(Side::B, &packet).unwrap();
    let forged = Bytes::from_static(&alloy::primitives::hex!(
        "4774d4a575993f963b1c06573736617a457abef8589178db8d10c94b4ab511ab"
    ));
    assert!(
        net.ack(Side::A, &packet, &forged)
            .err()
            .unwrap()
            .is::<Client::NotMember>()
    );
}

#[test]
fn another_packet_under_a_settled_sequence_is_refused() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    net.recv(Side::B, &packet).unwrap();
    // Even a quorum cannot make the router take a second packet under a sequence.
    let mut other = packet.clone();
    other.timeoutTimestamp += 1;
    let height = net.update(Side::B);
    let path = path_hash(&packet.sourceClient, COMMITMENT, packet.sequence);
    let commitment = commitment_of(&mut net, &other);
    let proof = net
        .attestors
        .prove_packets(net.domain(Side::B), height, &[(path, commitment)]);
    let failure = net
        .relay(Side::B, &Network::recv_call(&other, proof, height))
        .err()
        .unwrap();
    assert!(
        failure.is::<ICS26Router::IBCPacketReceiptMismatch>(),
        "{failure:?}"
    );
}

#[test]
fn a_packet_that_was_never_sent_cannot_be_settled() {
    let mut net = Network::new();
    let sent = net.transfer(Side::A, net.token, 5);
    let mut never = sent.clone();
    never.timeoutTimestamp -= 1;
    net.pass(TIMEOUT);
    // The receipt's path does not depend on the content, so that the proof itself is honest.
    let failure = net.timeout(Side::A, &never).err().unwrap();
    assert!(failure.is::<ICS26Router::IBCPacketCommitmentMismatch>());
    never.sequence += 1000;
    assert!(net.timeout(Side::A, &never).unwrap().was_noop());
}

/// What the router would commit to.
pub fn commitment_of(net: &mut Network, packet: &Packet) -> B256 {
    use crate::harness::fixtures::{LibraryProbe, probe};
    let probe = net.b.deploy_plain(&LibraryProbe::BYTECODE);
    let payload = packet.payloads[0].clone();
    let packet = probe::IICS26RouterMsgs::Packet {
        sequence: packet.sequence,
        sourceClient: packet.sourceClient.clone(),
        destClient: packet.destClient.clone(),
        timeoutTimestamp: packet.timeoutTimestamp,
        payloads: vec![probe::IICS26RouterMsgs::Payload {
            sourcePort: payload.sourcePort,
            destPort: payload.destPort,
            version: payload.version,
            encoding: payload.encoding,
            value: payload.value,
        }],
    };
    net.b
        .view(probe, &LibraryProbe::packetCommitmentCall { packet })
}

#[test]
fn a_packet_must_come_from_the_clients_counterparty() {
    let mut net = Network::new();
    let mut packet = net.transfer(Side::A, net.token, 5);
    let height = net.update(Side::B);
    let proof = net.attest(Side::B, height, &[(COMMITMENT, &packet)]);
    packet.sourceClient = "somebody-else".into();
    let failure = net
        .relay(Side::B, &Network::recv_call(&packet, proof.clone(), height))
        .err()
        .unwrap();
    assert!(failure.is::<ICS26Router::IBCInvalidCounterparty>());
    packet.destClient = "nowhere".into();
    let failure = net
        .relay(Side::B, &Network::recv_call(&packet, proof, height))
        .err()
        .unwrap();
    assert!(failure.is::<ICS26Router::IBCClientNotFound>());
}

#[test]
fn a_packet_with_several_payloads_is_refused() {
    let mut net = Network::new();
    let mut packet = net.transfer(Side::A, net.token, 5);
    packet.payloads.push(packet.payloads[0].clone());
    let failures = [
        net.relay(Side::B, &Network::recv_call(&packet, Bytes::new(), 1)),
        net.relay(
            Side::A,
            &Network::ack_call(&packet, &Bytes::new(), Bytes::new(), 1),
        ),
        net.relay(Side::A, &Network::timeout_call(&packet, Bytes::new(), 1)),
    ];
    for failure in failures {
        assert!(
            failure
                .err()
                .unwrap()
                .is::<ICS26Router::IBCMultiPayloadPacketNotSupported>()
        );
    }
}

#[test]
fn a_proof_serves_a_whole_transaction_and_no_longer() {
    let mut net = Network::new();
    let packets: Vec<_> = (0..3)
        .map(|_| net.transfer(Side::A, net.token, 5))
        .collect();
    let height = net.update(Side::B);
    let paths: Vec<_> = packets.iter().map(|packet| (COMMITMENT, packet)).collect();
    let proof = net.attest(Side::B, height, &paths);
    let call = |packet: &Packet, proof: &Bytes| -> Bytes {
        Network::recv_call(packet, proof.clone(), height)
            .abi_encode()
            .into()
    };
    let empty = Bytes::new();
    // The proof must come before what relies on it.
    let wrong_order = vec![call(&packets[0], &empty), call(&packets[1], &proof)];
    assert!(
        net.multicall(Side::B, wrong_order)
            .err()
            .unwrap()
            .is::<Client::ProofNotCached>()
    );
    net.multicall(
        Side::B,
        vec![call(&packets[0], &proof), call(&packets[1], &empty)],
    )
    .unwrap();
    let late = net
        .multicall(Side::B, vec![call(&packets[2], &empty)])
        .err()
        .unwrap();
    assert!(late.is::<Client::ProofNotCached>());
    assert_eq!(bobs_vouchers(&net), U256::from(10));
}

#[test]
fn a_repeated_proof_is_not_verified_again() {
    let mut net = Network::new();
    let packets: Vec<_> = (0..2)
        .map(|_| net.transfer(Side::A, net.token, 5))
        .collect();
    let height = net.update(Side::B);
    let paths: Vec<_> = packets.iter().map(|packet| (COMMITMENT, packet)).collect();
    let whole = net.attest(Side::B, height, &paths);
    let each: Vec<_> = packets
        .iter()
        .map(|p| net.attest(Side::B, height, &[(COMMITMENT, p)]))
        .collect();
    let cost = |proofs: [&Bytes; 2]| {
        let calls = packets.iter().zip(proofs).map(|(packet, proof)| {
            Network::recv_call(packet, proof.clone(), height)
                .abi_encode()
                .into()
        });
        net.clone().multicall(Side::B, calls.collect()).unwrap().gas
    };
    let (repeated, separate) = (cost([&whole, &whole]), cost([&each[0], &each[1]]));
    assert!(repeated + 9000 < separate, "{repeated} and {separate}");
}

#[test]
fn a_proof_of_delivery_cannot_be_reused_as_a_proof_of_absence() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    net.recv(Side::B, &packet).unwrap();
    net.pass(TIMEOUT);
    let height = net.update(Side::A);
    let ack = Bytes::from_static(b"{\"result\":\"AQ==\"}");
    let proof = net.attest(
        Side::A,
        height,
        &[(ACKNOWLEDGEMENT, &packet), (RECEIPT, &packet)],
    );
    let calls = vec![
        Network::timeout_call(&packet, proof.clone(), height)
            .abi_encode()
            .into(),
        Network::ack_call(&packet, &ack, Bytes::new(), height)
            .abi_encode()
            .into(),
    ];
    let failure = net.multicall(Side::A, calls).err().unwrap();
    assert!(failure.is::<Client::NotNonMember>());
    let calls = vec![
        Network::ack_call(&packet, &ack, proof, height)
            .abi_encode()
            .into(),
        Network::timeout_call(&packet, Bytes::new(), height)
            .abi_encode()
            .into(),
    ];
    assert!(
        net.multicall(Side::A, calls)
            .err()
            .unwrap()
            .is::<Client::ProofNotCached>()
    );
}

#[test]
fn update_and_delivery_fit_one_transaction() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    net.a.next_block();
    let (height, time) = (net.a.height, net.a.timestamp);
    let update = net.attestors.prove_state(net.domain(Side::B), height, time);
    let proof = net.attest(Side::B, height, &[(COMMITMENT, &packet)]);
    let update = ICS26Router::updateClientCall {
        clientId: net.b.client_id.clone(),
        updateMsg: update,
    };
    let recv = Network::recv_call(&packet, proof, height);
    let receipt = net
        .multicall(
            Side::B,
            vec![update.abi_encode().into(), recv.abi_encode().into()],
        )
        .unwrap();
    assert_eq!(receipt.events::<ICS26Router::ICS02ClientUpdated>().len(), 1);
    assert_eq!(receipt.acknowledgements().len(), 1);
}

#[test]
fn one_reverting_message_reverts_the_batch() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    let height = net.update(Side::B);
    let proof = net.attest(Side::B, height, &[(COMMITMENT, &packet)]);
    let mut bad = packet.clone();
    bad.timeoutTimestamp += 1;
    let calls = vec![
        Network::recv_call(&packet, proof, height)
            .abi_encode()
            .into(),
        Network::recv_call(&bad, Bytes::new(), height)
            .abi_encode()
            .into(),
    ];
    assert!(
        net.multicall(Side::B, calls)
            .err()
            .unwrap()
            .is::<Client::ProofNotCached>()
    );
    assert_eq!(
        net.b
            .commitment(path_hash(&packet.destClient, RECEIPT, packet.sequence)),
        B256::ZERO
    );
}

#[test]
fn multicall_takes_no_coins() {
    let mut net = Network::new();
    let data: Bytes = ICS26Router::multicallCall { data: vec![] }
        .abi_encode()
        .into();
    for target in [net.a.router, net.a.transfer, net.a.gmp] {
        net.a
            .send_raw(BOB, target, U256::ZERO, data.clone())
            .unwrap();
        assert!(
            net.a
                .send_raw(BOB, target, U256::from(1), data.clone())
                .is_err()
        );
    }
}
