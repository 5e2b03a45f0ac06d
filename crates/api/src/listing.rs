//! Lists: a page, or the whole as lines of JSON.

use std::{future::Future, pin::Pin, sync::Arc};

use async_trait::async_trait;
use axum::{
    Json,
    body::{Body, Bytes},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use causeway_alerts::{Alert, AlertMachine};
use causeway_engine::{Engine, Index, Place, Process};
use causeway_relayer::{PacketMachine, PacketRecord};
use causeway_swap_service::{Ledger, Record};
use futures::stream;
use serde::Serialize;

use crate::{Kind, Refusal, cursor::Binding, model::Page, query::MOST};

/// The most rows that are looked at for one page. A filter that few of them pass takes several pages.
const BUDGET: usize = 1_000;

/// The type of a list that has a line for each item.
const LINES: &str = "application/x-ndjson";

type Rows<S> = Result<Vec<Process<S>>, Refusal>;

/// Where rows are read.
#[async_trait]
pub(crate) trait Source<S>: Send + Sync {
    async fn newest(&self, indexes: &[Index], before: Option<&Place>, limit: usize) -> Rows<S>;
}

#[async_trait]
impl Source<PacketRecord> for Engine {
    async fn newest(
        &self,
        indexes: &[Index],
        before: Option<&Place>,
        limit: usize,
    ) -> Rows<PacketRecord> {
        let found = Engine::newest::<PacketMachine>(self, indexes, before, limit).await;
        found.map_err(|error| Refusal::internal(&error))
    }
}

#[async_trait]
impl Source<Alert> for Engine {
    async fn newest(&self, indexes: &[Index], before: Option<&Place>, limit: usize) -> Rows<Alert> {
        let found = Engine::newest::<AlertMachine>(self, indexes, before, limit).await;
        found.map_err(|error| Refusal::internal(&error))
    }
}

#[async_trait]
impl Source<Record> for Ledger {
    async fn newest(
        &self,
        indexes: &[Index],
        before: Option<&Place>,
        limit: usize,
    ) -> Rows<Record> {
        let found = Ledger::newest(self, indexes, before, limit).await;
        found.map_err(|error| Refusal::internal(&error))
    }
}

type Keep<S> = dyn Fn(&Process<S>) -> bool + Send + Sync;
type Shown<T> = Pin<Box<dyn Future<Output = Result<Vec<T>, Refusal>> + Send>>;
type Show<S, T> = dyn Fn(Vec<Process<S>>) -> Shown<T> + Send + Sync;

/// A list of what is kept, newest first.
pub(crate) struct List<S, T> {
    source: Arc<dyn Source<S>>,
    indexes: Vec<Index>,
    keep: Box<Keep<S>>,
    show: Box<Show<S, T>>,
    binding: Binding,
}

impl<S: Send + 'static, T: Serialize + Send + 'static> List<S, T> {
    /// What any of the indexes holds and `keep` keeps, as `show` shows it. `filters` tells this list from
    /// others of its name.
    pub(crate) fn new<F>(
        source: Arc<dyn Source<S>>,
        (name, filters): (&'static str, &str),
        indexes: Vec<Index>,
        keep: impl Fn(&Process<S>) -> bool + Send + Sync + 'static,
        show: impl Fn(Vec<Process<S>>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Vec<T>, Refusal>> + Send + 'static,
    {
        Self {
            source,
            indexes,
            keep: Box::new(keep),
            show: Box::new(move |rows| Box::pin(show(rows))),
            binding: Binding::to(name, filters),
        }
    }

    /// A page, or all lines from the cursor on if these are asked for.
    pub(crate) async fn answer(
        self,
        headers: &HeaderMap,
        cursor: Option<&str>,
        limit: u16,
    ) -> Result<Response, Refusal> {
        if !(1..=MOST).contains(&limit) {
            let problem = format!("expected 1 to {MOST}");
            return Err(
                Refusal::new(Kind::BadParameter, format!("the limit is {limit}"))
                    .field("limit", problem),
            );
        }
        let before = cursor.map(|text| self.binding.read(text)).transpose()?;
        if wants_lines(headers) {
            return self.lines(before).await;
        }
        let (rows, next) = self.page(before, usize::from(limit)).await?;
        let page = Page {
            items: (self.show)(rows).await?,
            next: next.map(|place| self.binding.write(&place)),
        };
        Ok(Json(page).into_response())
    }

    /// The rows of a page, and where the next one begins, if there is one.
    async fn page(
        &self,
        mut before: Option<Place>,
        limit: usize,
    ) -> Result<(Vec<Process<S>>, Option<Place>), Refusal> {
        let mut kept = Vec::new();
        let mut looked_at = 0;
        // One more than is shown, to know whether there is a next page; more of them where few are kept.
        let mut wanted = limit + 1;
        loop {
            let rows = self.source.newest(&self.indexes, before.as_ref(), wanted);
            let rows = rows.await?;
            let ended = rows.len() < wanted;
            for row in rows {
                if kept.len() == limit {
                    return Ok((kept, before));
                }
                looked_at += 1;
                before = Some(Place::of(&row));
                if (self.keep)(&row) {
                    kept.push(row);
                }
            }
            if ended {
                return Ok((kept, None));
            }
            if looked_at >= BUDGET {
                return Ok((kept, before));
            }
            wanted = usize::from(MOST);
        }
    }

    /// All items from a place on, read a piece at a time as fast as they are taken.
    async fn lines(self, before: Option<Place>) -> Result<Response, Refusal> {
        // What is wrong is mostly so from the beginning, when it can still be told.
        let (first, next) = self.piece(before).await?;
        let list = Arc::new(self);
        let rest = stream::try_unfold(next, move |next| {
            let list = list.clone();
            async move {
                let Some(place) = next else {
                    return Ok::<_, std::io::Error>(None);
                };
                let piece = list.piece(Some(place)).await;
                piece.map(Some).map_err(|refusal| {
                    // A body that breaks off is how it is told that the list is not whole.
                    std::io::Error::other(refusal.problem().detail)
                })
            }
        });
        let first = stream::once(async move { Ok(first) });
        let body = Body::from_stream(futures::StreamExt::chain(first, rest));
        Ok(([(header::CONTENT_TYPE, LINES)], body).into_response())
    }

    async fn piece(&self, before: Option<Place>) -> Result<(Bytes, Option<Place>), Refusal> {
        let (rows, next) = self.page(before, usize::from(MOST)).await?;
        let mut lines = Vec::new();
        for item in (self.show)(rows).await? {
            serde_json::to_writer(&mut lines, &item).map_err(|error| Refusal::internal(&error))?;
            lines.push(b'\n');
        }
        Ok((lines.into(), next))
    }
}

fn wants_lines(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter();
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    let mut types = accepted.flat_map(|value| value.split(','));
    types.any(|range| range.split(';').next().is_some_and(|t| t.trim() == LINES))
}
