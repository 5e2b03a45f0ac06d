//! Claiming effects and saying what became of them. Whoever lost the lease changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::database::{Announcement, Row, query, statement};
use crate::engine::Engine;
use crate::process::decode_json;
use crate::sql;
use crate::{Claimed, EffectId, EngineError, ProcessId, Unit, UnixMillis};

/// Which effects the owner still held, and so were changed, and which it had lost: to another
/// owner, to a cancellation, or because they were already done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "effects whose lease was lost were not changed"]
pub struct Leased {
    /// Changed as asked.
    pub held: Vec<EffectId>,
    /// Left alone.
    pub lost: Vec<EffectId>,
}

impl Leased {
    fn of(asked: &[EffectId], held: &BTreeSet<i64>) -> Self {
        let (held, lost) = asked.iter().partition(|id| held.contains(&id.0));
        Self { held, lost }
    }
}

impl Unit<'_> {
    /// Leases up to `max` effects of a lane to `owner`: due, not leased or no longer, longest due
    /// first. An effect that this build cannot read is counted as failed and left out, so that it
    /// holds up nothing behind it.
    pub async fn claim<E: DeserializeOwned>(
        &mut self,
        lane: &str,
        owner: &str,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<Claimed<E>>, EngineError> {
        self.claim_attempted(lane, owner, 0..=u32::MAX, max, lease)
            .await
    }

    /// [`claim`](Self::claim), but only effects that have failed so many times: so that those that
    /// never failed need not wait for those that keep failing.
    pub async fn claim_attempted<E: DeserializeOwned>(
        &mut self,
        lane: &str,
        owner: &str,
        attempts: RangeInclusive<u32>,
        max: usize,
        lease: Duration,
    ) -> Result<Vec<Claimed<E>>, EngineError> {
        let now = self.now();
        let rows = query(
            "UPDATE effects SET lease_owner = $1, lease_until = $2 WHERE id IN \
             (SELECT id FROM effects WHERE lane = $3 AND status = 'pending' \
             AND due_at <= $4 AND lease_until <= $4 AND attempts BETWEEN $5 AND $6 \
             ORDER BY due_at, id LIMIT $7) \
             RETURNING due_at, id, key, kind, process_key, body, attempts",
        )
        .bind(owner)
        .bind(now.plus(lease).as_millis())
        .bind(lane)
        .bind(now.as_millis())
        .bind(i64::from(*attempts.start()))
        .bind(i64::from(*attempts.end()))
        .bind(sql::limit(max))
        .fetch_all(self.flushed().await?)
        .await?;
        // A statement returns the rows it changed in any order.
        let mut ordered: Vec<(i64, i64, Row)> = Vec::with_capacity(rows.len());
        for row in rows {
            ordered.push((row.try_get("due_at")?, row.try_get("id")?, row));
        }
        ordered.sort_by_key(|(due_at, id, _)| (*due_at, *id));
        let mut claimed = Vec::with_capacity(ordered.len());
        for (_, id, row) in ordered {
            let id = EffectId(id);
            match decode_claimed(id, lane, &row) {
                Ok(effect) => claimed.push(effect),
                Err(error @ EngineError::Decode { .. }) => {
                    let reason = error_chain(&error);
                    tracing::error!(%id, lane, reason, "effect cannot be read");
                    let _ = self.retry(&[id], owner, &reason).await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(claimed)
    }

    /// Extends the owner's leases.
    pub async fn renew(
        &mut self,
        ids: &[EffectId],
        owner: &str,
        lease: Duration,
    ) -> Result<Leased, EngineError> {
        let until = self.now().plus(lease).as_millis();
        self.update_held(ids, owner, "lease_until = $3", &[Value::Integer(until)])
            .await
    }

    /// The effects are done.
    pub async fn complete(&mut self, ids: &[EffectId], owner: &str) -> Result<Leased, EngineError> {
        let change = "status = 'done', last_error = NULL, lease_owner = NULL, lease_until = 0";
        self.update_held(ids, owner, change, &[]).await
    }

    /// The effects failed: they wait longer with every attempt, then anyone may claim them.
    pub async fn retry(
        &mut self,
        ids: &[EffectId],
        owner: &str,
        error: &str,
    ) -> Result<Leased, EngineError> {
        let mut by_attempts: BTreeMap<i64, Vec<EffectId>> = BTreeMap::new();
        for (id, attempts) in self.attempts(ids).await? {
            by_attempts.entry(attempts).or_default().push(id);
        }
        let mut held = BTreeSet::new();
        // Reasons quote the world, and PostgreSQL keeps no text that contains the character zero.
        let error = error.replace('\0', "\u{fffd}");
        // Effects that failed together wait together: they were one batch and will be one again.
        for (attempts, ids) in by_attempts {
            let failed = u32::try_from(attempts.saturating_add(1)).unwrap_or(u32::MAX);
            let due_at = self.now().plus(self.engine().retry_delay(failed));
            let change = "attempts = attempts + 1, due_at = $3, last_error = $4, \
                          lease_owner = NULL, lease_until = 0";
            let values = [
                Value::Integer(due_at.as_millis()),
                Value::Text(error.clone()),
            ];
            let leased = self.update_held(&ids, owner, change, &values).await?;
            held.extend(leased.held.iter().map(|id| id.0));
        }
        Ok(Leased::of(ids, &held))
    }

    /// The effects cannot be done before `until`, which is nobody's failure.
    pub async fn postpone(
        &mut self,
        ids: &[EffectId],
        owner: &str,
        until: UnixMillis,
    ) -> Result<Leased, EngineError> {
        let change = "due_at = $3, lease_owner = NULL, lease_until = 0";
        self.update_held(ids, owner, change, &[Value::Integer(until.as_millis())])
            .await
    }

    async fn attempts(&mut self, ids: &[EffectId]) -> Result<Vec<(EffectId, i64)>, EngineError> {
        let connection = self.flushed().await?;
        let mut found = Vec::with_capacity(ids.len());
        for ids in sql::padded(ids) {
            let list = sql::list(1, ids.len());
            let mut query = statement(format!(
                "SELECT id, attempts FROM effects WHERE id IN ({list})"
            ));
            for id in &ids {
                query = query.bind(id.0);
            }
            for row in query.fetch_all(connection).await? {
                found.push((EffectId(row.try_get("id")?), row.try_get("attempts")?));
            }
        }
        Ok(found)
    }

    /// Changes those of the effects that the owner holds; `values` begin at the third parameter.
    async fn update_held(
        &mut self,
        ids: &[EffectId],
        owner: &str,
        change: &str,
        values: &[Value],
    ) -> Result<Leased, EngineError> {
        let now = self.now().as_millis();
        let connection = self.flushed().await?;
        let mut held = BTreeSet::new();
        for list in sql::padded(ids) {
            let sql = format!(
                "UPDATE effects SET {change}, updated_at = $1 \
                 WHERE lease_owner = $2 AND status = 'pending' AND id IN ({}) RETURNING id",
                sql::list(3 + values.len(), list.len())
            );
            let mut query = statement(sql).bind(now).bind(owner);
            for value in values {
                query = match value {
                    Value::Integer(value) => query.bind(*value),
                    Value::Text(value) => query.bind(value.as_str()),
                };
            }
            for id in list {
                query = query.bind(id.0);
            }
            for row in query.fetch_all(connection).await? {
                held.insert(row.try_get::<i64, _>("id")?);
            }
        }
        Ok(Leased::of(ids, &held))
    }
}

enum Value {
    Integer(i64),
    Text(String),
}

fn decode_claimed<E: DeserializeOwned>(
    id: EffectId,
    lane: &str,
    row: &Row,
) -> Result<Claimed<E>, EngineError> {
    let key: String = row.try_get("key")?;
    Ok(Claimed {
        id,
        lane: lane.to_owned(),
        process: ProcessId {
            kind: row.try_get("kind")?,
            key: row.try_get("process_key")?,
        },
        effect: decode_json("effect", &key, row.try_get("body")?)?,
        attempts: sql::to_unsigned("attempts", row.try_get("attempts")?)?,
        key,
    })
}

fn error_chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl Engine {
    /// [`Unit::claim`] in a unit of its own.
    pub async fn claim<E: DeserializeOwned>(
        &self,
        lane: &str,
        owner: &str,
        max: usize,
        lease: Duration,
        now: UnixMillis,
    ) -> Result<Vec<Claimed<E>>, EngineError> {
        let mut unit = self.begin(now).await?;
        let claimed = unit.claim(lane, owner, max, lease).await?;
        unit.commit().await?;
        Ok(claimed)
    }

    /// [`Unit::claim_attempted`] in a unit of its own.
    pub async fn claim_attempted<E: DeserializeOwned>(
        &self,
        lane: &str,
        owner: &str,
        attempts: RangeInclusive<u32>,
        max: usize,
        lease: Duration,
        now: UnixMillis,
    ) -> Result<Vec<Claimed<E>>, EngineError> {
        let mut unit = self.begin(now).await?;
        let claimed = unit
            .claim_attempted(lane, owner, attempts, max, lease)
            .await?;
        unit.commit().await?;
        Ok(claimed)
    }

    /// [`Unit::renew`] in a unit of its own.
    pub async fn renew(
        &self,
        ids: &[EffectId],
        owner: &str,
        lease: Duration,
        now: UnixMillis,
    ) -> Result<Leased, EngineError> {
        let mut unit = self.begin(now).await?;
        let leased = unit.renew(ids, owner, lease).await?;
        unit.commit().await?;
        Ok(leased)
    }

    /// [`Unit::complete`] in a unit of its own.
    pub async fn complete(
        &self,
        ids: &[EffectId],
        owner: &str,
        now: UnixMillis,
    ) -> Result<Leased, EngineError> {
        let mut unit = self.begin(now).await?;
        let leased = unit.complete(ids, owner).await?;
        unit.commit().await?;
        Ok(leased)
    }

    /// [`Unit::retry`] in a unit of its own.
    pub async fn retry(
        &self,
        ids: &[EffectId],
        owner: &str,
        error: &str,
        now: UnixMillis,
    ) -> Result<Leased, EngineError> {
        let mut unit = self.begin(now).await?;
        let leased = unit.retry(ids, owner, error).await?;
        unit.commit().await?;
        Ok(leased)
    }

    /// [`Unit::postpone`] in a unit of its own.
    pub async fn postpone(
        &self,
        ids: &[EffectId],
        owner: &str,
        until: UnixMillis,
        now: UnixMillis,
    ) -> Result<Leased, EngineError> {
        let mut unit = self.begin(now).await?;
        let leased = unit.postpone(ids, owner, until).await?;
        unit.commit().await?;
        Ok(leased)
    }

    /// Gives all leases of this owner back at once: when it stops, and when it starts again under
    /// the same name. Returns how many there were.
    pub async fn release(&self, owner: &str) -> Result<u64, EngineError> {
        let mut transaction = self.transaction().await?;
        let released =
            query("UPDATE effects SET lease_owner = NULL, lease_until = 0 WHERE lease_owner = $1")
                .bind(owner)
                .execute(&mut transaction)
                .await?;
        self.commit(transaction, Announcement::of_effects(released > 0))
            .await?;
        Ok(released)
    }
}
