use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanExporter as _},
};
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{config::TelemetryConfig, failure::Failure, redact::redact_urls};

/// Spans sent at once, at most, and how long the first of them waits for others.
const BATCH: usize = 512;
const PAUSE: Duration = Duration::from_secs(1);

/// How long the collector may take, and how long the last spans may take when the node ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends spans until told to finish.
pub(crate) struct Export {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Export {
    pub(super) fn begin(
        config: &TelemetryConfig,
        spans: mpsc::Receiver<SpanData>,
    ) -> Result<Self, Failure> {
        let endpoint = format!("{}/v1/traces", config.otlp.as_str().trim_end_matches('/'));
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| Failure::failed("telemetry", error).at("telemetry.otlp"))?;
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder_empty()
            .with_service_name(config.service.clone())
            .with_attribute(version);
        exporter.set_resource(&resource.build());
        let stop = CancellationToken::new();
        let task = tokio::spawn(send(exporter, spans, stop.clone()));
        Ok(Self { stop, task })
    }

    /// Sends what was told so far, and ends.
    pub(crate) async fn finish(self) {
        self.stop.cancel();
        let _ = tokio::time::timeout(PATIENCE, self.task).await;
    }
}

async fn send(
    exporter: SpanExporter,
    mut spans: mpsc::Receiver<SpanData>,
    stop: CancellationToken,
) {
    let mut working = true;
    loop {
        let mut batch = Vec::new();
        let last = tokio::select! {
            received = spans.recv_many(&mut batch, BATCH) => received == 0,
            () = stop.cancelled() => {
                spans.close();
                spans.recv_many(&mut batch, BATCH).await == 0
            }
        };
        if last {
            return;
        }
        let sent = exporter.export(batch).await;
        // Told once, not once a second.
        if let (Err(error), true) = (&sent, working) {
            let error = redact_urls(&error.to_string());
            warn!(
                error,
                "traces cannot be sent; they are dropped until the collector answers"
            );
        }
        working = sent.is_ok();
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => {}
        }
    }
}
