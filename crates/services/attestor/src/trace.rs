//! Which trace a request belongs to, passed on as a W3C `traceparent` header.

use std::future::Future;

use causeway_engine::UnixMillis;
use tracing::{Level, enabled, trace};

use crate::AttestRequest;

/// The target of the events that tell of packets' steps, for whoever makes traces of them.
pub const TRACE_TARGET: &str = "causeway::packet";

/// The header that names the trace.
pub(crate) const TRACEPARENT: &str = "traceparent";

tokio::task_local! {
    static CURRENT: String;
}

/// Asks attestors on behalf of this trace, a W3C `traceparent`, for as long as the work takes.
pub async fn on_behalf_of<F: Future>(traceparent: String, work: F) -> F::Output {
    CURRENT.scope(traceparent, work).await
}

/// The trace on behalf of which a request is made, if there is one.
pub(crate) fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// When something begins, if anybody follows traces.
pub(crate) fn begin() -> Option<UnixMillis> {
    enabled!(target: TRACE_TARGET, Level::TRACE).then(UnixMillis::now)
}

/// Tells that a request, begun then, was answered on behalf of this trace.
pub(crate) fn answered(
    traceparent: &str,
    request: &AttestRequest,
    since: UnixMillis,
    signed: bool,
) {
    let (chain, height) = (request.client.chain.as_str(), request.height);
    let since = since.as_millis();
    let client = request.client.id.as_str();
    trace!(target: TRACE_TARGET, traceparent, step = "attest", chain, client, height, signed, since);
}
