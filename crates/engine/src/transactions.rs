use alloy_primitives::{B256, Bytes};
use serde::{Deserialize, Serialize};

use crate::database::Row;
use crate::process::decode_json;
use crate::sql;
use crate::{EngineError, UnixMillis};

/// Where a transaction stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TxState {
    /// Its nonce is reserved; it may be signed, sent, or neither yet.
    Pending,
    /// Mined, and succeeded.
    Confirmed,
    /// Another transaction took its nonce.
    Replaced,
    /// Never to be mined; its nonce is free again.
    Dropped,
    /// Mined, and reverted.
    Failed,
}

/// Where a transaction was mined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinedIn {
    /// The block's height.
    pub height: u64,
    /// The block's hash.
    pub hash: B256,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TxOutcome {
    /// Mined, and succeeded.
    Confirmed(MinedIn),
    /// Mined, and reverted.
    Failed(MinedIn),
    /// Another transaction took its nonce.
    Replaced,
    /// Certain never to be mined; its nonce may be given out again.
    Dropped,
}

impl TxState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Confirmed => "confirmed",
            Self::Replaced => "replaced",
            Self::Dropped => "dropped",
            Self::Failed => "failed",
        }
    }
}

impl TxOutcome {
    pub(crate) fn state(self) -> TxState {
        match self {
            Self::Confirmed(_) => TxState::Confirmed,
            Self::Failed(_) => TxState::Failed,
            Self::Replaced => TxState::Replaced,
            Self::Dropped => TxState::Dropped,
        }
    }

    pub(crate) fn mined(self) -> Option<MinedIn> {
        match self {
            Self::Confirmed(mined) | Self::Failed(mined) => Some(mined),
            Self::Replaced | Self::Dropped => None,
        }
    }
}

/// A transaction of a lane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TxRecord {
    /// Its lane.
    pub lane: String,
    /// Its nonce.
    pub nonce: u64,
    /// What it is for; one transaction per key and lane.
    pub key: String,
    /// What the driver wants to know of it again.
    pub body: Option<serde_json::Value>,
    /// The last signed form; none before it was first signed.
    pub raw: Option<Bytes>,
    /// The hashes of all signed forms, oldest first: any of them may be the one that is mined.
    pub hashes: Vec<B256>,
    /// Where it stands.
    pub state: TxState,
    /// Where it was mined.
    pub mined: Option<MinedIn>,
    /// When its nonce was reserved.
    pub created_at: UnixMillis,
    /// When it last changed.
    pub updated_at: UnixMillis,
}

/// A nonce, held for one key.
#[derive(Clone, Debug, PartialEq)]
pub struct Reserved {
    /// The nonce.
    pub nonce: u64,
    /// Whether it was given out just now; otherwise the record says what became of it.
    pub fresh: bool,
    /// The transaction.
    pub record: TxRecord,
}

pub(crate) fn decode(row: &Row) -> Result<TxRecord, EngineError> {
    let key: String = row.try_get("key")?;
    let unreadable = |what, source: Box<dyn std::error::Error + Send + Sync>| EngineError::Decode {
        what,
        key: key.clone(),
        source,
    };
    let state = match row.try_get("state")? {
        "pending" => TxState::Pending,
        "confirmed" => TxState::Confirmed,
        "replaced" => TxState::Replaced,
        "dropped" => TxState::Dropped,
        "failed" => TxState::Failed,
        other => {
            let source = format!("unknown state `{other}`").into();
            return Err(unreadable("transaction state", source));
        }
    };
    let block: (Option<i64>, Option<String>) =
        (row.try_get("block_height")?, row.try_get("block_hash")?);
    let mined = match block {
        (Some(height), Some(hash)) => Some(MinedIn {
            height: sql::to_unsigned("height", height)?,
            hash: sql::to_hash(&key, &hash)?,
        }),
        _ => None,
    };
    let raw = row
        .try_get::<Option<&str>, _>("raw")?
        .map(str::parse::<Bytes>)
        .transpose()
        .map_err(|error| unreadable("raw transaction", error.into()))?;
    let body = row
        .try_get::<Option<&str>, _>("body")?
        .map(|body| decode_json("transaction", &key, body))
        .transpose()?;
    Ok(TxRecord {
        lane: row.try_get("lane")?,
        nonce: sql::to_unsigned("nonce", row.try_get("nonce")?)?,
        body,
        raw,
        hashes: decode_json("hashes", &key, row.try_get("hashes")?)?,
        state,
        mined,
        created_at: sql::millis(row.try_get("created_at")?),
        updated_at: sql::millis(row.try_get("updated_at")?),
        key,
    })
}
