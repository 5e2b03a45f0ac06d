//! Another front end asks for transactions over gRPC, signs them with its own key and sends them.
#![allow(clippy::panic, clippy::unwrap_used)]

mod common;

use std::net::{Ipv4Addr, SocketAddr};

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256},
    providers::Provider,
    rpc::types::{TransactionReceipt, TransactionRequest},
};
use causeway_grpc::proto::{
    CreateClientRequest, InfoRequest, Kind, RelayByTxRequest, RelayByTxResponse, UnsignedTx,
    UpdateClientRequest, packet_outcome::State, relay_service_client::RelayServiceClient,
};
use causeway_ibc_evm::client_view;
use causeway_localnet::{dev_key, roles, unused_port};
use common::{
    LONG, Scene,
    books::{Books, books},
    eventually, send,
};
use tonic::{Code, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

/// A development account that nobody else uses.
const WALLET: usize = 5;
const SERVICE: &str = "causeway.relay.v1.RelayService";

fn address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, unused_port().unwrap()).into()
}

/// Signs and sends what the service made.
async fn carry_out(provider: &impl Provider, tx: &UnsignedTx) -> TransactionReceipt {
    let mut request = TransactionRequest::default()
        .with_input(tx.data.clone())
        .with_chain_id(tx.chain_number);
    if tx.gas_limit > 0 {
        request = request.with_gas_limit(tx.gas_limit);
    }
    let request = if tx.to.is_empty() {
        request.with_deploy_code(tx.data.clone())
    } else {
        request.with_to(Address::from_slice(&tx.to))
    };
    let pending = provider.send_transaction(request).await.unwrap();
    let receipt = pending.get_receipt().await.unwrap();
    assert!(receipt.status());
    receipt
}

/// Asks until the transaction's packets can be proven.
async fn relay_by_tx(
    client: &mut RelayServiceClient<Channel>,
    tx: B256,
    sender: Address,
) -> RelayByTxResponse {
    let request = RelayByTxRequest {
        tx_hashes: vec![tx.to_vec()],
        sender: sender.to_vec(),
        ..RelayByTxRequest::default()
    };
    eventually("the packets can be proven", async || {
        let answer = client.clone().relay_by_tx(request.clone()).await;
        let answer = match answer {
            Ok(answer) => answer.into_inner(),
            Err(status) => {
                assert_eq!(status.code(), Code::Unavailable, "{status}");
                return None;
            }
        };
        let ready =
            |outcome: &causeway_grpc::proto::PacketOutcome| outcome.state() != State::NotReady;
        answer.packets.iter().all(ready).then_some(answer)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_delivers_a_packet_with_the_bytes_it_was_given() {
    let mut scene = Scene::set(|_| ()).await;
    for index in 0..3 {
        scene.start_attestor(index).await.unwrap();
    }
    let grpc = address();
    let config = scene.relayer_config("front", address()).unwrap();
    // A node without any key.
    let relayer = "[relayer]\nkey = { env = \"CAUSEWAY_KEY\" }";
    assert!(config.contains(relayer));
    let config = config.replace(relayer, &format!("[grpc]\nlisten = \"{grpc}\""));
    let node = scene.start_node("front", &config, WALLET).await.unwrap();
    let channel = Channel::from_shared(format!("http://{grpc}")).unwrap();
    let channel = channel.connect().await.unwrap();
    let mut client = RelayServiceClient::new(channel.clone());

    let (a, b, tusd) = (&scene.network.a, &scene.network.b, scene.tusd());
    let forth = (a, b);
    let (alice, receiver) = (a.account(roles::ALICE), b.account(roles::BOB).address());
    let sent = send(forth, &alice, (tusd, 11), receiver, LONG).await;
    let sender = dev_key(WALLET).address();

    // To the destination, by somebody whom the service has never heard of.
    let made = relay_by_tx(&mut client, sent.tx, sender).await;
    let [tx] = made.transactions.as_slice() else {
        panic!("{made:?}");
    };
    assert_eq!(tx.chain, b.id().to_string());
    assert_eq!(made.packets[0].state(), State::Included);
    let delivery = tx.delivers.last().unwrap();
    assert_eq!(delivery.kind(), Kind::Receive);
    assert_eq!(
        delivery.packet.as_ref().unwrap().sequence,
        sent.packet.sequence.get()
    );
    let receipt = carry_out(b.account(WALLET).provider(), tx).await;
    assert_eq!(books(forth, tusd).await, Books::balanced(11));
    let again = relay_by_tx(&mut client, sent.tx, sender).await;
    assert!(again.transactions.is_empty());
    assert_eq!(again.packets[0].state(), State::Delivered);

    // And the acknowledgement back.
    let made = relay_by_tx(&mut client, receipt.transaction_hash, sender).await;
    carry_out(a.account(WALLET).provider(), &made.transactions[0]).await;
    let again = relay_by_tx(&mut client, sent.tx, sender).await;
    assert_eq!(again.packets[0].state(), State::Concluded);

    let unknown = RelayByTxRequest {
        tx_hashes: vec![vec![9; 32]],
        ..RelayByTxRequest::default()
    };
    let status = client.relay_by_tx(unknown).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound, "{status}");
    let huge = RelayByTxRequest {
        src_chain: "x".repeat(100_000),
        ..RelayByTxRequest::default()
    };
    let status = client.relay_by_tx(huge).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange, "{status}");

    clients(&mut client, &scene).await;
    describes_itself(channel).await;
    node.terminate().await.unwrap();
    scene.network.stop().await.unwrap();
}

/// Light clients are updated and created by transactions of the same kind.
async fn clients(client: &mut RelayServiceClient<Channel>, scene: &Scene) {
    let (a, b) = (&scene.network.a, &scene.network.b);
    let update = UpdateClientRequest {
        chain: b.id().to_string(),
        client: b.client.to_string(),
        sender: dev_key(WALLET).address().to_vec(),
    };
    let update = client.update_client(update).await.unwrap().into_inner();
    assert!(update.height > 0);
    carry_out(
        b.account(WALLET).provider(),
        update.transaction.as_ref().unwrap(),
    )
    .await;

    let deployer = b.account(roles::DEPLOYER);
    let attestors: Vec<Address> = (0..3)
        .map(|index| dev_key(roles::FIRST_ATTESTOR + index).address())
        .collect();
    let create = CreateClientRequest {
        chain: b.id().to_string(),
        client: "made-over-grpc".to_owned(),
        counterparty_chain: a.id().to_string(),
        counterparty_client: "made-elsewhere".to_owned(),
        attestors: attestors.iter().map(|address| address.to_vec()).collect(),
        threshold: 2,
        sender: deployer.address().to_vec(),
    };
    let created = client.create_client(create).await.unwrap().into_inner();
    for tx in &created.transactions {
        carry_out(deployer.provider(), tx).await;
    }
    let name = "made-over-grpc".parse().unwrap();
    let provider = b.chain.provider();
    let view = client_view(&provider, b.contracts.router, &name);
    let view = view.await.unwrap();
    assert_eq!(view.address.to_vec(), created.address);
    assert_eq!(view.committee.threshold(), 2);
}

async fn describes_itself(channel: Channel) {
    let info = RelayServiceClient::new(channel.clone())
        .info(InfoRequest {})
        .await;
    let info = info.unwrap().into_inner();
    assert_eq!((info.chains.len(), info.routes.len()), (2, 1));
    assert_eq!(info.routes[0].a.as_ref().unwrap().threshold, 2);

    let asked = HealthCheckRequest {
        service: SERVICE.to_owned(),
    };
    let health = HealthClient::new(channel.clone()).check(asked).await;
    assert_eq!(health.unwrap().into_inner().status, 1);

    let list = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(channel)
        .server_reflection_info(tokio_stream::once(list))
        .await
        .unwrap()
        .into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(listed)) = answer.message_response else {
        panic!("{answer:?}");
    };
    assert!(listed.service.iter().any(|service| service.name == SERVICE));
}
