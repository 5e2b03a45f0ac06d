//! Turns what a chain says into inputs of the packets' processes, one database transaction at a
//! time.

use std::{sync::Arc, time::Duration};

use alloy_primitives::B256;
use causeway_engine::{Engine, JournalEntry, Machine, ProcessId, Unit, UnitError, UnixMillis};
use causeway_ibc::{Event, Input};
use causeway_types::BlockRef;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    host::{EventKind, Host, HostError, HostUpdate, PacketEvent},
    packet::{FactTx, PacketInput, PacketMachine, clock, process_key},
    relayer::RelayerError,
    route::Routes,
    status::ChainWatch,
};

/// Updates that may wait for the database; the chain is not followed further meanwhile.
const BACKLOG: usize = 256;

/// How long to wait before following anew after the chain could not be used.
const FOLLOW_AGAIN: Duration = Duration::from_secs(1);

/// Observes one chain.
pub(crate) struct Observer {
    pub(crate) engine: Engine,
    pub(crate) host: Arc<dyn Host>,
    pub(crate) routes: Arc<Routes>,
    /// The newest final block, for whoever proves from this chain.
    pub(crate) final_block: watch::Sender<Option<BlockRef>>,
    pub(crate) chain: ChainWatch,
}

/// What the journal keeps of an event until it is final or gone; the block's hash is beside it.
#[derive(Serialize, Deserialize)]
struct Journalled {
    event: Event,
}

/// An update, with where following stands after it.
type Followed = (HostUpdate, String);

impl Observer {
    fn stream(&self) -> String {
        format!("packets/{}", self.host.chain())
    }

    /// Observes until stopped, following anew whenever the chain could not be used.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), RelayerError> {
        loop {
            let (sender, receiver) = mpsc::channel(BACKLOG);
            let cursor = self.engine.cursor(&self.stream()).await?;
            let host = self.host.clone();
            let follower = tokio::spawn(follow(host, cursor, sender, stop.clone()));
            self.record_all(receiver).await?;
            let outcome = follower.await.map_err(|_| RelayerError::Crashed)?;
            if stop.is_cancelled() {
                return Ok(());
            }
            if let Err(error) = outcome {
                if !error.retry {
                    error!(chain = %self.host.chain(), %error, "following the chain has stopped for good");
                    return Err(error.into());
                }
                warn!(chain = %self.host.chain(), %error, "following the chain anew");
                self.chain.unusable(&error.to_string());
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(FOLLOW_AGAIN) => {}
            }
        }
    }

    async fn record_all(&self, mut updates: mpsc::Receiver<Followed>) -> Result<(), RelayerError> {
        let mut batch = Vec::new();
        while updates.recv_many(&mut batch, BACKLOG).await > 0 {
            self.record(std::mem::take(&mut batch)).await?;
        }
        Ok(())
    }

    /// Commits updates, what they do to packets, and the place up to which the chain is now read.
    async fn record(&self, updates: Vec<Followed>) -> Result<(), RelayerError> {
        let mut unit = self.engine.begin(UnixMillis::now()).await?;
        let (mut cursor, mut head, mut final_block) = (None, None, None);
        for (update, position) in updates {
            match update {
                HostUpdate::Block { block, events } => {
                    head = Some(block);
                    for event in events {
                        self.seen(&mut unit, block, event).await?;
                    }
                }
                HostUpdate::Withdrawn { block } => self.withdrawn(&mut unit, block).await?,
                HostUpdate::Final { block } => {
                    self.settled(&mut unit, block).await?;
                    final_block = Some(block);
                }
            }
            cursor = Some(position);
        }
        if let Some(cursor) = cursor {
            unit.set_cursor(&self.stream(), &cursor).await?;
        }
        unit.commit().await?;
        self.chain.progressed(head, final_block);
        if final_block.is_some() {
            self.final_block.send_replace(final_block);
        }
        Ok(())
    }

    async fn seen(
        &self,
        unit: &mut Unit<'_>,
        block: BlockRef,
        event: PacketEvent,
    ) -> Result<(), RelayerError> {
        let chain = self.host.chain();
        let Some((src, dst)) = self.routes.ends_of(chain, &event.kind, &event.packet) else {
            metrics::counter!("causeway_foreign_packets_total", "chain" => chain.to_string()).increment(1);
            return Ok(());
        };
        let process = process_key(src, event.packet.sequence);
        let fact = event.kind.event();
        let entry = JournalEntry {
            id: event.id,
            height: block.height,
            block_hash: block.hash,
            process: ProcessId { kind: PacketMachine::KIND.to_owned(), key: process.clone() },
            body: serde_json::json!(Journalled { event: fact }),
        };
        if !unit.journal(&self.stream(), &entry).await? {
            return Ok(());
        }
        info!(process, %fact, chain = %chain, height = block.height, tx = %event.tx, "packet");
        let packet = event.packet;
        let input = PacketInput {
            src: src.chain.clone(),
            dst: dst.chain.clone(),
            seen: Some(FactTx { fact, tx: event.tx, height: block.height, time: block.timestamp }),
            input: match event.kind {
                EventKind::Sent => Input::Sent { packet, block },
                EventKind::Received { acks } => Input::Received { packet, block, acks },
                EventKind::Acknowledged { acks } => Input::Acknowledged { packet, block, acks },
                EventKind::TimedOut => Input::TimedOut { packet, block },
            },
        };
        handle(unit, &process, input).await
    }

    async fn withdrawn(&self, unit: &mut Unit<'_>, block: BlockRef) -> Result<(), RelayerError> {
        warn!(chain = %self.host.chain(), height = block.height, hash = %block.hash, "block withdrawn");
        for withdrawn in unit.withdraw(&self.stream(), block.hash).await? {
            self.revisit(unit, withdrawn.entry, withdrawn_input).await?;
        }
        Ok(())
    }

    async fn settled(&self, unit: &mut Unit<'_>, block: BlockRef) -> Result<(), RelayerError> {
        for entry in unit.settle(&self.stream(), block.height).await? {
            self.revisit(unit, entry, final_input).await?;
        }
        let chain = self.host.chain();
        for due in unit.due(&clock(chain), block.timestamp.as_secs()).await? {
            let Some(process) = unit.process::<PacketMachine>(&due.key).await? else { continue };
            let tick = Input::ClockOnDst { height: block.height, time: block.timestamp };
            handle(unit, &due.key, PacketInput::bare(&process.state, tick)).await?;
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
        let Ok(Journalled { event }) = serde_json::from_value(entry.body) else {
            error!(process = entry.process.key, "a journal entry cannot be read");
            return Ok(());
        };
        let key = entry.process.key;
        let Some(process) = unit.process::<PacketMachine>(&key).await? else { return Ok(()) };
        let input = PacketInput::bare(&process.state, input(event, entry.block_hash));
        handle(unit, &key, input).await
    }
}

fn final_input(event: Event, block_hash: B256) -> Input {
    match event {
        Event::Sent => Input::SendFinal { block_hash },
        Event::Received => Input::ReceiveFinal { block_hash },
        Event::Acknowledged => Input::AcknowledgeFinal { block_hash },
        Event::TimedOut => Input::TimeoutFinal { block_hash },
    }
}

fn withdrawn_input(event: Event, block_hash: B256) -> Input {
    match event {
        Event::Sent => Input::SendWithdrawn { block_hash },
        Event::Received => Input::ReceiveWithdrawn { block_hash },
        Event::Acknowledged => Input::AcknowledgeWithdrawn { block_hash },
        Event::TimedOut => Input::TimeoutWithdrawn { block_hash },
    }
}

/// Hands an input to a packet's process. What the packet's life forbids is an alarm, not a reason
/// to stop relaying everything else.
async fn handle(
    unit: &mut Unit<'_>,
    process: &str,
    input: PacketInput,
) -> Result<(), RelayerError> {
    match unit.handle::<PacketMachine>(process, input).await {
        Ok(()) => Ok(()),
        Err(UnitError::Machine(illegal)) => {
            error!(process, error = %illegal, "the chains contradict each other");
            metrics::counter!("causeway_contradictions_total").increment(1);
            Ok(())
        }
        Err(UnitError::Engine(error)) => Err(error.into()),
    }
}

async fn follow(
    host: Arc<dyn Host>,
    cursor: Option<String>,
    updates: mpsc::Sender<Followed>,
    stop: CancellationToken,
) -> Result<(), HostError> {
    let work = async {
        let mut follow = host.follow(cursor.as_deref()).await?;
        loop {
            let update = follow.next().await?;
            if updates.send((update, follow.cursor())).await.is_err() {
                return Ok(());
            }
        }
    };
    tokio::select! {
        outcome = work => outcome,
        () = stop.cancelled() => Ok(()),
    }
}
