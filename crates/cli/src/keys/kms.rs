//! Keys that never leave a key management service.

use super::{KeyError, NodeSigner};
use crate::config::AwsKmsKey;

/// Finds the key, and learns its address.
#[cfg(feature = "kms-aws")]
pub(super) async fn open(key: &AwsKmsKey, field: &str) -> Result<NodeSigner, KeyError> {
    use std::time::Duration;

    use alloy_signer_aws::AwsSigner;
    use aws_config::{BehaviorVersion, Region, timeout::TimeoutConfig};

    /// The service answers within milliseconds; a lane must not wait for ever when it does not.
    const PATIENCE: Duration = Duration::from_secs(10);

    let patience = TimeoutConfig::builder().operation_timeout(PATIENCE).build();
    let mut config = aws_config::defaults(BehaviorVersion::latest()).timeout_config(patience);
    if let Some(region) = &key.region {
        config = config.region(Region::new(region.clone()));
    }
    if let Some(endpoint) = &key.endpoint {
        config = config.endpoint_url(endpoint.as_str());
    }
    let client = aws_sdk_kms::Client::new(&config.load().await);
    // One signer serves all chains: each transaction names its own.
    let signer = AwsSigner::new(client, key.key_id.clone(), None).await;
    signer.map(NodeSigner::Aws).map_err(|error| KeyError::Kms {
        field: field.to_owned(),
        key: key.key_id.clone(),
        reason: crate::failure::chain_of(&error),
    })
}

/// This program was built without it.
#[cfg(not(feature = "kms-aws"))]
#[expect(clippy::unused_async, reason = "the same with and without the feature")]
pub(super) async fn open(_: &AwsKmsKey, field: &str) -> Result<NodeSigner, KeyError> {
    Err(KeyError::WithoutKms {
        field: field.to_owned(),
    })
}
