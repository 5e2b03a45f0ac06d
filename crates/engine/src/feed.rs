//! What has changed, in order, for whoever shows it.

use crate::database::query;
use crate::engine::Engine;
use crate::{EngineError, ProcessId, UnixMillis, sql};

/// A change of a process. What it changed to is read from the process itself: by the time that a
/// change is read, the process may have changed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Numbers the changes: of two, the one that was committed later has the higher.
    pub id: u64,
    /// What changed.
    pub process: ProcessId,
    /// Where it stood then, in one word; empty if it vanished.
    pub phase: String,
    /// Whether nothing more was expected to happen.
    pub done: bool,
    /// When it changed.
    pub at: UnixMillis,
}

/// Which changes are kept: those from `oldest` to `newest`. Both are zero when there was none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The number of the oldest.
    pub oldest: u64,
    /// The number of the newest, which is always kept.
    pub newest: u64,
}

impl Engine {
    /// The changes that follow the one of this number, oldest first, at most `limit`. None is ever
    /// added before one that was already there to be read.
    pub async fn feed(&self, after: u64, limit: usize) -> Result<Vec<Change>, EngineError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let rows = query(
            "SELECT id, kind, key, phase, done, at FROM feed WHERE id > $1 ORDER BY id LIMIT $2",
        )
        .bind(after)
        .bind(sql::limit(limit))
        .fetch_all(&mut self.reader().await?)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Change {
                    id: sql::to_unsigned("id", row.try_get(0)?)?,
                    process: ProcessId {
                        kind: row.try_get(1)?,
                        key: row.try_get(2)?,
                    },
                    phase: row.try_get(3)?,
                    done: row.try_get(4)?,
                    at: sql::millis(row.try_get(5)?),
                })
            })
            .collect()
    }

    /// Which changes are kept.
    pub async fn feed_kept(&self) -> Result<Kept, EngineError> {
        let row = query(
            "SELECT COALESCE((SELECT MIN(id) FROM feed), 0), \
             COALESCE((SELECT MAX(id) FROM feed), 0)",
        )
        .fetch_one(&mut self.reader().await?)
        .await?;
        Ok(Kept {
            oldest: sql::to_unsigned("id", row.try_get(0)?)?,
            newest: sql::to_unsigned("id", row.try_get(1)?)?,
        })
    }

    /// Forgets changes from before `older_than`, at most `limit`; how many. The newest stays, because
    /// it says where the feed is.
    pub async fn prune_feed(
        &self,
        older_than: UnixMillis,
        limit: usize,
    ) -> Result<u64, EngineError> {
        let mut transaction = self.transaction().await?;
        // Times follow the numbers, so that looking ends at the first that stays. The limit of the
        // inner statement is what makes it end.
        let sql = "DELETE FROM feed WHERE id < COALESCE(\
             (SELECT id FROM feed WHERE at >= $1 ORDER BY id LIMIT 1), \
             (SELECT MAX(id) FROM feed)) \
             AND id IN (SELECT id FROM feed ORDER BY id LIMIT $2)";
        let removed = query(sql)
            .bind(older_than.as_millis())
            .bind(sql::limit(limit))
            .execute(&mut transaction)
            .await?;
        transaction.commit().await?;
        Ok(removed)
    }
}
