//! Traces that follow each packet across the chains, sent to an OpenTelemetry collector.
//!
//! The services tell of packets' steps by `tracing` events of one target. Here these become spans, all
//! spans of a packet in one trace, whoever tells of them; see [`causeway_relayer::PacketTrace`].

mod export;
mod step;

use std::time::SystemTime;

use opentelemetry_sdk::trace::SpanData;
use tokio::sync::mpsc;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{Layer, filter::Targets, layer::Context, registry::LookupSpan};

pub(crate) use self::export::Export;
use self::step::Step;
use crate::{config::TelemetryConfig, failure::Failure};

/// Spans that may wait to be sent; what comes beyond that is dropped and counted.
const WAITING: usize = 4_096;

/// Makes spans of packets' steps.
struct PacketSpans(mpsc::Sender<SpanData>);

impl<S: Subscriber> Layer<S> for PacketSpans {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut step = Step::default();
        event.record(&mut step);
        for span in step.spans(SystemTime::now()) {
            // Traces are for looking on: nobody ever waits for them.
            if self.0.try_send(span).is_err() {
                metrics::counter!("causeway_spans_dropped_total").increment(1);
            }
        }
    }
}

/// The listener that makes spans, and the work of sending them.
pub(crate) fn begin<S>(
    config: &TelemetryConfig,
) -> Result<(impl Layer<S> + Send + Sync + use<S>, Export), Failure>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let (sender, receiver) = mpsc::channel(WAITING);
    let export = Export::begin(config, receiver)?;
    let steps = Targets::new().with_target(causeway_relayer::TRACE_TARGET, Level::TRACE);
    Ok((PacketSpans(sender).with_filter(steps), export))
}
