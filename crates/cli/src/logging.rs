//! The node's log, and beside it the traces of packets.

use std::io::IsTerminal;

use tracing_subscriber::{
    EnvFilter, Layer as _, fmt, layer::SubscriberExt as _, registry, util::SubscriberInitExt as _,
};

use crate::{
    config::{Config, LogFormat},
    failure::Failure,
    telemetry::{self, Export},
};

/// Starts logging to stderr, and sending traces if the configuration names a collector.
pub(crate) fn start(config: &Config, json: bool) -> Result<Option<Export>, Failure> {
    let filter = EnvFilter::try_new(&config.log.level).map_err(|error| {
        Failure::usage("log.level", error, "use error, warn, info, debug or trace")
    })?;
    let traces = config
        .telemetry
        .as_ref()
        .map(telemetry::begin)
        .transpose()?;
    let (spans, export) = traces.unzip();
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let lines = if json || config.log.format == LogFormat::Json {
        lines.json().flatten_event(true).boxed()
    } else {
        lines.boxed()
    };
    registry()
        .with(spans)
        .with(lines.with_filter(filter))
        .try_init()
        .map_err(|error| Failure::failed("log", error))?;
    Ok(export)
}
