//! Durable processes: events, state and outgoing effects committed together.
//!
//! The engine knows no protocol and no chain. A protocol is a pure [`Machine`]; a service feeds it
//! inputs inside a [`Unit`] of work, and the new state, the effects, the journal and the cursor
//! become durable in one transaction or not at all. Executors then [`Engine::claim`] effects under
//! leases, act, and [`Unit::complete`] them. An effect is carried out at least once and must be
//! harmless to repeat; its key names it for whoever has to recognise the repetition.
//!
//! A store is a `SQLite` file or a `PostgreSQL` database. On either, units of work follow one another
//! and each sees all that the one before has committed; processes that share a `PostgreSQL` store
//! wait for each other, which is why nothing here can collide.
//!
//! Time is always an input ([`UnixMillis`]), and so is the seed of the back-off's jitter, so that
//! the same code runs under a simulated clock.

mod backoff;
mod database;
mod effects;
mod engine;
mod error;
mod feed;
mod guard;
mod journal;
mod lanes;
mod leader;
mod lease;
mod machine;
mod operator;
mod process;
mod prune;
mod search;
mod sql;
mod tags;
mod time;
mod transactions;
mod unit;
mod write_buffer;

pub use backoff::RetryPolicy;
pub use effects::{Claimed, EffectFilter, EffectId, EffectStatus, EffectView, LaneBacklog};
pub use engine::{Engine, EngineOptions};
pub use error::{EngineError, UnitError};
pub use feed::{Change, Kept};
pub use guard::{Conflict, Guard, Verdict};
pub use journal::{JournalBlock, JournalEntry, Withdrawn};
pub use leader::{Leader, Term};
pub use lease::Leased;
pub use machine::{Machine, NewEffect, News, Step, Wake};
pub use process::{Filter, Process, ProcessId};
pub use prune::Pruned;
pub use search::{Index, Place};
pub use tags::Tag;
pub use time::UnixMillis;
pub use transactions::{MinedIn, Reserved, TxOutcome, TxRecord, TxState};
pub use unit::Unit;
