use schemars::JsonSchema;
use serde::Deserialize;

use super::KeySource;

/// What this node attests.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AttestorConfig {
    /// The key that signs attestations.
    pub(crate) key: KeySource,
    /// The clients to sign for; all clients of the routes by default.
    #[serde(default)]
    pub(crate) clients: Option<Vec<String>>,
}
