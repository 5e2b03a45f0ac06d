use alloy::signers::{SignerSync, local::PrivateKeySigner};
use alloy_primitives::{Address, B256};
use causeway_ibc::Signature65;
use futures::future::BoxFuture;
use thiserror::Error;

/// The attestor's key, wherever it is kept.
///
/// Asked twice to sign one digest, it should give the same signature (RFC 6979), so that a repeated
/// request gets the same bytes.
pub trait Signer: Send + Sync + 'static {
    /// The address that signatures recover to.
    fn address(&self) -> Address;

    /// Signs the digest as it is, without any prefix: `r ‖ s ‖ v` with a low `s` and `v` 27 or 28.
    fn sign(&self, digest: B256) -> BoxFuture<'_, Result<Signature65, SignError>>;
}

/// Why a key gave no usable signature.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignError {
    /// The key, or whatever keeps it, could not sign.
    #[error("the key of {address} cannot sign: {reason}")]
    Unavailable {
        /// The key's address.
        address: Address,
        /// What it said.
        reason: String,
    },
    /// The signature is not the key's: no light client would accept it.
    #[error("the signature made for {expected} recovers to {}", .actual.map_or_else(|| "no address".to_owned(), |a| a.to_string()))]
    WrongKey {
        /// The address the key claims.
        expected: Address,
        /// The address that the signature recovers to, if it recovers at all.
        actual: Option<Address>,
    },
}

/// Signing takes a fraction of a millisecond, so it happens where it is called.
impl Signer for PrivateKeySigner {
    fn address(&self) -> Address {
        Self::address(self)
    }

    fn sign(&self, digest: B256) -> BoxFuture<'_, Result<Signature65, SignError>> {
        let signature = self
            .sign_hash_sync(&digest)
            .map(|signature| Signature65::new(signature.as_bytes()))
            .map_err(|error| SignError::Unavailable {
                address: Self::address(self),
                reason: error.to_string(),
            });
        Box::pin(futures::future::ready(signature))
    }
}
