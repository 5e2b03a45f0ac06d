use bitcoin::{Amount, FeeRate, Script, Transaction, Txid, consensus::encode};
use serde::{Deserialize, Serialize};

use super::LockError;
use crate::Network;

/// A transaction that is signed and ready. Store its bytes before they are broadcast: what was sent
/// and forgotten cannot be sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedTx {
    /// The transaction.
    pub tx: Transaction,
    /// What it pays to whoever mines it.
    pub fee: Amount,
}

impl SignedTx {
    /// Its id, which no signature changes.
    pub fn txid(&self) -> Txid {
        self.tx.compute_txid()
    }

    /// The bytes to store and to broadcast.
    pub fn bytes(&self) -> Vec<u8> {
        encode::serialize(&self.tx)
    }

    /// Its size in virtual bytes, which fees are counted by (BIP-141).
    pub fn vsize(&self) -> u64 {
        vsize(&self.tx)
    }

    /// What it pays per size.
    pub fn rate(&self) -> FeeRate {
        let weight = self.tx.weight().to_wu().max(1);
        FeeRate::from_sat_per_kwu(self.fee.to_sat().saturating_mul(1000) / weight)
    }
}

pub(crate) fn vsize(tx: &Transaction) -> u64 {
    tx.weight().to_vbytes_ceil()
}

/// The fee for a size at a rate, rounded up so that the rate is reached.
pub(crate) fn fee_for(vsize: u64, rate: FeeRate) -> Result<Amount, LockError> {
    rate.fee_vb(vsize).ok_or(LockError::Rate { rate, vsize })
}

/// What is left of a value for a script, unless nodes would not relay so little.
pub(crate) fn after_fee(
    network: &Network,
    value: Amount,
    fee: Amount,
    to: &Script,
) -> Result<Amount, LockError> {
    let least = to.minimal_non_dust_custom(network.dust_relay_rate);
    match value.checked_sub(fee) {
        Some(left) if left >= least => Ok(left),
        _ => Err(LockError::NothingLeft { value, fee, least }),
    }
}
