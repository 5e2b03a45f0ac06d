//! Looks out no more for what is over for good, so that what is looked out for does not grow with every
//! swap there ever was.

use std::time::Duration;

use causeway_swap::{Head, Leg, SwapId};
use causeway_types::BlockRef;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::{
    SwapError,
    desk::Desk,
    heads::Heads,
    ledger::Ledger,
    record::Record,
    tower::{TowerMachine, Watch},
};

/// How often to look for what is over.
const LOOK: Duration = Duration::from_secs(5);

/// Forgets what is over for good, until stopped.
pub(crate) async fn keep_forgetting(desk: Desk, stop: CancellationToken) -> Result<(), SwapError> {
    while !stop.is_cancelled() {
        if let Err(error) = desk.forget_what_is_over().await {
            if !error.passes() {
                return Err(error);
            }
            warn!(%error, "what is over could not be forgotten");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    Ok(())
}

impl Desk {
    async fn forget_what_is_over(&self) -> Result<(), SwapError> {
        for swap in self.watched() {
            // Nothing begins meanwhile that would have to be looked out for.
            let _beginning = self.beginning().await;
            if self.ledger.is_over_for_good(swap).await? {
                self.forget(swap);
                debug!(%swap, "nothing is left to look out for");
            }
        }
        Ok(())
    }
}

impl Ledger {
    /// Whether nothing that a chain may still show of a swap matters to us, nor to whom we watch over.
    async fn is_over_for_good(&self, swap: SwapId) -> Result<bool, SwapError> {
        let record = self.find(swap).await?;
        let key = swap.to_string();
        let watch = self.engine.process::<TowerMachine>(&key).await?;
        let watch = watch.map(|process| process.state);
        // Of what is neither, nothing ever began: it was refused.
        Ok(
            record.is_none_or(|record| record.is_over_for_good(&self.heads))
                && watch.is_none_or(|watch| watch.is_over_for_good(&self.heads)),
        )
    }
}

/// Whether a final block is beyond doubt: so deep that as many blocks again have followed as made it final.
fn is_buried(block: BlockRef, confirmations: u64, head: &Head) -> bool {
    head.height >= block.height.saturating_add(confirmations.saturating_mul(2))
}

impl Record {
    /// Whether both locks are spent for good, or were never made and never will be by us.
    pub(crate) fn is_over_for_good(&self, heads: &Heads) -> bool {
        let is_over = |leg: Leg| {
            let facts = self.swap.facts().legs.of(leg);
            let Some(head) = heads.of(self.chain(leg)) else {
                return false;
            };
            let confirmations = self.swap.timing().legs.of(leg).confirmations();
            if let Some(spend) = &facts.spend {
                return spend.is_final && is_buried(spend.block, confirmations, &head);
            }
            // A lock that we have decided to make may be in a block at any time, and has to be taken back
            // then.
            let may_be_made = leg == self.swap.role().locks() && self.swap.intents().lock;
            let has_expired = self.terms().legs.of(leg).expiry.has_come(&head);
            !facts.was_locked && !may_be_made && has_expired
        };
        self.swap.phase().is_settled() && Leg::BOTH.into_iter().all(is_over)
    }
}

impl Watch {
    /// Whether nothing is left to watch over, and no chain will take that back.
    pub(crate) fn is_over_for_good(&self, heads: &Heads) -> bool {
        let is_buried = |leg: Leg| {
            let head = heads.of(self.ward.terms.legs.of(leg).asset.chain());
            let confirmations = self.ward.timing.legs.of(leg).confirmations();
            self.spent_in(leg)
                .is_none_or(|block| head.is_some_and(|head| is_buried(block, confirmations, &head)))
        };
        self.is_over() && Leg::BOTH.into_iter().all(is_buried)
    }
}
