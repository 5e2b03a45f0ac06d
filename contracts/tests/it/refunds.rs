//! Refunded or delivered, never both and never neither.

use alloy::primitives::{Bytes, U256};
use alloy::sol_types::SolCall;
use causeway_contracts::NATIVE_COIN;
use causeway_contracts::attestation_light_client::AttestationLightClient as Client;
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_contracts::ics26_router::ICS26Router;

use crate::harness::chain::{ALICE, BOB};
use crate::harness::network::{COMMITMENT, Network, RECEIPT, Side, TIMEOUT, home};

#[test]
fn a_transfer_that_is_not_delivered_is_refunded() {
    let mut net = Network::new();
    let before = net.a.balance(net.token, ALICE);
    let packet = net.transfer(Side::A, net.token, 500);
    net.pass(TIMEOUT);
    let receipt = net.timeout(Side::A, &packet).unwrap();
    assert_eq!(receipt.events::<ICS26Router::TimeoutPacket>().len(), 1);
    assert_eq!(net.a.balance(net.token, ALICE), before);
    assert_eq!(net.a.balance(net.token, net.a.escrow()), U256::ZERO);
}

#[test]
fn native_coins_are_refunded() {
    let mut net = Network::new();
    let msg_ = net.transfer_msg(Side::A, NATIVE_COIN, 1000);
    let data: Bytes = ICS20Transfer::sendTransferCall { msg_ }.abi_encode().into();
    let before = net.a.native_balance(ALICE);
    let transfer = net.a.transfer;
    let packet = net
        .a
        .send_raw(ALICE, transfer, U256::from(1000), data)
        .unwrap()
        .sent()
        .pop()
        .unwrap();
    assert_eq!(net.a.native_balance(ALICE), before - U256::from(1000));
    net.pass(TIMEOUT);
    net.timeout(Side::A, &packet).unwrap();
    assert_eq!(net.a.native_balance(ALICE), before);
}

#[test]
fn burned_vouchers_are_minted_anew() {
    let mut net = Network::new();
    net.cross(Side::A, net.token, 500);
    let voucher = net.b.voucher(&home(net.token));
    let value = U256::from(500);
    net.b.must(
        BOB,
        voucher,
        &causeway_contracts::test_erc20::TestERC20::transferCall { to: ALICE, value },
    );
    let packet = net.transfer(Side::B, voucher, 200);
    assert_eq!(net.b.supply(voucher), U256::from(300));
    net.pass(TIMEOUT);
    net.timeout(Side::B, &packet).unwrap();
    assert_eq!(net.b.balance(voucher, ALICE), value);
    assert_eq!(net.b.supply(voucher), value);
}

#[test]
fn delivery_is_possible_until_the_second_before_the_timeout() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    net.b.timestamp = packet.timeoutTimestamp - 1;
    net.clone().recv(Side::B, &packet).unwrap();
    net.b.timestamp = packet.timeoutTimestamp;
    let failure = net.recv(Side::B, &packet).err().unwrap();
    assert!(failure.is::<ICS26Router::IBCInvalidTimeoutTimestamp>());
}

#[test]
fn a_timeout_is_possible_from_the_second_of_the_timeout() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    // `timeout` makes a block first.
    net.b.timestamp = packet.timeoutTimestamp - 2;
    let failure = net.timeout(Side::A, &packet).err().unwrap();
    assert!(failure.is::<ICS26Router::IBCInvalidTimeoutTimestamp>());
    net.b.timestamp = packet.timeoutTimestamp - 1;
    net.timeout(Side::A, &packet).unwrap();
}

#[test]
fn a_timeout_is_measured_by_the_other_chains_clock() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    net.a.timestamp += 10 * TIMEOUT;
    let failure = net.timeout(Side::A, &packet).err().unwrap();
    assert!(failure.is::<ICS26Router::IBCInvalidTimeoutTimestamp>());
}

#[test]
fn what_was_delivered_cannot_time_out() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    net.recv(Side::B, &packet).unwrap();
    net.pass(TIMEOUT);
    assert!(
        net.timeout(Side::A, &packet)
            .err()
            .unwrap()
            .is::<Client::NotNonMember>()
    );
}

#[test]
fn an_old_proof_of_absence_cannot_time_out_what_was_delivered_since() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    let height = net.update(Side::A);
    let absent = net.attest(Side::A, height, &[(RECEIPT, &packet)]);
    net.recv(Side::B, &packet).unwrap();
    net.pass(TIMEOUT);
    let failure = net
        .relay(Side::A, &Network::timeout_call(&packet, absent, height))
        .err()
        .unwrap();
    assert!(failure.is::<ICS26Router::IBCInvalidTimeoutTimestamp>());
}

#[test]
fn what_timed_out_cannot_be_delivered() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    let height = net.update(Side::B);
    let proof = net.attest(Side::B, height, &[(COMMITMENT, &packet)]);
    net.pass(TIMEOUT);
    net.timeout(Side::A, &packet).unwrap();
    let failure = net
        .relay(Side::B, &Network::recv_call(&packet, proof, height))
        .err()
        .unwrap();
    assert!(failure.is::<ICS26Router::IBCInvalidTimeoutTimestamp>());
}

#[test]
fn an_acknowledged_transfer_cannot_time_out() {
    let mut net = Network::new();
    let (packet, _) = net.cross(Side::A, net.token, 5);
    let before = net.a.balance(net.token, ALICE);
    net.pass(TIMEOUT);
    // Even a quorum that lies about the receipt refunds nothing: the packet is settled.
    let height = net.update(Side::A);
    let path = crate::harness::chain::path_hash(&packet.destClient, RECEIPT, packet.sequence);
    let lie = net.attestors.prove_packets(
        net.domain(Side::A),
        height,
        &[(path, alloy::primitives::B256::ZERO)],
    );
    assert!(
        net.relay(Side::A, &Network::timeout_call(&packet, lie, height))
            .unwrap()
            .was_noop()
    );
    assert_eq!(net.a.balance(net.token, ALICE), before);
}

#[test]
fn timeouts_lie_within_a_day_in_the_future() {
    let mut net = Network::new();
    let mut try_at = |timeout: u64| {
        let mut msg_ = net.transfer_msg(Side::A, net.token, 5);
        msg_.timeoutTimestamp = timeout;
        net.a.send(
            ALICE,
            net.a.transfer,
            &ICS20Transfer::sendTransferCall { msg_ },
        )
    };
    let now = 1_800_000_000;
    assert!(
        try_at(now)
            .err()
            .unwrap()
            .is::<ICS26Router::IBCInvalidTimeoutTimestamp>()
    );
    assert!(
        try_at(now + 86_401)
            .err()
            .unwrap()
            .is::<ICS26Router::IBCInvalidTimeoutDuration>()
    );
    try_at(now + 1).unwrap();
    try_at(now + 86_400).unwrap();
}
