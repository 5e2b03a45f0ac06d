//! Driver for Bitcoin and its family: hash-time-locks, keys, fees, following, broadcasting.

mod address;
mod curve;
mod keys;
mod lock;
mod musig;
mod network;
mod secret;

pub use address::AddressError;
pub use keys::{CoinPath, KeyChain, KeyError};
pub use lock::{
    CooperativeSpend, HashTimeLock, LockError, LockForm, LockSpend, LockTerms, LockedCoin, SignedTx,
};
pub use musig::{
    MusigError, NonceMessage, NonceRound, ParseMessageError, PartialSignatureMessage, SigningRound,
};
pub use network::Network;
pub use secret::Secret;
