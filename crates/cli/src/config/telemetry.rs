use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

/// Traces that follow each packet across the chains.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TelemetryConfig {
    /// The OpenTelemetry collector that traces are sent to, by OTLP over HTTP.
    #[schemars(with = "String", extend("examples" = ["http://127.0.0.1:4318"]))]
    pub(crate) otlp: Url,
    /// The name under which this node's spans appear.
    #[serde(default = "default_service")]
    pub(crate) service: String,
}

fn default_service() -> String {
    "causeway".to_owned()
}
