//! `SQLite`: one file, one process.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::time::{Duration, Instant, UNIX_EPOCH};

use sqlx::Transaction;
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use tempfile::TempDir;

use super::{MADE, READERS, check_tables, pool};
use crate::EngineError;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// How long a statement waits for another process's write before it reports a transient error.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
const ACQUIRE_TIMEOUT: Duration = Duration::from_mins(1);

/// How long to wait before a file that another process holds is opened again.
const OPEN_AGAIN: Duration = Duration::from_millis(20);

// IMMEDIATE takes the write lock first: a transaction that reads and then writes could otherwise
// fail halfway because another process wrote in between.
const BEGIN: &str = "BEGIN IMMEDIATE";

#[derive(Debug)]
pub(crate) struct Sqlite {
    /// One connection: writers take turns here instead of meeting at the database's lock.
    writer: SqlitePool,
    readers: SqlitePool,
    file: PathBuf,
    /// Holds a private database's files for as long as it is open.
    _private: Option<TempDir>,
}

impl Sqlite {
    pub(super) async fn open(url: &str) -> Result<Self, EngineError> {
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
        let file = connect.get_filename().to_owned();
        let connect = connect
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(256);
        let writer = open_writer(&connect).await?;
        let readers =
            pool(READERS, ACQUIRE_TIMEOUT).connect_lazy_with(connect.pragma("query_only", "on"));
        Ok(Self {
            writer,
            readers,
            file,
            _private: private,
        })
    }

    /// What is committed can be read at any time: a file in write-ahead logging lets readers wait for
    /// nobody.
    pub(super) async fn open_to_read(url: &str) -> Result<Self, EngineError> {
        let connect = SqliteConnectOptions::from_str(url)?
            .read_only(true)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(256);
        let file = connect.get_filename().to_owned();
        let readers = pool(READERS, ACQUIRE_TIMEOUT).connect_with(connect).await?;
        let has_changes: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations')",
        )
        .fetch_one(&readers)
        .await?;
        let made: Vec<i64> = if has_changes {
            sqlx::query_scalar(MADE).fetch_all(&readers).await?
        } else {
            Vec::new()
        };
        check_tables(&MIGRATIONS, &made)?;
        Ok(Self {
            // Refuses to write.
            writer: readers.clone(),
            readers,
            file,
            _private: None,
        })
    }

    pub(super) async fn transaction(
        &self,
    ) -> Result<Transaction<'static, sqlx::Sqlite>, EngineError> {
        Ok(self.writer.begin_with(BEGIN).await?)
    }

    pub(super) async fn reader(&self) -> Result<PoolConnection<sqlx::Sqlite>, EngineError> {
        Ok(self.readers.acquire().await?)
    }

    /// The file's number, and when it was made: a copy has others, also under the same name.
    pub(super) fn place(&self) -> Result<String, EngineError> {
        let metadata = std::fs::metadata(&self.file).map_err(EngineError::File)?;
        let made = metadata.created().map_or(0, |time| {
            let since = time.duration_since(UNIX_EPOCH);
            since.map_or(0, |since| since.as_nanos())
        });
        Ok(format!("{} {made}", metadata.ino()))
    }

    pub(super) async fn copy_to(&self, file: &Path) -> Result<(), EngineError> {
        // A path that is not Unicode cannot be a value of a statement.
        let file = file.to_str().ok_or(EngineError::NotAFile)?;
        sqlx::query("VACUUM INTO $1")
            .bind(file)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    pub(super) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// A connection that writes, to a database whose tables are up to date.
///
/// Whoever turns a new file to write-ahead logging needs it alone for a moment, and `SQLite` refuses
/// others meanwhile without letting them wait.
async fn open_writer(connect: &SqliteConnectOptions) -> Result<SqlitePool, EngineError> {
    let deadline = Instant::now() + BUSY_TIMEOUT;
    loop {
        let opened = async {
            let pool = pool(1, ACQUIRE_TIMEOUT);
            let writer = pool.connect_with(connect.clone()).await?;
            migrate(&writer).await?;
            Ok::<_, EngineError>(writer)
        };
        match opened.await {
            Err(error) if error.is_transient() && Instant::now() < deadline => {
                tokio::time::sleep(OPEN_AGAIN).await;
            }
            opened => return opened,
        }
    }
}

/// Under the write lock, because two processes may open the same new file together.
async fn migrate(writer: &SqlitePool) -> Result<(), EngineError> {
    let mut transaction = writer.begin_with(BEGIN).await?;
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
        let database = Sqlite::open(&format!("sqlite://{}", path.display()))
            .await
            .unwrap();
        let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
            .fetch_one(&database.writer)
            .await
            .unwrap();
        assert_eq!(journal, "wal");
        for (pragma, expected) in [
            ("PRAGMA synchronous", 2),
            ("PRAGMA foreign_keys", 1),
            ("PRAGMA busy_timeout", 10_000),
        ] {
            let value: i64 = sqlx::query_scalar(pragma)
                .fetch_one(&database.writer)
                .await
                .unwrap();
            assert_eq!(value, expected, "{pragma}");
        }
        let write = sqlx::query("DELETE FROM cursors")
            .execute(&database.readers)
            .await;
        assert!(write.is_err());
    }
}
