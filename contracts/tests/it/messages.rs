//! Calls across chains.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::{SolCall, SolValue};
use causeway_contracts::counter::Counter;
use causeway_contracts::ics26_router::ICS26Router;
use causeway_contracts::ics26_router::IICS26RouterMsgs::Packet;
use causeway_contracts::ics27_account::{ICS27Account, IICS27AccountMsgs};
use causeway_contracts::ics27_gmp::{
    ICS27GMP,
    IICS27GMPMsgs::{AccountIdentifier, SendCallMsg},
};

use crate::harness::chain::{ADMIN, ALICE, BOB, RELAYER};
use crate::harness::fixtures::TestSender;
use crate::harness::network::{Network, Side, TIMEOUT};

pub fn call_msg(net: &Network, receiver: &str, payload: Vec<u8>) -> SendCallMsg {
    SendCallMsg {
        sourceClient: net.a.client_id.clone(),
        receiver: receiver.into(),
        salt: Bytes::new(),
        payload: payload.into(),
        timeoutTimestamp: net.b.timestamp + TIMEOUT,
        memo: String::new(),
    }
}

pub fn send(net: &mut Network, from: Address, receiver: Address, payload: Vec<u8>) -> Packet {
    let msg_ = call_msg(net, &receiver.to_checksum(None), payload);
    net.a
        .must(from, net.a.gmp, &ICS27GMP::sendCallCall { msg_ })
        .sent()
        .remove(0)
}

pub fn account(net: &Network, sender: Address, salt: &[u8]) -> Address {
    let accountId = AccountIdentifier {
        clientId: net.b.client_id.clone(),
        sender: sender.to_checksum(None),
        salt: salt.to_vec().into(),
    };
    net.b.view(
        net.b.gmp,
        &ICS27GMP::getOrComputeAccountAddressCall { accountId },
    )
}

pub fn increment(by: u64) -> Vec<u8> {
    Counter::incrementCall { by: U256::from(by) }.abi_encode()
}

pub fn count(net: &Network, counter: Address, caller: Address) -> U256 {
    net.b.view(counter, &Counter::countOfCall { caller })
}

pub fn errors(receipt: &crate::harness::chain::Receipt) -> usize {
    receipt
        .events::<ICS26Router::IBCAppRecvPacketCallbackError>()
        .len()
}

#[test]
fn a_call_arrives_as_the_senders_account_and_its_result_returns() {
    let mut net = Network::new();
    let counter = net.b.deploy_plain(&Counter::BYTECODE);
    let expected = account(&net, ALICE, b"");
    let packet = send(&mut net, ALICE, counter, increment(7));
    let received = net.recv(Side::B, &packet).unwrap();
    assert_eq!(count(&net, counter, expected), U256::from(7));
    assert_eq!(account(&net, ALICE, b""), expected);

    let ack = received.acknowledgements().remove(0);
    let result = <(Bytes,)>::abi_decode(&ack).unwrap().0;
    assert_eq!(U256::abi_decode(&result).unwrap(), U256::from(7));
    let acknowledged = net.ack(Side::A, &packet, &ack).unwrap();
    assert_eq!(
        acknowledged.events::<ICS26Router::AckPacket>()[0].acknowledgement,
        ack
    );
    let id = net.b.view(
        net.b.gmp,
        &ICS27GMP::getAccountIdentifierCall { account: expected },
    );
    assert_eq!(
        (id.clientId, id.sender),
        (net.b.client_id.clone(), ALICE.to_checksum(None))
    );
}

#[test]
fn senders_and_salts_have_accounts_of_their_own() {
    let mut net = Network::new();
    let counter = net.b.deploy_plain(&Counter::BYTECODE);
    for sender in [ALICE, BOB] {
        let packet = send(&mut net, sender, counter, increment(1));
        net.recv(Side::B, &packet).unwrap();
    }
    let accounts = [
        account(&net, ALICE, b""),
        account(&net, BOB, b""),
        account(&net, ALICE, b"x"),
    ];
    assert_eq!(count(&net, counter, accounts[0]), U256::from(1));
    assert_eq!(count(&net, counter, accounts[1]), U256::from(1));
    assert_eq!(count(&net, counter, accounts[2]), U256::ZERO);
}

#[test]
fn a_call_that_fails_is_acknowledged_as_an_error() {
    let mut net = Network::new();
    let sender = net.a.deploy_plain(&TestSender::BYTECODE);
    let counter = net.b.deploy_plain(&Counter::BYTECODE);
    let fail = Counter::failCall {}.abi_encode();
    for (payload, acknowledged, refused) in [(increment(1), 1, 0), (fail, 1, 1)] {
        let msg = call_msg(&net, &counter.to_checksum(None), payload);
        let data = ICS27GMP::sendCallCall { msg_: msg }.abi_encode();
        let data = [
            TestSender::callCall::SELECTOR.as_slice(),
            net.a.gmp.into_word().as_slice(),
            &U256::from(64).to_be_bytes::<32>(),
            &data[36..],
        ]
        .concat();
        let packet = net
            .a
            .send_raw(ALICE, sender, U256::ZERO, data.into())
            .unwrap()
            .sent()
            .remove(0);
        let ack = net
            .recv(Side::B, &packet)
            .unwrap()
            .acknowledgements()
            .remove(0);
        net.ack(Side::A, &packet, &ack).unwrap();
        assert_eq!(
            net.a.view(sender, &TestSender::acknowledgedCall {}),
            U256::from(acknowledged)
        );
        assert_eq!(
            net.a.view(sender, &TestSender::refusedCall {}),
            U256::from(refused)
        );
    }
}

#[test]
fn a_call_to_no_contract_fails() {
    let mut net = Network::new();
    let packet = send(&mut net, ALICE, Address::repeat_byte(0x77), increment(1));
    assert_eq!(errors(&net.recv(Side::B, &packet).unwrap()), 1);
    let msg_ = call_msg(&net, "nobody", increment(1));
    let packet = net
        .a
        .must(ALICE, net.a.gmp, &ICS27GMP::sendCallCall { msg_ })
        .sent()
        .remove(0);
    assert_eq!(errors(&net.recv(Side::B, &packet).unwrap()), 1);
}

#[test]
fn an_empty_call_is_not_sent() {
    let mut net = Network::new();
    let msg_ = call_msg(&net, &BOB.to_checksum(None), vec![]);
    let failure = net
        .a
        .send(ALICE, net.a.gmp, &ICS27GMP::sendCallCall { msg_ })
        .err()
        .unwrap();
    assert!(failure.is::<ICS27GMP::ICS27PayloadEmpty>());
}

#[test]
fn a_relayer_cannot_fail_a_call_by_giving_too_little_gas() {
    let mut net = Network::new();
    let counter = net.b.deploy_plain(&Counter::BYTECODE);
    let packet = send(
        &mut net,
        ALICE,
        counter,
        Counter::exhaustCall {}.abi_encode(),
    );
    // However much gas: a call that takes all of it never becomes an acknowledgement.
    for gas in [300_000, 1_000_000, 5_000_000, 30_000_000, 100_000_000] {
        net.b.gas_limit = gas;
        let failure = net
            .clone()
            .recv(Side::B, &packet)
            .err()
            .expect("acknowledged");
        let out_of_gas = matches!(&failure, crate::harness::chain::Failure::Halt(_));
        assert!(
            out_of_gas || failure.is::<ICS26Router::IBCFailedCallback>(),
            "{gas}: {failure:?}"
        );
    }
}

#[test]
fn accounts_obey_their_application_and_themselves_alone() {
    let mut net = Network::new();
    let counter = net.b.deploy_plain(&Counter::BYTECODE);
    let packet = send(&mut net, ALICE, counter, increment(1));
    net.recv(Side::B, &packet).unwrap();
    let account = account(&net, ALICE, b"");
    let (target, data) = (counter, Bytes::from(increment(1)));
    let calls = [
        ICS27Account::functionCallCall {
            target,
            data: data.clone(),
        }
        .abi_encode(),
        ICS27Account::executeCall {
            target,
            data: data.clone(),
            value: U256::ZERO,
        }
        .abi_encode(),
        ICS27Account::executeBatchCall { calls: vec![] }.abi_encode(),
        ICS27Account::delegateExecuteCall {
            target,
            data: data.clone(),
        }
        .abi_encode(),
        ICS27Account::sendValueCall {
            recipient: BOB,
            amount: U256::ZERO,
        }
        .abi_encode(),
    ];
    for call in calls {
        for caller in [ALICE, RELAYER, ADMIN] {
            let failure = net
                .b
                .send_raw(caller, account, U256::ZERO, call.clone().into())
                .err()
                .unwrap();
            assert!(failure.is::<ICS27Account::ICS27Unauthorized>());
        }
    }
    // A sender reaches them by calling its own account.
    net.b
        .send_raw(BOB, account, U256::from(100), Bytes::new())
        .unwrap();
    let before = net.b.native_balance(BOB);
    let pay = ICS27Account::sendValueCall {
        recipient: BOB,
        amount: U256::from(40),
    }
    .abi_encode();
    let batch = ICS27Account::executeBatchCall {
        calls: vec![
            IICS27AccountMsgs::Call {
                target: counter,
                data,
                value: U256::ZERO,
            },
            IICS27AccountMsgs::Call {
                target: account,
                data: pay.into(),
                value: U256::ZERO,
            },
        ],
    };
    let packet = send(&mut net, ALICE, account, batch.abi_encode());
    assert_eq!(errors(&net.recv(Side::B, &packet).unwrap()), 0);
    assert_eq!(net.b.native_balance(BOB), before + U256::from(40));
    assert_eq!(count(&net, counter, account), U256::from(2));
}

#[test]
fn a_paused_application_makes_no_calls_but_takes_answers() {
    let mut net = Network::new();
    let counter = net.b.deploy_plain(&Counter::BYTECODE);
    let waiting = send(&mut net, ALICE, counter, increment(1));
    let late = send(&mut net, ALICE, counter, increment(1));
    let answered = send(&mut net, ALICE, counter, increment(1));
    let answer = net
        .recv(Side::B, &answered)
        .unwrap()
        .acknowledgements()
        .remove(0);
    for chain in [&mut net.a, &mut net.b] {
        chain.must(ADMIN, chain.gmp, &ICS27GMP::pauseCall {});
    }
    let msg_ = call_msg(&net, &counter.to_checksum(None), increment(1));
    let failure = net
        .a
        .send(ALICE, net.a.gmp, &ICS27GMP::sendCallCall { msg_ })
        .err()
        .unwrap();
    assert!(failure.is::<ICS27GMP::EnforcedPause>());
    // It waits, and is not refused.
    assert!(net.recv(Side::B, &waiting).is_err());
    net.ack(Side::A, &answered, &answer).unwrap();
    net.pass(TIMEOUT);
    net.timeout(Side::A, &late).unwrap();
}
