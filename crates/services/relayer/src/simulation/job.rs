//! A batch on its way through the world: the simulator decides when it goes on, and whether the
//! relayer lives to see it arrive.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
};

/// Places where a batch touches the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    Client,
    Moot,
    Witness,
    /// The transaction is about to be sent.
    BeforeSending,
    /// It was sent, and is in no block yet.
    Sent,
    /// It is in a block, and nobody has been told.
    Mined,
}

pub(super) const POINTS: [Point; 6] = [
    Point::Client,
    Point::Moot,
    Point::Witness,
    Point::BeforeSending,
    Point::Sent,
    Point::Mined,
];

/// What is to happen to a batch on its way. It is drawn before the batch starts, so that chance does
/// not depend on the order in which the batch's parts run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plan {
    /// The world is slow here: everything else goes on meanwhile.
    pub(super) slow_at: Option<Point>,
    /// The relayer dies here.
    pub(super) dies_at: Option<Point>,
}

#[derive(Default)]
struct Progress {
    plan: Plan,
    /// Parts that wait for the simulator.
    parked: AtomicUsize,
    /// Parts that wait for a database beside the relayer's own.
    busy: AtomicUsize,
    turn: AtomicUsize,
    dying: AtomicBool,
    wakers: Mutex<Vec<Waker>>,
}

tokio::task_local! {
    static PROGRESS: Arc<Progress>;
}

fn current() -> Option<Arc<Progress>> {
    PROGRESS.try_with(Arc::clone).ok()
}

/// Counts a part for as long as it lives.
struct Counted(Arc<Progress>, fn(&Progress) -> &AtomicUsize);

impl Counted {
    fn new(progress: &Arc<Progress>, which: fn(&Progress) -> &AtomicUsize) -> Self {
        which(progress).fetch_add(1, SeqCst);
        Self(progress.clone(), which)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.1)(&self.0).fetch_sub(1, SeqCst);
    }
}

/// Waits until the batch is given another turn. Outside of a batch nothing waits.
pub(super) async fn wait_for_turn() {
    let Some(progress) = current() else { return };
    let _parked = Counted::new(&progress, |progress| &progress.parked);
    let before = progress.turn.load(SeqCst);
    poll_fn(|context| {
        if progress.turn.load(SeqCst) != before {
            return Poll::Ready(());
        }
        progress
            .wakers
            .lock()
            .unwrap()
            .push(context.waker().clone());
        Poll::Pending
    })
    .await;
}

/// Lets happen what the plan says for this place.
pub(super) async fn reach(point: Point) {
    let Some(progress) = current() else { return };
    if progress.plan.dies_at == Some(point) {
        progress.dying.store(true, SeqCst);
        let _parked = Counted::new(&progress, |progress| &progress.parked);
        std::future::pending::<()>().await;
    }
    if progress.plan.slow_at == Some(point) {
        wait_for_turn().await;
    }
}

/// Does work that the simulator has no part in, such as an attestor's with its database.
pub(super) async fn beside<T>(work: impl Future<Output = T>) -> T {
    let _busy = current().map(|progress| Counted::new(&progress, |progress| &progress.busy));
    work.await
}

/// How a turn of a batch ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn<T> {
    Done(T),
    Waits,
    /// The relayer is to die now.
    Dies,
}

/// A batch that can be given turns.
pub(super) struct Job<T> {
    progress: Arc<Progress>,
    work: Pin<Box<dyn Future<Output = T> + Send>>,
}

impl<T: 'static> Job<T> {
    pub(super) fn new(plan: Plan, work: impl Future<Output = T> + Send + 'static) -> Self {
        let progress = Arc::new(Progress {
            plan,
            ..Progress::default()
        });
        let work = Box::pin(PROGRESS.scope(progress.clone(), work));
        Self { progress, work }
    }

    /// Runs until nothing more can happen without the simulator.
    pub(super) async fn turn(&mut self) -> Turn<T> {
        self.progress.turn.fetch_add(1, SeqCst);
        for waker in std::mem::take(&mut *self.progress.wakers.lock().unwrap()) {
            waker.wake();
        }
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Turn<T>> {
        if let Poll::Ready(done) = self.work.as_mut().poll(context) {
            return Poll::Ready(Turn::Done(done));
        }
        let count = |which: &AtomicUsize| which.load(SeqCst);
        if count(&self.progress.parked) == 0 || count(&self.progress.busy) > 0 {
            return Poll::Pending;
        }
        let dying = self.progress.dying.load(SeqCst);
        Poll::Ready(if dying { Turn::Dies } else { Turn::Waits })
    }
}
