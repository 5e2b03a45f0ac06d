//! Which attestors answer.

use std::time::{Duration, Instant};

use alloy::primitives::Address;
use causeway_api::model::AttestorReport;
use causeway_attestor::AttestorClient;
use futures::future::join_all;
use tokio::sync::Mutex;
use url::Url;

use crate::{
    failure::Failure,
    network::attestor_clients,
    redact::{redact_url, redact_urls},
};

/// Whoever asks for the status waits this long for an attestor that does not answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Answers are good for this long, so that dashboards do not burden the attestors.
const FRESH: Duration = Duration::from_secs(3);

/// Asks the attestors who they are, not more often than is useful.
pub(super) struct AttestorProbe {
    attestors: Vec<AttestorClient>,
    last: Mutex<Option<(Instant, Vec<AttestorReport>)>>,
}

impl AttestorProbe {
    pub(super) fn new(urls: &[Url]) -> Result<Self, Failure> {
        Ok(Self {
            attestors: attestor_clients(urls, PATIENCE)?,
            last: Mutex::new(None),
        })
    }

    pub(super) async fn reports(&self) -> Vec<AttestorReport> {
        let mut last = self.last.lock().await;
        match &*last {
            Some((when, reports)) if when.elapsed() < FRESH => reports.clone(),
            _ => {
                let reports = join_all(self.attestors.iter().map(ask)).await;
                *last = Some((Instant::now(), reports.clone()));
                reports
            }
        }
    }
}

async fn ask(attestor: &AttestorClient) -> AttestorReport {
    let url = redact_url(attestor.url());
    match attestor.info().await {
        Ok(info) => AttestorReport {
            url,
            address: Some(Address::to_checksum(&info.attestor, None)),
            clients: info
                .clients
                .iter()
                .map(|served| served.client.to_string())
                .collect(),
            problem: None,
        },
        Err(error) => AttestorReport {
            url,
            address: None,
            clients: Vec::new(),
            problem: Some(redact_urls(&error.to_string())),
        },
    }
}
