//! The life of an alert: it fires, is told of, is told of again while it lasts, and is resolved.

use std::{convert::Infallible, time::Duration};

use causeway_engine::{Machine, NewEffect, News, Step, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::condition::{AlertName, Condition, Severity};

/// The lane in which notices wait for delivery.
pub(crate) const LANE: &str = "alerts/webhook";

/// Whether something is wrong or right again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeStatus {
    /// It is wrong.
    Firing,
    /// It is right again.
    Resolved,
}

/// One message to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is about.
    pub name: AlertName,
    /// With what.
    pub subject: String,
    /// Whether it is wrong or right again.
    pub status: NoticeStatus,
    /// How urgent it is.
    pub severity: Severity,
    /// In words.
    pub summary: String,
    /// What the alert means.
    pub meaning: String,
    /// Since when, in milliseconds since the Unix epoch.
    pub since: UnixMillis,
}

/// When to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// An alert that lasts is told of again after this long.
    pub repeat: Duration,
    /// What was not seen for this long is resolved: what comes and goes is one alert.
    pub quiet: Duration,
}

/// What is known of one alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// What is wrong.
    pub condition: Condition,
    /// Whether it is wrong, or was.
    pub firing: bool,
    /// Since when.
    pub since: UnixMillis,
    /// When it was seen last.
    pub seen: UnixMillis,
    /// When people were told last.
    told: UnixMillis,
    /// Counts the notices, for keys that never repeat.
    notices: u64,
}

/// What the machine is told.
#[derive(Clone, Debug)]
pub struct Look {
    /// The condition, if it is there.
    pub condition: Option<Condition>,
    /// When.
    pub now: UnixMillis,
    /// When to tell.
    pub patience: Patience,
    /// Whether anybody is to be told at all.
    pub tell: bool,
}

/// The engine's name for alerts.
pub struct AlertMachine;

impl Machine for AlertMachine {
    const KIND: &'static str = "alert";
    // When it was seen last is written every few seconds.
    const NEWS: News = News::Phase;
    type State = Alert;
    type Input = Look;
    type Effect = Notice;
    type Error = Infallible;

    fn handle(state: Option<Alert>, look: Look) -> Result<Step<Alert, Notice>, Infallible> {
        let Some(mut alert) = known_or_new(state, &look) else {
            return Ok(Step::vanish());
        };
        let status = alert.take(&look);
        let phase = if alert.firing { "firing" } else { "resolved" };
        let notice = status.filter(|_| look.tell).map(|status| {
            alert.notices += 1;
            let key = alert.notices.to_string();
            NewEffect::new(key, LANE, alert.notice(status))
        });
        let firing = alert.firing;
        let mut step = Step::to(alert, phase);
        step.done = !firing;
        step.effects.extend(notice);
        Ok(step)
    }
}

fn known_or_new(state: Option<Alert>, look: &Look) -> Option<Alert> {
    state.or_else(|| {
        Some(Alert {
            condition: look.condition.clone()?,
            firing: false,
            since: look.now,
            seen: look.now,
            told: look.now,
            notices: 0,
        })
    })
}

impl Alert {
    /// Takes one look; says what people must be told.
    fn take(&mut self, look: &Look) -> Option<NoticeStatus> {
        let now = look.now;
        if let Some(condition) = &look.condition {
            self.condition = condition.clone();
            self.seen = now;
            let begins = !self.firing;
            if begins {
                (self.firing, self.since) = (true, now);
            }
            let again = now.since(self.told) >= look.patience.repeat;
            if begins || again {
                self.told = now;
                return Some(NoticeStatus::Firing);
            }
        } else if self.firing && now.since(self.seen) >= look.patience.quiet {
            self.firing = false;
            self.told = now;
            return Some(NoticeStatus::Resolved);
        }
        None
    }

    fn notice(&self, status: NoticeStatus) -> Notice {
        let name = self.condition.name;
        Notice {
            name,
            subject: self.condition.subject.clone(),
            status,
            severity: name.severity(),
            summary: self.condition.summary.clone(),
            meaning: name.meaning().trim().to_owned(),
            since: self.since,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience {
        repeat: Duration::from_millis(100),
        quiet: Duration::from_millis(10),
    };

    fn look(state: Option<Alert>, there: bool, now: i64) -> (Option<Alert>, Vec<NoticeStatus>) {
        let condition = there.then(|| Condition::new(AlertName::LaneStalled, "x", "no wind"));
        let look = Look {
            condition,
            now: UnixMillis::from_millis(now),
            patience: PATIENCE,
            tell: true,
        };
        let step = AlertMachine::handle(state, look).unwrap();
        let told = step.effects.iter().map(|effect| effect.effect.status);
        let told = told.collect();
        (step.state, told)
    }

    #[test]
    fn an_alert_is_told_once_repeated_while_it_lasts_and_resolved() {
        use NoticeStatus::{Firing, Resolved};
        let mut state = None;
        let mut tell = |there, now| {
            let (next, told) = look(state.take(), there, now);
            state = next;
            told
        };
        assert_eq!(tell(true, 0), [Firing]);
        assert_eq!(tell(true, 50), []);
        assert_eq!(tell(false, 55), [], "it may come back");
        assert_eq!(tell(true, 58), [], "it came back");
        assert_eq!(tell(true, 101), [Firing], "still there");
        assert_eq!(tell(false, 105), []);
        assert_eq!(tell(false, 111), [Resolved]);
        assert_eq!(tell(false, 150), []);
        assert_eq!(tell(true, 160), [Firing]);
    }

    #[test]
    fn what_never_was_leaves_no_trace() {
        assert_eq!(look(None, false, 0), (None, vec![]));
    }
}
