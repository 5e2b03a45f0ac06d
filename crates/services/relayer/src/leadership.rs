//! Doing what only one of the replicas may do, for as long as this one leads.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use causeway_engine::{Engine, EngineError, Term};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock::Clock;

/// How long a term lasts unless it is extended, and so how long the work of a replica that was
/// killed waits for another. The replicas' clocks must agree much better than this, or the wait is
/// as much longer as they do not.
const LENGTH: Duration = Duration::from_secs(5);

/// How often a term is extended.
const EXTENSION: Duration = Duration::from_secs(1);

/// How often those who do not lead ask whether they may.
const ASK: Duration = Duration::from_secs(1);

/// One thing that only one replica does at a time.
///
/// A leader that stops extending its term, because it was killed or the database is gone, is
/// replaced after five seconds. It may not know that, so what it writes is fenced with
/// [`Unit::fence`](causeway_engine::Unit::fence).
#[derive(Debug)]
pub struct Leadership {
    engine: Engine,
    name: String,
    replica: String,
    clock: Clock,
    term: Mutex<Option<Term>>,
}

impl Leadership {
    /// `replica` names this process among those that share the database.
    pub fn new(engine: Engine, name: String, replica: String) -> Self {
        Self::by_clock(engine, name, replica, Clock::default())
    }

    pub(crate) fn by_clock(engine: Engine, name: String, replica: String, clock: Clock) -> Self {
        Self {
            engine,
            name,
            replica,
            clock,
            term: Mutex::default(),
        }
    }

    /// The term that goes on, as far as is known here.
    pub fn term(&self) -> Option<Term> {
        self.known().clone()
    }

    fn known(&self) -> MutexGuard<'_, Option<Term>> {
        self.term.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a term, unless another replica leads.
    pub async fn begin(&self) -> Result<Option<Term>, EngineError> {
        let now = self.clock.now();
        let begun = self
            .engine
            .lead(&self.name, &self.replica, LENGTH, now)
            .await?;
        if let Some(term) = &begun {
            info!(
                of = self.name,
                replica = self.replica,
                term = term.number(),
                "leading"
            );
            metrics::gauge!("causeway_leads", "of" => self.name.clone()).set(1);
            *self.known() = Some(term.clone());
        }
        Ok(begun)
    }

    /// Begins a term. While another replica leads, waits until it is worth while to ask again, or
    /// until stopped, and answers `None`.
    pub async fn turn(&self, stop: &CancellationToken) -> Option<Term> {
        let mut changed = self.engine.changed();
        match self.begin().await {
            Ok(Some(term)) => return Some(term),
            Ok(None) => {}
            Err(error) => warn!(of = self.name, %error, "cannot ask who leads"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            _ = changed.changed() => {}
            () = sleep(ASK) => {}
        }
        None
    }

    /// Does the work of a leader for as long as this replica is sure to lead; then `None`, and the
    /// work is dropped where it stood. Begin right after the term began.
    pub async fn during<T>(&self, term: &Term, work: impl Future<Output = T>) -> Option<T> {
        let done = tokio::select! {
            done = work => Some(done),
            () = self.over(term) => None,
        };
        if done.is_none() {
            warn!(of = self.name, replica = self.replica, "leads no more");
        }
        done
    }

    /// Extends the term until that fails.
    async fn over(&self, term: &Term) {
        let mut sure_until = Instant::now() + LENGTH;
        loop {
            sleep(EXTENSION).await;
            let (asked, now) = (Instant::now(), self.clock.now());
            let extended = self.engine.extend(term, LENGTH, now);
            match timeout_at(sure_until, extended).await {
                Ok(Ok(true)) => sure_until = asked + LENGTH,
                Ok(Ok(false)) | Err(_) => return,
                Ok(Err(error)) => warn!(of = self.name, %error, "a term could not be extended"),
            }
            if Instant::now() >= sure_until {
                return;
            }
        }
    }

    /// Ends the term, so that another replica may begin its own at once.
    pub async fn resign(&self) {
        metrics::gauge!("causeway_leads", "of" => self.name.clone()).set(0);
        let Some(term) = self.known().take() else {
            return;
        };
        if let Err(error) = self.engine.resign(&term).await {
            warn!(of = self.name, %error, "others must wait until the term runs out");
        }
    }
}
