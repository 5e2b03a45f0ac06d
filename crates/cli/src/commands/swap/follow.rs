//! Going through with swaps while a person looks on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use causeway_swap::{Phase, SwapId};
use causeway_swap_service::SwapService;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{
    failed,
    view::{self, SwapView},
};
use crate::{
    config::LoadedConfig,
    failure::{Exit, Failure},
    output::Output,
    progress::Progress,
    store::open_store,
    swaps::{self, Assets, Lanes, Swaps},
};

/// How often the store is looked at.
const LOOK: Duration = Duration::from_millis(300);
/// How long to stay for the other party when there is nothing more to gain.
const COURTESY: Duration = Duration::from_secs(15);
/// How long to wait for our turn. Whoever fell before us holds it for some seconds.
const TURN: Duration = Duration::from_secs(12);

/// What to do about another process that works on the swaps of the store, for whoever wants to begin
/// something there.
pub(super) const STOP_IT: &str =
    "let it go on, or stop it first; `causeway swap list` shows what it does";

/// A service that works in the background of a command.
pub(super) struct Running {
    service: Arc<SwapService>,
    assets: Assets,
    lanes: Lanes,
    stop: CancellationToken,
    work: JoinHandle<Result<(), causeway_swap_service::SwapError>>,
}

impl Running {
    /// Opens keys, store and chains, and begins to work on all swaps that are open. Fails with this remedy
    /// when another process does.
    pub(super) async fn start(
        loaded: &LoadedConfig,
        if_others_work: &str,
    ) -> Result<Self, Failure> {
        let running = Self::try_start(loaded).await?;
        let leads = running.service.leads();
        if tokio::time::timeout(TURN, leads).await.is_ok() {
            return Ok(running);
        }
        running.stop().await?;
        Err(
            Failure::failed("swaps", "another process works on the swaps of this store")
                .at("store")
                .remedy(if_others_work),
        )
    }

    /// Opens everything without working on anything.
    pub(super) async fn look_on(loaded: &LoadedConfig) -> Result<Swaps, Failure> {
        let engine = open_store(&loaded.store()).await?;
        let owner = format!("swap-{}", std::process::id());
        swaps::open(loaded, &engine, owner).await
    }

    async fn try_start(loaded: &LoadedConfig) -> Result<Self, Failure> {
        let opened = Self::look_on(loaded).await?;
        let service = Arc::new(opened.service);
        let stop = CancellationToken::new();
        let (working, until) = (service.clone(), stop.clone());
        let work = tokio::spawn(async move { working.run(until).await });
        Ok(Self {
            service,
            assets: opened.assets,
            lanes: opened.lanes,
            stop,
            work,
        })
    }

    pub(super) fn service(&self) -> &SwapService {
        &self.service
    }

    pub(super) const fn assets(&self) -> &Assets {
        &self.assets
    }

    /// Ends the work where it may be taken up again.
    pub(super) async fn stop(self) -> Result<(), Failure> {
        self.stop.cancel();
        let ended = self.work.await;
        self.lanes.close().await;
        ended
            .map_err(|error| Failure::failed("swaps", error))?
            .map_err(|error| failed(&error))
    }
}

/// Tells what happens until nothing of ours is at stake in these swaps.
pub(super) async fn until_settled(
    running: &Running,
    swaps: &[SwapId],
    output: Output,
) -> Result<(), Failure> {
    let progress = Progress::new(output);
    let mut told: BTreeMap<SwapId, BTreeSet<String>> = BTreeMap::new();
    let mut ends: BTreeMap<SwapId, Phase> = BTreeMap::new();
    loop {
        for swap in swaps {
            if ends.contains_key(swap) {
                continue;
            }
            let record = running.service().ledger().record(*swap).await;
            let record = record.map_err(|error| failed(&error))?;
            let troubles = running.service().ledger().troubles(*swap).await;
            let troubles = troubles.map_err(|error| failed(&error))?;
            let view = SwapView::of(&record, troubles, running.assets()).await?;
            let told = told.entry(*swap).or_default();
            for step in view::steps(&record, &view) {
                if told.insert(step.key()) {
                    progress.step(&step);
                }
            }
            progress.waiting(view.waiting_for());
            if record.swap.phase().is_settled() {
                ends.insert(*swap, record.swap.phase());
                progress.step(&view);
            }
        }
        if ends.len() == swaps.len() {
            stay(running, swaps, &progress).await?;
            return outcome(ends.values().copied());
        }
        if running.work.is_finished() {
            let message = "the work on swaps has ended: the log says why";
            return Err(Failure::failed("swaps", message)
                .remedy("what was begun is kept; go on with `causeway swap resume`"));
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = tokio::signal::ctrl_c() => {
                return Err(Failure::failed("interrupted", "the swap goes on when you do")
                    .remedy("run `causeway swap resume` soon, before a time lock ends"));
            }
        }
    }
}

/// The other party may still ask for a signature that makes its claim smaller. Whoever has what it wanted stays
/// for that, for a little while.
async fn stay(running: &Running, swaps: &[SwapId], progress: &Progress) -> Result<(), Failure> {
    let until = Instant::now() + COURTESY;
    for swap in swaps {
        while Instant::now() < until {
            let record = running.service().ledger().record(*swap).await;
            let record = record.map_err(|error| failed(&error))?;
            let claims = record.swap.phase() == Phase::Claim2Final
                && record.swap.facts().legs.first.spend.is_none();
            if !claims || !running.service().is_connected(record.peer.id) {
                break;
            }
            progress.waiting("the other party's claim, which is cheaper with our signature");
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = tokio::signal::ctrl_c() => return Ok(()),
            }
        }
    }
    Ok(())
}

/// A command about swaps that were refunded ends as one about a transfer that was.
fn outcome(ends: impl Iterator<Item = Phase>) -> Result<(), Failure> {
    let ends: Vec<Phase> = ends.collect();
    if ends.contains(&Phase::Lost) {
        return Err(
            Failure::failed("lost", "both legs of a swap went to the other party")
                .remedy("the assumptions about a chain in [swaps] did not hold; the log says when"),
        );
    }
    let back = |phase: &Phase| matches!(phase, Phase::Refunded | Phase::Cancelled);
    if ends.iter().any(back) {
        let message = "the swap did not come about; nothing was lost but fees";
        return Err(Failure::new(Exit::NotDelivered, "refunded", message));
    }
    Ok(())
}
