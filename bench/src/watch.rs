//! Sees packets being sent, delivered and acknowledged, by the second hand.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use alloy::{
    primitives::B256,
    providers::{Provider, ProviderBuilder, WsConnect},
};
use anyhow::Result;
use causeway_evm::{Cursor, LogFilter, Update};
use causeway_ibc_evm::{decode_event, event_topics};
use causeway_localnet::Side;
use causeway_relayer::EventKind;
use futures::StreamExt as _;

/// Something that happened to a packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    /// When it was seen: its logs were read.
    pub(crate) at: Instant,
    /// When its block was announced.
    pub(crate) block_at: Instant,
    /// The height of its block.
    pub(crate) height: u64,
    /// Its transaction.
    pub(crate) tx: B256,
}

/// What was seen on one chain so far, by sequence.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) sent: BTreeMap<u64, Sight>,
    pub(crate) received: BTreeMap<u64, Sight>,
    pub(crate) acknowledged: BTreeMap<u64, Sight>,
    /// Packets that were received although they had been before.
    pub(crate) duplicated: usize,
    /// When each transaction entered the pool.
    pub(crate) pooled: HashMap<B256, Instant>,
    blocks: HashMap<B256, Instant>,
}

/// One chain, being watched.
#[derive(Clone, Default)]
pub(crate) struct Sightings(Arc<Mutex<Seen>>);

impl Sightings {
    pub(crate) fn get(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn note(&mut self, kind: &EventKind, sequence: u64, sight: Sight) {
        let known = match kind {
            EventKind::Sent => self.sent.insert(sequence, sight),
            EventKind::Received { .. } => {
                let before = self.received.insert(sequence, sight);
                self.duplicated += usize::from(before.is_some());
                before
            }
            EventKind::Acknowledged { .. } => self.acknowledged.insert(sequence, sight),
            EventKind::TimedOut => None,
        };
        debug_assert!(known.is_none(), "{kind:?} {sequence} twice");
    }
}

/// Watches a chain from its newest block on, in the background.
pub(crate) async fn watch(side: &Side) -> Result<Sightings> {
    let sightings = Sightings::default();
    announcements(side, sightings.clone()).await?;
    let head = side.chain.head().await?;
    let filter = LogFilter {
        addresses: vec![side.contracts.router],
        topics0: event_topics(),
    };
    let mut follower = side.chain.follow(filter, Cursor::at(head.height + 1));
    let seen = sightings.clone();
    tokio::spawn(async move {
        while let Ok(update) = follower.next().await {
            let Update::Block { block, logs } = update else {
                continue;
            };
            let at = Instant::now();
            let mut seen = seen.get();
            let block_at = seen.blocks.get(&block.hash).copied().unwrap_or(at);
            for log in logs {
                let event = decode_event(&log.inner, log.tx_hash, log.log_index);
                let Ok(Some(event)) = event else { continue };
                let sight = Sight {
                    at,
                    block_at,
                    height: block.height,
                    tx: log.tx_hash,
                };
                seen.note(&event.kind, event.packet.sequence.get(), sight);
            }
        }
    });
    Ok(sightings)
}

/// Notes when blocks are announced and when transactions enter the pool.
async fn announcements(side: &Side, sightings: Sightings) -> Result<()> {
    let connect = WsConnect::new(side.anvil.ws_url());
    let provider = ProviderBuilder::new().connect_ws(connect).await?;
    let mut blocks = provider.subscribe_blocks().await?.into_stream();
    let mut pending = provider
        .subscribe_pending_transactions()
        .await?
        .into_stream();
    tokio::spawn(async move {
        // The subscriptions end with their provider.
        let _provider = provider;
        loop {
            tokio::select! {
                Some(block) = blocks.next() => {
                    sightings.get().blocks.entry(block.hash).or_insert_with(Instant::now);
                }
                Some(hash) = pending.next() => {
                    sightings.get().pooled.entry(hash).or_insert_with(Instant::now);
                }
                else => return,
            }
        }
    });
    Ok(())
}
