//! How a command fails: what is wrong, where, what to do about it, and the process's exit code.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::{
    address::AddressError,
    config::{ConfigError, ConfigErrors},
    keys::KeyError,
    redact::redact_urls,
};

/// The exit codes, as `causeway --help` documents them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command was understood but could not be done.
    Failed = 1,
    /// The command line, the configuration or a key is wrong; nothing was done.
    Usage = 2,
    /// The packet was sent but not delivered in time.
    NotDelivered = 3,
}

/// Why a command could not be done.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    code: &'static str,
    field: Option<String>,
    message: String,
    remedy: Option<String>,
    others: Vec<Failure>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, code: &'static str, message: impl fmt::Display) -> Self {
        Self {
            exit,
            code,
            field: None,
            // RPC errors repeat the URL they were sent to, key and all.
            message: redact_urls(&message.to_string()),
            remedy: None,
            others: Vec::new(),
        }
    }

    /// The input is wrong; nothing was done.
    pub(crate) fn usage(
        field: &str,
        message: impl fmt::Display,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(Exit::Usage, "usage", message)
            .at(field)
            .remedy(remedy)
    }

    /// The command was understood but could not be done.
    pub(crate) fn failed(code: &'static str, message: impl fmt::Display) -> Self {
        Self::new(Exit::Failed, code, message)
    }

    /// Names the argument or the configuration's key that is at fault.
    pub(crate) fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Says what the reader can do.
    pub(crate) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// What is wrong, without the place and the remedy.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The place and the remedy, where they are known.
    pub(crate) fn place(&self) -> (Option<&str>, Option<&str>) {
        (self.field.as_deref(), self.remedy.as_deref())
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// `{"code", "message", "field", "remedy"}`, and under `more` whatever else is wrong.
    pub(crate) fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("code".to_owned(), json!(self.code));
        object.insert("message".to_owned(), json!(self.message));
        object.insert("field".to_owned(), json!(self.field));
        object.insert("remedy".to_owned(), json!(self.remedy));
        if !self.others.is_empty() {
            let more = self.others.iter().map(Self::to_json).collect();
            object.insert("more".to_owned(), Value::Array(more));
        }
        Value::Object(object)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("error: ")?;
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(remedy) = &self.remedy {
            write!(f, "\n  help: {remedy}")?;
        }
        for other in &self.others {
            write!(f, "\n{other}")?;
        }
        Ok(())
    }
}

/// An error with everything that it came from.
pub(crate) fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut inner = error.source();
    while let Some(error) = inner {
        let cause = error.to_string();
        // Many errors repeat their cause already.
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
        inner = error.source();
    }
    text
}

impl From<&ConfigError> for Failure {
    fn from(error: &ConfigError) -> Self {
        let failure = Self::new(Exit::Usage, "config", error.message()).remedy(error.remedy());
        match &error.field {
            Some(field) => failure.at(field),
            None => failure,
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::from(&error)
    }
}

impl From<ConfigErrors> for Failure {
    fn from(errors: ConfigErrors) -> Self {
        let mut failures = errors.iter().map(Self::from);
        let mut first = failures
            .next()
            .unwrap_or_else(|| Self::failed("config", &errors));
        first.others = failures.collect();
        first
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        Self::new(Exit::Usage, "key", &error)
            .at(error.field())
            .remedy(error.remedy())
    }
}

impl Failure {
    /// A wrong address in the argument of this name.
    pub(crate) fn address(field: &str, error: &AddressError) -> Self {
        let remedy = match error {
            AddressError::Shape(_) => "write 0x and the 40 hexadecimal digits of the address",
            AddressError::Checksum(_) => {
                "copy the address again; all in lower case it is taken without the check"
            }
        };
        Self::usage(field, error, remedy)
    }
}
