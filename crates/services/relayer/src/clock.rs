//! The time as the relayer's parts are told it.

use std::{fmt, sync::Arc};

use causeway_engine::UnixMillis;

/// The system's clock, or a simulation's.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> UnixMillis + Send + Sync>);

impl Clock {
    /// A clock that shows whatever the function says.
    #[cfg(test)]
    pub(crate) fn new(read: impl Fn() -> UnixMillis + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    pub(crate) fn now(&self) -> UnixMillis {
        (self.0)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self(Arc::new(UnixMillis::now))
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}
