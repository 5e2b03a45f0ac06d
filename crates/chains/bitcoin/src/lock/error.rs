use bitcoin::{
    Amount, FeeRate, XOnlyPublicKey, hashes::sha256, secp256k1::PublicKey, sighash::TaprootError,
    transaction::InputsIndexError,
};
use thiserror::Error;

/// Why a lock cannot be made or spent. Nothing here passes with time: the same call fails again.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LockError {
    /// At this height the chain does not yet hold refunds back.
    #[error(
        "{chain} enforces lock times from height {first} on, so a refund at {height} could be mined earlier"
    )]
    NotEnforced {
        /// The chain.
        chain: &'static str,
        /// The refund's height.
        height: u32,
        /// The first height that is enforced.
        first: u32,
    },
    /// The number means a moment and not a height.
    #[error("{height} is no height: from 500000000 on a lock time is a moment")]
    NoHeight {
        /// What was given.
        height: u32,
    },
    /// Both parties have the same key.
    #[error("both parties of the lock have the key {key}")]
    OneKey {
        /// That key.
        key: Box<PublicKey>,
    },
    /// The keys cannot be aggregated.
    #[error("the parties' keys have no aggregate: {reason}")]
    Aggregate {
        /// What the mathematics say.
        reason: String,
    },
    /// A transaction that is no claim without its secret.
    #[error("the transaction has no place for the secret: it is no claim that lacks it")]
    NoPlaceForSecret,
    /// The lock has no key path.
    #[error("only a taproot lock can be spent by both parties together")]
    NotTaproot,
    /// The key is not the one that the lock names.
    #[error("the lock is opened by the key {expected}, not by {got}")]
    WrongKey {
        /// The lock's key.
        expected: Box<PublicKey>,
        /// The key that was given.
        got: Box<PublicKey>,
    },
    /// The secret is not the one that the lock names.
    #[error("the lock is opened by the secret of hash {expected}, not of {got}")]
    WrongSecret {
        /// The lock's hash.
        expected: sha256::Hash,
        /// The hash of the secret that was given.
        got: sha256::Hash,
    },
    /// After the fee nothing is left that nodes would relay.
    #[error("{value} less a fee of {fee} is below {least}, the least that nodes relay")]
    NothingLeft {
        /// What there is to spend.
        value: Amount,
        /// What the transaction costs.
        fee: Amount,
        /// The least that an output may hold.
        least: Amount,
    },
    /// The rate is beyond all money.
    #[error("a fee at {rate} per 1000 weight units for {vsize} vB is beyond all money")]
    Rate {
        /// The rate.
        rate: FeeRate,
        /// The transaction's size in virtual bytes.
        vsize: u64,
    },
    /// The signature is not one of the lock's aggregate key over this transaction.
    #[error("the signature is not one of the aggregate key {key} over this transaction")]
    WrongSignature {
        /// The output's key.
        key: Box<XOnlyPublicKey>,
    },
    /// What is signed could not be computed.
    #[error(transparent)]
    Taproot(#[from] TaprootError),
    /// What is signed could not be computed.
    #[error(transparent)]
    Segwit(#[from] InputsIndexError),
}
