use serde::de::DeserializeOwned;

use crate::database::{Connection, Row, query, statement};
use crate::engine::Engine;
use crate::sql;
use crate::{EngineError, Machine, UnixMillis, Wake};

/// Names one process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId {
    /// [`Machine::KIND`] of its machine.
    pub kind: String,
    /// Its key among those of the kind.
    pub key: String,
}

/// A process as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process<S> {
    /// Its key among those of its machine.
    pub key: String,
    /// What the machine will be given with the next input.
    pub state: S,
    /// Where it stands, in one word.
    pub phase: String,
    /// Whether nothing more is expected to happen.
    pub done: bool,
    /// When it will hear of a clock.
    pub wake: Option<Wake>,
    /// When its first input came.
    pub created_at: UnixMillis,
    /// When its last input came.
    pub updated_at: UnixMillis,
}

/// Which processes to list; the default is all of them, by key.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these phases; empty means any.
    pub phases: Vec<String>,
    /// Only processes that are not done.
    pub open_only: bool,
    /// Only processes whose first input came before this.
    pub created_before: Option<UnixMillis>,
    /// Only what follows this process in the listing's order: the next page.
    pub after: Option<String>,
    /// Latest created first, instead of by key.
    pub newest_first: bool,
    /// At most this many.
    pub limit: Option<usize>,
}

/// A process before its state is decoded.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) state: String,
    pub(crate) phase: String,
    pub(crate) done: bool,
    pub(crate) wake: Option<(String, i64)>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl Stored {
    pub(crate) fn decode<S: DeserializeOwned>(
        &self,
        key: String,
    ) -> Result<Process<S>, EngineError> {
        Ok(Process {
            state: decode_json("state", &key, &self.state)?,
            key,
            phase: self.phase.clone(),
            done: self.done,
            wake: match &self.wake {
                Some((clock, at)) => Some(Wake {
                    clock: clock.clone(),
                    at: sql::to_unsigned("wake", *at)?,
                }),
                None => None,
            },
            created_at: sql::millis(self.created_at),
            updated_at: sql::millis(self.updated_at),
        })
    }
}

pub(crate) fn decode_json<T: DeserializeOwned>(
    what: &'static str,
    key: &str,
    json: &str,
) -> Result<T, EngineError> {
    serde_json::from_str(json).map_err(|error| EngineError::Decode {
        what,
        key: key.to_owned(),
        source: error.into(),
    })
}

pub(crate) fn encode_json(
    what: &'static str,
    key: &str,
    value: &impl serde::Serialize,
) -> Result<String, EngineError> {
    serde_json::to_string(value).map_err(|source| EngineError::Encode {
        what,
        key: key.to_owned(),
        source,
    })
}

const SELECT: &str = "SELECT key, state, phase, done, wake_clock, wake_at, created_at, updated_at \
                      FROM processes WHERE kind = ";

/// The same columns, of the table `p` among others.
pub(crate) const COLUMNS: &str =
    "p.key, p.state, p.phase, p.done, p.wake_clock, p.wake_at, p.created_at, p.updated_at";

pub(crate) fn from_row(row: &Row) -> Result<(String, Stored), sqlx::Error> {
    let wake_clock: Option<String> = row.try_get("wake_clock")?;
    let stored = Stored {
        state: row.try_get("state")?,
        phase: row.try_get("phase")?,
        done: row.try_get("done")?,
        wake: wake_clock.zip(row.try_get("wake_at")?),
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    };
    Ok((row.try_get("key")?, stored))
}

/// Loads several processes of one kind at once.
pub(crate) async fn load(
    connection: &mut Connection,
    kind: &str,
    keys: &[&str],
) -> Result<Vec<(String, Stored)>, EngineError> {
    let mut found = Vec::with_capacity(keys.len());
    for keys in sql::padded(keys) {
        let sql = format!("{SELECT}$1 AND key IN ({})", sql::list(2, keys.len()));
        let mut query = statement(sql).bind(kind);
        for key in keys {
            query = query.bind(key);
        }
        for row in query.fetch_all(connection).await? {
            found.push(from_row(&row)?);
        }
    }
    Ok(found)
}

/// The processes of a kind that follow a key, by key.
pub(crate) async fn following(
    connection: &mut Connection,
    kind: &str,
    after: &str,
    limit: usize,
) -> Result<Vec<(String, Stored)>, EngineError> {
    let mut query = query(SELECT);
    query.push_bind(kind).push(" AND key > ").push_bind(after);
    query
        .push(" ORDER BY key LIMIT ")
        .push_bind(sql::limit(limit));
    let rows = query.fetch_all(connection).await?;
    let rows = rows.iter().map(from_row);
    Ok(rows.collect::<Result<_, _>>()?)
}

impl Engine {
    /// The process of this key, as last committed.
    pub async fn process<M: Machine>(
        &self,
        key: &str,
    ) -> Result<Option<Process<M::State>>, EngineError> {
        let mut connection = self.reader().await?;
        load(&mut connection, M::KIND, &[key])
            .await?
            .into_iter()
            .next()
            .map(|(key, stored)| stored.decode(key))
            .transpose()
    }

    /// The processes of a machine that pass the filter.
    pub async fn processes<M: Machine>(
        &self,
        filter: Filter,
    ) -> Result<Vec<Process<M::State>>, EngineError> {
        let mut query = query(SELECT);
        query.push_bind(M::KIND);
        if !filter.phases.is_empty() {
            query.push(" AND phase IN (");
            for (index, phase) in filter.phases.iter().enumerate() {
                query.push(if index == 0 { "" } else { ", " });
                query.push_bind(phase);
            }
            query.push(")");
        }
        if filter.open_only {
            query.push(" AND NOT done");
        }
        if let Some(before) = filter.created_before {
            query
                .push(" AND created_at < ")
                .push_bind(before.as_millis());
        }
        if let Some(after) = &filter.after {
            if filter.newest_first {
                query.push(
                    " AND (created_at, key) < \
                     (SELECT created_at, key FROM processes WHERE kind = ",
                );
                query.push_bind(M::KIND).push(" AND key = ");
                query.push_bind(after).push(")");
            } else {
                query.push(" AND key > ").push_bind(after);
            }
        }
        query.push(if filter.newest_first {
            " ORDER BY created_at DESC, key DESC"
        } else {
            " ORDER BY key"
        });
        query
            .push(" LIMIT ")
            .push_bind(sql::limit(filter.limit.unwrap_or(usize::MAX)));
        let mut connection = self.reader().await?;
        let rows = query.fetch_all(&mut connection).await?;
        rows.iter()
            .map(|row| {
                let (key, stored) = from_row(row)?;
                stored.decode(key)
            })
            .collect()
    }

    /// How many processes of a kind stand in each phase, by phase.
    pub async fn counts(&self, kind: &str) -> Result<Vec<(String, u64)>, EngineError> {
        let mut connection = self.reader().await?;
        let rows = query(
            "SELECT phase, COUNT(*) FROM processes WHERE kind = $1 GROUP BY phase ORDER BY phase",
        )
        .bind(kind)
        .fetch_all(&mut connection)
        .await?;
        rows.iter()
            .map(|row| {
                let count = sql::to_unsigned("count", row.try_get(1)?)?;
                Ok((row.try_get(0)?, count))
            })
            .collect()
    }
}
