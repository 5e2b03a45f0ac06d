//! A machine that does as its input says, so that each test reads as what happens.

use std::sync::Arc;

use causeway_engine::{Engine, EngineOptions, Machine, NewEffect, RetryPolicy, Step, UnixMillis};
use causeway_local_postgres::PostgresServer;
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

/// Makes every one of these functions, which take a [`Store`], a test on each kind of store.
macro_rules! on_each_store {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(crate::machine::Store::sqlite()).await;
                }
            )+
        }

        mod postgres {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test(crate::machine::Store::postgres()).await;
                }
            )+
        }
    };
}
pub(crate) use on_each_store;

/// Adds the step's state to its own and otherwise passes the step on; `None` is refused.
pub(crate) struct Adder;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl Machine for Adder {
    const KIND: &'static str = "adder";
    type State = u64;
    type Input = Option<Step<u64, String>>;
    type Effect = String;
    type Error = Refused;

    fn handle(
        state: Option<u64>,
        input: Option<Step<u64, String>>,
    ) -> Result<Step<u64, String>, Refused> {
        let mut step = input.ok_or(Refused)?;
        step.state = step.state.map(|more| state.unwrap_or(0) + more);
        Ok(step)
    }
}

/// Adds this much.
pub(crate) fn add(more: u64) -> Step<u64, String> {
    Step::to(more, "adding")
}

/// An effect whose body is its key, on lane `lane`.
pub(crate) fn effect(key: &str) -> NewEffect<String> {
    NewEffect::new(key, "lane", key.to_owned())
}

pub(crate) fn at(millis: i64) -> UnixMillis {
    UnixMillis::from_millis(millis)
}

pub(crate) const RETRY: RetryPolicy = RetryPolicy {
    first: std::time::Duration::from_millis(100),
    factor: 2.0,
    max: std::time::Duration::from_secs(10),
    jitter: 0.2,
};

/// A store of its own, which can be opened again.
pub(crate) enum Store {
    Sqlite(TempDir),
    Postgres {
        /// Keeps the server up.
        _server: Arc<PostgresServer>,
        url: String,
    },
}

impl Store {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(TempDir::new().unwrap())
    }

    pub(crate) fn postgres() -> Self {
        let server = PostgresServer::shared().unwrap_or_else(|error| panic!("{error}"));
        let url = server.create_database().unwrap();
        Self::Postgres {
            _server: server,
            url,
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(directory) => {
                let path = directory.path().join("engine.sqlite");
                format!("sqlite://{}", path.display())
            }
            Self::Postgres { url, .. } => url.clone(),
        }
    }

    /// Runs a statement past the engine.
    pub(crate) async fn sql(&self, sql: &str) -> Result<(), sqlx::Error> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Sqlite(_) => {
                let url = format!("{}?mode=rwc", self.url());
                let mut connection = SqliteConnection::connect(&url).await?;
                query.execute(&mut connection).await?;
                connection.close().await
            }
            Self::Postgres { url, .. } => {
                let mut connection = PgConnection::connect(url).await?;
                query.execute(&mut connection).await?;
                connection.close().await
            }
        }
    }

    /// Makes the tables as the first version did.
    pub(crate) async fn migrate_to_first_version(&self) {
        let first = |mut migrator: Migrator| {
            migrator.migrations.to_mut().truncate(1);
            migrator
        };
        match self {
            Self::Sqlite(_) => {
                let url = format!("{}?mode=rwc", self.url());
                let mut connection = SqliteConnection::connect(&url).await.unwrap();
                let migrator = first(sqlx::migrate!("migrations/sqlite"));
                migrator.run(&mut connection).await.unwrap();
            }
            Self::Postgres { url, .. } => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                let migrator = first(sqlx::migrate!("migrations/postgres"));
                migrator.run(&mut connection).await.unwrap();
            }
        }
    }

    pub(crate) async fn open(&self) -> Engine {
        let options = EngineOptions {
            retry: RETRY,
            seed: Some(1),
        };
        Engine::open_with(&self.url(), options).await.unwrap()
    }
}

/// Feeds one input in a unit of its own.
pub(crate) async fn feed(engine: &Engine, key: &str, step: Step<u64, String>, now: UnixMillis) {
    let mut unit = engine.begin(now).await.unwrap();
    unit.handle::<Adder>(key, Some(step)).await.unwrap();
    unit.commit().await.unwrap();
}
