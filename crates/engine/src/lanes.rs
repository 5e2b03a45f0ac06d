//! Nonces and transactions per lane: one (chain, signer), whose transactions follow one another.

use alloy_primitives::{B256, Bytes};

use crate::database::{Connection, query};
use crate::engine::Engine;
use crate::process::encode_json;
use crate::sql;
use crate::transactions::decode;
use crate::{EngineError, MinedIn, Reserved, TxOutcome, TxRecord, TxState, Unit, UnixMillis};

impl Unit<'_> {
    /// Holds a nonce for `key`: the one it already has unless that transaction was dropped, else
    /// the lowest that is above all mined ones, not below what the chain says is next, and not
    /// held by a pending transaction. So a gap left by a dropped transaction is filled first.
    pub async fn lane_reserve(
        &mut self,
        lane: &str,
        key: &str,
        chain_next_nonce: u64,
    ) -> Result<Reserved, EngineError> {
        let now = self.now().as_millis();
        let connection = self.connection();
        let existing = by_key(connection, lane, key).await?;
        if let Some(record) = existing.filter(|record| record.state != TxState::Dropped) {
            return Ok(Reserved {
                nonce: record.nonce,
                fresh: false,
                record,
            });
        }
        let nonce = next_nonce(connection, lane, chain_next_nonce).await?;
        let row = query(
            "INSERT INTO transactions (lane, nonce, key, hashes, state, created_at, updated_at) \
             VALUES ($1, $2, $3, '[]', 'pending', $4, $4) \
             ON CONFLICT (lane, key) DO UPDATE SET nonce = excluded.nonce, body = NULL, \
             raw = NULL, hashes = '[]', state = 'pending', block_height = NULL, \
             block_hash = NULL, created_at = excluded.created_at, \
             updated_at = excluded.updated_at RETURNING *",
        )
        .bind(lane)
        .bind(nonce)
        .bind(key)
        .bind(now)
        .fetch_one(connection)
        .await?;
        let record = decode(&row)?;
        Ok(Reserved {
            nonce: record.nonce,
            fresh: true,
            record,
        })
    }

    /// Keeps a signed form of a pending transaction; to be committed before it is broadcast.
    pub async fn lane_record(
        &mut self,
        lane: &str,
        nonce: u64,
        raw: &Bytes,
        hash: B256,
        body: &serde_json::Value,
    ) -> Result<(), EngineError> {
        let now = self.now().as_millis();
        let (id, mut record) = by_nonce(self.connection(), lane, nonce).await?;
        expect_state(&record, TxState::Pending)?;
        if !record.hashes.contains(&hash) {
            record.hashes.push(hash);
        }
        query(
            "UPDATE transactions SET raw = $1, hashes = $2, body = $3, updated_at = $4 \
             WHERE id = $5",
        )
        .bind(raw.to_string())
        .bind(encode_json("hashes", &record.key, &record.hashes)?)
        .bind(encode_json("transaction", &record.key, body)?)
        .bind(now)
        .bind(id)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Keeps what the driver wants to know of a transaction again, whatever its state.
    pub async fn lane_note(
        &mut self,
        lane: &str,
        nonce: u64,
        body: &serde_json::Value,
    ) -> Result<(), EngineError> {
        let now = self.now().as_millis();
        let (id, record) = by_nonce(self.connection(), lane, nonce).await?;
        query("UPDATE transactions SET body = $1, updated_at = $2 WHERE id = $3")
            .bind(encode_json("transaction", &record.key, body)?)
            .bind(now)
            .bind(id)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// The transaction has ended. The same outcome again changes nothing but its block.
    pub async fn lane_settle(
        &mut self,
        lane: &str,
        nonce: u64,
        outcome: TxOutcome,
    ) -> Result<(), EngineError> {
        let (id, record) = by_nonce(self.connection(), lane, nonce).await?;
        if record.state != outcome.state() {
            expect_state(&record, TxState::Pending)?;
        }
        self.set_state(id, outcome.state(), outcome.mined()).await
    }

    /// The transaction's block is gone and it is pending again, with its nonce and its key.
    pub async fn lane_reopen(&mut self, lane: &str, nonce: u64) -> Result<(), EngineError> {
        let (id, record) = by_nonce(self.connection(), lane, nonce).await?;
        if record.state == TxState::Dropped {
            // Its nonce may already be another's.
            expect_state(&record, TxState::Pending)?;
        }
        self.set_state(id, TxState::Pending, None).await
    }

    async fn set_state(
        &mut self,
        id: i64,
        state: TxState,
        mined: Option<MinedIn>,
    ) -> Result<(), EngineError> {
        let now = self.now().as_millis();
        let height = mined
            .map(|mined| sql::to_i64("height", mined.height))
            .transpose()?;
        query(
            "UPDATE transactions SET state = $1, block_height = $2, block_hash = $3, \
             updated_at = $4 WHERE id = $5",
        )
        .bind(state.name())
        .bind(height)
        .bind(mined.map(|mined| mined.hash.to_string()))
        .bind(now)
        .bind(id)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

impl Engine {
    /// [`Unit::lane_reserve`] in a unit of its own.
    pub async fn lane_reserve(
        &self,
        lane: &str,
        key: &str,
        chain_next_nonce: u64,
        now: UnixMillis,
    ) -> Result<Reserved, EngineError> {
        let mut unit = self.begin(now).await?;
        let reserved = unit.lane_reserve(lane, key, chain_next_nonce).await?;
        unit.commit().await?;
        Ok(reserved)
    }

    /// [`Unit::lane_record`] in a unit of its own.
    pub async fn lane_record(
        &self,
        lane: &str,
        nonce: u64,
        raw: &Bytes,
        hash: B256,
        body: &serde_json::Value,
        now: UnixMillis,
    ) -> Result<(), EngineError> {
        let mut unit = self.begin(now).await?;
        unit.lane_record(lane, nonce, raw, hash, body).await?;
        unit.commit().await
    }

    /// [`Unit::lane_settle`] in a unit of its own.
    pub async fn lane_settle(
        &self,
        lane: &str,
        nonce: u64,
        outcome: TxOutcome,
        now: UnixMillis,
    ) -> Result<(), EngineError> {
        let mut unit = self.begin(now).await?;
        unit.lane_settle(lane, nonce, outcome).await?;
        unit.commit().await
    }

    /// [`Unit::lane_reopen`] in a unit of its own.
    pub async fn lane_reopen(
        &self,
        lane: &str,
        nonce: u64,
        now: UnixMillis,
    ) -> Result<(), EngineError> {
        let mut unit = self.begin(now).await?;
        unit.lane_reopen(lane, nonce).await?;
        unit.commit().await
    }

    /// The pending transactions of a lane, lowest nonce first.
    pub async fn lane_pending(&self, lane: &str) -> Result<Vec<TxRecord>, EngineError> {
        let mut connection = self.reader().await?;
        let rows = query(
            "SELECT * FROM transactions WHERE lane = $1 AND state = 'pending' ORDER BY nonce",
        )
        .bind(lane)
        .fetch_all(&mut connection)
        .await?;
        rows.iter().map(decode).collect()
    }

    /// The transaction of this key.
    pub async fn lane_transaction(
        &self,
        lane: &str,
        key: &str,
    ) -> Result<Option<TxRecord>, EngineError> {
        by_key(&mut self.reader().await?, lane, key).await
    }
}

async fn next_nonce(
    connection: &mut Connection,
    lane: &str,
    chain_next_nonce: u64,
) -> Result<i64, EngineError> {
    let mined: Option<i64> = query(
        "SELECT MAX(nonce) FROM transactions \
         WHERE lane = $1 AND state IN ('confirmed', 'replaced', 'failed')",
    )
    .bind(lane)
    .fetch_one(connection)
    .await?
    .try_get(0)?;
    // Nonces are mined in order, so below a mined one nothing is free, whatever a lagging
    // endpoint says.
    let above_mined = mined.map_or(0, |nonce| nonce.saturating_add(1));
    let mut nonce = above_mined.max(sql::to_i64("nonce", chain_next_nonce)?);
    let pending = query(
        "SELECT nonce FROM transactions \
         WHERE lane = $1 AND state = 'pending' AND nonce >= $2 ORDER BY nonce",
    )
    .bind(lane)
    .bind(nonce)
    .fetch_all(connection)
    .await?;
    for held in pending {
        if held.try_get::<i64, _>(0)? != nonce {
            break;
        }
        nonce = nonce.saturating_add(1);
    }
    Ok(nonce)
}

async fn by_key(
    connection: &mut Connection,
    lane: &str,
    key: &str,
) -> Result<Option<TxRecord>, EngineError> {
    query("SELECT * FROM transactions WHERE lane = $1 AND key = $2")
        .bind(lane)
        .bind(key)
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(decode)
        .transpose()
}

/// The transaction that holds the nonce, or the last one that was dropped from it.
async fn by_nonce(
    connection: &mut Connection,
    lane: &str,
    nonce: u64,
) -> Result<(i64, TxRecord), EngineError> {
    let row = query(
        "SELECT * FROM transactions WHERE lane = $1 AND nonce = $2 \
         ORDER BY CASE WHEN state = 'dropped' THEN 1 ELSE 0 END, updated_at DESC, id DESC LIMIT 1",
    )
    .bind(lane)
    .bind(sql::to_i64("nonce", nonce)?)
    .fetch_optional(connection)
    .await?
    .ok_or_else(|| EngineError::UnknownTransaction {
        lane: lane.to_owned(),
        nonce,
    })?;
    Ok((row.try_get("id")?, decode(&row)?))
}

fn expect_state(record: &TxRecord, expected: TxState) -> Result<(), EngineError> {
    if record.state == expected {
        return Ok(());
    }
    Err(EngineError::TransactionState {
        lane: record.lane.clone(),
        nonce: record.nonce,
        expected,
        found: record.state,
    })
}
