//! The engine's database as the place where transaction lanes keep their nonces.

use causeway_engine::{Engine, EngineError, MinedIn, TxOutcome, UnixMillis};
use causeway_evm::{LaneStore, Reserved, Settled, SignedAttempt, StoreError, TxCall, TxRecord};
use serde::{Deserialize, Serialize};

/// Keeps transaction lanes in the engine's database.
#[derive(Clone)]
pub struct EngineLanes(Engine);

/// What a lane wants to know of a transaction again.
#[derive(Serialize, Deserialize)]
struct Body {
    call: TxCall,
    attempts: Vec<SignedAttempt>,
    settled: Option<Settled>,
}

impl EngineLanes {
    /// Keeps lanes in this engine's database.
    pub fn new(engine: Engine) -> Self {
        Self(engine)
    }

    async fn pending_body(&self, lane: &str, nonce: u64) -> Result<Body, StoreError> {
        let pending = self.0.lane_pending(lane).await.map_err(StoreError::new)?;
        let record = pending
            .into_iter()
            .find(|record| record.nonce == nonce)
            .ok_or_else(|| {
                StoreError::new(EngineError::UnknownTransaction {
                    lane: lane.to_owned(),
                    nonce,
                })
            })?;
        body(&record)
    }
}

fn body(record: &causeway_engine::TxRecord) -> Result<Body, StoreError> {
    serde_json::from_value(record.body.clone().unwrap_or_default()).map_err(StoreError::new)
}

fn json(body: &Body) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(body).map_err(StoreError::new)
}

fn from_engine(record: &causeway_engine::TxRecord) -> Result<TxRecord, StoreError> {
    let Body {
        call,
        attempts,
        settled,
    } = body(record)?;
    Ok(TxRecord {
        nonce: record.nonce,
        key: record.key.clone(),
        call,
        attempts,
        settled,
    })
}

fn outcome(settled: &Settled) -> TxOutcome {
    match settled {
        Settled::Confirmed { block, success, .. } => {
            let mined = MinedIn {
                height: block.height,
                hash: block.hash,
            };
            if *success {
                TxOutcome::Confirmed(mined)
            } else {
                TxOutcome::Failed(mined)
            }
        }
        // The call never happened, so its key is free; the chain itself keeps the nonce from being
        // given out again.
        Settled::Superseded => TxOutcome::Dropped,
    }
}

impl LaneStore for EngineLanes {
    async fn find(&self, lane: &str, key: &str) -> Result<Option<TxRecord>, StoreError> {
        let found = self
            .0
            .lane_transaction(lane, key)
            .await
            .map_err(StoreError::new)?;
        let record = found.as_ref().map(from_engine).transpose()?;
        Ok(record.filter(|record| record.settled != Some(Settled::Superseded)))
    }

    async fn reserve(
        &self,
        lane: &str,
        key: &str,
        call: &TxCall,
        chain_next_nonce: u64,
    ) -> Result<Reserved, StoreError> {
        let work = async {
            let mut unit = self.0.begin(UnixMillis::now()).await?;
            let reserved = unit.lane_reserve(lane, key, chain_next_nonce).await?;
            if reserved.fresh {
                let body = Body {
                    call: call.clone(),
                    attempts: Vec::new(),
                    settled: None,
                };
                let body = serde_json::to_value(body).unwrap_or_default();
                unit.lane_note(lane, reserved.nonce, &body).await?;
            }
            unit.commit().await?;
            Ok::<_, EngineError>(reserved)
        };
        let reserved = work.await.map_err(StoreError::new)?;
        let record = if reserved.fresh {
            TxRecord {
                nonce: reserved.nonce,
                key: key.to_owned(),
                call: call.clone(),
                attempts: Vec::new(),
                settled: None,
            }
        } else {
            from_engine(&reserved.record)?
        };
        Ok(Reserved {
            record,
            fresh: reserved.fresh,
        })
    }

    async fn record(
        &self,
        lane: &str,
        nonce: u64,
        attempt: &SignedAttempt,
    ) -> Result<(), StoreError> {
        let mut body = self.pending_body(lane, nonce).await?;
        body.attempts.push(attempt.clone());
        let now = UnixMillis::now();
        self.0
            .lane_record(lane, nonce, &attempt.raw, attempt.hash, &json(&body)?, now)
            .await
            .map_err(StoreError::new)
    }

    async fn pending(&self, lane: &str) -> Result<Vec<TxRecord>, StoreError> {
        let pending = self.0.lane_pending(lane).await.map_err(StoreError::new)?;
        pending.iter().map(from_engine).collect()
    }

    async fn settle(&self, lane: &str, nonce: u64, settled: &Settled) -> Result<(), StoreError> {
        let mut body = self.pending_body(lane, nonce).await?;
        body.settled = Some(settled.clone());
        let body = json(&body)?;
        let work = async {
            let mut unit = self.0.begin(UnixMillis::now()).await?;
            unit.lane_note(lane, nonce, &body).await?;
            unit.lane_settle(lane, nonce, outcome(settled)).await?;
            unit.commit().await
        };
        work.await
            .map_err(|error: EngineError| StoreError::new(error))
    }
}
