//! Processes that do not outlive the one that starts them, however that one ends.

mod start;

pub use start::{bound_to_parent, has_setpriv, start_from_lasting_thread};
