//! What a person sees while waiting.

use std::{fmt, io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::output::Output;

/// Steps as they happen, and between them a spinner if a person is watching.
pub(crate) struct Progress {
    output: Output,
    spinner: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new(output: Output) -> Self {
        let watched = !output.is_json() && std::io::stderr().is_terminal();
        let spinner = watched.then(|| {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                spinner.set_style(style);
            }
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        Self { output, spinner }
    }

    /// Says what is being waited for.
    pub(crate) fn waiting(&self, what: impl Into<String>) {
        if let Some(spinner) = &self.spinner {
            spinner.set_message(what.into());
            spinner.reset_elapsed();
        }
    }

    /// Prints a step that is done.
    pub(crate) fn step<T: Serialize + fmt::Display>(&self, step: &T) {
        match &self.spinner {
            Some(spinner) => spinner.suspend(|| self.output.print(step)),
            None => self.output.print(step),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}
