#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts and measurements here are far below what a float holds exactly"
)]

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::peer::Peer;

/// What one run measured; written as one JSON object.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// `1s`, or `auto` for a block per transaction.
    pub blocks: String,
    /// Packets sent.
    pub n: usize,
    /// Whether each packet waited for the one before it.
    pub sequential: bool,
    /// Whether the relayer was down while the packets were sent.
    pub backlog: bool,
    /// Transfers in one transaction of a user.
    pub per_send: usize,
    /// Keys that the relayer sends with on each chain.
    pub signers: usize,
    /// Packets that the destination received.
    pub delivered: usize,
    /// Packets whose acknowledgement the source took.
    pub acknowledged: usize,
    /// Packets not received.
    pub lost: usize,
    /// Packets received more than once.
    pub duplicated: usize,
    /// Broadcast of the send to sight of the receipt, in seconds: median.
    pub p50_s: f64,
    /// The same, 95th percentile.
    pub p95_s: f64,
    /// The same, worst.
    pub max_s: f64,
    /// From the announcement of the block with the send until the delivery is in the destination's
    /// pool, in seconds: median. What the software adds to waiting for the two blocks, as long as no
    /// packet waits for another.
    pub overhead_s: f64,
    /// The same, 95th percentile.
    pub overhead_p95_s: f64,
    /// Packets delivered per second, from the first broadcast (of a backlog: from the start of the
    /// relayer) to the last receipt.
    pub packets_per_s: f64,
    /// Packets acknowledged per second, from the same moment to the last acknowledgement.
    pub acknowledged_per_s: f64,
    /// Packets delivered per second from the first block with deliveries to the last one; nothing
    /// if one block held them all.
    pub sustained_per_s: Option<f64>,
    /// What the destination takes of as many packets (2,000 at most) when their deliveries are
    /// signed beforehand and handed over at once, counted like `sustained_per_s`.
    pub ceiling_per_s: Option<f64>,
    /// `sustained_per_s` as a part of `ceiling_per_s`.
    pub ceiling_ratio: Option<f64>,
    /// Gas of one warm ERC-20 transfer.
    pub gas_send: u64,
    /// Gas of one receipt of a known voucher, without the client update.
    pub gas_recv: u64,
    /// Gas of one acknowledgement, without the client update.
    pub gas_ack: u64,
    /// Gas of one timeout, without the client update.
    pub gas_timeout: u64,
    /// Gas of one client update.
    pub gas_update: u64,
    /// Gas per transfer in a multicall of 50.
    pub gas_send_batched: u64,
    /// Gas per receipt in a multicall of 50.
    pub gas_recv_batched: u64,
    /// Gas per acknowledgement in a multicall of 50.
    pub gas_ack_batched: u64,
    /// The relayer's memory after the run, in MiB.
    pub rss_mb: f64,
    /// The most memory that the relayer ever held, in MiB.
    pub rss_peak_mb: f64,
    /// The relayer's processor time per packet, in milliseconds.
    pub cpu_ms_per_packet: f64,
    /// The processor time per packet of all attestors together, in milliseconds.
    pub cpu_attestors_ms_per_packet: f64,
    /// The processor time per packet of both chains together, in milliseconds.
    pub cpu_chains_ms_per_packet: f64,
    /// The CLI relayer on the same chains, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<Peer>,
}

impl Report {
    /// Fills in the latencies.
    pub(crate) fn latencies(&mut self, taken: Vec<Duration>) {
        [self.p50_s, self.p95_s, self.max_s] = quantiles(taken, [0.5, 0.95, 1.0]);
    }

    /// Fills in what the software added.
    pub(crate) fn overheads(&mut self, taken: Vec<Duration>) {
        [self.overhead_s, self.overhead_p95_s] = quantiles(taken, [0.5, 0.95]);
    }
}

/// The times, in seconds, that these shares of all times do not exceed.
pub(crate) fn quantiles<const N: usize>(mut times: Vec<Duration>, shares: [f64; N]) -> [f64; N] {
    times.sort_unstable();
    shares.map(|share| {
        let rank = (share * times.len() as f64).ceil() as usize;
        let time = times.get(rank.saturating_sub(1));
        time.map_or(0.0, |time| round(time.as_secs_f64()))
    })
}

/// Arrivals per second between the first block with any and the last one: what came in the first is
/// not counted, because nobody knows since when it could have come.
pub(crate) fn sustained(arrivals: impl Iterator<Item = (u64, Instant)>) -> Option<f64> {
    let mut blocks = std::collections::BTreeMap::new();
    for (height, at) in arrivals {
        blocks.entry(height).or_insert((at, 0_usize)).1 += 1;
    }
    let (first, _) = blocks.pop_first().map(|(_, block)| block)?;
    let (last, _) = *blocks.last_entry()?.get();
    let count = blocks.values().map(|(_, count)| count).sum();
    (last > first).then(|| rate(count, last - first))
}

/// `amount` per `count`, where nothing counts as one.
pub(crate) fn per(amount: f64, count: usize) -> f64 {
    round(amount / count.max(1) as f64)
}

/// Bytes as MiB.
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    round(bytes as f64 / f64::from(1 << 20))
}

/// `count` per second of `time`.
pub(crate) fn rate(count: usize, time: Duration) -> f64 {
    round(count as f64 / time.as_secs_f64())
}

/// Milliseconds are as fine as this is measured.
pub(crate) fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sustained_rate_leaves_out_what_came_in_the_first_block() {
        let begin = Instant::now();
        let block = |height: u64, count| {
            std::iter::repeat_n((height, begin + Duration::from_secs(height)), count)
        };
        let arrivals = block(5, 100).chain(block(6, 280)).chain(block(8, 120));
        assert_eq!(sustained(arrivals), Some(133.333));
        assert_eq!(sustained(block(5, 100)), None);
        assert_eq!(sustained(std::iter::empty()), None);
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "whole seconds are exact")]
    fn quantiles_are_times_that_occurred() {
        let times = (1..=20).map(Duration::from_secs).collect();
        assert_eq!(quantiles(times, [0.5, 0.95, 1.0]), [10.0, 19.0, 20.0]);
        assert_eq!(quantiles(Vec::new(), [0.5]), [0.0]);
    }
}
