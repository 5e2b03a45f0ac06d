use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::watch;

use crate::database::{Announcement, Connection, Counters, Database, Transaction};
use crate::{EngineError, RetryPolicy, Unit, UnixMillis};

/// Where a copy keeps what tells it from the original.
const COPY: &str = "engine/copy";

/// How an engine behaves; the default suits a node.
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineOptions {
    /// How failed effects are spaced out.
    pub retry: RetryPolicy,
    /// The seed of the back-off's jitter; `None` takes one from the operating system.
    pub seed: Option<u64>,
}

/// A store of durable processes. Clones share it.
#[derive(Clone, Debug)]
pub struct Engine {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    database: Database,
    counters: Counters,
    retry: RetryPolicy,
    random: Mutex<StdRng>,
}

impl Engine {
    /// Opens the store at `url` with the default options.
    pub async fn open(url: &str) -> Result<Self, EngineError> {
        Self::open_with(url, EngineOptions::default()).await
    }

    /// Opens the store at `url`, creates it if it does not exist, and brings its tables up to date.
    ///
    /// `sqlite://PATH` is a file, for one process. `sqlite::memory:` is a private database for tests
    /// and simulations: a file in the temporary directory, gone with the last clone, never synced.
    /// (A database truly in memory could not be read beside an open unit as a file can.)
    /// `postgres://USER:PASSWORD@HOST/DATABASE` may be shared by any number of processes.
    pub async fn open_with(url: &str, options: EngineOptions) -> Result<Self, EngineError> {
        let counters = Counters::default();
        let database = Database::open(url, &counters).await?;
        Ok(Self::over(database, counters, options))
    }

    /// Opens a store that exists, to read it alone. Nothing is made, changed or brought up to date, and
    /// nobody is waited for: whoever writes meanwhile is not held up, and does not hold up this one.
    /// What is not committed is not seen, and whatever would write fails.
    ///
    /// # Errors
    /// [`EngineError::Outdated`] when the tables are those of an earlier version:
    /// [`open`](Self::open) brings them up to date.
    pub async fn open_to_read(url: &str) -> Result<Self, EngineError> {
        let counters = Counters::default();
        let database = Database::open_to_read(url, &counters).await?;
        Ok(Self::over(database, counters, EngineOptions::default()))
    }

    fn over(database: Database, counters: Counters, options: EngineOptions) -> Self {
        let random = options
            .seed
            .map_or_else(StdRng::from_os_rng, StdRng::seed_from_u64);
        Self {
            shared: Arc::new(Shared {
                database,
                counters,
                retry: options.retry,
                random: Mutex::new(random),
            }),
        }
    }

    /// Begins a unit of work that happens at `now`. Only one is open at a time, in all processes
    /// that share the store; others wait, so a task that holds one must not begin another.
    pub async fn begin(&self, now: UnixMillis) -> Result<Unit<'_>, EngineError> {
        Ok(Unit::new(self, self.transaction().await?, now))
    }

    /// Changes whenever effects may have become claimable, so that executors wake at once. Due
    /// retries are only found by asking again in time, and so, on `SQLite`, is the work of other
    /// processes.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.shared.counters.effects.subscribe()
    }

    /// Changes whenever the feed may have grown. On `SQLite`, the work of other processes is only found
    /// by asking again in time.
    pub fn fed(&self) -> watch::Receiver<u64> {
        self.shared.counters.feed.subscribe()
    }

    /// Where the store physically is: a copy of it, restored in its place or elsewhere, is in another.
    pub async fn place(&self) -> Result<String, EngineError> {
        let place = self.shared.database.place().await?;
        let copy = self.cursor(COPY).await?.unwrap_or_default();
        Ok(format!("{place} {copy}"))
    }

    /// Gives the store another [`place`](Self::place), as a copy has that cannot be told from the
    /// original.
    pub async fn mark_as_copy(&self) -> Result<(), EngineError> {
        let mut unit = self.begin(UnixMillis::now()).await?;
        unit.set_cursor(COPY, &format!("{:016x}", rand::random::<u64>()))
            .await?;
        unit.commit().await
    }

    /// Copies a `SQLite` store, as it is at one moment, into a file that does not exist yet. For
    /// `PostgreSQL` there is `pg_dump`.
    pub async fn copy_to(&self, file: &Path) -> Result<(), EngineError> {
        self.shared.database.copy_to(file).await?;
        // However it is put back in place, it can be told from what it was copied from.
        let copy = Self::open(&format!("sqlite://{}", file.display())).await?;
        let marked = copy.mark_as_copy().await;
        copy.close().await;
        marked
    }

    /// Finishes what is under way, then closes the database. Nothing durable depends on it.
    pub async fn close(&self) {
        self.shared.database.close().await;
    }

    pub(crate) async fn transaction(&self) -> Result<Transaction, EngineError> {
        self.shared.database.transaction().await
    }

    pub(crate) async fn reader(&self) -> Result<Connection, EngineError> {
        self.shared.database.reader().await
    }

    /// Commits, and wakes whoever waits for what was written, here and elsewhere.
    pub(crate) async fn commit(
        &self,
        transaction: Transaction,
        news: Announcement,
    ) -> Result<(), EngineError> {
        if news == Announcement::default() {
            return transaction.commit().await;
        }
        self.shared
            .database
            .commit_and_announce(transaction, news)
            .await?;
        self.shared.counters.announce(news);
        Ok(())
    }

    pub(crate) fn retry_delay(&self, attempts: u32) -> Duration {
        let random = self.shared.random.lock();
        let mut random = random.unwrap_or_else(PoisonError::into_inner);
        self.shared.retry.delay(attempts, &mut *random)
    }
}
