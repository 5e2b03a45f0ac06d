//! A pause stops what moves value, whole or over one client, and never a refund. What arrives meanwhile waits.

use alloy::primitives::{Bytes, U256};
use causeway_contracts::counter::Counter;
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_contracts::ics26_router::ICS26Router;
use causeway_contracts::ics27_gmp::{ICS27GMP, IICS27GMPMsgs::SendCallMsg};
use causeway_contracts::transfer_safeguards::TransferSafeguards;

use crate::harness::chain::{ADMIN, ALICE, BOB, Failure, Receipt};
use crate::harness::network::{Network, Side, TIMEOUT, home};

fn waits(result: Result<Receipt, Failure>) {
    let failure = result.err().expect("was delivered");
    assert!(
        failure.is::<ICS26Router::IBCFailedCallback>(),
        "{failure:?}"
    );
}

/// Everything that must go on while both applications, or their clients, are stopped.
fn refunds_go_on(net: &mut Network, stop: impl Fn(&mut Network), resume: impl Fn(&mut Network)) {
    let before = net.a.balance(net.token, ALICE);
    net.cross(Side::A, net.token, 0x10);
    let timing_out = net.transfer(Side::A, net.token, 500);
    let waiting = net.transfer(Side::A, net.token, 700);
    let refused = {
        let mut msg_ = net.transfer_msg(Side::A, net.token, 800);
        msg_.receiver = "nobody".into();
        let call = ICS20Transfer::sendTransferCall { msg_ };
        net.a.must(ALICE, net.a.transfer, &call).sent().remove(0)
    };
    let error = net
        .recv(Side::B, &refused)
        .unwrap()
        .acknowledgements()
        .remove(0);
    let delivered = net.transfer(Side::A, net.token, 900);
    let ack = net
        .recv(Side::B, &delivered)
        .unwrap()
        .acknowledgements()
        .remove(0);
    stop(net);

    let failure = net.try_transfer(Side::A, net.token, 5).err().unwrap();
    assert!(
        failure.is::<ICS20Transfer::EnforcedPause>()
            || failure.is::<TransferSafeguards::ClientPaused>(),
        "{failure:?}"
    );
    waits(net.recv(Side::B, &waiting));

    net.ack(Side::A, &delivered, &ack).unwrap();
    net.ack(Side::A, &refused, &error).unwrap();
    assert_eq!(
        net.a.balance(net.token, ALICE),
        before - U256::from(0x10 + 500 + 700 + 900)
    );
    resume(net);
    // What waited is delivered as if nothing had been.
    let received = net.recv(Side::B, &waiting).unwrap();
    assert_eq!(
        received.acknowledgements()[0].as_ref(),
        b"{\"result\":\"AQ==\"}"
    );
    stop(net);
    net.pass(TIMEOUT);
    net.timeout(Side::A, &timing_out).unwrap();
    assert_eq!(
        net.a.balance(net.token, ALICE),
        before - U256::from(0x10 + 700 + 900)
    );
    resume(net);
    net.transfer(Side::A, net.token, 5);
}

#[test]
fn a_paused_application_neither_sends_nor_receives_but_refunds() {
    refunds_go_on(
        &mut Network::new(),
        |net| {
            for chain in [&mut net.a, &mut net.b] {
                chain.must(ADMIN, chain.transfer, &ICS20Transfer::pauseCall {});
            }
        },
        |net| {
            for chain in [&mut net.a, &mut net.b] {
                chain.must(ADMIN, chain.transfer, &ICS20Transfer::unpauseCall {});
            }
        },
    );
}

#[test]
fn a_paused_client_neither_sends_nor_receives_but_refunds() {
    refunds_go_on(
        &mut Network::new(),
        |net| {
            for chain in [&mut net.a, &mut net.b] {
                chain.pause_client(chain.transfer);
            }
        },
        |net| {
            for chain in [&mut net.a, &mut net.b] {
                chain.unpause_client(chain.transfer);
            }
        },
    );
}

#[test]
fn a_client_is_paused_alone() {
    let mut net = Network::new();
    let pause = TransferSafeguards::pauseClientCall {
        clientId: "another-client".into(),
    };
    net.a.must(ADMIN, net.a.transfer, &pause);
    let failure = net.a.send(ADMIN, net.a.transfer, &pause).err().unwrap();
    assert!(failure.is::<TransferSafeguards::ClientPaused>());
    net.cross(Side::A, net.token, 5);
    assert_eq!(
        net.b.balance(net.b.voucher(&home(net.token)), BOB),
        U256::from(5)
    );
    let paused = |net: &Network, id: &str| {
        net.a.view(
            net.a.transfer,
            &TransferSafeguards::clientPausedCall {
                clientId: id.into(),
            },
        )
    };
    assert!(paused(&net, "another-client") && !paused(&net, &net.a.client_id));
    let unpause = TransferSafeguards::unpauseClientCall {
        clientId: "another-client".into(),
    };
    net.a.must(ADMIN, net.a.transfer, &unpause);
    assert!(!paused(&net, "another-client"));
    let failure = net.a.send(ADMIN, net.a.transfer, &unpause).err().unwrap();
    assert!(failure.is::<TransferSafeguards::ClientNotPaused>());
}

#[test]
fn a_clients_pause_and_its_other_rules_do_not_disturb_each_other() {
    let mut net = Network::new();
    net.cross(Side::A, net.token, 5);
    net.a.require_limits(true);
    net.a.pause_client(net.a.transfer);
    net.a.unpause_client(net.a.transfer);
    let failure = net.try_transfer(Side::A, net.token, 1).err().unwrap();
    assert!(failure.is::<ICS20Transfer::ICS20LimitRequired>());
    net.a.require_limits(false);
    net.transfer(Side::A, net.token, 1);
}

#[test]
fn only_pausers_pause_a_client_and_only_unpausers_resume_it() {
    let mut net = Network::new();
    for app in [net.a.transfer, net.a.gmp] {
        let clientId = net.a.client_id.clone();
        let pause = TransferSafeguards::pauseClientCall {
            clientId: clientId.clone(),
        };
        let failure = net.a.send(ALICE, app, &pause).err().unwrap();
        assert!(failure.is::<TransferSafeguards::AccessManagedUnauthorized>());
        net.a.pause_client(app);
        let unpause = TransferSafeguards::unpauseClientCall { clientId };
        let failure = net.a.send(ALICE, app, &unpause).err().unwrap();
        assert!(failure.is::<TransferSafeguards::AccessManagedUnauthorized>());
    }
}

#[test]
fn calls_wait_while_they_are_paused() {
    let mut net = Network::new();
    let counter = net.b.deploy_plain(&Counter::BYTECODE);
    let call = |net: &Network| ICS27GMP::sendCallCall {
        msg_: SendCallMsg {
            sourceClient: net.a.client_id.clone(),
            receiver: counter.to_checksum(None),
            salt: Bytes::new(),
            payload: alloy::sol_types::SolCall::abi_encode(&Counter::incrementCall {
                by: U256::from(7),
            })
            .into(),
            timeoutTimestamp: net.a.timestamp + TIMEOUT,
            memo: String::new(),
        },
    };
    let send = call(&net);
    let packet = net.a.must(ALICE, net.a.gmp, &send).sent().remove(0);
    net.b.must(ADMIN, net.b.gmp, &ICS27GMP::pauseCall {});
    waits(net.recv(Side::B, &packet));
    net.b.must(ADMIN, net.b.gmp, &ICS27GMP::unpauseCall {});
    net.b.pause_client(net.b.gmp);
    waits(net.recv(Side::B, &packet));
    net.b.unpause_client(net.b.gmp);
    net.recv(Side::B, &packet).unwrap();
    net.a.pause_client(net.a.gmp);
    let failure = net.a.send(ALICE, net.a.gmp, &send).err().unwrap();
    assert!(failure.is::<TransferSafeguards::ClientPaused>());
}
