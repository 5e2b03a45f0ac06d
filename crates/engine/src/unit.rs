use crate::database::{Announcement, Connection, Transaction, query};
use crate::engine::Engine;
use crate::process::{self, Stored, encode_json};
use crate::write_buffer::{AddEffect, EffectWrite, ProcessWrite, WriteBuffer};
use crate::{EngineError, Machine, News, Process, ProcessId, Step, Tag, UnitError, UnixMillis};

/// One write transaction: everything done through it becomes durable together at
/// [`commit`](Self::commit); dropped, none of it ever happened.
#[derive(Debug)]
#[must_use = "a unit that is dropped is rolled back"]
pub struct Unit<'e> {
    engine: &'e Engine,
    transaction: Transaction,
    now: UnixMillis,
    buffer: WriteBuffer,
    /// Between the start and the good end of a flush: what was buffered is only partly written.
    broken: bool,
    news: Announcement,
}

impl<'e> Unit<'e> {
    pub(crate) fn new(engine: &'e Engine, transaction: Transaction, now: UnixMillis) -> Self {
        Self {
            engine,
            transaction,
            now,
            buffer: WriteBuffer::default(),
            broken: false,
            news: Announcement::default(),
        }
    }

    /// Effects have become claimable beside those that the buffer adds.
    pub(crate) fn announce(&mut self, effects: u64) {
        self.news.effects |= effects > 0;
    }

    /// When this unit happens.
    pub fn now(&self) -> UnixMillis {
        self.now
    }

    /// Feeds one input to a process and keeps its new state and its effects.
    ///
    /// When the machine refuses the input the unit is as it was, and the caller decides whether
    /// the rest of it goes on. Neither key nor kind may contain what would make effect keys
    /// ambiguous: the kind no `/`, neither of them `#`.
    pub async fn handle<M: Machine>(
        &mut self,
        key: &str,
        input: M::Input,
    ) -> Result<(), UnitError<M::Error>> {
        check_name("kind", M::KIND, '/')?;
        check_name("kind", M::KIND, '#')?;
        check_name("process key", key, '#')?;
        let state = self.process::<M>(key).await?.map(|process| process.state);
        let tags_before = state.as_ref().map(M::tags).unwrap_or_default();
        let step = M::handle(state, input).map_err(UnitError::Machine)?;
        Ok(self.keep::<M>(key, step, tags_before)?)
    }

    /// Reads several processes in one go, before [`handle`](Self::handle) asks for each of them.
    pub async fn preload<M: Machine>(&mut self, keys: &[&str]) -> Result<(), EngineError> {
        let mut missing: Vec<&str> = keys
            .iter()
            .copied()
            .filter(|key| !self.buffer.knows(M::KIND, key))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        let found = process::load(&mut self.transaction, M::KIND, &missing).await?;
        for key in missing {
            self.buffer.remember(M::KIND, key.to_owned(), None);
        }
        for (key, stored) in found {
            self.buffer.remember(M::KIND, key, Some(stored));
        }
        Ok(())
    }

    /// The process of this key as this unit has left it so far.
    pub async fn process<M: Machine>(
        &mut self,
        key: &str,
    ) -> Result<Option<Process<M::State>>, EngineError> {
        if !self.buffer.knows(M::KIND, key) {
            self.preload::<M>(&[key]).await?;
        }
        self.buffer
            .process(M::KIND, key)
            .map(|stored| stored.decode(key.to_owned()))
            .transpose()
    }

    /// The processes whose wake on this clock is due at this reading. Their wake is cleared: the
    /// caller tells each of them the time in this same unit.
    pub async fn due(&mut self, clock: &str, at: u64) -> Result<Vec<ProcessId>, EngineError> {
        self.flush().await?;
        let rows = query(
            "UPDATE processes SET wake_clock = NULL, wake_at = NULL \
             WHERE wake_clock = $1 AND wake_at <= $2 RETURNING kind, key",
        )
        .bind(clock)
        .bind(i64::try_from(at).unwrap_or(i64::MAX))
        .fetch_all(&mut self.transaction)
        .await?;
        let mut due = Vec::with_capacity(rows.len());
        for row in rows {
            due.push(ProcessId {
                kind: row.try_get(0)?,
                key: row.try_get(1)?,
            });
        }
        due.sort();
        for process in &due {
            self.buffer.clear_wake(&process.kind, &process.key);
        }
        Ok(due)
    }

    /// Makes everything durable.
    pub async fn commit(mut self) -> Result<(), EngineError> {
        self.flush().await?;
        self.engine.commit(self.transaction, self.news).await
    }

    pub(crate) fn engine(&self) -> &'e Engine {
        self.engine
    }

    /// The connection for statements that buffered writes do not concern.
    pub(crate) fn connection(&mut self) -> &mut Connection {
        &mut self.transaction
    }

    /// The connection for statements that must see or follow what machines have asked for so far.
    pub(crate) async fn flushed(&mut self) -> Result<&mut Connection, EngineError> {
        self.flush().await?;
        Ok(&mut self.transaction)
    }

    async fn flush(&mut self) -> Result<(), EngineError> {
        if std::mem::replace(&mut self.broken, true) {
            return Err(EngineError::BrokenUnit);
        }
        let now = self.now.as_millis();
        let written = self.buffer.flush(&mut self.transaction, now).await?;
        self.news.effects |= written.effects;
        self.news.feed |= written.feed;
        self.broken = false;
        Ok(())
    }

    /// Encodes all before it changes anything, so that a failure leaves the unit as it was.
    fn keep<M: Machine>(
        &mut self,
        key: &str,
        step: Step<M::State, M::Effect>,
        tags_before: Vec<Tag>,
    ) -> Result<(), EngineError> {
        let now = self.now.as_millis();
        let full_key = |effect_key: &str| format!("{}/{key}#{effect_key}", M::KIND);
        let mut writes = Vec::with_capacity(step.effects.len() + step.cancel.len());
        if step.state.is_none() {
            writes.push(EffectWrite::Forget {
                kind: M::KIND,
                process_key: key.to_owned(),
            });
        }
        for cancelled in &step.cancel {
            writes.push(EffectWrite::Cancel {
                key: full_key(cancelled),
            });
        }
        for new in step.effects {
            let effect_key = full_key(&new.key);
            writes.push(EffectWrite::Add(AddEffect {
                body: encode_json("effect", &effect_key, &new.effect)?,
                key: effect_key,
                kind: M::KIND,
                process_key: key.to_owned(),
                lane: new.lane,
                reopen: new.reopen,
            }));
        }
        let tags = step.state.as_ref().map(M::tags).unwrap_or_default();
        let before = self.buffer.process(M::KIND, key);
        let stored = match &step.state {
            None => None,
            Some(state) => Some(Stored {
                state: encode_json("state", key, state)?,
                phase: step.phase.to_owned(),
                done: step.done,
                // A clock that has to pass `i64::MAX` never does; a deadline that a stranger put
                // beyond it must not stop the unit.
                wake: step
                    .wake
                    .map(|wake| (wake.clock, i64::try_from(wake.at).unwrap_or(i64::MAX))),
                created_at: before.map_or(now, |before| before.created_at),
                updated_at: now,
            }),
        };
        let is_news = match (before, &stored) {
            (None, None) => false,
            (Some(_), None) | (None, Some(_)) => true,
            (Some(before), Some(after)) => {
                (&before.phase, before.done) != (&after.phase, after.done)
                    || (M::NEWS == News::State && before.state != after.state)
            }
        };
        let write = ProcessWrite {
            stored,
            tags_before,
            tags,
            is_news,
        };
        self.buffer.write_process(M::KIND, key.to_owned(), write);
        for write in writes {
            self.buffer.write_effect(write);
        }
        Ok(())
    }
}

fn check_name(what: &'static str, name: &str, forbidden: char) -> Result<(), EngineError> {
    if name.contains(forbidden) {
        return Err(EngineError::InvalidName {
            what,
            name: name.to_owned(),
            forbidden,
        });
    }
    Ok(())
}
