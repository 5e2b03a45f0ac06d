//! A message from another chain reaches what it may, and never what administers the bridge.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall;
use causeway_contracts::access_manager::AccessManager;
use causeway_contracts::counter::Counter;
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_contracts::ics26_router::ICS26Router;
use causeway_contracts::ics27_account::{ICS27Account, IICS27AccountMsgs::Call};
use causeway_contracts::ics27_gmp::ICS27GMP;
use causeway_contracts::roles;

use crate::harness::chain::{ADMIN, ALICE, Failure};
use crate::harness::network::{Network, Side};
use crate::messages::{account, count, errors, increment, send};

/// Why the call was refused on B, if it was.
fn refusal(net: &mut Network, target: Address, payload: Vec<u8>) -> Option<Failure> {
    let packet = send(net, ALICE, target, payload);
    let received = net.recv(Side::B, &packet).unwrap();
    let errors = received.events::<ICS26Router::IBCAppRecvPacketCallbackError>();
    errors
        .into_iter()
        .next()
        .map(|event| Failure::Revert(event.reason))
}

/// The ways by which an account makes a call: at once, and through itself.
fn ways(net: &Network, target: Address, data: &[u8]) -> Vec<(Address, Vec<u8>)> {
    let itself = account(net, ALICE, b"");
    let data = Bytes::copy_from_slice(data);
    let call = Call {
        target,
        data: data.clone(),
        value: U256::ZERO,
    };
    let execute = ICS27Account::executeCall {
        target,
        data: data.clone(),
        value: U256::ZERO,
    };
    let batch = ICS27Account::executeBatchCall { calls: vec![call] };
    let delegate = ICS27Account::delegateExecuteCall {
        target,
        data: data.clone(),
    };
    vec![
        (target, data.to_vec()),
        (itself, execute.abi_encode()),
        (itself, batch.abi_encode()),
        (itself, delegate.abi_encode()),
    ]
}

#[test]
fn no_message_reaches_what_the_access_manager_administers() {
    let mut net = Network::new();
    // The worst mistake that an operator can make: the account holds every role.
    let account = account(&net, ALICE, b"");
    for roleId in [
        roles::ADMIN,
        roles::PAUSER,
        roles::ID_CUSTOMIZER,
        roles::RATE_LIMITER,
    ] {
        let grant = AccessManager::grantRoleCall {
            roleId,
            account,
            executionDelay: 0,
        };
        net.b.must(ADMIN, net.b.authority, &grant);
    }
    let grant = AccessManager::grantRoleCall {
        roleId: roles::ADMIN,
        account: ALICE,
        executionDelay: 0,
    };
    let upgrade = ICS20Transfer::upgradeEscrowToCall {
        newEscrowLogic: net.b.client,
    };
    let pause = ICS20Transfer::pauseCall {}.abi_encode();
    let targets = [
        (net.b.authority, grant.abi_encode()),
        (
            net.b.router,
            ICS26Router::multicallCall { data: vec![] }.abi_encode(),
        ),
        (net.b.transfer, upgrade.abi_encode()),
        (net.b.transfer, pause.clone()),
        (net.b.gmp, pause),
    ];
    for (target, data) in targets {
        for (first, payload) in ways(&net, target, &data) {
            let failure = refusal(&mut net, first, payload).expect("was called");
            assert!(
                failure.is::<ICS27GMP::ICS27TargetForbidden>(),
                "{target}: {failure:?}"
            );
        }
    }
    let is_admin = AccessManager::hasRoleCall {
        roleId: roles::ADMIN,
        account: ALICE,
    };
    assert!(!net.b.view(net.b.authority, &is_admin).isMember);
    assert!(!net.b.view(net.b.transfer, &ICS20Transfer::pausedCall {}));
}

#[test]
fn over_a_client_with_a_list_only_listed_contracts_are_called() {
    let mut net = Network::new();
    let (counter, other) = (
        net.b.deploy_plain(&Counter::BYTECODE),
        net.b.deploy_plain(&Counter::BYTECODE),
    );
    let itself = account(&net, ALICE, b"");
    assert!(refusal(&mut net, other, increment(1)).is_none());
    let clientId = net.b.client_id.clone();
    let list = ICS27GMP::listTargetsCall {
        clientId: clientId.clone(),
        listed: true,
    };
    let allow = ICS27GMP::setTargetCall {
        clientId: clientId.clone(),
        target: counter,
        allowed: true,
    };
    for stranger_cannot in [list.abi_encode(), allow.abi_encode()] {
        let failure = net
            .b
            .send_raw(ALICE, net.b.gmp, U256::ZERO, stranger_cannot.into());
        assert!(
            failure
                .err()
                .unwrap()
                .is::<ICS27GMP::AccessManagedUnauthorized>()
        );
    }
    net.b.must(ADMIN, net.b.gmp, &list);
    net.b.must(ADMIN, net.b.gmp, &allow);
    for (first, payload) in ways(&net, other, &increment(1)) {
        let failure = refusal(&mut net, first, payload).expect("was called");
        assert!(failure.is::<ICS27GMP::ICS27TargetForbidden>());
    }
    assert_eq!(count(&net, other, itself), U256::ONE);
    assert!(refusal(&mut net, counter, increment(1)).is_none());
    assert_eq!(count(&net, counter, itself), U256::ONE);

    // An account that is listed itself goes on to what is listed, and no farther.
    let allow = ICS27GMP::setTargetCall {
        clientId: clientId.clone(),
        target: itself,
        allowed: true,
    };
    net.b.must(ADMIN, net.b.gmp, &allow);
    let ways_on = ways(&net, other, &increment(1));
    for (first, payload) in ways_on.into_iter().skip(1) {
        assert!(refusal(&mut net, first, payload).is_some());
    }
    let execute = ways(&net, counter, &increment(1)).remove(1);
    assert!(refusal(&mut net, execute.0, execute.1).is_none());

    let all = ICS27GMP::listTargetsCall {
        clientId: clientId.clone(),
        listed: false,
    };
    net.b.must(ADMIN, net.b.gmp, &all);
    assert!(refusal(&mut net, other, increment(1)).is_none());
    let target = other;
    assert!(
        net.b
            .view(net.b.gmp, &ICS27GMP::mayCallCall { clientId, target })
    );
}

#[test]
fn a_contract_that_answers_nothing_or_everything_is_called() {
    use crate::harness::fixtures::{SilentContract, TestCustomERC20};
    let mut net = Network::new();
    let silent = net.b.deploy_plain(&SilentContract::BYTECODE);
    // Its fallback takes any call.
    let (ics20, escrow) = (ALICE, ALICE);
    let open = TestCustomERC20::constructorCall { ics20, escrow };
    let open = net.b.deploy(&TestCustomERC20::BYTECODE, &open);
    for target in [silent, open] {
        let packet = send(&mut net, ALICE, target, increment(1));
        assert_eq!(errors(&net.recv(Side::B, &packet).unwrap()), 0);
    }
}
