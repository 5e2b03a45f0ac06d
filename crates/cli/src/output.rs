//! What a command prints: text for people, or one JSON object per line.

use std::{
    fmt,
    io::{self, Write},
};

use serde::Serialize;

use crate::failure::Failure;

/// Where results go, and in which form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints a result or a step: the object with --json, its text otherwise.
    pub(crate) fn print<T: Serialize + fmt::Display>(self, value: &T) {
        if self.json {
            self.object(value);
        } else {
            write_line(&mut io::stdout().lock(), &value.to_string());
        }
    }

    /// Prints the object with --json, nothing otherwise.
    pub(crate) fn object<T: Serialize>(self, value: &T) {
        if self.json {
            let line = serde_json::to_string(value).unwrap_or_else(|error| {
                serde_json::json!({ "error": error.to_string() }).to_string()
            });
            write_line(&mut io::stdout().lock(), &line);
        }
    }

    /// Prints a failure to stderr.
    pub(crate) fn failure(self, failure: &Failure) {
        let text = if self.json {
            serde_json::json!({ "error": failure.to_json() }).to_string()
        } else {
            failure.to_string()
        };
        write_line(&mut io::stderr().lock(), &text);
    }
}

/// A reader that went away (`causeway … | head`) ends the printing, not the work: what was begun
/// on a chain is still waited for.
fn write_line(stream: &mut impl Write, text: &str) {
    let _ = writeln!(stream, "{text}").and_then(|()| stream.flush());
}
