//! What processes are found by, beside their key and their phase.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::database::{Connection, query, statement};
use crate::engine::Engine;
use crate::process::{self, decode_json, encode_json};
use crate::{EngineError, Machine, UnixMillis, sql};

/// How many rows are written or removed in one unit while a store is brought up to date.
const PIECE: usize = 250;

/// Something that a process is found by: a name such as `sender`, and a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tag {
    /// Which of the things that it is found by.
    pub name: &'static str,
    /// What it is.
    pub value: String,
}

impl Tag {
    /// A tag.
    pub fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            value: value.into(),
        }
    }
}

/// The tags of one process, as rows.
#[derive(Clone, Debug)]
pub(crate) struct Tagged {
    pub(crate) key: String,
    pub(crate) created_at: i64,
    pub(crate) tags: BTreeSet<Tag>,
}

pub(crate) async fn insert(
    connection: &mut Connection,
    kind: &str,
    tagged: &[Tagged],
) -> Result<(), EngineError> {
    let rows: Vec<(&Tagged, &Tag)> = tagged
        .iter()
        .flat_map(|process| process.tags.iter().map(move |tag| (process, tag)))
        .collect();
    for piece in sql::pieces(&rows) {
        let sql = format!(
            "INSERT INTO tags (kind, name, value, created_at, key) VALUES {} \
             ON CONFLICT DO NOTHING",
            sql::rows(piece.len(), 5)
        );
        let mut query = statement(sql);
        for (process, tag) in piece {
            query = query
                .bind(kind)
                .bind(tag.name)
                .bind(&tag.value)
                .bind(process.created_at)
                .bind(&process.key);
        }
        query.execute(connection).await?;
    }
    Ok(())
}

/// One by one, for tags go only when a reorganisation takes something back.
pub(crate) async fn remove(
    connection: &mut Connection,
    kind: &str,
    tagged: &[Tagged],
) -> Result<(), EngineError> {
    for process in tagged {
        for tag in &process.tags {
            query(
                "DELETE FROM tags WHERE kind = $1 AND name = $2 AND value = $3 \
                 AND created_at = $4 AND key = $5",
            )
            .bind(kind)
            .bind(tag.name)
            .bind(&tag.value)
            .bind(process.created_at)
            .bind(&process.key)
            .execute(connection)
            .await?;
        }
    }
    Ok(())
}

/// How far a store has been brought up to date.
#[derive(Serialize, Deserialize)]
struct Progress {
    version: u32,
    step: Step,
}

#[derive(Serialize, Deserialize)]
enum Step {
    /// The tags of another version are being removed.
    Removing,
    /// The processes up to this one have their tags.
    Writing { after: String },
    /// All have.
    Done,
}

impl Engine {
    /// Writes the tags of the processes of a machine anew, if what is stored is of another version of
    /// the machine, as in a store that is older than tags. Other units go on in between; what is
    /// interrupted is taken up where it stopped. Says how many processes were looked at.
    pub async fn retag<M: Machine>(&self) -> Result<u64, EngineError> {
        let mut looked_at = 0;
        while let Some(count) = self.retag_piece::<M>().await? {
            looked_at += count;
        }
        Ok(looked_at)
    }

    async fn retag_piece<M: Machine>(&self) -> Result<Option<u64>, EngineError> {
        let stream = format!("engine/tags/{}", M::KIND);
        let read = |json: Option<String>| {
            let known = json.map(|json| decode_json::<Progress>("progress", &stream, &json));
            let fresh = Progress {
                version: M::TAGS,
                step: Step::Removing,
            };
            Ok::<_, EngineError>(match known.transpose()? {
                Some(known) if known.version == M::TAGS => known,
                _ => fresh,
            })
        };
        if matches!(read(self.cursor(&stream).await?)?.step, Step::Done) {
            return Ok(None);
        }
        let mut unit = self.begin(UnixMillis::now()).await?;
        let progress = read(unit.cursor(&stream).await?)?;
        let (step, count) = match progress.step {
            Step::Removing => (remove_piece(unit.connection(), M::KIND).await?, 0),
            Step::Writing { after } => write_piece::<M>(unit.connection(), &after).await?,
            Step::Done => (Step::Done, 0),
        };
        let progress = Progress {
            version: M::TAGS,
            step,
        };
        let json = encode_json("progress", &stream, &progress)?;
        unit.set_cursor(&stream, &json).await?;
        unit.commit().await?;
        Ok(Some(count))
    }
}

async fn remove_piece(connection: &mut Connection, kind: &str) -> Result<Step, EngineError> {
    let removed = query(
        "DELETE FROM tags WHERE (kind, name, value, created_at, key) IN \
         (SELECT kind, name, value, created_at, key FROM tags WHERE kind = $1 LIMIT $2)",
    )
    .bind(kind)
    .bind(sql::limit(4 * PIECE))
    .execute(connection)
    .await?;
    Ok(if removed == 0 {
        Step::Writing {
            after: String::new(),
        }
    } else {
        Step::Removing
    })
}

async fn write_piece<M: Machine>(
    connection: &mut Connection,
    after: &str,
) -> Result<(Step, u64), EngineError> {
    let stored = process::following(connection, M::KIND, after, PIECE).await?;
    let Some((last, _)) = stored.last() else {
        return Ok((Step::Done, 0));
    };
    let after = last.clone();
    let mut tagged = Vec::with_capacity(stored.len());
    for (key, stored) in &stored {
        let process = stored.decode::<M::State>(key.clone())?;
        tagged.push(Tagged {
            key: key.clone(),
            created_at: stored.created_at,
            tags: M::tags(&process.state).into_iter().collect(),
        });
    }
    insert(connection, M::KIND, &tagged).await?;
    Ok((
        Step::Writing { after },
        u64::try_from(stored.len()).unwrap_or(u64::MAX),
    ))
}
