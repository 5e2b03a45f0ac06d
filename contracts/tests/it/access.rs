//! Who may do what.

use alloy::primitives::{Address, Bytes, U256};
use alloy::sol_types::SolCall;
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_contracts::ics26_router::IICS02ClientMsgs::CounterpartyInfo;
use causeway_contracts::ics26_router::{
    ICS26Router,
    IICS26RouterMsgs::{MsgSendPacket, Payload},
};
use causeway_contracts::ics27_gmp::ICS27GMP;

use crate::harness::chain::{ADMIN, ALICE, RELAYER};
use crate::harness::fixtures::{TestApp, TestLightClient};
use crate::harness::network::{Network, Side};

fn counterparty(id: &str) -> CounterpartyInfo {
    CounterpartyInfo {
        clientId: id.into(),
        merklePrefix: vec![Bytes::new()],
    }
}

/// Every restricted call that `ADMIN` may make, and nobody else.
fn restricted(net: &Network, client: Address) -> Vec<(Address, Vec<u8>)> {
    let (router, transfer, gmp) = (net.a.router, net.a.transfer, net.a.gmp);
    let upgrade = |newImplementation| {
        ICS26Router::upgradeToAndCallCall {
            newImplementation,
            data: Bytes::new(),
        }
        .abi_encode()
    };
    let logic = |proxy: Address| {
        let slot = alloy::primitives::uint!(
            0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc_U256
        );
        Address::from_word(net.a.db.cache.accounts[&proxy].storage[&slot].into())
    };
    let custom = |clientId: &str| clientId.to_owned();
    vec![
        (router, upgrade(logic(router))),
        (transfer, upgrade(logic(transfer))),
        (gmp, upgrade(logic(gmp))),
        (
            router,
            ICS26Router::addIBCApp_1Call {
                portId: "custom-port".into(),
                app: transfer,
            }
            .abi_encode(),
        ),
        (
            router,
            ICS26Router::addClient_0Call {
                clientId: custom("custom-client"),
                counterpartyInfo: counterparty("there"),
                client,
            }
            .abi_encode(),
        ),
        (
            router,
            ICS26Router::migrateClientCall {
                clientId: net.a.client_id.clone(),
                counterpartyInfo: counterparty("there"),
                client,
            }
            .abi_encode(),
        ),
        (
            transfer,
            ICS20Transfer::upgradeEscrowToCall {
                newEscrowLogic: client,
            }
            .abi_encode(),
        ),
        (
            transfer,
            ICS20Transfer::upgradeIBCERC20ToCall {
                newIbcERC20Logic: client,
            }
            .abi_encode(),
        ),
        (
            gmp,
            ICS27GMP::upgradeAccountToCall {
                newAccountLogic: client,
            }
            .abi_encode(),
        ),
        (transfer, ICS20Transfer::pauseCall {}.abi_encode()),
        (transfer, ICS20Transfer::unpauseCall {}.abi_encode()),
        (gmp, ICS27GMP::pauseCall {}.abi_encode()),
        (gmp, ICS27GMP::unpauseCall {}.abi_encode()),
    ]
}

#[test]
fn strangers_administer_nothing() {
    let mut net = Network::new();
    let client = net.a.deploy_plain(&TestLightClient::BYTECODE);
    for (target, call) in restricted(&net, client) {
        let call = Bytes::from(call);
        for stranger in [ALICE, RELAYER] {
            let failure = net
                .a
                .send_raw(stranger, target, U256::ZERO, call.clone())
                .err()
                .unwrap();
            assert!(
                failure.is::<ICS26Router::AccessManagedUnauthorized>(),
                "{call}"
            );
        }
        net.a.send_raw(ADMIN, target, U256::ZERO, call).unwrap();
    }
}

#[test]
fn nothing_is_initialized_twice_and_implementations_never() {
    let mut net = Network::new();
    let router = ICS26Router::initializeCall { authority_: ALICE };
    let transfer = ICS20Transfer::initializeCall {
        ics26Router: ALICE,
        escrowLogic: net.a.router,
        ibcERC20Logic: net.a.router,
        permit2: ALICE,
        authority_: ALICE,
    };
    let gmp = ICS27GMP::initializeCall {
        ics26_: ALICE,
        accountLogic: net.a.router,
        authority_: ALICE,
    };
    let plain = [
        net.a.deploy_plain(&ICS26Router::BYTECODE),
        net.a.deploy_transfer_logic(),
        net.a.deploy_plain(&ICS27GMP::BYTECODE),
    ];
    let targets = [
        (net.a.router, plain[0]),
        (net.a.transfer, plain[1]),
        (net.a.gmp, plain[2]),
    ];
    let calls = [router.abi_encode(), transfer.abi_encode(), gmp.abi_encode()];
    for ((proxy, logic), call) in targets.into_iter().zip(calls) {
        for target in [proxy, logic] {
            let failure = net
                .a
                .send_raw(ALICE, target, U256::ZERO, call.clone().into())
                .err()
                .unwrap();
            assert!(failure.is::<ICS26Router::InvalidInitialization>());
        }
    }
}

#[test]
fn only_the_router_calls_back() {
    use causeway_contracts::ics20_transfer::IIBCAppCallbacks as Callbacks;
    use causeway_contracts::ics20_transfer::IICS26RouterMsgs::Payload;
    let mut net = Network::new();
    let payload = Payload {
        sourcePort: "transfer".into(),
        destPort: "transfer".into(),
        version: "ics20-1".into(),
        encoding: "application/x-solidity-abi".into(),
        value: Bytes::new(),
    };
    let (sourceClient, destinationClient) = (net.a.client_id.clone(), net.b.client_id.clone());
    let calls = [
        ICS20Transfer::onRecvPacketCall {
            msg_: Callbacks::OnRecvPacketCallback {
                sourceClient: sourceClient.clone(),
                destinationClient: destinationClient.clone(),
                sequence: 1,
                payload: payload.clone(),
                relayer: ALICE,
            },
        }
        .abi_encode(),
        ICS20Transfer::onAcknowledgementPacketCall {
            msg_: Callbacks::OnAcknowledgementPacketCallback {
                sourceClient: sourceClient.clone(),
                destinationClient: destinationClient.clone(),
                sequence: 1,
                payload: payload.clone(),
                acknowledgement: Bytes::new(),
                relayer: ALICE,
            },
        }
        .abi_encode(),
        ICS20Transfer::onTimeoutPacketCall {
            msg_: Callbacks::OnTimeoutPacketCallback {
                sourceClient,
                destinationClient,
                sequence: 1,
                payload,
                relayer: ALICE,
            },
        }
        .abi_encode(),
    ];
    for call in calls {
        for (app, is_transfer) in [(net.a.transfer, true), (net.a.gmp, false)] {
            let failure = net
                .a
                .send_raw(ALICE, app, U256::ZERO, call.clone().into())
                .err()
                .unwrap();
            let expected = if is_transfer {
                failure.is::<ICS20Transfer::ICS20Unauthorized>()
            } else {
                failure.is::<ICS27GMP::ICS27Unauthorized>()
            };
            assert!(expected, "{failure:?}");
        }
    }
}

#[test]
fn only_a_ports_application_sends_from_it() {
    let mut net = Network::new();
    let call = |port: &str| ICS26Router::sendPacketCall {
        msg_: MsgSendPacket {
            sourceClient: net.a.client_id.clone(),
            timeoutTimestamp: net.a.timestamp + 10,
            payload: Payload {
                sourcePort: port.into(),
                destPort: "transfer".into(),
                version: "ics20-1".into(),
                encoding: "application/x-solidity-abi".into(),
                value: Bytes::new(),
            },
        },
    };
    let (transfer, nowhere) = (call("transfer"), call("nowhere"));
    let failure = net.a.send(ALICE, net.a.router, &transfer).err().unwrap();
    assert!(failure.is::<ICS26Router::IBCUnauthorizedSender>());
    let failure = net.a.send(ALICE, net.a.router, &nowhere).err().unwrap();
    assert!(failure.is::<ICS26Router::IBCAppNotFound>());
}

#[test]
fn identifiers_are_taken_once_and_must_be_allowed() {
    let mut net = Network::new();
    let app = net.a.deploy_plain(&TestApp::BYTECODE);
    let port = |portId: &str| ICS26Router::addIBCApp_1Call {
        portId: portId.into(),
        app,
    };
    let failure = net
        .a
        .send(ADMIN, net.a.router, &port("transfer"))
        .err()
        .unwrap();
    assert!(failure.is::<ICS26Router::IBCPortAlreadyExists>());
    let address = format!("{app:#x}");
    for bad in [
        "",
        "abc",
        "a port",
        "client-1",
        "channel-1",
        &address,
        &address[2..],
    ] {
        let failure = net.a.send(ADMIN, net.a.router, &port(bad)).err().unwrap();
        assert!(
            failure.is::<ICS26Router::IBCInvalidPortIdentifier>(),
            "{bad}"
        );
    }
    // Anybody binds an application to its own address, and that alone.
    net.a
        .must(ALICE, net.a.router, &ICS26Router::addIBCApp_0Call { app });
    let found = net.a.view(
        net.a.router,
        &ICS26Router::getIBCAppCall { portId: address },
    );
    assert_eq!(found, app);

    let client = net.a.client;
    let custom = |id: &str, counterparty, client| ICS26Router::addClient_0Call {
        clientId: id.into(),
        counterpartyInfo: counterparty,
        client,
    };
    let taken = custom(&net.a.client_id, counterparty("there"), client);
    let failure = net.a.send(ADMIN, net.a.router, &taken).err().unwrap();
    assert!(failure.is::<ICS26Router::IBCClientAlreadyExists>());
    let failure = net
        .a
        .send(
            ADMIN,
            net.a.router,
            &custom("client-5", counterparty("there"), client),
        )
        .err()
        .unwrap();
    assert!(failure.is::<ICS26Router::IBCInvalidClientId>());
    let failure = net
        .a
        .send(
            ADMIN,
            net.a.router,
            &custom("fresh", counterparty("there"), ALICE),
        )
        .err()
        .unwrap();
    assert!(failure.is::<ICS26Router::IBCClientHasNoCode>());
    let bare = CounterpartyInfo {
        clientId: "there".into(),
        merklePrefix: vec![],
    };
    for incomplete in [counterparty(""), bare] {
        let failure = net
            .a
            .send(ADMIN, net.a.router, &custom("fresh", incomplete, client))
            .err()
            .unwrap();
        assert!(failure.is::<ICS26Router::IBCIncompleteCounterparty>());
    }
}

#[test]
fn migration_replaces_the_client_and_keeps_the_sequence() {
    let mut net = Network::new();
    let packet = net.transfer(Side::A, net.token, 5);
    let client = net.a.deploy_plain(&TestLightClient::BYTECODE);
    let clientId = net.a.client_id.clone();
    net.a.must(
        ADMIN,
        net.a.router,
        &ICS26Router::migrateClientCall {
            clientId: clientId.clone(),
            counterpartyInfo: counterparty("elsewhere"),
            client,
        },
    );
    let router = net.a.router;
    assert_eq!(
        net.a.view(
            router,
            &ICS26Router::getClientCall {
                clientId: clientId.clone()
            }
        ),
        client
    );
    let found = net
        .a
        .view(router, &ICS26Router::getCounterpartyCall { clientId });
    assert_eq!(found.clientId, "elsewhere");
    let next = net.transfer(Side::A, net.token, 5);
    assert_eq!(
        (next.sequence, next.destClient.as_str()),
        (packet.sequence + 1, "elsewhere")
    );
    let unknown = ICS26Router::migrateClientCall {
        clientId: "unknown".into(),
        counterpartyInfo: counterparty("elsewhere"),
        client,
    };
    assert!(
        net.a
            .send(ADMIN, router, &unknown)
            .err()
            .unwrap()
            .is::<ICS26Router::IBCClientNotFound>()
    );
}
