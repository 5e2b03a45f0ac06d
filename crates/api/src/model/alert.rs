use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;

/// Something that is wrong, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    /// What: one of the names that `causeway run --help` lists.
    #[schema(example = "chain-stalled")]
    pub name: String,
    /// How urgent it is.
    pub severity: AlertSeverity,
    /// What an alert of this name means.
    pub meaning: String,
    /// With what: a chain, a light client, an endpoint.
    pub subject: String,
    /// In words.
    pub summary: String,
    /// Whether it is wrong now.
    pub status: AlertStatus,
    /// Since when it is, or was, wrong.
    pub since: Time,
    /// When it was seen last.
    pub seen: Time,
}

/// Who must wake up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertSeverity {
    /// Somebody should look today.
    Warning,
    /// Somebody must look now, at night too.
    Critical,
}

/// Whether something is wrong or right again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlertStatus {
    /// It is wrong.
    Firing,
    /// It is right again.
    Resolved,
}
