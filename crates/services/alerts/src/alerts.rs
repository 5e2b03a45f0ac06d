//! The one place where everything that is wrong comes together.

use std::collections::BTreeMap;

use causeway_engine::{Engine, EngineError, Filter, UnitError, UnixMillis};
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    condition::{Condition, Severity},
    machine::{Alert, AlertMachine, Look, Patience},
    webhook::{Sender, Webhook},
};

/// Why alerts cannot be told.
#[derive(Debug, Error)]
pub enum AlertError {
    /// The database failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// No HTTP client can be made.
    #[error("no HTTP client can be made: {0}")]
    Http(#[from] reqwest::Error),
}

/// Keeps alerts in the engine's database, and tells of them.
#[derive(Clone)]
pub struct Alerts {
    engine: Engine,
    patience: Patience,
    webhook: Option<Webhook>,
    owner: String,
}

impl Alerts {
    /// Alerts that go to this webhook, or if there is none, to log and metrics alone.
    pub fn new(
        engine: Engine,
        patience: Patience,
        webhook: Option<Webhook>,
        owner: impl Into<String>,
    ) -> Self {
        Self {
            engine,
            patience,
            webhook,
            owner: owner.into(),
        }
    }

    /// Takes everything that is wrong now; what was wrong before and is not named is getting better.
    /// What follows is durable when this returns.
    pub async fn observe(&self, conditions: Vec<Condition>) -> Result<(), AlertError> {
        let now = UnixMillis::now();
        let firing = self.firing().await?;
        let mut looks: BTreeMap<String, Option<Condition>> = firing
            .iter()
            .map(|alert| (alert.condition.key(), None))
            .collect();
        for condition in conditions {
            looks.insert(condition.key(), Some(condition));
        }
        let known = |key: &str| firing.iter().find(|alert| alert.condition.key() == key);
        let mut unit = self.engine.begin(now).await?;
        for (key, condition) in looks {
            if known(&key).is_none()
                && let Some(new) = &condition
            {
                announce(new);
            }
            let look = Look {
                condition,
                now,
                patience: self.patience,
                tell: self.webhook.is_some(),
            };
            match unit.handle::<AlertMachine>(&key, look).await {
                Ok(()) => {}
                Err(UnitError::Engine(error)) => return Err(error.into()),
                Err(UnitError::Machine(never)) => match never {},
            }
        }
        unit.commit().await?;
        for alert in self.firing().await? {
            gauge(&alert, 1.0);
        }
        for alert in firing {
            let now = self
                .engine
                .process::<AlertMachine>(&alert.condition.key())
                .await?;
            if now.is_some_and(|process| process.done) {
                info!(alert = %alert.condition.name, subject = alert.condition.subject, "resolved");
                gauge(&alert, 0.0);
            }
        }
        Ok(())
    }

    /// What is wrong now.
    pub async fn firing(&self) -> Result<Vec<Alert>, EngineError> {
        let open = Filter {
            open_only: true,
            ..Filter::default()
        };
        let processes = self.engine.processes::<AlertMachine>(open).await?;
        Ok(processes.into_iter().map(|process| process.state).collect())
    }

    /// Delivers notices until stopped.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), AlertError> {
        let Some(webhook) = &self.webhook else {
            stop.cancelled().await;
            return Ok(());
        };
        self.engine.release(&self.owner).await?;
        let sender = Sender::new(self.engine.clone(), webhook.clone(), self.owner.clone())?;
        Ok(sender.run(stop).await?)
    }
}

fn announce(condition: &Condition) {
    let Condition {
        name,
        subject,
        summary,
    } = condition;
    match name.severity() {
        Severity::Critical => error!(alert = %name, subject, summary, "ALERT"),
        Severity::Warning => warn!(alert = %name, subject, summary, "alert"),
    }
}

fn gauge(alert: &Alert, value: f64) {
    let Condition { name, subject, .. } = &alert.condition;
    let severity = name.severity().to_string();
    metrics::gauge!("causeway_alert", "name" => name.as_str(), "subject" => subject.clone(), "severity" => severity)
        .set(value);
}
