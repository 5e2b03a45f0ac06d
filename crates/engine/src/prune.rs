use crate::database::query;
use crate::engine::Engine;
use crate::{EngineError, UnixMillis, sql};

/// How much one call removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Closed effects of done processes.
    pub effects: u64,
    /// Settled events of done processes.
    pub journal: u64,
    /// Ended transactions.
    pub transactions: u64,
    /// Whether a limit was reached, and more may be waiting.
    pub more: bool,
}

/// Closed effects whose process is done or gone: an open process still needs their keys.
const EFFECTS: &str = "DELETE FROM effects WHERE id IN (SELECT id FROM effects \
    WHERE status <> 'pending' AND updated_at < $1 AND NOT EXISTS (SELECT 1 FROM processes \
    WHERE processes.kind = effects.kind AND processes.key = effects.process_key \
    AND (NOT processes.done OR processes.updated_at >= $1)) ORDER BY updated_at, id LIMIT $2)";

const JOURNAL: &str = "DELETE FROM journal WHERE position IN (SELECT position FROM journal \
    WHERE settled_at < $1 AND NOT EXISTS (SELECT 1 FROM processes \
    WHERE processes.kind = journal.process_kind AND processes.key = journal.process_key \
    AND (NOT processes.done OR processes.updated_at >= $1)) \
    ORDER BY settled_at, position LIMIT $2)";

/// The highest mined nonce of each lane stays, because the next one is counted from it; and so
/// does a transaction whose effect is open, because its key keeps it from being sent twice.
const TRANSACTIONS: &str = "DELETE FROM transactions WHERE id IN (SELECT id FROM transactions \
    WHERE state <> 'pending' AND updated_at < $1 \
    AND (state = 'dropped' OR nonce < (SELECT MAX(mined.nonce) FROM transactions AS mined \
    WHERE mined.lane = transactions.lane \
    AND mined.state IN ('confirmed', 'replaced', 'failed'))) \
    AND NOT EXISTS (SELECT 1 FROM effects \
    WHERE effects.key = transactions.key AND effects.status = 'pending') \
    ORDER BY updated_at, id LIMIT $2)";

impl Engine {
    /// Removes what ended before `older_than` and nothing open needs, at most `limit` rows of each
    /// sort. Processes stay, done ones too: they are what tells a repetition from news.
    pub async fn prune(&self, older_than: UnixMillis, limit: usize) -> Result<Pruned, EngineError> {
        let mut transaction = self.transaction().await?;
        let limit = sql::limit(limit);
        let mut removed = [0; 3];
        for (sql, removed) in [EFFECTS, JOURNAL, TRANSACTIONS]
            .into_iter()
            .zip(&mut removed)
        {
            *removed = query(sql)
                .bind(older_than.as_millis())
                .bind(limit)
                .execute(&mut transaction)
                .await?;
        }
        transaction.commit().await?;
        let [effects, journal, transactions] = removed;
        let full = u64::try_from(limit).unwrap_or(u64::MAX);
        Ok(Pruned {
            effects,
            journal,
            transactions,
            more: removed.contains(&full),
        })
    }
}
