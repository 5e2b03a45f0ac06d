//! Cursors, and the events that were seen but may yet be taken back.

use std::collections::HashSet;

use alloy_primitives::B256;
use serde::{Deserialize, Serialize};

use crate::database::{Connection, Row, query, statement};
use crate::engine::Engine;
use crate::process::{decode_json, encode_json};
use crate::sql;
use crate::{EngineError, ProcessId, Unit};

/// An event of a stream, tagged with the block that carried it.
#[derive(Clone, Debug, PartialEq)]
pub struct JournalEntry {
    /// Names the event in its stream and block.
    pub id: String,
    /// The height of its block.
    pub height: u64,
    /// The hash of its block.
    pub block_hash: B256,
    /// The process it concerns.
    pub process: ProcessId,
    /// What happened, as the service understands it.
    pub body: serde_json::Value,
}

/// An event whose block went away.
#[derive(Clone, Debug, PartialEq)]
pub struct Withdrawn {
    /// The event.
    pub entry: JournalEntry,
    /// Whether it had been taken for final: then the chain has broken its finality rule, and what
    /// was done because of it cannot be taken back by forgetting.
    pub was_settled: bool,
}

/// A block that carries events not yet settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JournalBlock {
    /// Its height.
    pub height: u64,
    /// Its hash.
    pub hash: B256,
}

impl Unit<'_> {
    /// Keeps how far a stream has been read, as JSON text.
    pub async fn set_cursor(&mut self, stream: &str, json: &str) -> Result<(), EngineError> {
        let now = self.now().as_millis();
        query(
            "INSERT INTO cursors (stream, body, updated_at) VALUES ($1, $2, $3) \
             ON CONFLICT (stream) DO UPDATE SET body = excluded.body, \
             updated_at = excluded.updated_at",
        )
        .bind(stream)
        .bind(json)
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// The cursor as this unit has left it so far.
    pub async fn cursor(&mut self, stream: &str) -> Result<Option<String>, EngineError> {
        Ok(cursor(self.connection(), stream).await?)
    }

    /// Adds an event; false when it is already there.
    ///
    /// The same id in another block is another event: after a reorganisation the one may arrive
    /// before the other is withdrawn, and neither may hide the other.
    pub async fn journal(
        &mut self,
        stream: &str,
        entry: &JournalEntry,
    ) -> Result<bool, EngineError> {
        let new = self
            .journal_all(stream, std::slice::from_ref(entry))
            .await?;
        Ok(new.contains(&true))
    }

    /// Adds many events; says of each whether it is new. See [`journal`](Self::journal).
    pub async fn journal_all(
        &mut self,
        stream: &str,
        entries: &[JournalEntry],
    ) -> Result<Vec<bool>, EngineError> {
        let mut encoded = Vec::with_capacity(entries.len());
        for entry in entries {
            encoded.push((
                entry,
                sql::to_i64("height", entry.height)?,
                entry.block_hash.to_string(),
                encode_json("event", &entry.id, &entry.body)?,
            ));
        }
        let mut inserted = HashSet::new();
        for piece in sql::pieces(&encoded) {
            let sql = format!(
                "INSERT INTO journal (stream, id, height, block_hash, process_kind, process_key, \
                 body) VALUES {} ON CONFLICT (stream, id, block_hash) DO NOTHING \
                 RETURNING id, block_hash",
                sql::rows(piece.len(), 7)
            );
            let mut query = statement(sql);
            for (entry, height, block_hash, body) in piece {
                query = query
                    .bind(stream)
                    .bind(&entry.id)
                    .bind(*height)
                    .bind(block_hash)
                    .bind(&entry.process.kind)
                    .bind(&entry.process.key)
                    .bind(body);
            }
            for row in query.fetch_all(self.connection()).await? {
                inserted.insert((
                    row.try_get::<String, _>("id")?,
                    row.try_get::<String, _>("block_hash")?,
                ));
            }
        }
        // Taken out when found, so that of two equal entries only the first is new.
        Ok(encoded
            .into_iter()
            .map(|(entry, _, block_hash, _)| inserted.remove(&(entry.id.clone(), block_hash)))
            .collect())
    }

    /// Removes and returns the events of a block that a reorganisation removed, in order.
    pub async fn withdraw(
        &mut self,
        stream: &str,
        block_hash: B256,
    ) -> Result<Vec<Withdrawn>, EngineError> {
        let rows = query(
            "DELETE FROM journal WHERE stream = $1 AND block_hash = $2 \
             RETURNING position, id, height, block_hash, process_kind, process_key, body, \
             settled_at",
        )
        .bind(stream)
        .bind(block_hash.to_string())
        .fetch_all(self.connection())
        .await?;
        let mut withdrawn = Vec::with_capacity(rows.len());
        for row in &rows {
            let was_settled = row.try_get::<Option<i64>, _>("settled_at")?.is_some();
            withdrawn.push((
                place(row)?,
                Withdrawn {
                    entry: decode_entry(row)?,
                    was_settled,
                },
            ));
        }
        withdrawn.sort_by_key(|(place, _)| *place);
        Ok(withdrawn.into_iter().map(|(_, entry)| entry).collect())
    }

    /// Marks what lies at or below the final height as settled and returns what was not yet, by
    /// height, then in the order in which it was added.
    pub async fn settle(
        &mut self,
        stream: &str,
        final_height: u64,
    ) -> Result<Vec<JournalEntry>, EngineError> {
        let now = self.now().as_millis();
        let rows = query(
            "UPDATE journal SET settled_at = $1 \
             WHERE stream = $2 AND height <= $3 AND settled_at IS NULL \
             RETURNING position, id, height, block_hash, process_kind, process_key, body",
        )
        .bind(now)
        .bind(stream)
        .bind(i64::try_from(final_height).unwrap_or(i64::MAX))
        .fetch_all(self.connection())
        .await?;
        let mut settled = Vec::with_capacity(rows.len());
        for row in &rows {
            settled.push((place(row)?, decode_entry(row)?));
        }
        settled.sort_by_key(|(place, _)| *place);
        Ok(settled.into_iter().map(|(_, entry)| entry).collect())
    }
}

impl Engine {
    /// How far a stream has been read, as last committed.
    pub async fn cursor(&self, stream: &str) -> Result<Option<String>, EngineError> {
        Ok(cursor(&mut self.reader().await?, stream).await?)
    }

    /// The blocks whose events are not yet settled, lowest first: after a restart, the follower
    /// asks its chain whether they are still there.
    pub async fn unsettled_blocks(&self, stream: &str) -> Result<Vec<JournalBlock>, EngineError> {
        let mut connection = self.reader().await?;
        let rows = query(
            "SELECT DISTINCT height, block_hash FROM journal \
             WHERE stream = $1 AND settled_at IS NULL ORDER BY height, block_hash",
        )
        .bind(stream)
        .fetch_all(&mut connection)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(JournalBlock {
                    height: sql::to_unsigned("height", row.try_get(0)?)?,
                    hash: sql::to_hash(stream, row.try_get(1)?)?,
                })
            })
            .collect()
    }
}

async fn cursor(connection: &mut Connection, stream: &str) -> Result<Option<String>, sqlx::Error> {
    let row = query("SELECT body FROM cursors WHERE stream = $1")
        .bind(stream)
        .fetch_optional(connection)
        .await?;
    row.map(|row| row.try_get(0)).transpose()
}

fn place(row: &Row) -> Result<(i64, i64), sqlx::Error> {
    Ok((row.try_get("height")?, row.try_get("position")?))
}

fn decode_entry(row: &Row) -> Result<JournalEntry, EngineError> {
    let id: String = row.try_get("id")?;
    Ok(JournalEntry {
        height: sql::to_unsigned("height", row.try_get("height")?)?,
        block_hash: sql::to_hash(&id, row.try_get("block_hash")?)?,
        process: ProcessId {
            kind: row.try_get("process_kind")?,
            key: row.try_get("process_key")?,
        },
        body: decode_json("event", &id, row.try_get("body")?)?,
        id,
    })
}
