//! The two databases behind one face. What is different between them is in this folder and in
//! `migrations`; every statement elsewhere is written in what both understand.

mod postgres;
mod sqlite;
mod statement;

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::Duration;

use sqlx::Sqlite;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::pool::{PoolConnection, PoolOptions};
use tokio::sync::watch;

pub(crate) use statement::{Row, Statement, query, statement};

use crate::EngineError;

const READERS: u32 = 4;

/// Which changes were made to the tables.
const MADE: &str = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";

/// A database with one writer and a few readers.
#[derive(Debug)]
pub(crate) enum Database {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Database {
    /// Opens the database at `url` and brings its tables up to date. What other processes announce
    /// there is counted.
    pub(crate) async fn open(url: &str, counters: &Counters) -> Result<Self, EngineError> {
        match url.split(':').next().unwrap_or_default() {
            "sqlite" => Ok(Self::Sqlite(sqlite::Sqlite::open(url).await?)),
            "postgres" | "postgresql" => {
                let database = postgres::Postgres::open(url, counters.clone()).await?;
                Ok(Self::Postgres(database))
            }
            scheme => Err(EngineError::UnsupportedStore {
                scheme: scheme.to_owned(),
            }),
        }
    }

    /// Opens the database at `url` to read it alone.
    pub(crate) async fn open_to_read(url: &str, counters: &Counters) -> Result<Self, EngineError> {
        match url.split(':').next().unwrap_or_default() {
            "sqlite" => Ok(Self::Sqlite(sqlite::Sqlite::open_to_read(url).await?)),
            "postgres" | "postgresql" => {
                let database = postgres::Postgres::open_to_read(url).await?;
                Ok(Self::Postgres(database))
            }
            // Says which are known.
            _ => Self::open(url, counters).await,
        }
    }

    /// Begins a transaction that writes. Only one is open at a time, in all processes together.
    pub(crate) async fn transaction(&self) -> Result<Transaction, EngineError> {
        let connection = match self {
            Self::Sqlite(database) => {
                Connection::Sqlite(Held::Transaction(database.transaction().await?))
            }
            Self::Postgres(database) => {
                Connection::Postgres(Held::Transaction(database.transaction().await?))
            }
        };
        Ok(Transaction(connection))
    }

    /// A connection that reads what is committed.
    pub(crate) async fn reader(&self) -> Result<Connection, EngineError> {
        Ok(match self {
            Self::Sqlite(database) => Connection::Sqlite(Held::Reader(database.reader().await?)),
            Self::Postgres(database) => {
                Connection::Postgres(Held::Reader(database.reader().await?))
            }
        })
    }

    /// Commits, and tells other processes what may interest them.
    pub(crate) async fn commit_and_announce(
        &self,
        mut transaction: Transaction,
        news: Announcement,
    ) -> Result<(), EngineError> {
        if let Self::Postgres(database) = self {
            database.notify(&mut transaction, news).await?;
        }
        transaction.commit().await
    }

    pub(crate) async fn place(&self) -> Result<String, EngineError> {
        match self {
            Self::Sqlite(database) => database.place(),
            Self::Postgres(database) => database.place().await,
        }
    }

    pub(crate) async fn copy_to(&self, file: &Path) -> Result<(), EngineError> {
        match self {
            Self::Sqlite(database) => database.copy_to(file).await,
            Self::Postgres(_) => Err(EngineError::NotAFile),
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(database) => database.close().await,
            Self::Postgres(database) => database.close().await,
        }
    }
}

/// What a commit may mean to others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Announcement {
    /// Effects may have become claimable.
    pub(crate) effects: bool,
    /// The feed has grown.
    pub(crate) feed: bool,
}

impl Announcement {
    /// Effects may have become claimable, or nothing has happened that is to be announced.
    pub(crate) const fn of_effects(effects: bool) -> Self {
        Self {
            effects,
            feed: false,
        }
    }
}

/// Counts what is announced here and elsewhere.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) effects: watch::Sender<u64>,
    pub(crate) feed: watch::Sender<u64>,
}

impl Counters {
    pub(crate) fn announce(&self, news: Announcement) {
        let count = |counter: &watch::Sender<u64>| {
            counter.send_modify(|count| *count = count.wrapping_add(1));
        };
        if news.effects {
            count(&self.effects);
        }
        if news.feed {
            count(&self.feed);
        }
    }
}

/// A connection to either database, for as long as somebody holds it.
#[derive(Debug)]
pub(crate) enum Connection {
    Sqlite(Held<Sqlite>),
    Postgres(Held<sqlx::Postgres>),
}

impl Connection {
    /// What makes a statement say how it would be run, and in which column.
    pub(crate) const fn explain(&self) -> (&'static str, usize) {
        match self {
            Self::Sqlite(_) => ("EXPLAIN QUERY PLAN ", 3),
            Self::Postgres(_) => ("EXPLAIN ", 0),
        }
    }
}

/// A connection that reads, or one inside a transaction.
#[derive(Debug)]
pub(crate) enum Held<D: sqlx::Database> {
    Reader(PoolConnection<D>),
    Transaction(sqlx::Transaction<'static, D>),
}

impl<D: sqlx::Database> Held<D> {
    fn connection(&mut self) -> &mut D::Connection {
        match self {
            Self::Reader(connection) => connection,
            Self::Transaction(transaction) => transaction,
        }
    }

    async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Reader(_) => Ok(()),
            Self::Transaction(transaction) => transaction.commit().await,
        }
    }
}

/// An open transaction; dropped, it is rolled back.
#[derive(Debug)]
pub(crate) struct Transaction(Connection);

impl Transaction {
    pub(crate) async fn commit(self) -> Result<(), EngineError> {
        match self.0 {
            Connection::Sqlite(held) => held.commit().await?,
            Connection::Postgres(held) => held.commit().await?,
        }
        Ok(())
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

/// Whether the changes that were made to the tables, in order, are all that this build knows, and no others.
fn check_tables(migrator: &Migrator, made: &[i64]) -> Result<(), EngineError> {
    let known: Vec<i64> = migrator.iter().map(|change| change.version).collect();
    if let Some(later) = made.iter().find(|version| !known.contains(version)) {
        return Err(MigrateError::VersionMissing(*later).into());
    }
    if made.len() == known.len() {
        return Ok(());
    }
    let newest = |versions: &[i64]| versions.last().copied().unwrap_or_default();
    Err(EngineError::Outdated {
        expected: newest(&known),
        found: newest(made),
    })
}

fn pool<D: sqlx::Database>(connections: u32, patience: Duration) -> PoolOptions<D> {
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(patience)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}
