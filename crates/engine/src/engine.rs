use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use sqlx::migrate::Migrator;
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use sqlx::{Sqlite, Transaction};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::{EngineError, RetryPolicy, Unit, UnixMillis};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

const READERS: u32 = 4;
/// How long a statement waits for another process's write before it reports a transient error.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const ACQUIRE_TIMEOUT: Duration = Duration::from_mins(1);

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
    /// One connection: writers take turns here instead of meeting at the database's lock.
    writer: SqlitePool,
    readers: SqlitePool,
    changed: watch::Sender<u64>,
    retry: RetryPolicy,
    random: Mutex<StdRng>,
    /// Holds a private database's files until the last clone goes.
    _private: Option<TempDir>,
}

impl Engine {
    /// Opens the store at `url` with the default options.
    pub async fn open(url: &str) -> Result<Self, EngineError> {
        Self::open_with(url, EngineOptions::default()).await
    }

    /// Opens the store at `url`, creates it if it does not exist, and brings its tables up to date.
    ///
    /// `sqlite://PATH` is a file. `sqlite::memory:` is a private database for tests and
    /// simulations: a file in the temporary directory, gone with the last clone, never synced.
    /// (A database truly in memory could not be read beside an open unit as a file can.)
    pub async fn open_with(url: &str, options: EngineOptions) -> Result<Self, EngineError> {
        let scheme = url.split(':').next().unwrap_or_default();
        if scheme != "sqlite" {
            return Err(EngineError::UnsupportedStore {
                scheme: scheme.to_owned(),
            });
        }
        let in_memory = url.contains(":memory:") || url.contains("mode=memory");
        let (connect, private) = if in_memory {
            let directory = TempDir::new().map_err(EngineError::TemporaryDirectory)?;
            let connect = SqliteConnectOptions::new()
                .filename(directory.path().join("engine.sqlite"))
                .synchronous(SqliteSynchronous::Off);
            (connect, Some(directory))
        } else {
            let connect = SqliteConnectOptions::from_str(url)?.synchronous(SqliteSynchronous::Full);
            (connect, None)
        };
        let connect = connect
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(256);
        let writer = pool(1).connect_with(connect.clone()).await?;
        migrate(&writer).await?;
        let readers = pool(READERS).connect_lazy_with(connect.pragma("query_only", "on"));
        let random = options
            .seed
            .map_or_else(StdRng::from_os_rng, StdRng::seed_from_u64);
        Ok(Self {
            shared: Arc::new(Shared {
                writer,
                readers,
                changed: watch::Sender::new(0),
                retry: options.retry,
                random: Mutex::new(random),
                _private: private,
            }),
        })
    }

    /// Begins a unit of work that happens at `now`. Only one is open at a time; others wait, so
    /// a task that holds one must not begin another.
    pub async fn begin(&self, now: UnixMillis) -> Result<Unit<'_>, EngineError> {
        Ok(Unit::new(self, self.transaction().await?, now))
    }

    /// Changes whenever effects of this engine may have become claimable, so that executors wake
    /// at once. Work of other replicas and due retries are only found by asking again in time.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }

    /// Finishes what is under way, then closes the database. Nothing durable depends on it.
    pub async fn close(&self) {
        self.shared.readers.close().await;
        self.shared.writer.close().await;
    }

    pub(crate) async fn transaction(&self) -> Result<Transaction<'static, Sqlite>, EngineError> {
        // IMMEDIATE takes the write lock first: a transaction that reads and then writes could
        // otherwise fail halfway because another process wrote in between.
        Ok(self.shared.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    pub(crate) async fn reader(&self) -> Result<PoolConnection<Sqlite>, EngineError> {
        Ok(self.shared.readers.acquire().await?)
    }

    pub(crate) fn announce_effects(&self) {
        self.shared
            .changed
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    pub(crate) fn retry_delay(&self, attempts: u32) -> Duration {
        let random = self.shared.random.lock();
        let mut random = random.unwrap_or_else(PoisonError::into_inner);
        self.shared.retry.delay(attempts, &mut *random)
    }
}

fn pool(connections: u32) -> PoolOptions<Sqlite> {
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// Under the write lock, because two processes may open the same new file together.
async fn migrate(writer: &SqlitePool) -> Result<(), EngineError> {
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    // What `Migrator::run` does once it has its connection; the future of `run` itself is not
    // `Send` for a borrowed connection, and then neither would be that of opening an engine.
    MIGRATIONS
        .run_direct(None, &mut *transaction, false)
        .await?;
    transaction.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_committed_is_on_disk_and_readers_cannot_write() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("engine.sqlite");
        let engine = Engine::open(&format!("sqlite://{}", path.display()))
            .await
            .unwrap();
        let shared = &engine.shared;
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(&shared.writer)
            .await
            .unwrap();
        assert_eq!(journal, "wal");
        for (pragma, expected) in [
            ("PRAGMA synchronous", 2),
            ("PRAGMA foreign_keys", 1),
            ("PRAGMA busy_timeout", 10_000),
        ] {
            let value: i64 = sqlx::query_scalar(pragma)
                .fetch_one(&shared.writer)
                .await
                .unwrap();
            assert_eq!(value, expected, "{pragma}");
        }
        let write = sqlx::query("DELETE FROM cursors")
            .execute(&shared.readers)
            .await;
        assert!(write.is_err());
    }
}
