//! What a unit will write, kept until commit so that it goes out in few multi-row statements.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::database::{Announcement, Connection, query, statement};
use crate::process::Stored;
use crate::tags::{self, Tagged};
use crate::{EngineError, Tag, sql};

#[derive(Debug, Default)]
pub(crate) struct WriteBuffer {
    processes: BTreeMap<&'static str, BTreeMap<String, Slot>>,
    effects: Vec<EffectWrite>,
}

#[derive(Debug)]
struct Slot {
    stored: Option<Stored>,
    /// What of it is not in the database yet.
    unwritten: Option<Unwritten>,
}

/// What the database is to be told of a process beside its row.
#[derive(Debug)]
struct Unwritten {
    /// When the process was created that the database knows, and the tags that it has there.
    created_before: Option<i64>,
    tags_before: BTreeSet<Tag>,
    tags: BTreeSet<Tag>,
    is_news: bool,
}

/// A process as an input has left it.
#[derive(Debug)]
pub(crate) struct ProcessWrite {
    pub(crate) stored: Option<Stored>,
    /// The tags before the input, and after it.
    pub(crate) tags_before: Vec<Tag>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) is_news: bool,
}

/// One change to the effects, in the order in which the machines asked.
#[derive(Debug)]
pub(crate) enum EffectWrite {
    Add(AddEffect),
    Cancel {
        key: String,
    },
    Forget {
        kind: &'static str,
        process_key: String,
    },
}

#[derive(Debug)]
pub(crate) struct AddEffect {
    pub(crate) key: String,
    pub(crate) kind: &'static str,
    pub(crate) process_key: String,
    pub(crate) lane: String,
    pub(crate) body: String,
    pub(crate) reopen: bool,
}

impl WriteBuffer {
    pub(crate) fn knows(&self, kind: &str, key: &str) -> bool {
        self.processes
            .get(kind)
            .is_some_and(|of_kind| of_kind.contains_key(key))
    }

    pub(crate) fn process(&self, kind: &str, key: &str) -> Option<&Stored> {
        self.processes.get(kind)?.get(key)?.stored.as_ref()
    }

    /// Remembers what the database holds.
    pub(crate) fn remember(&mut self, kind: &'static str, key: String, stored: Option<Stored>) {
        let slot = Slot {
            stored,
            unwritten: None,
        };
        self.processes.entry(kind).or_default().insert(key, slot);
    }

    pub(crate) fn write_process(&mut self, kind: &'static str, key: String, write: ProcessWrite) {
        let of_kind = self.processes.entry(kind).or_default();
        let slot = of_kind.entry(key).or_insert(Slot {
            stored: None,
            unwritten: None,
        });
        let created_before = slot.stored.as_ref().map(|stored| stored.created_at);
        let unwritten = slot.unwritten.get_or_insert_with(|| Unwritten {
            created_before,
            tags_before: write.tags_before.into_iter().collect(),
            tags: BTreeSet::new(),
            is_news: false,
        });
        unwritten.tags = write.tags.into_iter().collect();
        unwritten.is_news |= write.is_news;
        slot.stored = write.stored;
    }

    pub(crate) fn write_effect(&mut self, write: EffectWrite) {
        self.effects.push(write);
    }

    /// The database has cleared this process's wake.
    pub(crate) fn clear_wake(&mut self, kind: &str, key: &str) {
        let slot = self
            .processes
            .get_mut(kind)
            .and_then(|of_kind| of_kind.get_mut(key));
        if let Some(stored) = slot.and_then(|slot| slot.stored.as_mut()) {
            stored.wake = None;
        }
    }

    /// Writes everything out; says what others may want to know of it.
    pub(crate) async fn flush(
        &mut self,
        connection: &mut Connection,
        now: i64,
    ) -> Result<Announcement, EngineError> {
        let feed = self.flush_processes(connection, now).await?;
        let writes = std::mem::take(&mut self.effects);
        let mut added = 0;
        let mut rest = writes.as_slice();
        while let Some(first) = rest.first() {
            let (run, after) = rest.split_at(run_length(rest));
            match first {
                EffectWrite::Add(first) => {
                    added += add(connection, run, first.reopen, now).await?;
                }
                EffectWrite::Cancel { .. } => cancel(connection, run, now).await?,
                EffectWrite::Forget { kind, process_key } => {
                    forget(connection, kind, process_key).await?;
                }
            }
            rest = after;
        }
        Ok(Announcement {
            effects: added > 0,
            feed,
        })
    }

    /// True when the feed has grown.
    async fn flush_processes(
        &mut self,
        connection: &mut Connection,
        now: i64,
    ) -> Result<bool, EngineError> {
        let mut fed = false;
        for (kind, of_kind) in &mut self.processes {
            let mut gone = Vec::new();
            let mut kept = Vec::new();
            let mut news = Vec::new();
            let (mut untagged, mut tagged) = (Vec::new(), Vec::new());
            for (key, slot) in of_kind {
                let Some(unwritten) = slot.unwritten.take() else {
                    continue;
                };
                if unwritten.is_news {
                    news.push((key, slot.stored.as_ref()));
                }
                let (removed, added) = unwritten.difference(key, slot.stored.as_ref());
                untagged.extend(removed);
                tagged.extend(added);
                match &slot.stored {
                    Some(stored) => kept.push((key, stored)),
                    None => gone.push(key),
                }
            }
            for keys in sql::padded(&gone) {
                let list = sql::list(2, keys.len());
                let sql = format!("DELETE FROM processes WHERE kind = $1 AND key IN ({list})");
                let mut query = statement(sql).bind(*kind);
                for key in keys {
                    query = query.bind(key);
                }
                query.execute(connection).await?;
            }
            for piece in sql::pieces(&kept) {
                let sql = format!(
                    "INSERT INTO processes (kind, key, state, phase, done, wake_clock, wake_at, \
                     created_at, updated_at) VALUES {} ON CONFLICT (kind, key) DO UPDATE SET \
                     state = excluded.state, phase = excluded.phase, done = excluded.done, \
                     wake_clock = excluded.wake_clock, wake_at = excluded.wake_at, \
                     updated_at = excluded.updated_at",
                    sql::rows(piece.len(), 9)
                );
                let mut query = statement(sql);
                for (key, stored) in piece {
                    let (clock, at) = stored.wake.clone().unzip();
                    query = query
                        .bind(*kind)
                        .bind(key.as_str())
                        .bind(&stored.state)
                        .bind(&stored.phase)
                        .bind(stored.done)
                        .bind(clock)
                        .bind(at)
                        .bind(stored.created_at)
                        .bind(stored.updated_at);
                }
                query.execute(connection).await?;
            }
            tags::remove(connection, kind, &untagged).await?;
            tags::insert(connection, kind, &tagged).await?;
            fed |= !news.is_empty();
            feed(connection, kind, &news, now).await?;
        }
        Ok(fed)
    }
}

impl Unwritten {
    /// The tags that are to go, and those that are to come. Those of a process that began anew have
    /// another place in the lists.
    fn difference(self, key: &str, stored: Option<&Stored>) -> (Option<Tagged>, Option<Tagged>) {
        let created = stored.map(|stored| stored.created_at);
        let stays = self.created_before == created;
        let tagged = |created_at: Option<i64>, ours: &BTreeSet<Tag>, others: &BTreeSet<Tag>| {
            let differ = |tag: &&Tag| !stays || !others.contains(tag);
            let tags: BTreeSet<Tag> = ours.iter().filter(differ).cloned().collect();
            let key = key.to_owned();
            let created_at = created_at.filter(|_| !tags.is_empty())?;
            Some(Tagged {
                key,
                created_at,
                tags,
            })
        };
        (
            tagged(self.created_before, &self.tags_before, &self.tags),
            tagged(created, &self.tags, &self.tags_before),
        )
    }
}

/// Tells of changes; what vanished stands in no phase.
async fn feed(
    connection: &mut Connection,
    kind: &str,
    news: &[(&String, Option<&Stored>)],
    now: i64,
) -> Result<(), EngineError> {
    for piece in sql::pieces(news) {
        let sql = format!(
            "INSERT INTO feed (kind, key, phase, done, at) VALUES {}",
            sql::rows(piece.len(), 5)
        );
        let mut query = statement(sql);
        for (key, stored) in piece {
            query = query
                .bind(kind)
                .bind(key.as_str())
                .bind(stored.map_or("", |stored| stored.phase.as_str()))
                .bind(stored.is_none_or(|stored| stored.done))
                .bind(now);
        }
        query.execute(connection).await?;
    }
    Ok(())
}

/// How many leading writes one statement can carry: of one sort, and no effect twice, because
/// what the second means depends on what the first has done.
fn run_length(writes: &[EffectWrite]) -> usize {
    let Some(first) = writes.first() else {
        return 0;
    };
    let mut keys: HashSet<&str> = HashSet::new();
    let end = writes.iter().position(|write| match (first, write) {
        (EffectWrite::Add(first), EffectWrite::Add(add)) => {
            first.reopen != add.reopen || !keys.insert(&add.key)
        }
        (EffectWrite::Cancel { .. }, EffectWrite::Cancel { .. }) => false,
        (first, write) => !std::ptr::eq(first, write),
    });
    end.unwrap_or(writes.len())
}

async fn add(
    connection: &mut Connection,
    run: &[EffectWrite],
    reopen: bool,
    now: i64,
) -> Result<u64, EngineError> {
    let replaced = if reopen {
        "effects.status <> 'pending'"
    } else {
        "effects.status = 'cancelled'"
    };
    let adds: Vec<&AddEffect> = run
        .iter()
        .filter_map(|write| match write {
            EffectWrite::Add(add) => Some(add),
            _ => None,
        })
        .collect();
    let mut added = 0;
    for piece in sql::pieces(&adds) {
        let sql = format!(
            "INSERT INTO effects (key, kind, process_key, lane, body, due_at, created_at, \
             updated_at, status, attempts, lease_until) VALUES {} \
             ON CONFLICT (key) DO UPDATE SET status = 'pending', lane = excluded.lane, \
             body = excluded.body, attempts = 0, last_error = NULL, due_at = excluded.due_at, \
             lease_owner = NULL, lease_until = 0, updated_at = excluded.updated_at \
             WHERE {replaced}",
            sql::rows(piece.len(), 11)
        );
        let mut query = statement(sql);
        for add in piece {
            query = query
                .bind(&add.key)
                .bind(add.kind)
                .bind(&add.process_key)
                .bind(&add.lane)
                .bind(&add.body)
                .bind(now)
                .bind(now)
                .bind(now)
                .bind("pending")
                .bind(0_i64)
                .bind(0_i64);
        }
        added += query.execute(connection).await?;
    }
    Ok(added)
}

async fn cancel(
    connection: &mut Connection,
    run: &[EffectWrite],
    now: i64,
) -> Result<(), EngineError> {
    let keys: Vec<&str> = run
        .iter()
        .filter_map(|write| match write {
            EffectWrite::Cancel { key } => Some(key.as_str()),
            _ => None,
        })
        .collect();
    for keys in sql::padded(&keys) {
        let sql = format!(
            "UPDATE effects SET status = 'cancelled', lease_owner = NULL, lease_until = 0, \
             updated_at = $1 WHERE status = 'pending' AND key IN ({})",
            sql::list(2, keys.len())
        );
        let mut query = statement(sql).bind(now);
        for key in keys {
            query = query.bind(key);
        }
        query.execute(connection).await?;
    }
    Ok(())
}

async fn forget(
    connection: &mut Connection,
    kind: &str,
    process_key: &str,
) -> Result<(), EngineError> {
    query("DELETE FROM effects WHERE kind = $1 AND process_key = $2")
        .bind(kind)
        .bind(process_key)
        .execute(connection)
        .await?;
    Ok(())
}
