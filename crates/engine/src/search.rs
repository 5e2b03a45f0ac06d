//! Lists of processes, newest first, that cost the same however many there are.

use std::collections::HashSet;

use crate::database::{Statement, query};
use crate::engine::Engine;
use crate::process::{COLUMNS, from_row};
use crate::{EngineError, Machine, Process, UnixMillis, sql};

/// Where processes are looked up. There is an index for each, in the order of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Index {
    /// All processes of a machine.
    All,
    /// Those that stand in this phase.
    Phase(String),
    /// Those with this tag.
    Tag(&'static str, String),
}

/// A place in a list that is ordered by when its processes were created, then by their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// When the process at this place was created.
    pub created_at: UnixMillis,
    /// Its key.
    pub key: String,
}

impl Place {
    /// The place of a process.
    pub fn of<S>(process: &Process<S>) -> Self {
        Self {
            created_at: process.created_at,
            key: process.key.clone(),
        }
    }
}

impl Index {
    fn statement<'v>(
        &'v self,
        kind: &'static str,
        before: Option<&'v Place>,
        limit: usize,
        explain: &'static str,
    ) -> Statement<'v> {
        let mut query = query(explain);
        query.push("SELECT ").push(COLUMNS);
        let at = match self {
            Self::All | Self::Phase(_) => {
                query
                    .push(" FROM processes p WHERE p.kind = ")
                    .push_bind(kind);
                if let Self::Phase(phase) = self {
                    query.push(" AND p.phase = ").push_bind(phase);
                }
                ["p.created_at", "p.key"]
            }
            Self::Tag(name, value) => {
                query
                    .push(
                        " FROM tags t JOIN processes p ON p.kind = t.kind AND p.key = t.key \
                         WHERE t.kind = ",
                    )
                    .push_bind(kind)
                    .push(" AND t.name = ")
                    .push_bind(*name)
                    .push(" AND t.value = ")
                    .push_bind(value);
                ["t.created_at", "t.key"]
            }
        };
        if let Some(before) = before {
            query.push(" AND (").push(at[0]).push(", ").push(at[1]);
            query
                .push(") < (")
                .push_bind(before.created_at.as_millis())
                .push(", ")
                .push_bind(&before.key)
                .push(")");
        }
        query.push(" ORDER BY ").push(at[0]).push(" DESC, ");
        query.push(at[1]).push(" DESC LIMIT ");
        query.push_bind(sql::limit(limit));
        query
    }
}

impl Engine {
    /// The newest processes that any of the indexes holds, each once, at most `limit`; on request only
    /// those that follow a place in the list.
    pub async fn newest<M: Machine>(
        &self,
        indexes: &[Index],
        before: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<Process<M::State>>, EngineError> {
        let mut connection = self.reader().await?;
        let mut found = Vec::new();
        for index in indexes {
            let statement = index.statement(M::KIND, before, limit, "");
            for row in statement.fetch_all(&mut connection).await? {
                found.push(from_row(&row)?);
            }
        }
        drop(connection);
        if indexes.len() > 1 {
            let place =
                |(key, stored): &(String, crate::process::Stored)| (stored.created_at, key.clone());
            found.sort_by_cached_key(place);
            found.reverse();
            let mut seen = HashSet::new();
            found.retain(|(key, _)| seen.insert(key.clone()));
            found.truncate(limit);
        }
        found
            .into_iter()
            .map(|(key, stored)| stored.decode(key))
            .collect()
    }

    /// How the database would look this up, in its own words.
    pub async fn explain_newest<M: Machine>(
        &self,
        index: &Index,
        before: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<String>, EngineError> {
        let mut connection = self.reader().await?;
        let (explain, column) = connection.explain();
        let statement = index.statement(M::KIND, before, limit, explain);
        let rows = statement.fetch_all(&mut connection).await?;
        let lines = rows.iter().map(|row| row.try_get(column));
        Ok(lines.collect::<Result<_, _>>()?)
    }
}
