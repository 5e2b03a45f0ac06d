//! Sending through the account's lane, so that nothing is sent twice and nothing is given up.

use std::{sync::Arc, time::Duration};

use alloy::primitives::Bytes;
use causeway_evm::{LaneError, Settled, TxCall};
use causeway_ibc_evm::SharedLane;
use causeway_types::ChainId;
use tokio::time::timeout;

use super::error;
use crate::ChainError;

/// How often a call may revert in a block before somebody has to look: each time costs gas.
const MAX_ATTEMPTS: u32 = 32;

/// Sends transactions of one account.
#[derive(Debug)]
pub(super) struct Sender {
    pub(super) chain: ChainId,
    pub(super) lane: Arc<SharedLane>,
    pub(super) patience: Duration,
}

/// What is to become of a call that happened already, or failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It may be sent anew at once, even if it succeeded once: the contract refuses what is done already.
    Harmless,
    /// It must succeed once at most, so it is sent anew only if it failed in a block that will stay.
    OnceAtMost,
}

/// What became of a call.
#[derive(Clone, Debug)]
pub(super) enum Sent {
    /// It is in a block.
    Included,
    /// It is sent, or waits for its turn.
    UnderWay,
    /// It reverted in a block that may still go.
    Failed,
    /// It would revert, with this data, and was not sent.
    Refused(Bytes),
}

impl Sender {
    /// Sends a call, or finds that it was sent. The key names what the call is for; each attempt after one that failed
    /// has a key of its own in the lane.
    pub(super) async fn send(
        &self,
        key: &str,
        call: &TxCall,
        repeat: Repeat,
    ) -> Result<Sent, ChainError> {
        for attempt in 1..=MAX_ATTEMPTS {
            let key = format!("{key}/{attempt}");
            let known = self.here(self.lane.record(&key).await)?;
            let known = known.map_err(|error| error::of_lane(&self.chain, &error))?;
            match known.and_then(|record| record.settled) {
                Some(Settled::Confirmed { success: true, .. }) if repeat == Repeat::OnceAtMost => {
                    return Ok(Sent::Included);
                }
                Some(Settled::Confirmed { .. }) => continue,
                Some(Settled::Superseded) | None => {}
            }
            let submitting = self.lane.submit(&key, call.clone());
            let Ok(answer) = timeout(self.patience, submitting).await else {
                return Ok(Sent::UnderWay);
            };
            match self.here(answer)? {
                Ok(outcome) if outcome.success => return Ok(Sent::Included),
                Ok(_) if repeat == Repeat::OnceAtMost => return Ok(Sent::Failed),
                Ok(_) => {}
                Err(LaneError::Reverted { data, .. }) => return Ok(Sent::Refused(data)),
                Err(error) => return Err(error::of_lane(&self.chain, &error)),
            }
        }
        let words = format!("{key} has reverted {MAX_ATTEMPTS} times in blocks; look why");
        Err(ChainError::lasting(&self.chain, words))
    }

    /// An answer of the lane, if the lane is here.
    fn here<T>(&self, answer: Option<T>) -> Result<T, ChainError> {
        answer.ok_or_else(|| {
            let words = format!("another replica sends for {}", self.lane.account());
            ChainError::passing(&self.chain, words)
        })
    }
}
