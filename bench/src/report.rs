#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "counts and measurements here are far below what a float holds exactly"
)]

use std::time::Duration;

use serde::Serialize;

/// What one run measured; written as one JSON object.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// `1s`, or `auto` for a block per transaction.
    pub blocks: String,
    /// Packets sent.
    pub n: usize,
    /// Whether each packet waited for the one before it.
    pub sequential: bool,
    /// Packets that the destination received.
    pub delivered: usize,
    /// Packets whose acknowledgement the source took.
    pub acknowledged: usize,
    /// Packets not received.
    pub lost: usize,
    /// Broadcast of the send to sight of the receipt, in seconds: median.
    pub p50_s: f64,
    /// The same, 95th percentile.
    pub p95_s: f64,
    /// The same, worst.
    pub max_s: f64,
    /// Packets delivered per second, from the first broadcast to the last receipt.
    pub packets_per_s: f64,
    /// Packets acknowledged per second, from the first broadcast to the last acknowledgement.
    pub acknowledged_per_s: f64,
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
    /// Gas per receipt in a multicall of 50.
    pub gas_recv_batched: u64,
    /// Gas per acknowledgement in a multicall of 50.
    pub gas_ack_batched: u64,
    /// The relayer's memory after the run, in MiB.
    pub rss_mb: f64,
    /// The relayer's processor time per packet, in milliseconds.
    pub cpu_ms_per_packet: f64,
}

impl Report {
    /// Fills in the latencies.
    pub(crate) fn latencies(&mut self, mut taken: Vec<Duration>) {
        taken.sort_unstable();
        let at = |share: f64| {
            let rank = (share * taken.len() as f64).ceil() as usize;
            taken
                .get(rank.saturating_sub(1))
                .map_or(0.0, |time| round(time.as_secs_f64()))
        };
        (self.p50_s, self.p95_s, self.max_s) = (at(0.5), at(0.95), at(1.0));
    }
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
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
