//! Tokens there and back.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall;
use causeway_contracts::ibc_erc20::IBCERC20;
use causeway_contracts::ics20_transfer::{ICS20Transfer, IICS20TransferMsgs::SendTransferMsg};
use causeway_contracts::ics26_router::ICS26Router;
use causeway_contracts::test_erc20::TestERC20;

use crate::harness::chain::{ADMIN, ALICE, BOB};
use crate::harness::fixtures::{TestCustomERC20, TestSender};
use crate::harness::network::{Network, Side, TIMEOUT, home, new_token};

pub fn give_bobs_vouchers_to_alice(net: &mut Network, voucher: Address) {
    let value = net.b.balance(voucher, BOB);
    net.b
        .must(BOB, voucher, &TestERC20::transferCall { to: ALICE, value });
}

#[test]
fn a_token_crosses_and_comes_home() {
    let mut net = Network::new();
    let before = net.a.balance(net.token, ALICE);
    let (_, ack) = net.cross(Side::A, net.token, 500);
    assert_eq!(ack.as_ref(), b"{\"result\":\"AQ==\"}");
    let escrow = net.a.escrow();
    let voucher = net.b.voucher(&home(net.token));
    assert_eq!(net.a.balance(net.token, escrow), U256::from(500));
    assert_eq!(net.a.balance(net.token, ALICE), before - U256::from(500));
    assert_eq!(net.b.balance(voucher, BOB), U256::from(500));
    assert_eq!(net.b.supply(voucher), U256::from(500));

    // No allowance: Alice never approved the voucher.
    give_bobs_vouchers_to_alice(&mut net, voucher);
    net.cross(Side::B, voucher, 200);
    assert_eq!(net.b.supply(voucher), U256::from(300));
    assert_eq!(net.a.balance(net.token, escrow), U256::from(300));
    assert_eq!(net.a.balance(net.token, BOB), U256::from(200));
}

#[test]
fn nobody_burns_anothers_vouchers() {
    let mut net = Network::new();
    net.cross(Side::A, net.token, 500);
    let voucher = net.b.voucher(&home(net.token));
    // They are Bob's, and Alice sends.
    let failure = net.try_transfer(Side::B, voucher, 1).err().unwrap();
    assert!(failure.is::<IBCERC20::ERC20InsufficientBalance>());
    for call in [
        IBCERC20::mintCall {
            mintAddress: ALICE,
            amount: U256::from(1),
        }
        .abi_encode(),
        IBCERC20::burnCall {
            burnAddress: BOB,
            amount: U256::from(1),
        }
        .abi_encode(),
        IBCERC20::setMetadataCall {
            name_: "x".into(),
            symbol_: "x".into(),
            decimals_: 1,
        }
        .abi_encode(),
    ] {
        let failure = net
            .b
            .send_raw(ALICE, voucher, U256::ZERO, call.into())
            .err()
            .unwrap();
        assert!(failure.is::<IBCERC20::IBCERC20Unauthorized>());
    }
}

#[test]
fn nobody_but_the_application_draws_on_an_escrow() {
    use causeway_contracts::escrow::Escrow;
    let mut net = Network::new();
    net.transfer(Side::A, net.token, 500);
    let escrow = net.a.escrow();
    let call = Escrow::sendCall {
        token: net.token,
        to: ALICE,
        amount: U256::from(1),
    };
    let failure = net.a.send(ALICE, escrow, &call).err().unwrap();
    assert!(failure.is::<Escrow::EscrowUnauthorized>());
    assert!(
        net.a
            .send_raw(ALICE, escrow, U256::from(1), Bytes::new())
            .is_err()
    );
    let again = Escrow::initializeCall { ics20_: ALICE };
    assert!(
        net.a
            .send(ALICE, escrow, &again)
            .err()
            .unwrap()
            .is::<Escrow::InvalidInitialization>()
    );
}

#[test]
fn a_bad_receiver_is_refunded() {
    let mut net = Network::new();
    net.cross(Side::A, net.token, 5);
    for receiver in [
        "",
        "bob",
        &Address::ZERO.to_checksum(None),
        "0x52908400098527886e0f7030069857d2e4169eeg",
    ] {
        let before = net.a.balance(net.token, ALICE);
        let mut msg_ = net.transfer_msg(Side::A, net.token, 7);
        msg_.receiver = receiver.into();
        let sent = net.a.must(
            ALICE,
            net.a.transfer,
            &ICS20Transfer::sendTransferCall { msg_ },
        );
        let packet = sent.sent().remove(0);
        let received = net.recv(Side::B, &packet).unwrap();
        assert_eq!(
            received
                .events::<ICS26Router::IBCAppRecvPacketCallbackError>()
                .len(),
            1,
            "{receiver}"
        );
        net.ack(Side::A, &packet, &received.acknowledgements()[0])
            .unwrap();
        assert_eq!(net.a.balance(net.token, ALICE), before);
    }
}

#[test]
fn only_delegates_send_in_anothers_name() {
    let mut net = Network::new();
    let call = ICS20Transfer::sendTransferWithSenderCall {
        msg_: net.transfer_msg(Side::A, net.token, 5),
        sender: BOB,
    };
    let failure = net.a.send(ALICE, net.a.transfer, &call).err().unwrap();
    assert!(failure.is::<ICS20Transfer::AccessManagedUnauthorized>());

    let amount = U256::from(5);
    net.a
        .must(ADMIN, net.token, &TestERC20::mintCall { to: ADMIN, amount });
    net.a.must(
        ADMIN,
        net.token,
        &TestERC20::approveCall {
            spender: net.a.transfer,
            value: amount,
        },
    );
    let sent = net.a.must(ADMIN, net.a.transfer, &call);
    let packet = sent.sent().pop().unwrap();
    net.pass(TIMEOUT);
    net.timeout(Side::A, &packet).unwrap();
    assert_eq!(net.a.balance(net.token, BOB), amount);
}

#[test]
fn a_custom_token_stands_for_a_denomination() {
    let mut net = Network::new();
    // An escrow exists on B once anything was received there.
    let (mut other, first) = (net.clone(), net.token);
    other.cross(Side::A, first, 1);
    let escrow = other.b.escrow();
    let token = other.a.deploy(
        &TestERC20::BYTECODE,
        &TestERC20::constructorCall {
            name_: "Second".into(),
            symbol_: "SEC".into(),
            decimals_: 6,
        },
    );
    net = other;
    let amount = U256::from(1000);
    net.a
        .must(ALICE, token, &TestERC20::mintCall { to: ALICE, amount });
    net.a.must(
        ALICE,
        token,
        &TestERC20::approveCall {
            spender: net.a.transfer,
            value: amount,
        },
    );
    let custom = net.b.deploy(
        &TestCustomERC20::BYTECODE,
        &TestCustomERC20::constructorCall {
            ics20: net.b.transfer,
            escrow,
        },
    );
    let denom = net.b.trace(&home(token));
    let call = ICS20Transfer::setCustomERC20Call {
        denom,
        token: custom,
    };
    let failure = net.b.send(ALICE, net.b.transfer, &call).err().unwrap();
    assert!(failure.is::<ICS20Transfer::AccessManagedUnauthorized>());
    net.b.must(ADMIN, net.b.transfer, &call);
    let failure = net.b.send(ADMIN, net.b.transfer, &call).err().unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20DenomAlreadyExists>());
    let twice = ICS20Transfer::setCustomERC20Call {
        denom: net.b.trace("another"),
        token: custom,
    };
    let failure = net.b.send(ADMIN, net.b.transfer, &twice).err().unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20TokenAlreadyExists>());

    // It has a name of its own, and is given no other.
    let sent = net.try_transfer(Side::A, token, 100).unwrap().sent();
    let refused = net.recv(Side::B, &sent[0]).unwrap();
    assert_eq!(
        refused
            .events::<ICS26Router::IBCAppRecvPacketCallbackError>()
            .len(),
        1
    );
    net.recv(Side::B, &sent[1]).unwrap();
    assert_eq!(net.b.balance(custom, BOB), U256::from(100));
    give_bobs_vouchers_to_alice(&mut net, custom);
    net.b.must(
        ALICE,
        custom,
        &TestERC20::approveCall {
            spender: net.b.transfer,
            value: amount,
        },
    );
    net.cross(Side::B, custom, 40);
    assert_eq!(net.b.supply(custom), U256::from(60));
    assert_eq!(net.a.balance(token, BOB), U256::from(40));
    // And a refund mints what was burned.
    let packet = net.transfer(Side::B, custom, 10);
    net.pass(TIMEOUT);
    net.timeout(Side::B, &packet).unwrap();
    assert_eq!(net.b.balance(custom, ALICE), U256::from(60));
}

/// Unlocking looks a denomination up before it takes it for an address: whoever could register an address could have
/// one token, such as a worthless one of his own, unlocked as another.
#[test]
fn only_a_trace_is_registered_by_hand() {
    let mut net = Network::new();
    net.transfer(Side::A, net.token, 500);
    let worthless = new_token(&mut net.a, "Worthless", "NIL", 18);
    for denom in ["", "transfer", &home(worthless), &home(net.token)] {
        let call = ICS20Transfer::setCustomERC20Call {
            denom: denom.into(),
            token: net.token,
        };
        let failure = net.a.send(ADMIN, net.a.transfer, &call).err().unwrap();
        assert!(failure.is::<ICS20Transfer::ICS20InvalidDenom>(), "{denom}");
    }
}

#[test]
fn contracts_that_send_are_told_what_became_of_it() {
    let mut net = Network::new();
    let sender = net.a.deploy_plain(&TestSender::BYTECODE);
    net.a.must(
        ALICE,
        net.token,
        &TestERC20::transferCall {
            to: sender,
            value: U256::from(100),
        },
    );
    let send = |net: &mut Network, receiver: &str| {
        let msg = SendTransferMsg {
            receiver: receiver.into(),
            ..net.transfer_msg(Side::A, net.token, 10)
        };
        let data = ICS20Transfer::sendTransferCall { msg_: msg }.abi_encode();
        // `transfer(address,(…))` takes the application in front of the message.
        let call = TestSender::transferCall::abi_decode_raw(
            &[
                net.a.transfer.into_word().as_slice(),
                &U256::from(64).to_be_bytes::<32>(),
                &data[36..],
            ]
            .concat(),
        )
        .unwrap();
        net.a.must(ALICE, sender, &call).sent().pop().unwrap()
    };
    let bob = BOB.to_checksum(None);
    let packet = send(&mut net, &bob);
    let ack = net
        .recv(Side::B, &packet)
        .unwrap()
        .acknowledgements()
        .remove(0);
    net.ack(Side::A, &packet, &ack).unwrap();
    let packet = send(&mut net, "nobody");
    let ack = net
        .recv(Side::B, &packet)
        .unwrap()
        .acknowledgements()
        .remove(0);
    net.ack(Side::A, &packet, &ack).unwrap();
    let packet = send(&mut net, &bob);
    net.pass(TIMEOUT);
    net.timeout(Side::A, &packet).unwrap();
    assert_eq!(
        net.a.view(sender, &TestSender::acknowledgedCall {}),
        U256::from(1)
    );
    assert_eq!(
        net.a.view(sender, &TestSender::refusedCall {}),
        U256::from(1)
    );
    assert_eq!(
        net.a.view(sender, &TestSender::timedOutCall {}),
        U256::from(1)
    );
    assert_eq!(net.a.balance(net.token, sender), U256::from(90));
}

#[test]
fn a_voucher_passed_on_over_another_client_finds_its_way_back() {
    let mut net = Network::new();
    net.cross(Side::A, net.token, 500);
    let first = net.b.voucher(&home(net.token));
    give_bobs_vouchers_to_alice(&mut net, first);
    let denom = net.b.trace(&home(net.token));

    // A second connection between the same chains: to its clients, the voucher is a token at home on B.
    let (a, b) = (net.a.clone(), net.b.clone());
    net.a
        .connect("beta-again", "alpha-again", &b, &net.attestors);
    net.b
        .connect("alpha-again", "beta-again", &a, &net.attestors);
    net.b.must(
        ALICE,
        first,
        &TestERC20::approveCall {
            spender: net.b.transfer,
            value: U256::MAX,
        },
    );
    net.cross(Side::B, first, 200);
    let second = net.a.voucher(&denom);
    assert_eq!(net.a.balance(second, BOB), U256::from(200));
    assert_eq!(net.a.view(second, &IBCERC20::symbolCall {}), "HBR");
    assert_eq!(net.b.balance(first, net.b.escrow()), U256::from(200));
    assert_eq!(net.b.supply(first), U256::from(500));

    let value = U256::from(200);
    net.a
        .must(BOB, second, &TestERC20::transferCall { to: ALICE, value });
    net.cross(Side::A, second, 150);
    assert_eq!(net.a.supply(second), U256::from(50));
    assert_eq!(net.b.balance(first, BOB), U256::from(150));
    // And what is not delivered is unlocked again.
    let before = net.b.balance(first, ALICE);
    let packet = net.transfer(Side::B, first, 100);
    net.pass(TIMEOUT);
    net.timeout(Side::B, &packet).unwrap();
    assert_eq!(net.b.balance(first, ALICE), before);
}

#[test]
fn a_client_draws_on_no_other_clients_escrow() {
    let mut net = Network::new();
    net.cross(Side::A, net.token, 500);
    let (a, b) = (net.a.clone(), net.b.clone());
    net.a
        .connect("beta-again", "alpha-again", &b, &net.attestors);
    net.b
        .connect("alpha-again", "beta-again", &a, &net.attestors);
    // The counterparty of the second client claims that the token came over it.
    let mut packet = net.transfer(Side::A, net.token, 1);
    std::mem::swap(&mut packet.sourceClient, &mut packet.destClient);
    let data = (
        format!("transfer/alpha-again/{}", home(net.token)),
        "nobody",
        BOB.to_checksum(None),
        U256::from(400),
        "",
    );
    packet.payloads[0].value = alloy::sol_types::SolValue::abi_encode(&data).into();
    let height = net.update(Side::A);
    let commitment = super::relaying::commitment_of(&mut net, &packet);
    let path = crate::harness::chain::path_hash(&packet.sourceClient, 1, packet.sequence);
    let proof = net
        .attestors
        .prove_packets(net.domain(Side::A), height, &[(path, commitment)]);
    let received = net
        .relay(Side::A, &Network::recv_call(&packet, proof, height))
        .unwrap();
    assert_eq!(
        received
            .events::<ICS26Router::IBCAppRecvPacketCallbackError>()
            .len(),
        1
    );
    assert_eq!(net.a.balance(net.token, BOB), U256::ZERO);
}
