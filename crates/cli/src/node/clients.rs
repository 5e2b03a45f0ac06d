//! The light clients of the routes, as they stand now: attestors hand over, and misbehaviour freezes.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use alloy::primitives::Address;
use causeway_ibc_evm::client_view;
use causeway_relayer::{ClientEnd, ClientView};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::Node;
use crate::{failure::Failure, network::client_end};

/// How often the light clients are read again.
const AGAIN: Duration = Duration::from_secs(5);

/// The light clients at all ends of all routes, as they were read last.
#[derive(Default)]
pub(super) struct ClientBook(RwLock<BTreeMap<ClientEnd, ClientView>>);

impl ClientBook {
    pub(super) fn new(views: BTreeMap<ClientEnd, ClientView>) -> Self {
        Self(RwLock::new(views))
    }

    /// The client at this end.
    pub(super) fn get(&self, end: &ClientEnd) -> Option<ClientView> {
        let views = self.0.read().unwrap_or_else(PoisonError::into_inner);
        views.get(end).cloned()
    }

    /// Notes how the client stands now; returns how it stood before.
    fn put(&self, end: &ClientEnd, view: ClientView) -> Option<ClientView> {
        let mut views = self.0.write().unwrap_or_else(PoisonError::into_inner);
        views.insert(end.clone(), view)
    }
}

impl Node {
    /// Keeps the light clients' state current until stopped.
    pub(super) async fn watch_clients(&self, stop: CancellationToken) {
        loop {
            for (end, _) in self.route_ends() {
                let end = client_end(end);
                match tokio::time::timeout(AGAIN, self.read_client(&end)).await {
                    Ok(Ok(view)) => self.note_client(&end, &view),
                    Ok(Err(error)) => {
                        debug!(client = %end, %error, "the light client cannot be read");
                    }
                    Err(_) => debug!(client = %end, "the light client cannot be read in time"),
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(AGAIN) => {}
            }
        }
    }

    async fn read_client(&self, end: &ClientEnd) -> Result<ClientView, Failure> {
        let (_, router) = self.chain_config(&end.chain)?;
        let provider = self.chain(&end.chain)?.provider();
        client_view(&provider, router, &end.client)
            .await
            .map_err(|error| Failure::failed("client", error))
    }

    fn note_client(&self, end: &ClientEnd, view: &ClientView) {
        let labels = [("client", end.to_string())];
        metrics::gauge!("causeway_client_frozen", &labels).set(f64::from(u8::from(view.frozen)));
        #[allow(clippy::cast_precision_loss)] // a few rotations in a client's life
        metrics::gauge!("causeway_client_attestor_set", &labels).set(view.set_number as f64);
        let attestor = self.attestor.as_ref().map(|attestor| attestor.address());
        let before = self.clients.put(end, view.clone());
        let Some(before) = before else { return };
        if view.frozen && !before.frozen {
            error!(client = %end, "the light client is frozen: its attestors contradicted themselves");
        }
        if view.committee != before.committee {
            let (m, n) = (view.committee.threshold(), view.committee.members().len());
            info!(client = %end, set = view.set_number, m, n, "other attestors speak for the light client now");
            if !self.config.dev && !view.committee.is_strong() {
                error!(client = %end, m, n, "a few attestors could sign anything for the light client");
            }
        }
        if let Some(attestor) = attestor {
            match (is_member(&before, attestor), is_member(view, attestor)) {
                (true, false) => {
                    warn!(client = %end, %attestor, "was replaced: its signatures do not count any more");
                }
                (false, true) => {
                    info!(client = %end, %attestor, "is one of the client's attestors now");
                }
                _ => {}
            }
        }
    }

    /// The clients that this node attests for although its signatures do not count there.
    pub(super) fn attests_in_vain(&self) -> Vec<ClientEnd> {
        let Some(attestor) = &self.attestor else {
            return Vec::new();
        };
        let served = attestor.info().clients.into_iter().map(|served| ClientEnd {
            chain: served.client.chain,
            client: served.client.id,
        });
        let outside = |end: &ClientEnd| {
            let view = self.clients.get(end);
            view.is_some_and(|view| !is_member(&view, attestor.address()))
        };
        served.filter(outside).collect()
    }
}

fn is_member(view: &ClientView, attestor: Address) -> bool {
    view.committee.members().contains(&attestor)
}
