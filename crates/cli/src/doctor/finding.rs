use std::fmt;

use serde::Serialize;

use crate::{failure::Failure, redact::redact_urls};

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    Ok,
    Warning,
    Error,
}

/// What one check found.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    /// What kind of thing was looked at: `endpoint`, `contracts`, `balance`.
    pub(crate) check: &'static str,
    /// Which one.
    pub(crate) subject: String,
    pub(crate) level: Level,
    pub(crate) message: String,
    /// What to do about it, if something is to be done.
    pub(crate) remedy: Option<String>,
}

/// Everything that was found, in the order in which it was looked at.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn ok(&mut self, check: &'static str, subject: &str, message: impl fmt::Display) {
        self.add(check, subject, Level::Ok, &message, None);
    }

    pub(crate) fn warn(
        &mut self,
        check: &'static str,
        subject: &str,
        message: impl fmt::Display,
        remedy: &str,
    ) {
        self.add(check, subject, Level::Warning, &message, Some(remedy));
    }

    pub(crate) fn fail(
        &mut self,
        check: &'static str,
        subject: &str,
        message: impl fmt::Display,
        remedy: &str,
    ) {
        self.add(check, subject, Level::Error, &message, Some(remedy));
    }

    /// Something that cannot be used, at the place that the failure names.
    pub(crate) fn failure(&mut self, check: &'static str, subject: &str, failure: &Failure) {
        let (place, remedy) = failure.place();
        let subject = place.unwrap_or(subject);
        self.add(check, subject, Level::Error, &failure.message(), remedy);
    }

    fn add(
        &mut self,
        check: &'static str,
        subject: &str,
        level: Level,
        message: &impl fmt::Display,
        remedy: Option<&str>,
    ) {
        self.findings.push(Finding {
            check,
            subject: redact_urls(subject),
            level,
            // Errors of endpoints repeat the URL, key and all.
            message: redact_urls(&message.to_string()),
            remedy: remedy.map(str::to_owned),
        });
    }

    pub(crate) fn count(&self, level: Level) -> usize {
        let found = self.findings.iter();
        found.filter(|finding| finding.level == level).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            let mark = match finding.level {
                Level::Ok => '✓',
                Level::Warning => '!',
                Level::Error => '✗',
            };
            let Finding {
                check,
                subject,
                message,
                ..
            } = finding;
            writeln!(f, "{mark} {check:<10} {subject}: {message}")?;
            if let Some(remedy) = &finding.remedy {
                writeln!(f, "             → {remedy}")?;
            }
        }
        let (warnings, errors) = (self.count(Level::Warning), self.count(Level::Error));
        write!(
            f,
            "{} checks, {warnings} warnings, {errors} errors",
            self.findings.len()
        )
    }
}
