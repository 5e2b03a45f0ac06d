//! Sees packets arrive, by the second hand.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use anyhow::Result;
use causeway_evm::{Cursor, LogFilter, Update};
use causeway_ibc_evm::{decode_event, event_topics};
use causeway_localnet::Side;
use causeway_relayer::EventKind;

/// When the packet of each sequence was first seen to be received, or acknowledged.
#[derive(Clone, Default)]
pub(crate) struct Times(Arc<Mutex<BTreeMap<u64, Instant>>>);

impl Times {
    fn note(&self, sequence: u64) {
        let now = Instant::now();
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        times.entry(sequence).or_insert(now);
    }

    pub(crate) fn get(&self) -> BTreeMap<u64, Instant> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Events of one chain's router as they are seen.
#[derive(Clone, Default)]
pub(crate) struct Sightings {
    pub(crate) received: Times,
    pub(crate) acknowledged: Times,
}

/// Watches a chain from its newest block on, in the background.
pub(crate) async fn watch(side: &Side) -> Result<Sightings> {
    let sightings = Sightings::default();
    let head = side.chain.head().await?;
    let filter = LogFilter {
        addresses: vec![side.contracts.router],
        topics0: event_topics(),
    };
    let mut follower = side.chain.follow(filter, Cursor::at(head.height + 1));
    let seen = sightings.clone();
    tokio::spawn(async move {
        while let Ok(update) = follower.next().await {
            let Update::Block { logs, .. } = update else {
                continue;
            };
            for log in logs {
                let event = decode_event(&log.inner, log.tx_hash, log.log_index);
                let Ok(Some(event)) = event else { continue };
                let sequence = event.packet.sequence.get();
                match event.kind {
                    EventKind::Received { .. } => seen.received.note(sequence),
                    EventKind::Acknowledged { .. } => seen.acknowledged.note(sequence),
                    EventKind::Sent | EventKind::TimedOut => {}
                }
            }
        }
    });
    Ok(sightings)
}
