//! A running node: the services that the configuration asks for, over one store and one set of
//! chains. This is the one place where kinds of chains and of services are matched.

mod clients;
mod probe;
mod report;
mod status;
mod wiring;

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use causeway_attestor::Attestor;
use causeway_engine::Engine;
use causeway_evm::EvmChain;
use causeway_relayer::Relayer;
use causeway_types::ChainId;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub(crate) use status::NodeStatus;

use self::{clients::ClientBook, probe::AttestorProbe};
use crate::{
    config::Config,
    failure::{Failure, chain_of},
};

/// Everything that runs in the process.
pub(crate) struct Node {
    config: Config,
    started: Instant,
    engine: Engine,
    chains: BTreeMap<ChainId, EvmChain>,
    /// The light client at every end of the routes.
    clients: ClientBook,
    relayer: Option<Arc<Relayer>>,
    attestor: Option<Arc<Attestor>>,
    probe: AttestorProbe,
}

impl Node {
    /// The attestor, if this node attests.
    pub(crate) fn attestor(&self) -> Option<&Arc<Attestor>> {
        self.attestor.as_ref()
    }

    /// Why the node cannot do its work yet; empty when it can.
    pub(crate) fn unready(&self) -> Vec<String> {
        let silent = |chain: &&EvmChain| chain.watch_head().borrow().is_none();
        self.chains
            .values()
            .filter(silent)
            .map(|chain| format!("no block of {} was seen yet", chain.id()))
            .collect()
    }

    /// Works until stopped, then finishes what is in flight.
    pub(crate) async fn run(&self, stop: CancellationToken) -> Result<(), Failure> {
        if let Some(attestor) = &self.attestor
            && let Err(error) = attestor.look_for_gaps().await
        {
            warn!(%error, "nothing is attested yet");
        }
        let watching = self.watch_clients(stop.clone());
        let work = async {
            let Some(relayer) = &self.relayer else {
                stop.cancelled().await;
                return Ok(());
            };
            let outcome = relayer.run(stop.clone()).await;
            stop.cancel();
            outcome.map_err(|error| {
                Failure::failed("relayer", chain_of(&error)).remedy(
                    "the log says what led to it; what was begun is kept and taken up again",
                )
            })
        };
        let (outcome, ()) = tokio::join!(work, watching);
        self.engine.close().await;
        outcome
    }
}
