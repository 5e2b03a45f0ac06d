//! Keys from one seed (BIP-32), so that the seed alone brings back all money.

use std::fmt;

use bitcoin::{
    NetworkKind, ScriptBuf, WPubkeyHash,
    bip32::{self, ChildNumber, Xpriv},
    hashes::{Hash as _, hash160},
    secp256k1::{PublicKey, SecretKey},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Network, curve::CURVE};

/// The purpose of keys for P2WPKH outputs (BIP-84).
const COINS: u32 = 84;
/// The purpose of keys for taproot outputs (BIP-86).
const LOCKS: u32 = 86;
/// Seeds that BIP-32 allows, in bytes.
const SEED_BYTES: std::ops::RangeInclusive<usize> = 16..=64;

/// Why there is no such key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The seed is too short or too long.
    #[error("a seed has 16 to 64 bytes, not {got}")]
    Seed {
        /// The bytes that were given.
        got: usize,
    },
    /// The path leads nowhere: its number is beyond 2^31, or, once in 2^127, its key is none.
    #[error("there is no key number {index}: {reason}")]
    Path {
        /// The last number of the path.
        index: u32,
        /// What is wrong.
        reason: String,
    },
}

/// The place of one of our own addresses below the seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CoinPath {
    /// Whether it is for change, and not for receiving.
    pub change: bool,
    /// Its number.
    pub index: u32,
}

/// The keys of one chain below one seed.
///
/// Coins lie at BIP-84's paths, where any wallet that knows the seed finds them. Keys of locks are
/// hardened to the end, so that one that became known tells nothing of the others.
#[derive(Clone)]
pub struct KeyChain {
    network: &'static Network,
    /// m/84'/coin'/0'
    coins: Xpriv,
    /// m/86'/coin'/1'
    locks: Xpriv,
}

impl KeyChain {
    /// The keys of this chain below a seed.
    ///
    /// # Errors
    /// When the seed has another length than 16 to 64 bytes.
    pub fn from_seed(seed: &[u8], network: &'static Network) -> Result<Self, KeyError> {
        if !SEED_BYTES.contains(&seed.len()) {
            return Err(KeyError::Seed { got: seed.len() });
        }
        // The kind only shows in the serialized form, which is never made.
        let master =
            Xpriv::new_master(NetworkKind::Main, seed).map_err(|error| no_key(0, &error))?;
        let account = |purpose: u32, account: u32| {
            let mut path = Vec::with_capacity(3);
            for number in [purpose, network.coin_type, account] {
                path.push(hardened(number)?);
            }
            derive(&master, &path, account)
        };
        let (coins, locks) = (account(COINS, 0)?, account(LOCKS, 1)?);
        Ok(Self {
            network,
            coins,
            locks,
        })
    }

    /// The chain that the keys are for.
    pub const fn network(&self) -> &'static Network {
        self.network
    }

    /// The key of one of our own addresses: m/84'/coin'/0'/change/index.
    ///
    /// # Errors
    /// When the index is beyond 2^31.
    pub fn coin_key(&self, path: CoinPath) -> Result<SecretKey, KeyError> {
        let normal = |number: u32| {
            ChildNumber::from_normal_idx(number).map_err(|error| no_key(number, &error))
        };
        let steps = [normal(u32::from(path.change))?, normal(path.index)?];
        Ok(derive(&self.coins, &steps, path.index)?.private_key)
    }

    /// The script of one of our own addresses, P2WPKH.
    ///
    /// # Errors
    /// When the index is beyond 2^31.
    pub fn coin_script(&self, path: CoinPath) -> Result<ScriptBuf, KeyError> {
        let key = self.coin_key(path)?.public_key(&CURVE);
        Ok(p2wpkh(&key))
    }

    /// The key for the lock of this number: m/86'/coin'/1'/0'/index'. One number, one lock.
    ///
    /// # Errors
    /// When the index is beyond 2^31.
    pub fn lock_key(&self, index: u32) -> Result<SecretKey, KeyError> {
        let steps = [hardened(0)?, hardened(index)?];
        Ok(derive(&self.locks, &steps, index)?.private_key)
    }

    /// The public half of it, which the other party of the lock is told.
    ///
    /// # Errors
    /// When the index is beyond 2^31.
    pub fn lock_public_key(&self, index: u32) -> Result<PublicKey, KeyError> {
        Ok(self.lock_key(index)?.public_key(&CURVE))
    }
}

pub(crate) fn p2wpkh(key: &PublicKey) -> ScriptBuf {
    let hash = hash160::Hash::hash(&key.serialize());
    ScriptBuf::new_p2wpkh(&WPubkeyHash::from_raw_hash(hash))
}

fn hardened(number: u32) -> Result<ChildNumber, KeyError> {
    ChildNumber::from_hardened_idx(number).map_err(|error| no_key(number, &error))
}

fn derive(from: &Xpriv, path: &[ChildNumber], index: u32) -> Result<Xpriv, KeyError> {
    from.derive_priv(&CURVE, &path)
        .map_err(|error| no_key(index, &error))
}

fn no_key(index: u32, error: &bip32::Error) -> KeyError {
    let reason = error.to_string();
    KeyError::Path { index, reason }
}

/// Says nothing of the keys.
impl fmt::Debug for KeyChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("KeyChain");
        shown
            .field("network", &self.network.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bitcoin::hex::FromHex as _;

    use super::*;

    /// The seed of the mnemonic "abandon … about", which BIP-84's vectors begin with.
    const SEED: &str = "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1\
                        9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4";

    fn chain(network: &'static Network) -> KeyChain {
        KeyChain::from_seed(&Vec::from_hex(SEED).unwrap(), network).unwrap()
    }

    #[test]
    fn our_addresses_are_those_of_bip_84() {
        let keys = chain(Network::BITCOIN);
        for (change, index, expected) in [
            (false, 0, "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"),
            (false, 1, "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g"),
            (true, 0, "bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el"),
        ] {
            let script = keys.coin_script(CoinPath { change, index }).unwrap();
            assert_eq!(Network::BITCOIN.address(&script).as_deref(), Some(expected));
        }
    }

    #[test]
    fn chains_and_locks_have_keys_of_their_own() {
        let (bitcoin, litecoin) = (chain(Network::BITCOIN), chain(Network::LITECOIN));
        let path = CoinPath {
            change: false,
            index: 0,
        };
        let keys = [
            bitcoin.coin_key(path),
            litecoin.coin_key(path),
            bitcoin.lock_key(0),
            bitcoin.lock_key(1),
            litecoin.lock_key(0),
        ];
        let keys: BTreeSet<_> = keys.map(|key| key.unwrap().secret_bytes()).into();
        assert_eq!(keys.len(), 5);
        assert_eq!(bitcoin.lock_key(1), chain(Network::BITCOIN).lock_key(1));
    }

    #[test]
    fn what_is_no_seed_or_no_number_is_refused() {
        let short = KeyChain::from_seed(&[1; 15], Network::BITCOIN).unwrap_err();
        assert_eq!(short, KeyError::Seed { got: 15 });
        let beyond = chain(Network::BITCOIN).lock_key(1 << 31).unwrap_err();
        assert!(matches!(
            beyond,
            KeyError::Path {
                index: 0x8000_0000,
                ..
            }
        ));
    }

    #[test]
    fn keys_are_not_shown() {
        let keys = chain(Network::BITCOIN);
        let shown = format!("{keys:?}");
        assert!(
            !shown.contains("Xpriv") && !shown.contains("key:"),
            "{shown}"
        );
    }
}
