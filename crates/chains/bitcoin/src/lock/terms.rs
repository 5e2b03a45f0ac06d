use bitcoin::{hashes::sha256, secp256k1::PublicKey};
use serde::{Deserialize, Serialize};

use super::LockError;
use crate::{Network, network};

/// From this number on, a lock time means a moment and not a height (BIP-65).
const FIRST_MOMENT: u32 = 500_000_000;

/// How a lock is written on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockForm {
    /// P2TR (BIP-341): both parties together spend with one signature and nobody sees that there was a
    /// lock; alone, each has a leaf.
    Taproot,
    /// P2WSH (BIP-141), for counterparties that cannot do the other.
    WitnessScript,
}

/// What two parties agree on about one locked output. Everything about the output follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockTerms {
    /// The chain that the output is on, as its CAIP-2 id where it is stored.
    #[serde(with = "network")]
    pub network: &'static Network,
    /// How the output is written.
    pub form: LockForm,
    /// The SHA-256 of the secret. Not HASH160: two texts of one HASH160 can be found with 2^80 work, and
    /// another chain with a wider hash would take only one of them.
    pub hash: sha256::Hash,
    /// Whose signature claims, with the secret.
    pub claim_key: PublicKey,
    /// Whose signature takes back, from the height on.
    pub refund_key: PublicKey,
    /// The lock time of the refund (BIP-65): only blocks above this height may hold it. Heights, because
    /// miners bend the time of blocks.
    pub refund_height: u32,
}

impl LockTerms {
    /// Refuses terms that do not do on the chain what they say.
    pub(super) fn check(&self) -> Result<(), LockError> {
        let height = self.refund_height;
        let first = self.network.lock_times_from;
        if height < first {
            let chain = self.network.name;
            return Err(LockError::NotEnforced {
                chain,
                height,
                first,
            });
        }
        if height >= FIRST_MOMENT {
            return Err(LockError::NoHeight { height });
        }
        let (claim, _) = self.claim_key.x_only_public_key();
        let (refund, _) = self.refund_key.x_only_public_key();
        if claim == refund {
            return Err(LockError::OneKey {
                key: Box::new(self.claim_key),
            });
        }
        Ok(())
    }
}
