//! What packets cost, measured transaction by transaction while no relayer interferes.

use std::time::Duration;

use alloy::{
    primitives::{Bytes, U256},
    sol_types::SolCall,
};
use anyhow::{Context, Result, ensure};
use causeway_attestor::AttestorClient;
use causeway_contracts::ics26_router::ICS26Router;
use causeway_ibc::Packet;
use causeway_ibc_evm::{Account, client_view, encode_message, encode_update};
use causeway_localnet::{Network, Side, roles};
use causeway_relayer::{ClientEnd, ClientView, Committees, Message, Proof};
use causeway_types::Timestamp;

use crate::{
    Report,
    burst::{Prepared, Senders},
};

/// Packets in a batch, as in the published figures.
const BATCH: usize = 50;

/// Someone who relays by hand.
struct Hand<'a> {
    to: &'a Side,
    from: &'a Side,
    client: ClientView,
    account: Account,
    committees: Committees,
}

pub(crate) async fn measure(
    network: &Network,
    senders: &mut Senders,
    report: &mut Report,
) -> Result<()> {
    let clients = network
        .attestor_urls()
        .into_iter()
        .map(|url| AttestorClient::new(url, Duration::from_secs(10)))
        .collect::<Result<Vec<_>, _>>()?;
    let committees = Committees::new(clients);
    let to_b = Hand::new(&network.b, &network.a, committees.clone()).await?;
    let to_a = Hand::new(&network.a, &network.b, committees).await?;

    let (packets, gas) = send(senders, 1, None).await?;
    report.gas_send = gas;
    (report.gas_update, report.gas_recv) = to_b.deliver(&receive(&packets)).await?;
    (_, report.gas_ack) = to_a.deliver(&acknowledge(&packets)).await?;

    let (packets, _) = send(senders, BATCH, None).await?;
    (_, report.gas_recv_batched) = to_b.deliver(&receive(&packets)).await?;
    (_, report.gas_ack_batched) = to_a.deliver(&acknowledge(&packets)).await?;

    let timeout = network.b.chain.head().await?.timestamp.plus_secs(4);
    let (packets, _) = send(senders, 1, Some(timeout)).await?;
    let sleep = Duration::from_millis(100);
    while network.b.chain.head().await?.timestamp < timeout {
        // With a block per transaction, time only passes when something is sent.
        to_b.account
            .execute("a nudge", to_b.account.address(), Bytes::new(), U256::ZERO)
            .await?;
        tokio::time::sleep(sleep).await;
    }
    let timeouts = packets.iter().map(|packet| Message::Timeout {
        packet: packet.clone(),
    });
    (_, report.gas_timeout) = to_a.deliver(&timeouts.collect::<Vec<_>>()).await?;
    Ok(())
}

/// Sends transfers and returns their packets, and the gas of the last.
async fn send(
    senders: &mut Senders,
    n: usize,
    timeout: Option<Timestamp>,
) -> Result<(Vec<Packet>, u64)> {
    let mut order = senders.order().clone();
    order.timeout = timeout.unwrap_or(order.timeout);
    let prepared: Vec<Prepared> = (0..n)
        .map(|_| senders.sign(Some(&order)))
        .collect::<Result<_>>()?;
    senders.broadcast(&prepared).await?;
    let (mut packets, mut gas) = (Vec::new(), 0);
    for one in &prepared {
        let (packet, receipt) = senders.sent(one).await?;
        packets.push(packet);
        gas = receipt.gas_used;
    }
    Ok((packets, gas))
}

fn receive(packets: &[Packet]) -> Vec<Message> {
    packets
        .iter()
        .map(|packet| Message::Receive {
            packet: packet.clone(),
        })
        .collect()
}

fn acknowledge(packets: &[Packet]) -> Vec<Message> {
    let acks = vec![Bytes::from_static(
        causeway_ibc::ics20::SUCCESS_ACKNOWLEDGEMENT,
    )];
    packets
        .iter()
        .map(|packet| Message::Acknowledge {
            packet: packet.clone(),
            acks: acks.clone(),
        })
        .collect()
}

impl<'a> Hand<'a> {
    async fn new(to: &'a Side, from: &'a Side, committees: Committees) -> Result<Self> {
        let client = client_view(&to.chain.provider(), to.contracts.router, &to.client).await?;
        Ok(Self {
            to,
            from,
            client,
            account: to.account(roles::RELAYER),
            committees,
        })
    }

    /// Delivers messages with one proof: the client update in a transaction of its own, then the
    /// messages in one multicall, or, if there is only one, by itself. Returns the gas of the
    /// update, and of the rest per message.
    async fn deliver(&self, messages: &[Message]) -> Result<(u64, u64)> {
        let proof = self.prove(messages).await?;
        let update = self.execute(encode_update(&self.client, &proof)).await?;
        let mut first = proof.packets.encode();
        let calls: Vec<Bytes> = messages
            .iter()
            .map(|message| encode_message(message, std::mem::take(&mut first), proof.height))
            .collect();
        let data = match calls.as_slice() {
            [one] => one.clone(),
            _ => ICS26Router::multicallCall { data: calls }
                .abi_encode()
                .into(),
        };
        let gas = self.execute(data).await?;
        Ok((update, gas / messages.len().max(1) as u64))
    }

    async fn prove(&self, messages: &[Message]) -> Result<Proof> {
        let end = ClientEnd {
            chain: self.to.id().clone(),
            client: self.to.client.clone(),
        };
        let paths: Vec<_> = messages
            .iter()
            .map(|message| message.proven_path().key())
            .collect();
        let height = self.from.chain.final_block().await?.height;
        let (proof, attested) = self
            .committees
            .gather(&end, &self.client, height, &paths)
            .await?;
        for (message, entry) in messages.iter().zip(&attested.packets) {
            ensure!(
                entry.commitment == message.proven_commitment(),
                "{} shows {} where {} is needed",
                self.from.name,
                entry.commitment,
                message.proven_commitment()
            );
        }
        Ok(proof)
    }

    async fn execute(&self, data: Bytes) -> Result<u64> {
        let router = self.to.contracts.router;
        let receipt = self
            .account
            .execute("a message", router, data, U256::ZERO)
            .await;
        Ok(receipt
            .with_context(|| format!("on {}", self.to.name))?
            .gas_used)
    }
}
