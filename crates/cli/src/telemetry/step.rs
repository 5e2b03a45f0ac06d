use std::{
    borrow::Cow,
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use causeway_relayer::PacketTrace;
use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator, SpanData, SpanEvents, SpanLinks};
use tracing::field::{Field, Visit};

/// One step of a packet's life, read from the event that told of it.
#[derive(Debug, Default)]
pub(super) struct Step {
    packet: Option<String>,
    traceparent: Option<String>,
    name: Option<String>,
    /// When the step began, and when the packet was sent, in milliseconds since the Unix epoch.
    since: Option<i64>,
    sent: Option<i64>,
    attributes: Vec<KeyValue>,
}

impl Step {
    fn text(&mut self, field: &Field, value: String) {
        match field.name() {
            "packet" => {
                self.attribute("causeway.packet", value.clone());
                self.packet = Some(value);
            }
            "traceparent" => self.traceparent = Some(value),
            "step" => self.name = Some(value),
            name => self.attribute(attribute_name(name), value),
        }
    }

    fn attribute(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<opentelemetry::Value>,
    ) {
        self.attributes.push(KeyValue::new(name.into(), value));
    }

    /// The step as a span that ends now; and with a packet's last step, its whole life as the span
    /// that all others stand under. None if the event says too little.
    pub(super) fn spans(self, now: SystemTime) -> Vec<SpanData> {
        let Some(name) = self.name else {
            return Vec::new();
        };
        let trace = match (&self.packet, &self.traceparent) {
            (Some(packet), _) => Some(PacketTrace::of(packet)),
            (None, Some(parent)) => parse_traceparent(parent),
            (None, None) => None,
        };
        let Some(trace) = trace else {
            return Vec::new();
        };
        let mut spans = Vec::new();
        if let Some(sent) = self.sent {
            let root = SpanId::from_bytes(trace.root_span_id);
            let life = (Cow::Borrowed("packet"), at(sent, now), now);
            spans.push(span(
                trace,
                root,
                SpanId::INVALID,
                life,
                self.attributes.clone(),
            ));
        }
        let began = self.since.map_or(now, |since| at(since, now));
        let id = RandomIdGenerator::default().new_span_id();
        let parent = SpanId::from_bytes(trace.root_span_id);
        spans.push(span(
            trace,
            id,
            parent,
            (name.into(), began, now),
            self.attributes,
        ));
        spans
    }
}

fn attribute_name(field: &str) -> String {
    format!("causeway.{field}")
}

/// A moment, but never one that is still to come: a chain's clock may be ahead of ours.
fn at(millis: i64, now: SystemTime) -> SystemTime {
    let after = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    (UNIX_EPOCH + after).min(now)
}

fn span(
    trace: PacketTrace,
    id: SpanId,
    parent: SpanId,
    (name, start_time, end_time): (Cow<'static, str>, SystemTime, SystemTime),
    attributes: Vec<KeyValue>,
) -> SpanData {
    SpanData {
        span_context: SpanContext::new(
            TraceId::from_bytes(trace.trace_id),
            id,
            TraceFlags::SAMPLED,
            false,
            TraceState::default(),
        ),
        parent_span_id: parent,
        parent_span_is_remote: parent != SpanId::INVALID,
        span_kind: SpanKind::Internal,
        name,
        start_time,
        end_time,
        attributes,
        dropped_attributes_count: 0,
        events: SpanEvents::default(),
        links: SpanLinks::default(),
        status: Status::Unset,
        instrumentation_scope: InstrumentationScope::builder("causeway").build(),
    }
}

/// Reads a W3C `traceparent` of version 00, strictly: it comes from whoever asks.
fn parse_traceparent(text: &str) -> Option<PacketTrace> {
    let mut parts = text.split('-');
    let (version, trace_id, span_id, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let well_formed = version == "00" && flags.len() == 2 && parts.next().is_none();
    let trace = PacketTrace {
        trace_id: alloy::hex::decode_to_array(trace_id).ok()?,
        root_span_id: alloy::hex::decode_to_array(span_id).ok()?,
    };
    let named = trace.trace_id != [0; 16] && trace.root_span_id != [0; 8];
    (well_formed && named).then_some(trace)
}

impl Visit for Step {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value.to_owned());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        match field.name() {
            "since" => self.since = Some(value),
            "sent" => self.sent = Some(value),
            name => self.attribute(attribute_name(name), value),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record_i64(field, i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.attribute(attribute_name(field.name()), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.text(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_traceparent_names_a_trace() {
        let trace = PacketTrace::of("eip155:1/client-0/1");
        assert_eq!(parse_traceparent(&trace.traceparent()), Some(trace));
        for text in [
            "",
            "00-00000000000000000000000000000000-0000000000000001-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "00-0af7651916cd43dd8448eb211c8031-b7ad6b7169203331-01",
        ] {
            assert_eq!(parse_traceparent(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_step_also_tells_the_whole_life() {
        let now = UNIX_EPOCH + Duration::from_secs(100);
        let step = |sent| Step {
            packet: Some("eip155:1/client-0/1".to_owned()),
            name: Some("acknowledged".to_owned()),
            since: Some(99_000),
            sent,
            ..Step::default()
        };
        let only = step(None).spans(now);
        assert_eq!(only.len(), 1);
        let [life, last] = step(Some(200_000)).spans(now).try_into().unwrap();
        assert_eq!(last.parent_span_id, life.span_context.span_id());
        assert_eq!(last.span_context.trace_id(), life.span_context.trace_id());
        assert_eq!(life.start_time, now, "nothing begins later than it ends");
        assert_eq!(last.start_time, UNIX_EPOCH + Duration::from_secs(99));
    }
}
