//! `PostgreSQL`: one server, any number of processes on any number of machines.

use std::str::FromStr as _;
use std::time::Duration;

use sqlx::Transaction;
use sqlx::migrate::Migrator;
use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPool};
use tokio::task::AbortHandle;
use tracing::warn;

use super::{Announcement, Connection, Counters, MADE, READERS, check_tables, pool, query};
use crate::EngineError;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// How long to wait for a connection: a server that restarts is back by then, or the call reports a
/// transient error.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a connection may have lain idle before it is tried out: the server may have restarted.
const FRESH: Duration = Duration::from_secs(1);

/// How long to leave the server alone after it could not be listened to.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// What replicas tell each other about; a database may hold several stores, each in a schema of its
/// own, which the notification names.
const CHANNEL: &str = "causeway";

/// What holds for every session, whatever the server's configuration says.
const SETTINGS: [(&str, &str); 4] = [
    // An attestor's promise must be on disk before it signs.
    ("synchronous_commit", "on"),
    ("default_transaction_isolation", "read committed"),
    // A replica that stops halfway through a unit, or vanishes with its machine, holds up the
    // others no longer than this …
    ("idle_in_transaction_session_timeout", "5s"),
    // … and whoever waits for the write lock outlasts it.
    ("lock_timeout", "15s"),
];

#[derive(Debug)]
pub(crate) struct Postgres {
    /// One connection: the writers of this process take turns here instead of at the server.
    writer: PgPool,
    readers: PgPool,
    /// Nobody listens who only reads.
    listener: Option<AbortHandle>,
    /// Tells our own notifications from those of others.
    instance: String,
}

impl Postgres {
    pub(super) async fn open(url: &str, counters: Counters) -> Result<Self, EngineError> {
        let connect = connect(url)?;
        let writer = tried(pool(1, ACQUIRE_TIMEOUT))
            .connect_with(connect.clone())
            .await?;
        migrate(&writer).await?;
        let readers = tried(pool(READERS, ACQUIRE_TIMEOUT)).connect_lazy_with(connect.clone());
        // A pool of its own, because a listener keeps its connection.
        let listening = pool(1, ACQUIRE_TIMEOUT).connect_lazy_with(connect);
        let instance = format!("{:016x}", rand::random::<u64>());
        let schema: String = sqlx::query_scalar("SELECT current_schema()")
            .fetch_one(&writer)
            .await?;
        let listener = tokio::spawn(listen(listening, schema, instance.clone(), counters));
        Ok(Self {
            writer,
            readers,
            listener: Some(listener.abort_handle()),
            instance,
        })
    }

    /// Readers wait for nobody here, and the server refuses what they might write.
    pub(super) async fn open_to_read(url: &str) -> Result<Self, EngineError> {
        let connect = connect(url)?.options([("default_transaction_read_only", "on")]);
        let readers = tried(pool(READERS, ACQUIRE_TIMEOUT))
            .connect_with(connect)
            .await?;
        let has_changes: bool =
            sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
                .fetch_one(&readers)
                .await?;
        let made: Vec<i64> = if has_changes {
            sqlx::query_scalar(MADE).fetch_all(&readers).await?
        } else {
            Vec::new()
        };
        check_tables(&MIGRATIONS, &made)?;
        Ok(Self {
            writer: readers.clone(),
            readers,
            listener: None,
            instance: String::new(),
        })
    }

    pub(super) async fn transaction(
        &self,
    ) -> Result<Transaction<'static, sqlx::Postgres>, EngineError> {
        let mut transaction = self.writer.begin().await?;
        // What BEGIN IMMEDIATE is to SQLite: writers follow one another, and each sees all that the
        // one before has committed. Readers are not held up.
        sqlx::query("LOCK TABLE writer IN EXCLUSIVE MODE")
            .execute(&mut *transaction)
            .await?;
        Ok(transaction)
    }

    pub(super) async fn reader(&self) -> Result<PoolConnection<sqlx::Postgres>, EngineError> {
        Ok(self.readers.acquire().await?)
    }

    /// The server's data, its time line (which forks where an older state was gone on with, as after a
    /// fail-over), the database and the schema.
    pub(super) async fn place(&self) -> Result<String, EngineError> {
        let place = sqlx::query_scalar(
            "SELECT concat_ws(' ', (SELECT system_identifier FROM pg_control_system()), \
             (SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)), \
             (SELECT oid FROM pg_database WHERE datname = current_database()), \
             current_schema())",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(place)
    }

    /// Tells the other replicas, once the transaction is committed.
    pub(super) async fn notify(
        &self,
        connection: &mut Connection,
        news: Announcement,
    ) -> Result<(), EngineError> {
        query("SELECT pg_notify($1, current_schema() || ' ' || $2 || ' ' || $3)")
            .bind(CHANNEL)
            .bind(&self.instance)
            .bind(words(news))
            .execute(connection)
            .await?;
        Ok(())
    }

    pub(super) async fn close(&self) {
        self.stop_listening();
        self.readers.close().await;
        self.writer.close().await;
    }

    fn stop_listening(&self) {
        if let Some(listener) = &self.listener {
            listener.abort();
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop_listening();
    }
}

fn connect(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(PgConnectOptions::from_str(url)?
        .application_name("causeway")
        .statement_cache_capacity(256)
        .options(SETTINGS))
}

/// What is said to other replicas about a commit.
const fn words(news: Announcement) -> &'static str {
    match (news.effects, news.feed) {
        (_, false) => "effects",
        (false, true) => "feed",
        (true, true) => "both",
    }
}

/// A replica of an earlier version announces effects alone, and says no word.
fn understood(word: Option<&str>) -> Announcement {
    Announcement {
        effects: word != Some("feed"),
        feed: matches!(word, Some("feed" | "both")),
    }
}

fn tried(pool: PoolOptions<sqlx::Postgres>) -> PoolOptions<sqlx::Postgres> {
    pool.before_acquire(|connection, known| {
        Box::pin(async move {
            if known.idle_for > FRESH {
                sqlx::Connection::ping(connection).await?;
            }
            Ok(true)
        })
    })
}

/// In one transaction, with a lock, because replicas may start together on an empty database.
async fn migrate(writer: &PgPool) -> Result<(), EngineError> {
    let mut transaction = writer.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext('causeway migration'))")
        .execute(&mut *transaction)
        .await?;
    MIGRATIONS
        .run_direct(None, &mut *transaction, false)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// Counts what other replicas announce. While nothing can be heard, executors still look from time
/// to time; once it can again, something may have been missed.
async fn listen(pool: PgPool, schema: String, instance: String, counters: Counters) {
    let all = Announcement {
        effects: true,
        feed: true,
    };
    loop {
        let heard = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen(CHANNEL).await?;
            counters.announce(all);
            while let Some(notification) = listener.try_recv().await? {
                let mut payload = notification.payload().split(' ');
                let of_schema = payload.next() == Some(schema.as_str());
                if of_schema && payload.next() != Some(instance.as_str()) {
                    counters.announce(understood(payload.next()));
                }
            }
            Ok::<_, sqlx::Error>(())
        };
        if let Err(error) = heard.await {
            warn!(%error, "the database cannot be listened to");
            tokio::time::sleep(LISTEN_AGAIN).await;
        }
    }
}
