//! Carries out what swaps ask for: on chains, and by talking.
//!
//! Nothing done on a chain is ever complete for having been done: it is done again, about once in a block,
//! until the chain shows it and the swap asks no more.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use causeway_engine::{Claimed, EffectId};
use causeway_swap::{Effect, SwapId};
use tokio::{
    sync::watch,
    task::{JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{
    SwapError,
    chain::{ChainError, Locked, Spending, SwapChain, Together},
    conversation::Conversations,
    ledger::Ledger,
    record::{TALK, Task, lane},
};

/// So many actions of one lane are under way at once.
const AT_ONCE: usize = 64;
/// How long an action may take before somebody else may take it up.
const LEASE: Duration = Duration::from_secs(120);
/// How long one action may take. Whatever it has sent goes on by itself.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often an executor looks for what others have asked for.
const LOOK: Duration = Duration::from_millis(500);
/// How long to wait for the other party's answer before it is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(20);

/// Carries out the tasks of one chain.
pub(crate) struct ChainExecutor {
    pub(crate) chain: Arc<dyn SwapChain>,
    pub(crate) ledger: Ledger,
    /// How long until an action is done again that the chain does not show yet: about a block.
    pub(crate) again: Duration,
    pub(crate) owner: String,
    /// Up to which height swaps have been told of the chain.
    pub(crate) told: watch::Receiver<Option<u64>>,
    /// Whether that has ever been as far as the chain has come.
    pub(crate) is_caught_up: AtomicBool,
}

/// Carries out the tasks that are said to other parties.
pub(crate) struct TalkExecutor {
    pub(crate) conversations: Conversations,
    pub(crate) ledger: Ledger,
    pub(crate) owner: String,
}

/// What becomes of a task that was carried out.
enum Next {
    /// It is done for good.
    Done,
    /// It is to be done again after so long.
    Again(Duration),
}

/// Carries out one task.
trait Execute: Send + Sync + 'static {
    fn execute(
        &self,
        swap: SwapId,
        task: &Task,
    ) -> impl Future<Output = Result<Next, SwapError>> + Send;
}

impl ChainExecutor {
    /// Works until stopped.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), SwapError> {
        let lane = lane(self.chain.id());
        let (ledger, owner) = (self.ledger.clone(), self.owner.clone());
        work(self, &ledger, &lane, &owner, &stop).await
    }
}

impl TalkExecutor {
    /// Works until stopped.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), SwapError> {
        let (ledger, owner) = (self.ledger.clone(), self.owner.clone());
        work(self, &ledger, TALK, &owner, &stop).await
    }
}

impl ChainExecutor {
    /// A store that was put back from an old copy, or whose owner was away for long, may not know of a
    /// lock that was made long ago: until it has read what the chain holds, nothing is locked. Both could
    /// be claimed with one secret.
    async fn expect_caught_up(&self) -> Result<(), SwapError> {
        if self.is_caught_up.load(Ordering::Acquire) {
            return Ok(());
        }
        let head = self.ledger.heads.refresh(self.chain.as_ref()).await?;
        let told = *self.told.borrow();
        if told < Some(head.height) {
            let told = told.map_or("none".to_owned(), |height| format!("those up to {height}"));
            let message = format!(
                "blocks up to {} are to be read before anything is locked, and {told} have been",
                head.height
            );
            return Err(ChainError::passing(self.chain.id(), message).into());
        }
        self.is_caught_up.store(true, Ordering::Release);
        Ok(())
    }

    /// Spends a lock for somebody that we watch over.
    async fn act_for(&self, swap: SwapId, what: Spending) -> Result<Next, SwapError> {
        let watch = self.ledger.watch(swap).await?;
        let Some(delegated) = watch.ward.delegated(what) else {
            return Ok(Next::Done);
        };
        if watch.wanted() != Some(what) {
            return Ok(Next::Done);
        }
        let lock = watch.ward.lock(watch.ward.leg(what));
        let locked = Locked {
            lock: &lock,
            at: &delegated.at,
        };
        let data = &delegated.data;
        self.chain
            .act_for(locked, what, data, watch.secret())
            .await?;
        Ok(Next::Again(self.again))
    }
}

impl Execute for ChainExecutor {
    async fn execute(&self, swap: SwapId, task: &Task) -> Result<Next, SwapError> {
        if let Task::ActFor(what) = task {
            return self.act_for(swap, *what).await;
        }
        if let Task::Do(Effect::PublishLock { .. }) = task {
            self.expect_caught_up().await?;
        }
        let record = self.ledger.record(swap).await?;
        if !record.wants(task) {
            return Ok(Next::Done);
        }
        let leg = match task {
            Task::Do(
                Effect::PublishLock { leg }
                | Effect::Claim { leg, .. }
                | Effect::Refund { leg }
                | Effect::RefundTogether { leg }
                | Effect::Rebroadcast { leg },
            )
            | Task::ClaimTogether { leg } => *leg,
            _ => return Ok(Next::Done),
        };
        let lock = record.lock(leg);
        let again = Ok(Next::Again(self.again));
        if let Task::Do(Effect::PublishLock { .. }) = task {
            self.chain.lock(&lock).await?;
            return again;
        }
        if let Task::Do(Effect::Rebroadcast { .. }) = task {
            self.chain.rebroadcast(&lock).await?;
            return again;
        }
        // Until its block comes back there is nothing to spend.
        let Some(at) = record.locked_at(leg) else {
            return again;
        };
        let locked = Locked { lock: &lock, at };
        match task {
            Task::Do(Effect::Claim { secret, before, .. }) => {
                self.chain.claim(locked, secret, *before).await?;
            }
            Task::Do(Effect::Refund { .. }) => self.chain.refund(locked).await?,
            Task::Do(Effect::RefundTogether { .. }) => {
                if let Some(signed) = &record.refund {
                    let what = Together::Refund;
                    self.chain.spend_together(locked, what, signed).await?;
                }
            }
            Task::ClaimTogether { .. } => {
                if let Some(signed) = &record.claim {
                    let what = Together::Claim;
                    self.chain.spend_together(locked, what, signed).await?;
                }
            }
            _ => {}
        }
        again
    }
}

impl Execute for TalkExecutor {
    async fn execute(&self, swap: SwapId, task: &Task) -> Result<Next, SwapError> {
        let record = self.ledger.record(swap).await?;
        if !record.wants(task) {
            return Ok(Next::Done);
        }
        match task {
            Task::Do(Effect::AskToClaim { leg, secret }) => {
                // What was signed already only has to be sent, which the chain's executor does.
                if record.claim.is_none() {
                    let talk = &self.conversations;
                    talk.ask_to_claim(&record, *leg, secret.clone()).await?;
                }
                Ok(Next::Again(ASK_AGAIN))
            }
            Task::Do(Effect::AskForRefund { leg }) => {
                self.conversations.ask_for_refund(&record, *leg).await?;
                Ok(Next::Again(ASK_AGAIN))
            }
            Task::Answer(asked) => {
                self.conversations.answer(&record, asked).await?;
                Ok(Next::Done)
            }
            _ => Ok(Next::Done),
        }
    }
}

/// Claims tasks of a lane and carries them out side by side, until stopped. What is under way then is
/// left where it is: it is taken up again by whoever comes next.
///
/// Each is a task of its own. Whatever waits for the store's one writer must go on while another of them,
/// or the loop, waits for it too: it may hold what they wait for.
async fn work(
    executor: impl Execute,
    ledger: &Ledger,
    lane: &str,
    owner: &str,
    stop: &CancellationToken,
) -> Result<(), SwapError> {
    let mut changed = ledger.engine.changed();
    let executor = Arc::new(executor);
    let mut under_way = JoinSet::new();
    loop {
        let room = AT_ONCE - under_way.len();
        if room > 0 {
            let claimed = ledger
                .engine
                .claim::<Task>(lane, owner, room, LEASE, ledger.clock.millis())
                .await;
            match claimed {
                Ok(tasks) => {
                    for task in tasks {
                        let executor = executor.clone();
                        under_way.spawn(async move { carry_out(executor.as_ref(), task).await });
                    }
                }
                Err(error) if error.is_transient() => {
                    warn!(lane, %error, "no tasks could be claimed");
                }
                Err(error) => return Err(error.into()),
            }
        }
        tokio::select! {
            () = stop.cancelled() => break,
            Some(ended) = under_way.join_next() => {
                let mut outcomes = Outcomes::default();
                outcomes.add(ended);
                // Whatever has ended meanwhile is kept in the same breath: the store writes one thing at a
                // time, and waits for the disk each time.
                while let Some(ended) = under_way.try_join_next() {
                    outcomes.add(ended);
                }
                outcomes.keep(ledger, owner).await;
            }
            _ = changed.changed() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    under_way.shutdown().await;
    ledger.engine.release(owner).await?;
    Ok(())
}

/// Carries out a task, within reason.
async fn carry_out(
    executor: &impl Execute,
    claimed: Claimed<Task>,
) -> (Claimed<Task>, Result<Next, SwapError>) {
    let Ok(swap) = claimed.process.key.parse().map(SwapId) else {
        let error = SwapError::Malformed(format!("{} names no swap", claimed.key));
        return (claimed, Err(error));
    };
    let executing = executor.execute(swap, &claimed.effect);
    // What takes too long goes on by itself, and is looked at again.
    let outcome = tokio::time::timeout(PATIENCE, executing).await;
    (claimed, outcome.unwrap_or(Ok(Next::Again(Duration::ZERO))))
}

/// What became of tasks that have ended, to be kept together.
#[derive(Default)]
struct Outcomes {
    done: Vec<EffectId>,
    again: BTreeMap<Duration, Vec<EffectId>>,
    failed: Vec<(EffectId, String)>,
}

impl Outcomes {
    fn add(&mut self, ended: Result<(Claimed<Task>, Result<Next, SwapError>), JoinError>) {
        let (claimed, outcome) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                // Its claim ends by itself.
                warn!(%error, "an action ended unexpectedly, and is taken up again");
                return;
            }
        };
        match outcome {
            Ok(Next::Done) => self.done.push(claimed.id),
            Ok(Next::Again(after)) => self.again.entry(after).or_default().push(claimed.id),
            Err(error) => {
                let key = &claimed.key;
                if claimed.attempts == 0 {
                    warn!(key, %error, "failed, and is tried again");
                } else {
                    debug!(key, attempts = claimed.attempts, %error, "failed again");
                }
                let lane = claimed.lane.clone();
                metrics::counter!("causeway_swap_failures_total", "lane" => lane).increment(1);
                self.failed.push((claimed.id, error.to_string()));
            }
        }
    }

    /// Keeps all of them in one unit.
    async fn keep(self, ledger: &Ledger, owner: &str) {
        let kept = async {
            let now = ledger.clock.millis();
            let mut unit = ledger.engine.begin(now).await?;
            // Those whose lease was lost are somebody else's now, who does them again.
            let _ = unit.complete(&self.done, owner).await?;
            for (after, ids) in &self.again {
                let _ = unit.postpone(ids, owner, now.plus(*after)).await?;
            }
            for (id, error) in &self.failed {
                let _ = unit.retry(&[*id], owner, error).await?;
            }
            unit.commit().await
        };
        if let Err(error) = kept.await {
            warn!(%error, "what became of actions could not be kept; they are done again");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::atomic::{AtomicUsize, Ordering},
    };

    use causeway_engine::{Engine, Machine, NewEffect, Step};
    use causeway_swap::Leg;

    use super::*;

    const LANE: &str = "many";
    const MANY: u8 = 100;

    /// A process with one task that is always wanted.
    struct Many;

    impl Machine for Many {
        const KIND: &'static str = "many";
        type State = ();
        type Input = ();
        type Effect = Task;
        type Error = Infallible;

        fn handle(_: Option<()>, (): ()) -> Result<Step<(), Task>, Infallible> {
            let task = Task::ClaimTogether { leg: Leg::First };
            Ok(Step::to((), "wanted").effect(NewEffect::new("task", LANE, task)))
        }
    }

    /// Writes for a while, as actions do that store what they are going to send.
    struct Writes(Ledger, Arc<AtomicUsize>);

    impl Execute for Writes {
        async fn execute(&self, _: SwapId, _: &Task) -> Result<Next, SwapError> {
            let mut unit = self.0.begin().await?;
            tokio::time::sleep(Duration::from_millis(2)).await;
            unit.set_cursor("written", "yes").await?;
            unit.commit().await?;
            self.1.fetch_add(1, Ordering::SeqCst);
            Ok(Next::Done)
        }
    }

    #[tokio::test]
    async fn actions_that_write_do_not_wait_for_each_other_for_ever() {
        let ledger = Ledger::new(Engine::open("sqlite::memory:").await.unwrap());
        let mut unit = ledger.begin().await.unwrap();
        for number in 0..MANY {
            let key = format!("0x{}", alloy_primitives::hex::encode([number; 32]));
            unit.handle::<Many>(&key, ()).await.unwrap();
        }
        unit.commit().await.unwrap();
        let (done, stop) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
        let writes = Writes(ledger.clone(), done.clone());
        let until = stop.clone();
        let working = tokio::spawn(async move { work(writes, &ledger, LANE, "me", &until).await });
        let all = async {
            while done.load(Ordering::SeqCst) < usize::from(MANY) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        // A standstill lasts until somebody gives up, which takes a minute.
        let in_time = tokio::time::timeout(Duration::from_secs(30), all).await;
        assert!(in_time.is_ok(), "{done:?} of {MANY} are done");
        stop.cancel();
        working.await.unwrap().unwrap();
    }
}
