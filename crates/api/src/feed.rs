//! What changes, told to any number of subscribers.
//!
//! One task reads the engine's feed and passes what is new on. Whoever cannot keep up with that, or asks
//! for what was before it came, reads from the store itself until it has caught up: none is missed.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use causeway_alerts::AlertMachine;
use causeway_engine::{Change, Engine, EngineError, Machine as _};
use causeway_relayer::PacketMachine;
use causeway_swap_service::Ledger;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    Kind, Refusal,
    crossing::id_of,
    model::{Event, EventKind, Time},
};

/// How many changes are read at a time.
const PIECE: usize = 500;
/// How many pieces a subscriber may be behind before it reads for itself.
const BEHIND: usize = 16;
/// How often the store is looked at when nobody says that it has changed: other processes that share a
/// `SQLite` file cannot say so.
const LOOK: Duration = Duration::from_secs(1);

type Piece = Arc<Told>;

/// What a subscriber is told at once.
#[derive(Default)]
struct Told {
    /// All that follows the change of this number, as far as `changes` goes. Whoever was not told of that
    /// one has missed something.
    after: u64,
    changes: Vec<Change>,
}

/// Tells subscribers what changes.
#[derive(Clone)]
pub(crate) struct Feed {
    engine: Engine,
    told: broadcast::Sender<Piece>,
    room: Arc<Semaphore>,
    stop: CancellationToken,
}

/// Which kinds of changes a subscriber wants.
pub(crate) type Kinds = BTreeSet<EventKind>;

impl Feed {
    /// Follows the store until stopped.
    pub(crate) fn start(engine: Engine, subscribers: usize, stop: CancellationToken) -> Self {
        let told = broadcast::Sender::new(BEHIND);
        let feed = Self {
            engine,
            told,
            room: Arc::new(Semaphore::new(subscribers)),
            stop,
        };
        tokio::spawn(feed.clone().follow());
        feed
    }

    async fn follow(self) {
        let read = async {
            let mut fed = self.engine.fed();
            let mut last = None;
            loop {
                fed.mark_unchanged();
                match self.pass_on(&mut last).await {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(error) => {
                        warn!(%error, "changes cannot be read");
                        tokio::time::sleep(LOOK).await;
                    }
                }
                // The sender lives as long as the engine, which we hold.
                let _ = tokio::time::timeout(LOOK, fed.changed()).await;
            }
        };
        self.stop.run_until_cancelled(read).await;
    }

    /// Passes on what is new; whether there may be more.
    async fn pass_on(&self, last: &mut Option<u64>) -> Result<bool, EngineError> {
        let after = if let Some(after) = *last {
            after
        } else {
            let after = self.engine.feed_kept().await?.newest;
            // Whoever came before we had begun looks whether there was something.
            let changes = Vec::new();
            let _ = self.told.send(Arc::new(Told { after, changes }));
            *last.insert(after)
        };
        let changes = self.engine.feed(after, PIECE).await?;
        let Some(newest) = changes.last() else {
            return Ok(false);
        };
        *last = Some(newest.id);
        let more = changes.len() == PIECE;
        // Nobody may be listening.
        let _ = self.told.send(Arc::new(Told { after, changes }));
        Ok(more)
    }

    /// What comes after the change of this number, or from now on.
    pub(crate) async fn subscribe(
        &self,
        after: Option<u64>,
        kinds: Kinds,
    ) -> Result<Subscription, Refusal> {
        let Ok(room) = self.room.clone().try_acquire_owned() else {
            let detail = "too many follow the events already: try again later";
            return Err(Refusal::new(Kind::Unavailable, detail));
        };
        // Before the store is looked at, so that what is committed in between is heard.
        let told = self.told.subscribe();
        let kept = self.engine.feed_kept().await;
        let kept = kept.map_err(|error| Refusal::internal(&error))?;
        let is_lost = |after: u64| after > kept.newest || after.saturating_add(1) < kept.oldest;
        let lost = after.is_some_and(is_lost);
        Ok(Subscription {
            engine: self.engine.clone(),
            told,
            last: after.filter(|_| !lost).unwrap_or(kept.newest),
            behind: true,
            reset: lost.then(|| Event {
                id: kept.newest,
                kind: EventKind::Reset,
                subject: String::new(),
                status: String::new(),
                done: false,
                at: Time::now(),
            }),
            kinds,
            stop: self.stop.clone(),
            _room: room,
        })
    }
}

/// One subscriber's place in what changes.
pub(crate) struct Subscription {
    engine: Engine,
    told: broadcast::Receiver<Piece>,
    /// The last change that it was told of.
    last: u64,
    /// Whether there may be something in the store that it will not hear of.
    behind: bool,
    reset: Option<Event>,
    kinds: Kinds,
    stop: CancellationToken,
    _room: OwnedSemaphorePermit,
}

impl Subscription {
    /// What is next, as soon as there is something; `None` when the node stops or the store fails.
    pub(crate) async fn next(&mut self) -> Option<Vec<Event>> {
        if let Some(reset) = self.reset.take() {
            return Some(vec![reset]);
        }
        let stop = self.stop.clone();
        loop {
            let told = stop.run_until_cancelled(self.told()).await??;
            if told.after > self.last {
                self.behind = true;
                continue;
            }
            let wanted = told.changes.iter().filter(|change| change.id > self.last);
            let events: Vec<Event> = wanted
                .filter_map(event)
                .filter(|event| self.kinds.contains(&event.kind))
                .collect();
            if let Some(newest) = told.changes.last() {
                self.last = self.last.max(newest.id);
            }
            if !events.is_empty() {
                return Some(events);
            }
        }
    }

    async fn told(&mut self) -> Option<Piece> {
        if self.behind {
            let after = self.last;
            let changes = self.engine.feed(after, PIECE).await;
            let changes = changes
                .inspect_err(|error| warn!(%error, "changes cannot be read"))
                .ok()?;
            if !changes.is_empty() {
                return Some(Arc::new(Told { after, changes }));
            }
            self.behind = false;
        }
        match self.told.recv().await {
            Ok(piece) => Some(piece),
            Err(broadcast::error::RecvError::Lagged(_)) => {
                self.behind = true;
                Some(Arc::default())
            }
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// A change as subscribers are told of it; `None` for what is nobody's business.
fn event(change: &Change) -> Option<Event> {
    let key = &change.process.key;
    let (kind, subject) = match change.process.kind.as_str() {
        PacketMachine::KIND => (EventKind::Packet, id_of(key)),
        Ledger::KIND => (EventKind::Swap, key.clone()),
        AlertMachine::KIND => (EventKind::Alert, key.clone()),
        _ => return None,
    };
    let status = match change.phase.as_str() {
        "" => "gone",
        phase => phase,
    };
    Some(Event {
        id: change.id,
        kind,
        subject,
        status: status.to_owned(),
        done: change.done,
        at: Time::from_millis(change.at.as_millis()),
    })
}

#[cfg(test)]
mod tests {
    use causeway_alerts::{AlertName, Condition, Look, Patience};
    use causeway_engine::UnixMillis;

    use super::*;

    async fn change(engine: &Engine, subject: &str) {
        let now = UnixMillis::now();
        let look = Look {
            condition: Some(Condition::new(AlertName::ChainStalled, subject, "")),
            now,
            patience: Patience {
                repeat: LOOK,
                quiet: LOOK,
            },
            tell: false,
        };
        let mut unit = engine.begin(now).await.unwrap();
        unit.handle::<AlertMachine>(subject, look).await.unwrap();
        unit.commit().await.unwrap();
    }

    #[tokio::test]
    async fn what_happens_before_the_reader_begins_is_told_all_the_same() {
        let engine = Engine::open("sqlite::memory:").await.unwrap();
        let feed = Feed {
            engine: engine.clone(),
            told: broadcast::Sender::new(BEHIND),
            room: Arc::new(Semaphore::new(1)),
            stop: CancellationToken::new(),
        };
        let all = [EventKind::Alert].into();
        let mut subscription = feed.subscribe(None, all).await.unwrap();
        let nothing = tokio::time::timeout(Duration::from_millis(300), subscription.next());
        assert!(nothing.await.is_err());
        change(&engine, "first").await;
        let mut last = None;
        feed.pass_on(&mut last).await.unwrap();
        change(&engine, "second").await;
        feed.pass_on(&mut last).await.unwrap();
        let mut subjects = Vec::new();
        while subjects.len() < 2 {
            let told = tokio::time::timeout(Duration::from_secs(10), subscription.next());
            let told = told.await.unwrap().unwrap();
            subjects.extend(told.into_iter().map(|event| event.subject));
        }
        assert_eq!(subjects, ["first", "second"]);
    }
}
