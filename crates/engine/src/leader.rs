//! Who leads: of all replicas that share a store, at most one does a thing that only one may do.
//!
//! A term ends when its time runs out without being extended, and then another may begin one. A
//! leader that was only slow, or asleep, cannot know that; so every write that only the leader may
//! make is fenced with the term's number, in the same transaction.

use std::time::Duration;

use crate::database::{Announcement, query};
use crate::engine::Engine;
use crate::sql;
use crate::{EngineError, Unit, UnixMillis};

/// A term of leadership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    name: String,
    leader: String,
    number: i64,
}

impl Term {
    /// What is led.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which term this is; every later one has a higher number.
    pub fn number(&self) -> i64 {
        self.number
    }
}

/// Who leads what, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    /// What is led.
    pub name: String,
    /// Who leads it, or led it last.
    pub leader: String,
    /// The number of the term.
    pub term: i64,
    /// When the term ends unless it is extended; the beginning of time if it was given up.
    pub until: UnixMillis,
}

impl Engine {
    /// Begins a term, unless somebody else's goes on: then `None`. One's own is followed by a new
    /// one at once, so that a restart under the same name need not wait.
    pub async fn lead(
        &self,
        name: &str,
        leader: &str,
        length: Duration,
        now: UnixMillis,
    ) -> Result<Option<Term>, EngineError> {
        if self.led_by_another(name, leader, now).await? {
            return Ok(None);
        }
        let mut transaction = self.transaction().await?;
        let row = query(
            "INSERT INTO leaders (name, leader, term, lead_until) VALUES ($1, $2, 1, $3) \
             ON CONFLICT (name) DO UPDATE SET leader = excluded.leader, \
             term = leaders.term + 1, lead_until = excluded.lead_until \
             WHERE leaders.lead_until <= $4 OR leaders.leader = excluded.leader \
             RETURNING term",
        )
        .bind(name)
        .bind(leader)
        .bind(now.plus(length).as_millis())
        .bind(now.as_millis())
        .fetch_optional(&mut transaction)
        .await?;
        self.commit(transaction, Announcement::default()).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Term {
            name: name.to_owned(),
            leader: leader.to_owned(),
            number: row.try_get(0)?,
        }))
    }

    /// Whether it is no use to ask: those who wait ask often, and must not hold up who writes.
    async fn led_by_another(
        &self,
        name: &str,
        leader: &str,
        now: UnixMillis,
    ) -> Result<bool, EngineError> {
        let row = query("SELECT leader, lead_until FROM leaders WHERE name = $1")
            .bind(name)
            .fetch_optional(&mut self.reader().await?)
            .await?;
        let Some(row) = row else { return Ok(false) };
        let until = sql::millis(row.try_get(1)?);
        Ok(row.try_get::<&str, _>(0)? != leader && until > now)
    }

    /// Makes a term last so long from now; false when another has begun, and this one is over.
    pub async fn extend(
        &self,
        term: &Term,
        length: Duration,
        now: UnixMillis,
    ) -> Result<bool, EngineError> {
        let changed = self
            .set_end(term, now.plus(length).as_millis(), false)
            .await?;
        Ok(changed)
    }

    /// Ends a term, so that others need not wait until it runs out. Nothing happens if it is over.
    pub async fn resign(&self, term: &Term) -> Result<(), EngineError> {
        self.set_end(term, 0, true).await?;
        Ok(())
    }

    async fn set_end(&self, term: &Term, until: i64, announce: bool) -> Result<bool, EngineError> {
        let mut transaction = self.transaction().await?;
        let changed = query("UPDATE leaders SET lead_until = $1 WHERE name = $2 AND term = $3")
            .bind(until)
            .bind(&term.name)
            .bind(term.number)
            .execute(&mut transaction)
            .await?;
        self.commit(transaction, Announcement::of_effects(announce))
            .await?;
        Ok(changed > 0)
    }

    /// Who leads what, by name.
    pub async fn leaders(&self) -> Result<Vec<Leader>, EngineError> {
        let rows = query("SELECT name, leader, term, lead_until FROM leaders ORDER BY name")
            .fetch_all(&mut self.reader().await?)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Leader {
                    name: row.try_get(0)?,
                    leader: row.try_get(1)?,
                    term: row.try_get(2)?,
                    until: sql::millis(row.try_get(3)?),
                })
            })
            .collect()
    }
}

impl Unit<'_> {
    /// Fails unless this term is the last one that was begun; the unit is then to be dropped. What
    /// is committed after it passed was written by the leader: no other can begin a term before
    /// this unit is over.
    pub async fn fence(&mut self, term: &Term) -> Result<(), EngineError> {
        let row = query("SELECT term FROM leaders WHERE name = $1")
            .bind(&term.name)
            .fetch_optional(self.connection())
            .await?;
        let last: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
        if last != Some(term.number) {
            return Err(EngineError::Deposed {
                name: term.name.clone(),
            });
        }
        Ok(())
    }
}
