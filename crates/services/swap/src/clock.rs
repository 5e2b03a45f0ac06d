//! The one place that reads the clock.

use causeway_engine::UnixMillis;
use causeway_types::Timestamp;

/// Now, for the store.
pub(crate) fn millis() -> UnixMillis {
    UnixMillis::now()
}

/// Now, in whole seconds.
pub(crate) fn now() -> Timestamp {
    let millis = UnixMillis::now().as_millis().max(0).unsigned_abs();
    Timestamp::from_secs(millis / 1_000)
}
