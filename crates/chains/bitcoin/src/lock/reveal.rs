//! What a spend of a lock tells, read from a witness that a stranger has made.

use bitcoin::Witness;

use super::{HashTimeLock, output::Scripts};
use crate::Secret;

/// How a lock was spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockSpend {
    /// With the secret, which is now known.
    Claim(Secret),
    /// By the refund's script.
    Refund,
    /// By both parties together.
    KeyPath,
    /// In a way that this lock does not have: it is not a spend of this lock.
    Unknown,
}

/// What marks the last item of a witness as an annex (BIP-341).
const ANNEX: u8 = 0x50;

impl HashTimeLock {
    /// How the lock was spent, from the witness of the input that spent it.
    ///
    /// A secret proves itself, wherever in the witness it is. The other answers say what the witness is
    /// shaped like; that the chain took it is for the caller to know.
    pub fn classify(&self, witness: &Witness) -> LockSpend {
        if let Some(secret) = self.find_secret(witness) {
            return LockSpend::Claim(secret);
        }
        let items: Vec<&[u8]> = witness.iter().collect();
        match &self.scripts {
            Scripts::Taproot(taproot) => {
                let items = match items.as_slice() {
                    [rest @ .., last] if !rest.is_empty() && last.first() == Some(&ANNEX) => rest,
                    all => all,
                };
                match items {
                    // A Schnorr signature, with or without a byte that says what is signed.
                    [signature] if matches!(signature.len(), 64 | 65) => LockSpend::KeyPath,
                    [.., script, _] if *script == taproot.refund.as_bytes() => LockSpend::Refund,
                    _ => LockSpend::Unknown,
                }
            }
            Scripts::WitnessScript(expected) => match items.as_slice() {
                // The other branch shows the secret.
                [.., script] if *script == expected.as_bytes() => LockSpend::Refund,
                _ => LockSpend::Unknown,
            },
        }
    }

    /// The secret, if the witness shows it.
    pub fn find_secret(&self, witness: &Witness) -> Option<Secret> {
        witness
            .iter()
            .filter_map(|item| <[u8; 32]>::try_from(item).ok().map(Secret::from_bytes))
            .find(|secret| secret.hash() == self.terms().hash)
    }
}
