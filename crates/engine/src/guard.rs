use std::collections::BTreeMap;

use crate::database::{Connection, query, statement};
use crate::engine::Engine;
use crate::sql;
use crate::{EngineError, Unit};

/// Remembers one value per key for ever, and so refuses to say two different things: an attestor
/// asks it before it signs, and signs only what the committed guard holds.
#[derive(Clone, Debug)]
pub struct Guard {
    engine: Engine,
}

/// Whether everything offered is what the guard holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a conflict means that nothing may be signed"]
pub enum Verdict {
    /// Each key is new or had this very value.
    Accepted,
    /// Some key has, or was offered, another value. Nothing was kept.
    Conflict(Conflict),
}

/// The first key, in order, that would have got a second value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The key.
    pub key: String,
    /// The value that it has.
    pub existing: String,
    /// The value that was offered.
    pub offered: String,
}

impl Guard {
    /// Keeps `value` under `key` unless another value is there.
    pub async fn check_or_insert(
        &self,
        domain: &str,
        key: &str,
        value: &str,
    ) -> Result<Verdict, EngineError> {
        self.check_or_insert_all(domain, &[(key, value)]).await
    }

    /// Keeps all pairs or, when any key has another value, none. Durable when it returns.
    pub async fn check_or_insert_all(
        &self,
        domain: &str,
        pairs: &[(&str, &str)],
    ) -> Result<Verdict, EngineError> {
        let mut transaction = self.engine.transaction().await?;
        let verdict = check_or_insert_all(&mut transaction, domain, pairs).await?;
        transaction.commit().await?;
        Ok(verdict)
    }

    /// The value kept under `key`.
    pub async fn get(&self, domain: &str, key: &str) -> Result<Option<String>, EngineError> {
        let mut connection = self.engine.reader().await?;
        let row = query("SELECT value FROM guards WHERE domain = $1 AND key = $2")
            .bind(domain)
            .bind(key)
            .fetch_optional(&mut connection)
            .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }
}

impl Engine {
    /// The guard in this store.
    pub fn guard(&self) -> Guard {
        Guard {
            engine: self.clone(),
        }
    }
}

impl Unit<'_> {
    /// [`Guard::check_or_insert_all`] as part of this unit: binding only once it is committed.
    pub async fn guard(
        &mut self,
        domain: &str,
        pairs: &[(&str, &str)],
    ) -> Result<Verdict, EngineError> {
        check_or_insert_all(self.connection(), domain, pairs).await
    }

    /// Whether all of these pairs were kept before: then they can be stated again, whatever else may
    /// have been forgotten.
    pub async fn guard_holds(
        &mut self,
        domain: &str,
        pairs: &[(&str, &str)],
    ) -> Result<bool, EngineError> {
        let keys: Vec<&str> = pairs.iter().map(|(key, _)| *key).collect();
        let kept = existing(self.connection(), domain, &keys).await?;
        let holds = |(key, value): &(&str, &str)| kept.get(*key).is_some_and(|k| k == value);
        Ok(pairs.iter().all(holds))
    }
}

async fn check_or_insert_all(
    connection: &mut Connection,
    domain: &str,
    pairs: &[(&str, &str)],
) -> Result<Verdict, EngineError> {
    let mut offered: BTreeMap<&str, &str> = BTreeMap::new();
    for (key, value) in pairs {
        if let Some(existing) = offered.insert(key, value)
            && existing != *value
        {
            return Ok(conflict(key, existing, value));
        }
    }
    let keys: Vec<&str> = offered.keys().copied().collect();
    let existing = existing(connection, domain, &keys).await?;
    for (key, value) in &offered {
        if let Some(existing) = existing.get(*key)
            && existing != value
        {
            return Ok(conflict(key, existing, value));
        }
    }
    let new: Vec<(&str, &str)> = offered
        .into_iter()
        .filter(|(key, _)| !existing.contains_key(*key))
        .collect();
    insert(connection, domain, &new).await?;
    Ok(Verdict::Accepted)
}

fn conflict(key: &str, existing: &str, offered: &str) -> Verdict {
    Verdict::Conflict(Conflict {
        key: key.to_owned(),
        existing: existing.to_owned(),
        offered: offered.to_owned(),
    })
}

async fn existing(
    connection: &mut Connection,
    domain: &str,
    keys: &[&str],
) -> Result<BTreeMap<String, String>, EngineError> {
    let mut found = BTreeMap::new();
    for keys in sql::padded(keys) {
        let list = sql::list(2, keys.len());
        let sql = format!("SELECT key, value FROM guards WHERE domain = $1 AND key IN ({list})");
        let mut query = statement(sql).bind(domain);
        for key in keys {
            query = query.bind(key);
        }
        for row in query.fetch_all(connection).await? {
            found.insert(row.try_get("key")?, row.try_get("value")?);
        }
    }
    Ok(found)
}

async fn insert(
    connection: &mut Connection,
    domain: &str,
    pairs: &[(&str, &str)],
) -> Result<(), EngineError> {
    for piece in sql::pieces(pairs) {
        let sql = format!(
            "INSERT INTO guards (domain, key, value) VALUES {} \
             ON CONFLICT (domain, key) DO NOTHING",
            sql::rows(piece.len(), 3)
        );
        let mut query = statement(sql);
        for (key, value) in piece {
            query = query.bind(domain).bind(*key).bind(*value);
        }
        let inserted = query.execute(connection).await?;
        // Where writers do not exclude each other, somebody may have inserted since we looked.
        if inserted != piece.len() as u64 {
            return Err(EngineError::Contended {
                what: "guard",
                key: domain.to_owned(),
            });
        }
    }
    Ok(())
}
