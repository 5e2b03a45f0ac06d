use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use alloy::{
    consensus::SignableTransaction,
    network::TxSigner,
    primitives::{Address, B256, Signature},
    signers::local::PrivateKeySigner,
};
use async_trait::async_trait;
use causeway_attestor::{SignError, Signer};
use causeway_ibc::Signature65;
use futures::future::BoxFuture;

use super::{KeyError, kms, open_key};
use crate::config::KeySource;

/// A key that a node signs with, wherever it is kept.
#[derive(Clone, Debug)]
pub(crate) enum NodeSigner {
    /// In this process.
    Local(PrivateKeySigner),
    /// In AWS's key management service, which it never leaves.
    #[cfg(feature = "kms-aws")]
    Aws(alloy_signer_aws::AwsSigner),
}

/// Opens a node's key. `field` is what an error is about; `resolve` makes a path of the
/// configuration absolute.
pub(crate) async fn open_signer(
    source: &KeySource,
    field: &str,
    resolve: impl Fn(&Path) -> PathBuf,
) -> Result<NodeSigner, KeyError> {
    match source {
        KeySource::AwsKms(key) => kms::open(key, field).await,
        source => open_key(source, field, resolve).map(NodeSigner::Local),
    }
}

impl NodeSigner {
    /// The key as whatever signs hashes and typed data.
    pub(crate) fn into_signer(self) -> Arc<dyn alloy::signers::Signer + Send + Sync> {
        match self {
            Self::Local(key) => Arc::new(key),
            #[cfg(feature = "kms-aws")]
            Self::Aws(key) => Arc::new(key),
        }
    }

    /// The address that signatures recover to.
    pub(crate) fn address(&self) -> Address {
        match self {
            Self::Local(key) => key.address(),
            #[cfg(feature = "kms-aws")]
            Self::Aws(key) => TxSigner::address(key),
        }
    }
}

#[async_trait]
impl TxSigner<Signature> for NodeSigner {
    fn address(&self) -> Address {
        self.address()
    }

    async fn sign_transaction(
        &self,
        tx: &mut dyn SignableTransaction<Signature>,
    ) -> alloy::signers::Result<Signature> {
        match self {
            Self::Local(key) => key.sign_transaction(tx).await,
            #[cfg(feature = "kms-aws")]
            Self::Aws(key) => key.sign_transaction(tx).await,
        }
    }
}

impl Signer for NodeSigner {
    fn address(&self) -> Address {
        self.address()
    }

    fn sign(&self, digest: B256) -> BoxFuture<'_, Result<Signature65, SignError>> {
        match self {
            Self::Local(key) => Signer::sign(key, digest),
            #[cfg(feature = "kms-aws")]
            Self::Aws(key) => Box::pin(async move {
                let signed = alloy::signers::Signer::sign_hash(key, &digest).await;
                signed
                    .map(|signature| Signature65::new(signature.as_bytes()))
                    .map_err(|error| SignError::Unavailable {
                        address: self.address(),
                        reason: crate::failure::chain_of(&error),
                    })
            }),
        }
    }
}
