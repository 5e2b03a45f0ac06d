use serde::Serialize;

use super::{DaemonReport, bitcoin::Sizes, evm::Gas};

/// What one run measured of swaps; written as one JSON object. Sizes are in virtual bytes, of
/// transactions with one input.
#[derive(Clone, Debug, Serialize)]
pub struct SwapReport {
    /// Bitcoin: both sign, and the claimer is paid.
    pub btc_coop_claim_vb: u64,
    /// Bitcoin: both sign, and the refunder is paid.
    pub btc_coop_refund_vb: u64,
    /// Bitcoin: the claimer alone, with the secret.
    pub btc_script_claim_vb: u64,
    /// Bitcoin: the refunder alone, after the timelock.
    pub btc_script_refund_vb: u64,
    /// Bitcoin: the payment into the lock, with one output for change.
    pub btc_fund_vb: u64,
    /// Litecoin, as for Bitcoin.
    pub ltc_coop_claim_vb: u64,
    /// Litecoin, as for Bitcoin.
    pub ltc_coop_refund_vb: u64,
    /// Litecoin, as for Bitcoin.
    pub ltc_script_claim_vb: u64,
    /// Litecoin, as for Bitcoin.
    pub ltc_script_refund_vb: u64,
    /// Litecoin, as for Bitcoin.
    pub ltc_fund_vb: u64,
    /// Our contract.
    #[serde(flatten)]
    pub gas: Gas<u64>,
    /// Somebody else's contracts on the same chain; absent if they were not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<SwapPeer>,
    /// A maker's node with many swaps at once; absent if it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daemon: Option<DaemonReport>,
}

/// What was measured of somebody else's contracts for swaps.
#[derive(Clone, Debug, Serialize)]
pub struct SwapPeer {
    /// Their package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Nothing of what could not be measured.
    #[serde(flatten)]
    pub gas: Gas<Option<u64>>,
}

impl SwapReport {
    pub(super) fn new(bitcoin: &Sizes, litecoin: &Sizes, gas: Gas<u64>) -> Self {
        Self {
            btc_coop_claim_vb: bitcoin.coop_claim,
            btc_coop_refund_vb: bitcoin.coop_refund,
            btc_script_claim_vb: bitcoin.script_claim,
            btc_script_refund_vb: bitcoin.script_refund,
            btc_fund_vb: bitcoin.fund,
            ltc_coop_claim_vb: litecoin.coop_claim,
            ltc_coop_refund_vb: litecoin.coop_refund,
            ltc_script_claim_vb: litecoin.script_claim,
            ltc_script_refund_vb: litecoin.script_refund,
            ltc_fund_vb: litecoin.fund,
            gas,
            peer: None,
            daemon: None,
        }
    }
}
