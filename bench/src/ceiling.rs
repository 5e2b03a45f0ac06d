//! What the destination takes when there is nothing left to do but hand it over.

use std::time::Duration;

use alloy::{
    primitives::U256,
    providers::{Provider as _, ProviderBuilder},
};
use anyhow::{Context, Result};
use causeway_ibc_evm::encode_batch;
use causeway_localnet::{Network, dev_key, roles};

use crate::{
    Report,
    burst::{Prepared, Senders, broadcast, mined, sign},
    hand::{Hand, committees, receive},
    report::sustained,
    watch::Sightings,
};

/// Fewer packets fill no more than a block or two, and more take long to no end.
const PACKETS: std::ops::RangeInclusive<usize> = 1_200..=2_000;

/// Transfers in one transaction of a user.
const PER_SEND: usize = 50;

/// Deliveries in a block. Fewer cost less gas beside the packets' own, more fill a block better.
const TRANSACTIONS_PER_BLOCK: u64 = 4;

/// Sends packets, prepares and signs what delivers them, hands all of that over at once, and counts
/// what the destination takes per second.
///
/// Runs while no relayer does, after [`crate::gas`] has measured what a packet costs: the deliveries
/// are as large as fills the destination's blocks best.
pub(crate) async fn measure(
    network: &Network,
    senders: &mut Senders,
    at_dst: &Sightings,
    report: &mut Report,
) -> Result<()> {
    let n = report.n.clamp(*PACKETS.start(), *PACKETS.end());
    let prepared = senders.sign_all(n, PER_SEND)?;
    senders.broadcast(&prepared).await?;
    let mut packets = Vec::new();
    for one in &prepared {
        packets.extend(senders.sent(one).await?.0);
    }

    let hand = Hand::new(&network.b, &network.a, committees(network)?).await?;
    let provider = ProviderBuilder::new()
        .connect_http(network.b.anvil.http_url())
        .erased();
    let block_gas = provider
        .get_block(alloy::eips::BlockId::latest())
        .await?
        .context("the destination has no block")?
        .header
        .gas_limit;
    // A block takes a transaction only if its whole limit fits beside what the others have used.
    let fills = block_gas * 50 / (50 * TRANSACTIONS_PER_BLOCK + 1);
    let size = fills.saturating_sub(report.gas_update) / report.gas_recv_batched.max(1);
    let mut deliveries: Vec<Prepared> = Vec::new();
    let mut nonce = provider
        .get_transaction_count(hand.account.address())
        .await?;
    for some in packets.chunks(usize::try_from(size)?.max(1)) {
        let messages = receive(some);
        let proof = hand.prove(&messages).await?;
        let gas = report.gas_update + report.gas_recv_batched * some.len() as u64;
        deliveries.push(sign(
            &dev_key(roles::RELAYER),
            network.b.anvil.chain_id(),
            nonce,
            gas + gas / 50,
            network.b.contracts.router,
            encode_batch(&hand.client, &proof, &messages),
            U256::ZERO,
        )?);
        nonce += 1;
    }

    broadcast(&provider, &deliveries).await?;
    for delivery in &deliveries {
        mined(&provider, delivery.hash).await?;
    }
    let sequences: Vec<u64> = packets.iter().map(|packet| packet.sequence.get()).collect();
    while !sequences
        .iter()
        .all(|sequence| at_dst.get().received.contains_key(sequence))
    {
        // In a block already; only our own eyes are late.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let seen = at_dst.get();
    let arrivals = sequences.iter().filter_map(|sequence| {
        let sight = seen.received.get(sequence)?;
        Some((sight.height, sight.block_at))
    });
    report.ceiling_per_s = sustained(arrivals);
    report.ceiling_ratio = report
        .sustained_per_s
        .zip(report.ceiling_per_s)
        .map(|(ours, ceiling)| crate::report::round(ours / ceiling));
    Ok(())
}
