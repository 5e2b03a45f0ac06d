//! What is sent: the native coin, tokens under permits, and tokens that do not behave.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall;
use causeway_contracts::NATIVE_COIN;
use causeway_contracts::ibc_erc20::IBCERC20;
use causeway_contracts::ics20_transfer::{ICS20Transfer, ISignatureTransfer};
use causeway_contracts::ics26_router::ICS26Router;
use causeway_contracts::test_erc20::TestERC20;

use crate::harness::chain::{ALICE, BOB, Failure, Receipt};
use crate::harness::fixtures::{FeeOnTransferERC20, ReentrantERC20, TestSender};
use crate::harness::network::{COMMITMENT, Network, Side, home};
use crate::transfer::give_bobs_vouchers_to_alice;

#[test]
fn a_token_that_keeps_a_fee_is_refused() {
    let mut net = Network::new();
    let token = net.a.deploy_plain(&FeeOnTransferERC20::BYTECODE);
    let amount = U256::from(10_000);
    net.a.must(
        ALICE,
        token,
        &FeeOnTransferERC20::mintCall { to: ALICE, amount },
    );
    net.a.must(
        ALICE,
        token,
        &TestERC20::approveCall {
            spender: net.a.transfer,
            value: amount,
        },
    );
    let failure = net.try_transfer(Side::A, token, 1000).err().unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20UnexpectedERC20Balance>());
}

#[test]
fn a_token_without_code_is_refused() {
    let mut net = Network::new();
    let failure = net
        .try_transfer(Side::A, Address::repeat_byte(0x99), 1000)
        .err()
        .unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20TokenHasNoCode>());
    let failure = net
        .try_transfer(Side::A, Address::ZERO, 1000)
        .err()
        .unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20TokenHasNoCode>());
}

#[test]
fn nothing_is_not_sent() {
    let mut net = Network::new();
    let failure = net.try_transfer(Side::A, net.token, 0).err().unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20InvalidAmount>());
}

#[test]
fn a_token_that_calls_back_gains_nothing() {
    let mut net = Network::new();
    let token = net.a.deploy_plain(&ReentrantERC20::BYTECODE);
    let amount = U256::from(10_000);
    for to in [ALICE, token] {
        net.a
            .must(ALICE, token, &ReentrantERC20::mintCall { to, amount });
    }
    net.a.must(
        ALICE,
        token,
        &TestERC20::approveCall {
            spender: net.a.transfer,
            value: amount,
        },
    );
    net.a.must(
        ALICE,
        token,
        &ReentrantERC20::approveSelfCall {
            spender: net.a.transfer,
        },
    );
    let nested = ICS20Transfer::sendTransferCall {
        msg_: net.transfer_msg(Side::A, token, 700),
    };
    net.a.must(
        ALICE,
        token,
        &ReentrantERC20::armCall {
            target: net.a.transfer,
            data: nested.abi_encode().into(),
        },
    );
    let packets = net.try_transfer(Side::A, token, 1000).unwrap().sent();
    assert!(!net.a.view(token, &ReentrantERC20::succeededCall {}));
    let reason = net.a.view(token, &ReentrantERC20::resultCall {});
    assert!(Failure::Revert(reason).is::<ICS20Transfer::ReentrancyGuardReentrantCall>());
    assert_eq!(packets.len(), 2);
    assert_eq!(net.a.balance(token, net.a.escrow()), U256::from(1000));

    // The same in the middle of an unlock: the router is closed, too.
    for packet in &packets {
        net.recv(Side::B, packet).unwrap();
    }
    let voucher = net.b.voucher(&home(token));
    give_bobs_vouchers_to_alice(&mut net, voucher);
    let back = net.transfer(Side::B, voucher, 300);
    net.a.must(
        ALICE,
        token,
        &ReentrantERC20::armCall {
            target: net.a.transfer,
            data: nested.abi_encode().into(),
        },
    );
    net.recv(Side::A, &back).unwrap();
    assert!(!net.a.view(token, &ReentrantERC20::succeededCall {}));
    assert_eq!(net.a.balance(token, net.a.escrow()), U256::from(700));
}

#[test]
fn a_token_that_delivers_anothers_packet_cannot_have_it_refused() {
    let mut net = Network::new();
    net.cross(Side::A, net.token, 500);
    let voucher = net.b.voucher(&home(net.token));
    give_bobs_vouchers_to_alice(&mut net, voucher);
    let victim = net.transfer(Side::B, voucher, 200);
    let height = net.update(Side::A);
    let proof = net.attest(Side::A, height, &[(COMMITMENT, &victim)]);

    // The application is busy with a transfer of the hostile token when the packet arrives.
    let token = net.a.deploy_plain(&ReentrantERC20::BYTECODE);
    let (amount, spender) = (U256::from(10), net.a.transfer);
    let mint = ReentrantERC20::mintCall { to: ALICE, amount };
    net.a.must(ALICE, token, &mint);
    let value = amount;
    net.a
        .must(ALICE, token, &TestERC20::approveCall { spender, value });
    let deliver = Network::recv_call(&victim, proof, height);
    let arm = ReentrantERC20::armCall {
        target: net.a.router,
        data: deliver.abi_encode().into(),
    };
    net.a.must(ALICE, token, &arm);
    let sent = net.try_transfer(Side::A, token, 10).unwrap();
    assert!(sent.acknowledgements().is_empty());
    assert!(!net.a.view(token, &ReentrantERC20::succeededCall {}));
    let reason = net.a.view(token, &ReentrantERC20::resultCall {});
    assert!(Failure::Revert(reason).is::<ICS26Router::IBCFailedCallback>());

    let received = net.recv(Side::A, &victim).unwrap();
    assert_eq!(
        received.acknowledgements()[0].as_ref(),
        b"{\"result\":\"AQ==\"}"
    );
    assert_eq!(net.a.balance(net.token, BOB), U256::from(200));
}

#[test]
fn a_permit_for_a_token_that_keeps_a_fee_is_refused() {
    let mut net = Network::new();
    let token = net.a.deploy_plain(&FeeOnTransferERC20::BYTECODE);
    let amount = U256::from(10_000);
    net.a.must(
        ALICE,
        token,
        &FeeOnTransferERC20::mintCall { to: ALICE, amount },
    );
    let permit2 = net
        .a
        .view(net.a.transfer, &ICS20Transfer::getPermit2Call {});
    net.a.must(
        ALICE,
        token,
        &TestERC20::approveCall {
            spender: permit2,
            value: amount,
        },
    );
    net.token = token;
    let call = permit(&net, token, 1000, 1);
    let failure = net.a.send(ALICE, net.a.transfer, &call).err().unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20UnexpectedERC20Balance>());
}

fn permit(
    net: &Network,
    token: Address,
    amount: u64,
    nonce: u64,
) -> ICS20Transfer::sendTransferWithPermit2Call {
    ICS20Transfer::sendTransferWithPermit2Call {
        msg_: net.transfer_msg(Side::A, net.token, amount),
        permit: ISignatureTransfer::PermitTransferFrom {
            permitted: ISignatureTransfer::TokenPermissions {
                token,
                amount: U256::from(amount),
            },
            nonce: U256::from(nonce),
            deadline: U256::MAX,
        },
        signature: Bytes::new(),
    }
}

#[test]
fn a_permit_moves_its_own_token_once() {
    let mut net = Network::new();
    let permit2 = net
        .a
        .view(net.a.transfer, &ICS20Transfer::getPermit2Call {});
    net.a.must(
        ALICE,
        net.token,
        &TestERC20::approveCall {
            spender: permit2,
            value: U256::MAX,
        },
    );
    let call = permit(&net, net.token, 5, 1);
    let packets = net.a.must(ALICE, net.a.transfer, &call).sent();
    assert!(net.a.send(ALICE, net.a.transfer, &call).is_err());
    for packet in packets {
        net.recv(Side::B, &packet).unwrap();
    }
    assert_eq!(
        net.b.balance(net.b.voucher(&home(net.token)), BOB),
        U256::from(5)
    );

    let failure = net
        .a
        .send(ALICE, net.a.transfer, &permit(&net, BOB, 5, 2))
        .err()
        .unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20Permit2TokenMismatch>());
    let failure = net
        .a
        .send(ALICE, net.a.transfer, &permit(&net, net.token, 0, 2))
        .err()
        .unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20InvalidAmount>());
}

fn send_native(net: &mut Network, amount: u64, value: u64) -> Result<Receipt, Failure> {
    let msg_ = net.transfer_msg(Side::A, NATIVE_COIN, amount);
    let data: Bytes = ICS20Transfer::sendTransferCall { msg_ }.abi_encode().into();
    let transfer = net.a.transfer;
    net.a.send_raw(ALICE, transfer, U256::from(value), data)
}

#[test]
fn the_native_coin_crosses_and_comes_home() {
    let mut net = Network::new();
    for packet in send_native(&mut net, 1000, 1000).unwrap().sent() {
        net.recv(Side::B, &packet).unwrap();
    }
    let escrow = net.a.escrow();
    assert_eq!(net.a.native_balance(escrow), U256::from(1000));
    let voucher = net.b.voucher(&home(NATIVE_COIN));
    assert_eq!(net.b.balance(voucher, BOB), U256::from(1000));
    assert_eq!(net.b.view(voucher, &IBCERC20::symbolCall {}), "ETH");
    assert_eq!(net.b.view(voucher, &IBCERC20::nameCall {}), "Ether");

    give_bobs_vouchers_to_alice(&mut net, voucher);
    let before = net.a.native_balance(BOB);
    net.cross(Side::B, voucher, 400);
    assert_eq!(net.a.native_balance(BOB), before + U256::from(400));
    assert_eq!(net.a.native_balance(escrow), U256::from(600));
}

#[test]
fn the_coins_sent_along_are_exactly_the_amount() {
    let mut net = Network::new();
    for (amount, value) in [(1000, 999), (1000, 1001), (1000, 0), (0, 0)] {
        let failure = send_native(&mut net, amount, value).err().unwrap();
        assert!(failure.is::<ICS20Transfer::ICS20InvalidAmount>());
    }
    let msg_ = net.transfer_msg(Side::A, net.token, 5);
    let data: Bytes = ICS20Transfer::sendTransferCall { msg_ }.abi_encode().into();
    let transfer = net.a.transfer;
    let failure = net
        .a
        .send_raw(ALICE, transfer, U256::from(1), data)
        .err()
        .unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20InvalidAmount>());
}

#[test]
fn a_receiver_that_refuses_coins_gets_an_error_acknowledgement_and_the_sender_a_refund() {
    let mut net = Network::new();
    for packet in send_native(&mut net, 1000, 1000).unwrap().sent() {
        net.recv(Side::B, &packet).unwrap();
    }
    let voucher = net.b.voucher(&home(NATIVE_COIN));
    give_bobs_vouchers_to_alice(&mut net, voucher);
    let refusing = net.a.deploy_plain(&TestSender::BYTECODE);
    let mut msg_ = net.transfer_msg(Side::B, voucher, 400);
    msg_.receiver = refusing.to_checksum(None);
    let sent = net.b.must(
        ALICE,
        net.b.transfer,
        &ICS20Transfer::sendTransferCall { msg_ },
    );
    let packet = sent.sent().remove(0);
    let received = net.recv(Side::A, &packet).unwrap();
    assert_eq!(
        received
            .events::<ICS26Router::IBCAppRecvPacketCallbackError>()
            .len(),
        1
    );
    net.ack(Side::B, &packet, &received.acknowledgements()[0])
        .unwrap();
    assert_eq!(net.b.balance(voucher, ALICE), U256::from(1000));
    assert_eq!(net.a.native_balance(net.a.escrow()), U256::from(1000));
}

#[test]
fn nothing_is_unlocked_to_nobody() {
    let mut net = Network::new();
    for packet in send_native(&mut net, 1000, 1000).unwrap().sent() {
        net.recv(Side::B, &packet).unwrap();
    }
    let voucher = net.b.voucher(&home(NATIVE_COIN));
    give_bobs_vouchers_to_alice(&mut net, voucher);
    let mut msg_ = net.transfer_msg(Side::B, voucher, 400);
    msg_.receiver = Address::ZERO.to_checksum(None);
    let sent = net.b.must(
        ALICE,
        net.b.transfer,
        &ICS20Transfer::sendTransferCall { msg_ },
    );
    let received = net.recv(Side::A, &sent.sent()[0]).unwrap();
    assert_eq!(
        received
            .events::<ICS26Router::IBCAppRecvPacketCallbackError>()
            .len(),
        1
    );
    assert_eq!(net.a.native_balance(Address::ZERO), U256::ZERO);
}
