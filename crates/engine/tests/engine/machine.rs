//! A machine that does as its input says, so that each test reads as what happens.

use causeway_engine::{Engine, EngineOptions, Machine, NewEffect, RetryPolicy, Step, UnixMillis};
use tempfile::TempDir;

/// Adds the step's state to its own and otherwise passes the step on; `None` is refused.
pub(crate) struct Adder;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl Machine for Adder {
    const KIND: &'static str = "adder";
    type State = u64;
    type Input = Option<Step<u64, String>>;
    type Effect = String;
    type Error = Refused;

    fn handle(
        state: Option<u64>,
        input: Option<Step<u64, String>>,
    ) -> Result<Step<u64, String>, Refused> {
        let mut step = input.ok_or(Refused)?;
        step.state = step.state.map(|more| state.unwrap_or(0) + more);
        Ok(step)
    }
}

/// Adds this much.
pub(crate) fn add(more: u64) -> Step<u64, String> {
    Step::to(more, "adding")
}

/// An effect whose body is its key, on lane `lane`.
pub(crate) fn effect(key: &str) -> NewEffect<String> {
    NewEffect::new(key, "lane", key.to_owned())
}

pub(crate) fn at(millis: i64) -> UnixMillis {
    UnixMillis::from_millis(millis)
}

pub(crate) const RETRY: RetryPolicy = RetryPolicy {
    first: std::time::Duration::from_millis(100),
    factor: 2.0,
    max: std::time::Duration::from_secs(10),
    jitter: 0.2,
};

/// A store in a directory of its own, which can be opened again.
pub(crate) struct Store {
    pub(crate) directory: TempDir,
}

impl Store {
    pub(crate) fn new() -> Self {
        Self {
            directory: TempDir::new().unwrap(),
        }
    }

    pub(crate) fn url(&self) -> String {
        let path = self.directory.path().join("engine.sqlite");
        format!("sqlite://{}", path.display())
    }

    pub(crate) async fn open(&self) -> Engine {
        let options = EngineOptions {
            retry: RETRY,
            seed: Some(1),
        };
        Engine::open_with(&self.url(), options).await.unwrap()
    }
}

/// Feeds one input in a unit of its own.
pub(crate) async fn feed(engine: &Engine, key: &str, step: Step<u64, String>, now: UnixMillis) {
    let mut unit = engine.begin(now).await.unwrap();
    unit.handle::<Adder>(key, Some(step)).await.unwrap();
    unit.commit().await.unwrap();
}
