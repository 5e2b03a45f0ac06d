//! What a person may do to effects that wait: hurry them, or hold them back.

use crate::database::query;
use crate::{EffectId, EngineError, ProcessId, Unit, UnixMillis};

impl Unit<'_> {
    /// The open effects of a process are due now, as if they had never failed or been held back.
    /// What somebody carries out right now is left to them. Returns how many there were.
    pub async fn hasten(&mut self, process: &ProcessId) -> Result<u64, EngineError> {
        let now = self.now().as_millis();
        let connection = self.flushed().await?;
        let changed = query(
            "UPDATE effects SET due_at = $1, attempts = 0, lease_owner = NULL, lease_until = 0, \
             updated_at = $1 WHERE status = 'pending' AND lease_until <= $1 \
             AND kind = $2 AND process_key = $3",
        )
        .bind(now)
        .bind(process.kind.as_str())
        .bind(process.key.as_str())
        .execute(connection)
        .await?;
        self.announce(changed);
        Ok(changed)
    }

    /// [`Unit::hasten`] for every open effect of a kind of process that has failed. What is held
    /// back stays so.
    pub async fn hasten_failed(&mut self, kind: &str) -> Result<u64, EngineError> {
        let now = self.now().as_millis();
        let connection = self.flushed().await?;
        let changed = query(
            "UPDATE effects SET due_at = $1, attempts = 0, lease_owner = NULL, lease_until = 0, \
             updated_at = $1 WHERE status = 'pending' AND lease_until <= $1 AND attempts > 0 \
             AND due_at < $2 AND kind = $3",
        )
        .bind(now)
        .bind(UnixMillis::NEVER.as_millis())
        .bind(kind)
        .execute(connection)
        .await?;
        self.announce(changed);
        Ok(changed)
    }

    /// An open effect is held back until [`Unit::hasten`], for this reason. Whoever carries it out
    /// right now loses the claim: what is under way may still happen. Returns whether it was open.
    pub async fn hold(&mut self, id: EffectId, reason: &str) -> Result<bool, EngineError> {
        let now = self.now().as_millis();
        let connection = self.flushed().await?;
        let changed = query(
            "UPDATE effects SET due_at = $1, last_error = $2, lease_owner = NULL, \
             lease_until = 0, updated_at = $3 WHERE status = 'pending' AND id = $4",
        )
        .bind(UnixMillis::NEVER.as_millis())
        .bind(reason)
        .bind(now)
        .bind(id.0)
        .execute(connection)
        .await?;
        Ok(changed > 0)
    }
}
