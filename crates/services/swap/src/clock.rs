//! The time as all parts of the service are told it.

use std::{fmt, sync::Arc};

use causeway_engine::UnixMillis;
use causeway_types::Timestamp;

/// What a service takes for the time: the system's clock, or what somebody else reads. Cheap to clone.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> UnixMillis + Send + Sync>);

impl Clock {
    /// A clock that shows whatever the function says. It must not go backwards.
    pub fn new(read: impl Fn() -> UnixMillis + Send + Sync + 'static) -> Self {
        Self(Arc::new(read))
    }

    /// Now, for the store.
    pub(crate) fn millis(&self) -> UnixMillis {
        (self.0)()
    }

    /// Now, in whole seconds.
    pub(crate) fn now(&self) -> Timestamp {
        let millis = self.millis().as_millis().max(0).unsigned_abs();
        Timestamp::from_secs(millis / 1_000)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new(UnixMillis::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.millis())
    }
}
