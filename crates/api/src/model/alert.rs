use causeway_alerts::Severity;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Time;

impl From<&causeway_alerts::Alert> for Alert {
    fn from(alert: &causeway_alerts::Alert) -> Self {
        let condition = &alert.condition;
        let time = |time: causeway_engine::UnixMillis| Time::from_millis(time.as_millis());
        Self {
            id: condition.key(),
            name: condition.name.as_str().to_owned(),
            severity: match condition.name.severity() {
                Severity::Warning => AlertSeverity::Warning,
                Severity::Critical => AlertSeverity::Critical,
            },
            meaning: condition.name.meaning().trim().to_owned(),
            subject: condition.subject.clone(),
            summary: condition.summary.clone(),
            status: if alert.firing {
                AlertStatus::Firing
            } else {
                AlertStatus::Resolved
            },
            since: time(alert.since),
            seen: time(alert.seen),
        }
    }
}

/// Something that is wrong, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    /// Names the alert: `NAME/SUBJECT`. What is wrong once more is the same alert again.
    #[schema(example = "chain-stalled/eip155:31337")]
    pub id: String,
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
