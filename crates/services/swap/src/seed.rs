use std::fmt;

use causeway_swap::{Secret, ShortSeed};
use hkdf::Hkdf;
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::identity::PeerKey;

/// Seeds that BIP-32 takes, in bytes.
const BYTES: std::ops::RangeInclusive<usize> = 16..=64;
/// Sets the key that signs what we say apart from whatever else is derived from the seed.
const IDENTITY: &[u8] = b"causeway/swap/identity/1";

/// What all keys and secrets of swaps follow from. Whoever has it has all that is locked.
pub struct Seed(Zeroizing<Vec<u8>>);

/// Bytes that are no seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a seed of {got} bytes (expected 16 to 64, from a source that nobody can predict)")]
pub struct SeedError {
    /// How many there are.
    pub got: usize,
}

impl Seed {
    /// These bytes as a seed.
    ///
    /// # Errors
    /// When they are fewer than 16 or more than 64.
    pub fn new(bytes: Vec<u8>) -> Result<Self, SeedError> {
        let bytes = Zeroizing::new(bytes);
        let got = bytes.len();
        BYTES
            .contains(&got)
            .then_some(Self(bytes))
            .ok_or(SeedError { got })
    }

    /// The bytes, for BIP-32.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The secret of the swap of this number.
    pub(crate) fn secret(&self, number: u32) -> Result<Secret, ShortSeed> {
        Secret::derive(&self.0, number.into())
    }

    /// The key that signs what we say.
    ///
    /// # Errors
    /// Once in 2^128 seeds, when what is derived is no key.
    pub fn identity(&self) -> Result<PeerKey, SeedError> {
        let got = self.0.len();
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(IDENTITY), &self.0)
            .expand(&[], key.as_mut_slice())
            .map_err(|_| SeedError { got })?;
        PeerKey::from_bytes(&key).ok_or(SeedError { got })
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_has_the_length_that_keys_need_and_says_nothing_of_itself() {
        assert_eq!(Seed::new(vec![7; 15]).unwrap_err(), SeedError { got: 15 });
        assert!(Seed::new(vec![7; 65]).is_err());
        let seed = Seed::new(vec![7; 16]).unwrap();
        assert_eq!(format!("{seed:?}"), "Seed");
    }

    #[test]
    fn the_same_seed_is_the_same_peer() {
        let peer = |byte| Seed::new(vec![byte; 32]).unwrap().identity().unwrap().id();
        assert_eq!(peer(1), peer(1));
        assert_ne!(peer(1), peer(2));
    }
}
