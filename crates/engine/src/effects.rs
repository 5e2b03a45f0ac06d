use std::fmt;

use serde::{Deserialize, Serialize};

use crate::database::{Row, query};
use crate::engine::Engine;
use crate::process::decode_json;
use crate::sql;
use crate::{EngineError, ProcessId, UnixMillis};

/// Names one effect in this store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectId(pub(crate) i64);

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An effect that its claimant is to carry out before the lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed<E> {
    /// Names it towards the engine.
    pub id: EffectId,
    /// Names it towards the world, the same at each repetition and unlike any other effect's:
    /// `kind/process#effect`.
    pub key: String,
    /// The lane it was claimed from.
    pub lane: String,
    /// Who asked for it.
    pub process: ProcessId,
    /// What is to be done.
    pub effect: E,
    /// How often it has failed.
    pub attempts: u32,
}

/// Where an effect stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectStatus {
    /// To be done, perhaps being done.
    Pending,
    /// Done.
    Done,
    /// No longer needed.
    Cancelled,
}

/// Which effects to list; the default is all of them, oldest first.
#[derive(Clone, Debug, Default)]
pub struct EffectFilter {
    /// Only lanes that begin like this.
    pub lane_prefix: Option<String>,
    /// Only effects of this process.
    pub process: Option<ProcessId>,
    /// Only effects still to be done.
    pub open_only: bool,
    /// Only effects that have failed or are held back.
    pub troubled_only: bool,
    /// At most this many.
    pub limit: Option<usize>,
}

/// An effect as a person sees it: why does nothing move?
#[derive(Clone, Debug, PartialEq)]
pub struct EffectView {
    /// Names it towards the engine.
    pub id: EffectId,
    /// Names it towards the world.
    pub key: String,
    /// Its lane.
    pub lane: String,
    /// Who asked for it.
    pub process: ProcessId,
    /// What is to be done.
    pub body: serde_json::Value,
    /// Where it stands.
    pub status: EffectStatus,
    /// How often it has failed.
    pub attempts: u32,
    /// Why it failed last.
    pub last_error: Option<String>,
    /// When it may be claimed.
    pub due_at: UnixMillis,
    /// Who has it, and until when. A lease that has ended says who had it last.
    pub lease: Option<(String, UnixMillis)>,
    /// When it was asked for.
    pub created_at: UnixMillis,
    /// When something last happened to it.
    pub updated_at: UnixMillis,
}

/// What a lane still has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneBacklog {
    /// The lane.
    pub lane: String,
    /// How many effects are open, leased ones included.
    pub open: u64,
    /// When the first of them may next be claimed.
    pub next_due: UnixMillis,
}

impl Engine {
    /// The lanes that have open effects, by name.
    pub async fn lanes(&self) -> Result<Vec<LaneBacklog>, EngineError> {
        let mut connection = self.reader().await?;
        let rows = query(
            "SELECT lane, COUNT(*), \
             MIN(CASE WHEN lease_until > due_at THEN lease_until ELSE due_at END) \
             FROM effects WHERE status = 'pending' GROUP BY lane ORDER BY lane",
        )
        .fetch_all(&mut connection)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(LaneBacklog {
                    lane: row.try_get(0)?,
                    open: sql::to_unsigned("count", row.try_get(1)?)?,
                    next_due: sql::millis(row.try_get(2)?),
                })
            })
            .collect()
    }

    /// The effects that pass the filter, oldest first.
    pub async fn effects(&self, filter: EffectFilter) -> Result<Vec<EffectView>, EngineError> {
        let mut query = query("SELECT * FROM effects WHERE 1 = 1");
        if let Some(prefix) = &filter.lane_prefix {
            query.push(" AND substr(lane, 1, length(");
            query.push_bind(prefix).push(")) = ").push_bind(prefix);
        }
        if let Some(process) = &filter.process {
            query.push(" AND kind = ").push_bind(&process.kind);
            query.push(" AND process_key = ").push_bind(&process.key);
        }
        if filter.open_only {
            query.push(" AND status = 'pending'");
        }
        if filter.troubled_only {
            query.push(" AND (attempts > 0 OR due_at = ");
            query.push_bind(UnixMillis::NEVER.as_millis()).push(")");
        }
        query
            .push(" ORDER BY id LIMIT ")
            .push_bind(sql::limit(filter.limit.unwrap_or(usize::MAX)));
        let mut connection = self.reader().await?;
        let rows = query.fetch_all(&mut connection).await?;
        rows.iter().map(view).collect()
    }
}

fn view(row: &Row) -> Result<EffectView, EngineError> {
    let key: String = row.try_get("key")?;
    let lease_owner: Option<String> = row.try_get("lease_owner")?;
    let lease_until = sql::millis(row.try_get("lease_until")?);
    Ok(EffectView {
        id: EffectId(row.try_get("id")?),
        lane: row.try_get("lane")?,
        process: ProcessId {
            kind: row.try_get("kind")?,
            key: row.try_get("process_key")?,
        },
        body: decode_json("effect", &key, row.try_get("body")?)?,
        status: match row.try_get("status")? {
            "pending" => EffectStatus::Pending,
            "done" => EffectStatus::Done,
            "cancelled" => EffectStatus::Cancelled,
            other => {
                return Err(EngineError::Decode {
                    what: "effect status",
                    source: format!("unknown status `{other}`").into(),
                    key,
                });
            }
        },
        attempts: sql::to_unsigned("attempts", row.try_get("attempts")?)?,
        last_error: row.try_get("last_error")?,
        due_at: sql::millis(row.try_get("due_at")?),
        lease: lease_owner.map(|owner| (owner, lease_until)),
        created_at: sql::millis(row.try_get("created_at")?),
        updated_at: sql::millis(row.try_get("updated_at")?),
        key,
    })
}
