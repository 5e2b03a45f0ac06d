//! What a person sees while a run takes its time.

use std::time::Instant;

/// Tells on standard error where a run is.
pub(crate) struct Progress(Instant);

impl Progress {
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    #[expect(clippy::print_stderr, reason = "this is where people look")]
    pub(crate) fn say(&self, what: &str) {
        eprintln!("{:6.1} s  {what}", self.0.elapsed().as_secs_f64());
    }
}
