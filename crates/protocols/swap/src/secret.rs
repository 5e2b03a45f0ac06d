use std::fmt;

use alloy_primitives::B256;
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

/// Sets secrets of swaps apart from whatever else is derived from the same seed.
const LABEL: &[u8] = b"causeway/swap/secret/1";
/// The least that BIP-32 takes for a seed: 128 bits.
const SHORTEST_SEED: usize = 16;

/// The 32 bytes that open both locks of a swap to whoever shows them.
///
/// It is wiped from memory when dropped, and says nothing of itself to `{:?}`. It does serialize, as
/// hexadecimal: what a swap has decided must outlive a crash, and the store is as private as keys are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "B256", into = "B256")]
pub struct Secret(Zeroizing<[u8; 32]>);

/// A seed is too short to keep a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a seed of {length} bytes (expected {SHORTEST_SEED} or more)")]
pub struct ShortSeed {
    /// Its length in bytes.
    pub length: usize,
}

/// The SHA-256 of a [`Secret`]: what both locks name.
///
/// Not RIPEMD-160 of it, although Bitcoin could check that: two texts of one such hash can be found with
/// 2^80 work, and one chain would take a text that the other does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HashLock(B256);

impl Secret {
    /// The secret of this index, by HKDF-SHA256 (RFC 5869) from a seed that nobody else knows.
    ///
    /// The same seed and index make the same secret again, so that no copy of the secret is needed to
    /// recover. For that very reason an index must never serve twice: whoever learned a secret in one
    /// swap could open the next. An index that only grows, such as the time in milliseconds, stays
    /// unused even after an old copy of the store was put back.
    ///
    /// # Errors
    /// When the seed is shorter than 16 bytes.
    pub fn derive(seed: &[u8], index: u64) -> Result<Self, ShortSeed> {
        let mut secret = Zeroizing::new([0; 32]);
        let short = ShortSeed { length: seed.len() };
        if seed.len() < SHORTEST_SEED {
            return Err(short);
        }
        // HKDF gives up to 8,160 bytes; 32 are never too many.
        Hkdf::<Sha256>::new(Some(LABEL), seed)
            .expand(&index.to_be_bytes(), secret.as_mut_slice())
            .map_err(|_| short)?;
        Ok(Self(secret))
    }

    /// These bytes as a secret, as a chain or a counterparty has shown them.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, to be handed to whoever may learn them.
    pub fn to_bytes(&self) -> [u8; 32] {
        *self.0
    }

    /// The lock that this secret opens.
    pub fn hash_lock(&self) -> HashLock {
        HashLock(B256::from_slice(&Sha256::digest(self.0.as_slice())))
    }
}

impl HashLock {
    /// The lock that is named by this hash.
    pub const fn new(hash: B256) -> Self {
        Self(hash)
    }

    /// The hash.
    pub const fn hash(self) -> B256 {
        self.0
    }

    /// Whether the secret opens this lock.
    pub fn is_opened_by(self, secret: &Secret) -> bool {
        secret.hash_lock() == self
    }
}

impl From<B256> for Secret {
    fn from(bytes: B256) -> Self {
        Self::from_bytes(bytes.0)
    }
}

impl From<Secret> for B256 {
    fn from(secret: Secret) -> Self {
        Self::new(secret.to_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(opens {})", self.hash_lock())
    }
}

impl fmt::Display for HashLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::b256;

    use super::*;

    #[test]
    fn a_lock_is_the_sha_256_of_the_secret() {
        // SHA-256 of 32 zero bytes.
        let expected = b256!("66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925");
        let secret = Secret::from_bytes([0; 32]);
        assert_eq!(secret.hash_lock(), HashLock::new(expected));
        assert!(secret.hash_lock().is_opened_by(&secret));
        assert!(
            !secret
                .hash_lock()
                .is_opened_by(&Secret::from_bytes([1; 32]))
        );
    }

    #[test]
    fn secrets_follow_from_seed_and_index_alone() {
        let seed = [7; 16];
        let derive = |seed: &[u8], index| Secret::derive(seed, index).unwrap();
        // HKDF-SHA256 written out with Python's hmac module.
        let expected = b256!("895a5bba1807349cd792f3aeec0f5dc4832f18544644575a5e0ef666de33222f");
        assert_eq!(B256::from(derive(&seed, 1)), expected);
        assert_ne!(derive(&seed, 1), derive(&seed, 2));
        assert_ne!(derive(&seed, 1), derive(&[8; 16], 1));
        assert_eq!(Secret::derive(&[7; 15], 1), Err(ShortSeed { length: 15 }));
    }

    #[test]
    fn a_secret_is_stored_and_never_shown() {
        let secret = Secret::from_bytes([0x5a; 32]);
        let stored = serde_json::to_string(&secret).unwrap();
        assert_eq!(stored, format!("\"0x{}\"", "5a".repeat(32)));
        assert_eq!(serde_json::from_str::<Secret>(&stored).unwrap(), secret);
        let shown = format!("{secret:?}");
        assert!(
            !shown.contains("5a5a") && !shown.contains("90, 90"),
            "{shown}"
        );
    }
}
