use sqlx::postgres::PgDatabaseError;
use thiserror::Error;

use crate::TxState;

/// Why the engine could not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The store's address is of a kind that this build does not serve. Only the scheme is shown:
    /// the rest of such an address may hold a password.
    #[error(
        "store `{scheme}:…` is not supported; expected `sqlite://PATH` or \
         `postgres://USER:PASSWORD@HOST/DATABASE`"
    )]
    UnsupportedStore {
        /// What came before the first colon.
        scheme: String,
    },
    /// The store's file cannot be looked at.
    #[error("the store's file cannot be looked at")]
    File(#[source] std::io::Error),
    /// The store cannot be copied into that file.
    #[error(
        "only a SQLite store can be copied, into a file with a Unicode name; use pg_dump for PostgreSQL"
    )]
    NotAFile,
    /// The directory of a private database could not be made.
    #[error("no room for a private database in the temporary directory")]
    TemporaryDirectory(#[source] std::io::Error),
    /// The database refused.
    #[error("database")]
    Database(#[source] sqlx::Error),
    /// Another process has not let go of the store for longer than this one waits for its turn to write.
    #[error("the store is busy: another process has been writing to it for longer than we wait")]
    Busy,
    /// The tables are those of an earlier version, and somebody who only reads leaves them alone.
    #[error(
        "the store's tables are those of an earlier version (expected {expected}, found {found})"
    )]
    Outdated {
        /// The newest change to the tables that this build knows.
        expected: i64,
        /// The newest one that was made; 0 for none.
        found: i64,
    },
    /// The database's tables are not what this build expects and cannot be brought there.
    #[error("database migration")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A value has no JSON form.
    #[error("{what} of `{key}` cannot be written as JSON")]
    Encode {
        /// What was to be stored.
        what: &'static str,
        /// Whose it is.
        key: String,
        /// What the encoder said.
        source: serde_json::Error,
    },
    /// What is stored is not what this build writes.
    #[error("stored {what} of `{key}` cannot be read")]
    Decode {
        /// What was to be read.
        what: &'static str,
        /// Whose it is.
        key: String,
        /// What the decoder said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A number that the database cannot hold.
    #[error("{what} {value} is out of range: expected 0 to 2^63 - 1")]
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: i128,
    },
    /// A name that would make effect keys ambiguous.
    #[error("{what} `{name}` must not contain `{forbidden}`")]
    InvalidName {
        /// Which name.
        what: &'static str,
        /// The name as it came.
        name: String,
        /// The character that it must not contain.
        forbidden: char,
    },
    /// An earlier statement of this unit failed halfway; only dropping it is safe.
    #[error("the unit of work failed halfway and cannot be committed")]
    BrokenUnit,
    /// Somebody else wrote the same rows at the same time.
    #[error("{what} of `{key}` changed at the same time")]
    Contended {
        /// What was written.
        what: &'static str,
        /// Whose it is.
        key: String,
    },
    /// Another replica leads by now; what this one wanted to write is no longer its to write.
    #[error("another replica leads `{name}` by now")]
    Deposed {
        /// What is led.
        name: String,
    },
    /// Nothing was reserved under this nonce.
    #[error("lane `{lane}` has no transaction with nonce {nonce}")]
    UnknownTransaction {
        /// The lane.
        lane: String,
        /// The nonce.
        nonce: u64,
    },
    /// The transaction has already ended otherwise.
    #[error("transaction {nonce} of lane `{lane}` is {found:?}, expected {expected:?}")]
    TransactionState {
        /// The lane.
        lane: String,
        /// The nonce.
        nonce: u64,
        /// What it had to be.
        expected: TxState,
        /// What it is.
        found: TxState,
    },
}

impl EngineError {
    /// Whether the same call may succeed later, unchanged; otherwise stop and tell a person.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) => is_transient(error),
            Self::Busy | Self::BrokenUnit | Self::Contended { .. } | Self::Deposed { .. } => true,
            _ => false,
        }
    }
}

impl From<sqlx::Error> for EngineError {
    fn from(error: sqlx::Error) -> Self {
        if is_busy(&error) {
            return Self::Busy;
        }
        Self::Database(error)
    }
}

/// Whether the write lock was not to be had in time.
fn is_busy(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else {
        return false;
    };
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        return code == LOCK_NOT_AVAILABLE;
    }
    code.parse::<i64>()
        .is_ok_and(|code| code & 0xff == SQLITE_BUSY)
}

fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::Protocol(_)
        | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            if error.try_downcast_ref::<PgDatabaseError>().is_some() {
                passes_on_postgres(&code)
            } else {
                passes_on_sqlite(&code)
            }
        }
        _ => false,
    }
}

/// What `SQLite` says when another process holds a lock for too long.
const SQLITE_BUSY: i64 = 5;
/// What `PostgreSQL` says then.
const LOCK_NOT_AVAILABLE: &str = "55P03";

fn passes_on_sqlite(code: &str) -> bool {
    // Primary result codes: locked, I/O error, disk full.
    const PASSING: [i64; 3] = [6, 10, 13];
    code.parse::<i64>()
        .is_ok_and(|code| PASSING.contains(&(code & 0xff)))
}

fn passes_on_postgres(code: &str) -> bool {
    // Classes: connection, insufficient resources, the operator's intervention (also a restart),
    // system errors.
    const CLASSES: [&str; 4] = ["08", "53", "57", "58"];
    // Idle in transaction for too long, a server that only reads (after a fail-over), a serialization
    // failure, a deadlock.
    const CODES: [&str; 4] = ["25P03", "25006", "40001", "40P01"];
    CODES.contains(&code) || CLASSES.iter().any(|class| code.starts_with(class))
}

/// Why a unit did not take an input.
#[derive(Debug, Error)]
pub enum UnitError<E: std::error::Error + 'static> {
    /// The engine failed; drop the unit.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The machine refused the input; the unit is as if it had never been offered.
    #[error("the machine refused the input")]
    Machine(#[source] E),
}

impl<E: std::error::Error + 'static> UnitError<E> {
    /// Whether the same unit may succeed later, unchanged.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Engine(error) => error.is_transient(),
            Self::Machine(_) => false,
        }
    }
}
