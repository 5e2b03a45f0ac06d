//! The engine's database as the place where transaction lanes keep their nonces.

use alloy::primitives::{Address, B256, Bytes};
use causeway_engine::{Engine, EngineError, MinedIn, Term, TxOutcome, Unit, UnixMillis};
use causeway_evm::{LaneStore, Reserved, Settled, SignedAttempt, StoreError, TxCall, TxRecord};
use serde::{Deserialize, Serialize};

/// Keeps a transaction lane in the engine's database, for as long as this replica leads the lane:
/// what anybody else writes there after that is refused.
#[derive(Clone, Debug)]
pub(crate) struct EngineLanes {
    engine: Engine,
    term: Term,
}

/// What a lane wants to know of a transaction again, beside what the engine keeps by itself: the
/// raw form of the last attempt. A batch is large, so nothing is kept twice, and of what is settled
/// only how it ended.
#[derive(Serialize, Deserialize)]
struct Body {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    call: Option<TxCall>,
    attempts: Vec<Attempt>,
    settled: Option<Settled>,
}

/// A [`SignedAttempt`] without its raw form.
#[derive(Serialize, Deserialize)]
struct Attempt {
    hash: B256,
    max_fee: u128,
    priority_fee: u128,
    gas_limit: u64,
    cancels: bool,
}

impl Body {
    fn open(call: &TxCall, attempts: &[SignedAttempt]) -> Self {
        let attempts = attempts.iter().map(|attempt| Attempt {
            hash: attempt.hash,
            max_fee: attempt.max_fee,
            priority_fee: attempt.priority_fee,
            gas_limit: attempt.gas_limit,
            cancels: attempt.cancels,
        });
        Self {
            call: Some(call.clone()),
            attempts: attempts.collect(),
            settled: None,
        }
    }

    fn settled(settled: &Settled) -> Self {
        Self {
            call: None,
            attempts: Vec::new(),
            settled: Some(settled.clone()),
        }
    }
}

impl EngineLanes {
    pub(crate) fn new(engine: Engine, term: Term) -> Self {
        Self { engine, term }
    }

    /// Begins a unit that only the leader may commit.
    async fn begin(&self) -> Result<Unit<'_>, EngineError> {
        let mut unit = self.engine.begin(UnixMillis::now()).await?;
        unit.fence(&self.term).await?;
        Ok(unit)
    }
}

fn json(body: &Body) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(body).map_err(StoreError::new)
}

fn from_engine(record: &causeway_engine::TxRecord) -> Result<TxRecord, StoreError> {
    let body = record.body.clone().unwrap_or_default();
    let body: Body = serde_json::from_value(body).map_err(StoreError::new)?;
    let last = body.attempts.len().saturating_sub(1);
    let attempts = body.attempts.into_iter().enumerate();
    let attempts = attempts.map(|(place, attempt)| SignedAttempt {
        raw: match &record.raw {
            Some(raw) if place == last => raw.clone(),
            _ => Bytes::new(),
        },
        hash: attempt.hash,
        max_fee: attempt.max_fee,
        priority_fee: attempt.priority_fee,
        gas_limit: attempt.gas_limit,
        cancels: attempt.cancels,
    });
    let call = match (body.call, &body.settled) {
        (Some(call), _) => call,
        (None, Some(_)) => TxCall::new(Address::ZERO, Bytes::new()),
        (None, None) => return Err(StoreError::new("a transaction that is open has no call")),
    };
    Ok(TxRecord {
        nonce: record.nonce,
        key: record.key.clone(),
        call,
        attempts: attempts.collect(),
        settled: body.settled,
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
            .engine
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
            let mut unit = self.begin().await?;
            let reserved = unit.lane_reserve(lane, key, chain_next_nonce).await?;
            if reserved.fresh {
                let body = serde_json::to_value(Body::open(call, &[])).unwrap_or_default();
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

    async fn record(&self, lane: &str, record: &TxRecord) -> Result<(), StoreError> {
        let Some(last) = record.attempts.last() else {
            return Ok(());
        };
        let body = json(&Body::open(&record.call, &record.attempts))?;
        let work = async {
            let mut unit = self.begin().await?;
            unit.lane_record(lane, record.nonce, &last.raw, last.hash, &body)
                .await?;
            unit.commit().await
        };
        work.await
            .map_err(|error: EngineError| StoreError::new(error))
    }

    async fn pending(&self, lane: &str) -> Result<Vec<TxRecord>, StoreError> {
        let pending = self
            .engine
            .lane_pending(lane)
            .await
            .map_err(StoreError::new)?;
        pending.iter().map(from_engine).collect()
    }

    async fn settle(
        &self,
        lane: &str,
        record: &TxRecord,
        settled: &Settled,
    ) -> Result<(), StoreError> {
        let body = json(&Body::settled(settled))?;
        let nonce = record.nonce;
        let work = async {
            let mut unit = self.begin().await?;
            unit.lane_note(lane, nonce, &body).await?;
            unit.lane_settle(lane, nonce, outcome(settled)).await?;
            unit.commit().await
        };
        work.await
            .map_err(|error: EngineError| StoreError::new(error))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_replica_that_wakes_up_too_late_neither_reserves_nor_records_nor_settles() {
        let engine = Engine::open("sqlite::memory:").await.unwrap();
        let lead = async |replica, millis| {
            let now = UnixMillis::from_millis(millis);
            let term = engine.lead("lane", replica, Duration::from_secs(1), now);
            EngineLanes::new(engine.clone(), term.await.unwrap().unwrap())
        };
        let call = TxCall::new(Address::ZERO, Bytes::new());
        let attempt = SignedAttempt {
            raw: Bytes::from_static(&[1]),
            hash: B256::repeat_byte(1),
            max_fee: 1,
            priority_fee: 1,
            gas_limit: 1,
            cancels: false,
        };
        let asleep = lead("asleep", 0).await;
        let reserved = asleep.reserve("signer", "a", &call, 7).await.unwrap();
        let mut record = reserved.record;
        record.attempts.push(attempt);
        let awake = lead("awake", 1000).await;

        assert!(asleep.reserve("signer", "b", &call, 7).await.is_err());
        assert!(asleep.record("signer", &record).await.is_err());
        let superseded = Settled::Superseded;
        assert!(asleep.settle("signer", &record, &superseded).await.is_err());
        // What it had reserved is its successor's to go on with, and nothing else.
        let pending = awake.pending("signer").await.unwrap();
        assert_eq!(pending.len(), 1);
        assert_eq!((pending[0].nonce, pending[0].attempts.len()), (7, 0));
        awake.record("signer", &record).await.unwrap();
        let pending = awake.pending("signer").await.unwrap();
        assert_eq!(pending, [record], "nothing of it is lost on the way");
    }
}
