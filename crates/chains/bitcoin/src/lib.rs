//! Driver for Bitcoin and its family: hash-time-locks, keys, fees, following, broadcasting.
//!
//! The driver knows how to talk to a chain and nothing of what is agreed on above it. Four invariants
//! hold:
//!
//! - **A chain is data.** What differs between the chains of the family stands in [`Network`], and no
//!   address of one is taken for another's.
//! - **A signature is made once, from what is stored.** Building and signing give a [`SignedTx`], whose
//!   bytes the caller stores; [`BitcoinChain::broadcast`] may then be repeated for ever. The nonce of a signature
//!   is never stored and never used twice ([`NonceRound`]).
//! - **Nothing is missed.** A [`Follower`] tells of every block in order and withdraws what a
//!   reorganisation removes, across restarts.
//! - **One endpoint is never enough to believe that money is there.** What is final, and what the
//!   `agreed_…` methods of [`BitcoinChain`] answer, is the word of several, where several are configured.
//!
//! What is deliberately absent: any knowledge of swaps, any database, any randomness (it is passed in), a
//! node's wallet, and any clock but for pauses and time-outs. Raw blocks are never decoded, for
//! Litecoin's hold what no library reads.

mod address;
mod agreement;
mod broadcast;
mod chain;
mod curve;
mod error;
mod fees;
mod follow;
mod keys;
mod lock;
mod musig;
mod network;
mod rpc;
mod secret;
mod wallet;

pub use address::AddressError;
pub use agreement::{AgreedCoin, AgreedHead, AgreedRates, AgreementError, Statement};
pub use broadcast::{Broadcast, BroadcastError, Refusal};
pub use chain::{BitcoinChain, BitcoinConfig};
pub use error::BitcoinError;
pub use fees::{FeeChoice, FeeLimits, FeeSituation};
pub use follow::{BlockEvent, Cursor, Follower, Update, Watch};
pub use keys::{CoinPath, KeyChain, KeyError};
pub use lock::{
    CooperativeSpend, HashTimeLock, LockError, LockForm, LockSpend, LockTerms, LockedCoin, SignedTx,
};
pub use musig::{
    MusigError, NonceMessage, NonceRound, ParseMessageError, PartialSignatureMessage, SigningRound,
};
pub use network::Network;
pub use rpc::{
    RpcAuth, RpcClient, RpcEndpoint, RpcError, RpcErrorKind, RpcLimits, ScannedCoin, Severity,
    Unspent, reads_answer,
};
pub use secret::Secret;
pub use wallet::{Coin, Wallet, WalletError};
