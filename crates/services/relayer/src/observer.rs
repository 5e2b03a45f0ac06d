//! Turns what a chain says into inputs of the packets' processes, one database transaction at a
//! time.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use alloy_primitives::B256;
use causeway_engine::{
    Engine, EngineError, JournalEntry, Machine, ProcessId, Unit, UnitError, UnixMillis, Withdrawn,
};
use causeway_ibc::{Event, Input};
use causeway_types::{BlockRef, ChainId};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::{debug, error, info, warn};

use self::inputs::{final_input, seen_input, withdrawn_input};
use crate::{
    clock::Clock,
    host::{Host, HostError, HostUpdate, PacketEvent},
    leadership::Leadership,
    packet::{FactTx, PacketInput, PacketMachine, clock, process_key},
    relayer::RelayerError,
    route::Routes,
    sequences::{Gap, note_final_sends},
    status::ChainWatch,
    trace,
};

mod inputs;

/// Updates that may wait for the database; the chain is not followed further meanwhile.
const BACKLOG: usize = 256;

/// Events that may wait for the database, or one block if it holds more: after a long time away there
/// may be any number, and memory is to hold few of them at a time.
const ROOM: usize = 1_024;

/// Events in one database transaction, or one block if it holds more, so that nobody else waits long
/// for the database.
const EVENTS: usize = 512;

/// How long to wait before following anew after the chain could not be used.
const FOLLOW_AGAIN: Duration = Duration::from_secs(1);

/// Observes one chain.
pub(crate) struct Observer {
    pub(crate) engine: Engine,
    pub(crate) host: Arc<dyn Host>,
    /// One replica at a time observes a chain, so that its place in it only moves forward.
    pub(crate) leadership: Leadership,
    pub(crate) routes: Arc<Routes>,
    pub(crate) clock: Clock,
    /// The newest final block, for whoever proves from this chain.
    pub(crate) final_block: watch::Sender<Option<BlockRef>>,
    pub(crate) chain: ChainWatch,
}

/// What the journal keeps of an event until it is final or gone; the block's hash is beside it.
#[derive(Serialize, Deserialize)]
struct Journalled {
    event: Event,
    /// When its block was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<UnixMillis>,
}

/// An update, with where following stands after it.
pub(crate) type Followed = (HostUpdate, String);

/// An update on its way to the database, and the room that it takes until it is there.
struct Waiting {
    followed: Followed,
    room: OwnedSemaphorePermit,
}

impl Observer {
    fn stream(&self) -> String {
        format!("packets/{}", self.host.chain())
    }

    /// Where following is to go on.
    pub(crate) async fn cursor(&self) -> Result<Option<String>, EngineError> {
        self.engine.cursor(&self.stream()).await
    }

    /// Observes until stopped whenever this replica leads, beginning anew whenever the chain or the
    /// database could not be used.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), RelayerError> {
        loop {
            let Some(term) = self.leadership.turn(&stop).await else {
                if stop.is_cancelled() {
                    return Ok(());
                }
                self.look_on().await;
                continue;
            };
            let outcome = self.leadership.during(&term, self.observe(&stop)).await;
            // After a failure another replica may fare better, with other endpoints.
            self.leadership.resign().await;
            if let Some(Err(error)) = outcome {
                self.chain.unusable(&error.to_string());
                if !error.passes() {
                    error!(chain = %self.host.chain(), %error, "observing the chain has stopped for good");
                    return Err(error);
                }
                warn!(chain = %self.host.chain(), %error, "observing the chain anew");
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(FOLLOW_AGAIN) => {}
            }
        }
    }

    /// What another replica has observed, for people and for whoever proves from this chain.
    async fn look_on(&self) {
        if let Ok(Some(block)) = last_reading(&self.engine, self.host.chain()).await {
            self.final_block
                .send_if_modified(|known| advance(known, block));
            self.chain.progressed(None, Some(block));
        }
    }

    /// Follows the chain from the saved cursor until stopped or until something fails.
    async fn observe(&self, stop: &CancellationToken) -> Result<(), RelayerError> {
        let (sender, mut updates) = mpsc::channel(BACKLOG);
        let cursor = self.cursor().await?;
        let follow = follow(self.host.clone(), cursor, sender, stop.clone());
        let follower = AbortOnDropHandle::new(tokio::spawn(follow));
        while let Some(Waiting { followed, room }) = updates.recv().await {
            let mut events = followed.0.events();
            let (mut batch, mut rooms) = (vec![followed], vec![room]);
            while events < EVENTS
                && let Ok(Waiting { followed, room }) = updates.try_recv()
            {
                events += followed.0.events();
                batch.push(followed);
                rooms.push(room);
            }
            self.record(batch).await?;
        }
        follower.await.map_err(|_| RelayerError::Crashed)??;
        Ok(())
    }

    /// Commits updates, what they do to packets, and the place up to which the chain is now read.
    pub(crate) async fn record(&self, updates: Vec<Followed>) -> Result<(), RelayerError> {
        let mut unit = self.engine.begin(self.clock.now()).await?;
        match self.leadership.term() {
            Some(term) => unit.fence(&term).await?,
            None => {
                return Err(EngineError::Deposed {
                    name: self.stream(),
                }
                .into());
            }
        }
        let (mut cursor, mut head, mut newest_final) = (None, None, None);
        let mut packets_moved = false;
        for (update, position) in updates {
            match update {
                HostUpdate::Block { block, events } => {
                    head = Some(block);
                    packets_moved |= !events.is_empty();
                    self.seen(&mut unit, block, events).await?;
                }
                HostUpdate::Withdrawn { block } => {
                    packets_moved |= self.withdrawn(&mut unit, block).await?;
                }
                HostUpdate::Final { block } => {
                    packets_moved |= self.settled(&mut unit, block).await?;
                    newest_final = Some(block);
                }
            }
            cursor = Some(position);
        }
        if packets_moved {
            self.tell_times_that_are_over(&mut unit).await?;
        }
        if let Some(cursor) = cursor {
            unit.set_cursor(&self.stream(), &cursor).await?;
        }
        if let Some(block) = newest_final {
            // Told before the effects that stand on it are announced, so that no carrier takes them
            // up and finds them not provable yet.
            self.final_block
                .send_if_modified(|known| advance(known, block));
        }
        unit.commit().await?;
        self.chain.progressed(head, newest_final);
        Ok(())
    }

    /// Takes in the events of one block, all with as few questions to the database as one.
    async fn seen(
        &self,
        unit: &mut Unit<'_>,
        block: BlockRef,
        events: Vec<PacketEvent>,
    ) -> Result<(), RelayerError> {
        let chain = self.host.chain();
        let mut ours = Vec::with_capacity(events.len());
        let mut entries = Vec::with_capacity(events.len());
        for event in events {
            let Some((src, dst)) = self.routes.ends_of(chain, &event.kind, &event.packet) else {
                debug!(chain = %chain, tx = %event.tx, source = %event.packet.source_client,
                    destination = %event.packet.dest_client, "a packet of no route of ours is left alone");
                metrics::counter!("causeway_foreign_packets_total", "chain" => chain.to_string())
                    .increment(1);
                continue;
            };
            let process = process_key(src, event.packet.sequence);
            let fact = event.kind.event();
            entries.push(JournalEntry {
                id: event.id.clone(),
                height: block.height,
                block_hash: block.hash,
                process: ProcessId {
                    kind: PacketMachine::KIND.to_owned(),
                    key: process,
                },
                body: serde_json::json!(Journalled {
                    event: fact,
                    since: trace::followed().then(|| block_time(&block)),
                }),
            });
            ours.push((src, dst, event));
        }
        let keys: Vec<&str> = entries.iter().map(|e| e.process.key.as_str()).collect();
        unit.preload::<PacketMachine>(&keys).await?;
        let new = unit.journal_all(&self.stream(), &entries).await?;
        for ((entry, new), (src, dst, event)) in entries.iter().zip(new).zip(ours) {
            if new {
                let input = seen_input(src, dst, block, event);
                self.tell(unit, &entry.process.key, block, input).await?;
            }
        }
        Ok(())
    }

    /// Tells a packet's process of an event that nobody has told it of.
    async fn tell(
        &self,
        unit: &mut Unit<'_>,
        process: &str,
        block: BlockRef,
        input: PacketInput,
    ) -> Result<(), RelayerError> {
        let chain = self.host.chain();
        if let Some(FactTx { fact, tx, .. }) = &input.seen {
            info!(process, %fact, chain = %chain, height = block.height, tx = %tx, "packet");
            metrics::counter!("causeway_packet_events_total",
                "chain" => chain.to_string(), "event" => fact.to_string())
            .increment(1);
            if trace::followed() {
                self.tell_seen(unit, process, *fact, block, *tx).await?;
            }
        }
        self.handle(unit, process, input).await
    }

    /// Tells whoever follows the packet; with its last fact also when its life began.
    async fn tell_seen(
        &self,
        unit: &mut Unit<'_>,
        process: &str,
        fact: Event,
        block: BlockRef,
        tx: B256,
    ) -> Result<(), RelayerError> {
        let mut sent = None;
        if matches!(fact, Event::Acknowledged | Event::TimedOut)
            && let Some(known) = unit.process::<PacketMachine>(process).await?
        {
            let life = known.state.life;
            sent = life.sent().map(|sent| block_time(&sent.block));
        }
        let place = (self.host.chain().as_str(), block.height);
        trace::seen(process, fact, place, tx, block_time(&block), sent);
        Ok(())
    }

    async fn withdrawn(&self, unit: &mut Unit<'_>, block: BlockRef) -> Result<bool, RelayerError> {
        warn!(chain = %self.host.chain(), height = block.height, hash = %block.hash, "block withdrawn");
        let gone = unit.withdraw(&self.stream(), block.hash).await?;
        let any = !gone.is_empty();
        // The last event first: what happened later stands on what happened before.
        for Withdrawn { entry, .. } in gone.into_iter().rev() {
            self.revisit(unit, entry, withdrawn_input).await?;
        }
        Ok(any)
    }

    async fn settled(&self, unit: &mut Unit<'_>, block: BlockRef) -> Result<bool, RelayerError> {
        let settled = unit.settle(&self.stream(), block.height).await?;
        let any = !settled.is_empty();
        let sends = settled.iter().filter(|entry| is_send(entry));
        let keys = sends.map(|entry| entry.process.key.as_str());
        for gap in note_final_sends(unit, keys).await? {
            self.missed(&gap);
        }
        let keys: Vec<&str> = settled.iter().map(|e| e.process.key.as_str()).collect();
        unit.preload::<PacketMachine>(&keys).await?;
        for entry in settled {
            self.tell_final(&entry);
            self.revisit(unit, entry, final_input).await?;
        }
        let chain = self.host.chain();
        let known = reading(unit, chain).await?;
        if known.is_none_or(|known| known.height < block.height) {
            let json = serde_json::json!(block).to_string();
            unit.set_cursor(&clock(chain), &json).await?;
        }
        self.tell_time(unit, chain, block).await?;
        Ok(any)
    }

    /// Tells whoever follows the packet of an event that is final now.
    fn tell_final(&self, entry: &JournalEntry) {
        if trace::followed()
            && let Ok(Journalled { event, since }) = serde_json::from_value(entry.body.clone())
        {
            let chain = self.host.chain().as_str();
            let since = since.unwrap_or_else(|| self.clock.now());
            trace::is_final(&entry.process.key, event, chain, since);
        }
    }

    /// Tells the packets that wait for a chain's time what its final block shows.
    async fn tell_time(
        &self,
        unit: &mut Unit<'_>,
        chain: &ChainId,
        block: BlockRef,
    ) -> Result<(), RelayerError> {
        let due = unit.due(&clock(chain), block.timestamp.as_secs()).await?;
        let keys: Vec<&str> = due.iter().map(|due| due.key.as_str()).collect();
        unit.preload::<PacketMachine>(&keys).await?;
        for due in due {
            let Some(process) = unit.process::<PacketMachine>(&due.key).await? else {
                continue;
            };
            let tick = Input::ClockOnDst {
                height: block.height,
                time: block.timestamp,
            };
            let input = PacketInput::bare(&process.state, tick);
            self.handle(unit, &due.key, input).await?;
        }
        Ok(())
    }

    /// A packet may begin to wait for a moment that its destination has already passed. The next
    /// final block of the destination would tell it, but a chain that makes blocks on demand may
    /// have none for long.
    async fn tell_times_that_are_over(&self, unit: &mut Unit<'_>) -> Result<(), RelayerError> {
        let here = self.host.chain();
        let neighbours = self.routes.ends().filter(|(end, _)| &end.chain == here);
        let chains: BTreeSet<&ChainId> = neighbours.map(|(_, there)| &there.chain).collect();
        for chain in chains {
            if let Some(block) = reading(unit, chain).await? {
                self.tell_time(unit, chain, block).await?;
            }
        }
        Ok(())
    }

    /// Tells a process what became of an event that it was told of before.
    async fn revisit(
        &self,
        unit: &mut Unit<'_>,
        entry: JournalEntry,
        input: fn(Event, B256) -> Input,
    ) -> Result<(), RelayerError> {
        let Ok(Journalled { event, .. }) = serde_json::from_value(entry.body) else {
            error!(
                process = entry.process.key,
                "a journal entry cannot be read"
            );
            return Ok(());
        };
        let key = entry.process.key;
        let Some(process) = unit.process::<PacketMachine>(&key).await? else {
            return Ok(());
        };
        let input = PacketInput::bare(&process.state, input(event, entry.block_hash));
        self.handle(unit, &key, input).await
    }

    /// Packets were sent and never shown to us. Whatever we read the chain through hides them.
    fn missed(&self, gap: &Gap) {
        let Gap {
            source,
            first,
            last,
        } = gap;
        let reason = format!(
            "the packets {first} to {last} sent through {source} were never shown: \
             an endpoint hides them, or they cannot be read"
        );
        error!(client = source, first, last, "sequences were passed over");
        metrics::counter!("causeway_sequence_gaps_total", "client" => source.clone())
            .increment(last.saturating_sub(*first).saturating_add(1));
        self.chain.contradicted(&reason);
    }

    /// Hands an input to a packet's process. What the packet's life forbids is an alarm, not a
    /// reason to stop relaying everything else.
    async fn handle(
        &self,
        unit: &mut Unit<'_>,
        process: &str,
        input: PacketInput,
    ) -> Result<(), RelayerError> {
        match unit.handle::<PacketMachine>(process, input).await {
            Ok(()) => Ok(()),
            Err(UnitError::Machine(illegal)) => {
                error!(process, error = %illegal, "the chains contradict each other");
                metrics::counter!("causeway_contradictions_total").increment(1);
                self.chain.contradicted(&illegal.to_string());
                Ok(())
            }
            Err(UnitError::Engine(error)) => Err(error.into()),
        }
    }
}

fn is_send(entry: &JournalEntry) -> bool {
    let journalled = serde_json::from_value(entry.body.clone());
    journalled.is_ok_and(|Journalled { event, .. }| event == Event::Sent)
}

/// A block's time as the engine counts it.
fn block_time(block: &BlockRef) -> UnixMillis {
    let millis = block.timestamp.as_secs().saturating_mul(1_000);
    UnixMillis::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// Finality only ever moves forward, also where a chain is read again from further back.
fn advance(known: &mut Option<BlockRef>, block: BlockRef) -> bool {
    let newer = known.is_none_or(|known| known.height < block.height);
    if newer {
        *known = Some(block);
    }
    newer
}

/// The final block that a chain's clock shows, in step with everything else in the database.
async fn reading(unit: &mut Unit<'_>, chain: &ChainId) -> Result<Option<BlockRef>, EngineError> {
    let json = unit.cursor(&clock(chain)).await?;
    Ok(json.and_then(|json| parse_reading(chain, &json)))
}

/// The final block known when the relayer last ran: a chain without new blocks tells of none.
pub(crate) async fn last_reading(
    engine: &Engine,
    chain: &ChainId,
) -> Result<Option<BlockRef>, EngineError> {
    let json = engine.cursor(&clock(chain)).await?;
    Ok(json.and_then(|json| parse_reading(chain, &json)))
}

/// A reading that cannot be read is as good as none: the chain's next final block replaces it.
fn parse_reading(chain: &ChainId, json: &str) -> Option<BlockRef> {
    serde_json::from_str(json)
        .inspect_err(|error| error!(%chain, %error, "the stored final block cannot be read"))
        .ok()
}

async fn follow(
    host: Arc<dyn Host>,
    cursor: Option<String>,
    updates: mpsc::Sender<Waiting>,
    stop: CancellationToken,
) -> Result<(), HostError> {
    let places = Arc::new(Semaphore::new(ROOM));
    let work = async {
        let mut follow = host.follow(cursor.as_deref()).await?;
        loop {
            let update = follow.next().await?;
            let events = update.events().clamp(1, ROOM);
            let events = u32::try_from(events).unwrap_or(u32::MAX);
            let followed = (update, follow.cursor());
            let Ok(room) = places.clone().acquire_many_owned(events).await else {
                return Ok(());
            };
            if updates.send(Waiting { followed, room }).await.is_err() {
                return Ok(());
            }
        }
    };
    tokio::select! {
        outcome = work => outcome,
        () = stop.cancelled() => Ok(()),
    }
}

#[cfg(test)]
mod tests;
