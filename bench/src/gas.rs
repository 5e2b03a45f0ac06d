//! What packets cost, measured transaction by transaction while no relayer interferes.

use std::time::Duration;

use alloy::primitives::{Bytes, U256};
use anyhow::Result;
use causeway_ibc::Packet;
use causeway_localnet::Network;
use causeway_relayer::Message;
use causeway_types::Timestamp;

use crate::{
    Report,
    burst::Senders,
    hand::{Hand, committees, receive},
};

/// Packets in a batch, as in the published figures.
const BATCH: usize = 50;

pub(crate) async fn measure(
    network: &Network,
    senders: &mut Senders,
    report: &mut Report,
) -> Result<()> {
    let committees = committees(network)?;
    let to_b = Hand::new(&network.b, &network.a, committees.clone()).await?;
    let to_a = Hand::new(&network.a, &network.b, committees).await?;

    let (packets, gas) = send(senders, 1, None).await?;
    report.gas_send = gas;
    (report.gas_update, report.gas_recv) = to_b.deliver(&receive(&packets)).await?;
    (_, report.gas_ack) = to_a.deliver(&acknowledge(&packets)).await?;

    let (packets, gas) = send(senders, BATCH, None).await?;
    report.gas_send_batched = gas / BATCH as u64;
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

/// Sends transfers in one transaction, and returns their packets and its gas.
async fn send(
    senders: &mut Senders,
    n: usize,
    timeout: Option<Timestamp>,
) -> Result<(Vec<Packet>, u64)> {
    let mut order = senders.order().clone();
    order.timeout = timeout.unwrap_or(order.timeout);
    let prepared = [senders.sign(Some(&order), n)?];
    senders.broadcast(&prepared).await?;
    let (packets, receipt) = senders.sent(&prepared[0]).await?;
    Ok((packets, receipt.gas_used))
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
