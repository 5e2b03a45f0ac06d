//! Carries out orders to pause on one chain, again and again until the chain shows the pause.

use std::{sync::Arc, time::Duration};

use alloy::{primitives::Address, sol_types::SolCall};
use causeway_contracts::ics20_transfer::ICS20Transfer;
use causeway_engine::{Claimed, Engine, EngineError, UnixMillis};
use causeway_evm::{EvmChain, EvmError, LaneError, TxCall};
use causeway_ibc_evm::{SharedLane, explain_revert};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{
    incident::{PauseOrder, Switch},
    status::RouteWatch,
};

/// How long a claim holds. Nobody else carries out these orders meanwhile.
const LEASE: Duration = Duration::from_secs(60);

/// How soon an order is looked at again whose pause is in a block but not final.
const RECHECK: Duration = Duration::from_secs(3);

/// How often orders are looked for when nothing announces a change.
const IDLE: Duration = Duration::from_secs(1);

/// How many orders are carried out at once.
const ORDERS: usize = 16;

/// Why a contract is not paused yet. Every reason may pass; the order stands.
#[derive(Debug, thiserror::Error)]
enum PauseError {
    /// People have to pause.
    #[error("the monitor has no key to pause with")]
    NoKey,
    /// One replica at a time sends with a key.
    #[error("another replica sends with the monitor's key")]
    Elsewhere,
    /// The contract's own words.
    #[error("{0}")]
    Refused(String),
    /// The transaction could not be sent.
    #[error(transparent)]
    Lane(LaneError),
    /// The chain cannot be asked.
    #[error(transparent)]
    Unreadable(#[from] EvmError),
    /// The answer is not the contract's.
    #[error("the contract does not say whether it is paused: {0}")]
    NoAnswer(#[from] alloy::sol_types::Error),
    /// The transaction did nothing.
    #[error("the contract is not paused after the transaction")]
    StillRunning,
}

/// Pauses contracts on one chain.
pub(crate) struct Pauser {
    pub(crate) engine: Engine,
    pub(crate) chain: EvmChain,
    /// `None` where there is no key: then people have to pause.
    pub(crate) lane: Option<Arc<SharedLane>>,
    pub(crate) owner: String,
    /// The routes of this chain, by name.
    pub(crate) routes: Vec<(String, RouteWatch)>,
}

impl Pauser {
    /// Works until stopped.
    pub(crate) async fn run(self, stop: CancellationToken) -> Result<(), EngineError> {
        let mut changed = self.engine.changed();
        let queue = Switch::lane(self.chain.id());
        loop {
            changed.borrow_and_update();
            let now = UnixMillis::now();
            let claimed = self.engine.claim(&queue, &self.owner, ORDERS, LEASE, now);
            match claimed.await {
                Ok(orders) => {
                    for order in orders {
                        self.carry_out(order).await?;
                    }
                }
                Err(error) if error.is_transient() => warn!(%error, "no order can be claimed"),
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                _ = changed.changed() => {}
                () = tokio::time::sleep(IDLE) => {}
            }
        }
    }

    /// One order. It is over when the watcher sees the pause in a final block and cancels it.
    async fn carry_out(&self, claimed: Claimed<PauseOrder>) -> Result<(), EngineError> {
        let outcome = self.pause(&claimed).await;
        let now = UnixMillis::now();
        let route = self
            .routes
            .iter()
            .find(|(name, _)| *name == claimed.effect.route);
        let noted = |problem: Option<String>| {
            if let Some((_, watch)) = route {
                watch.note().pause_problem = problem;
            }
        };
        let kept = match outcome {
            Ok(()) => {
                noted(None);
                let until = now.plus(RECHECK);
                self.engine
                    .postpone(&[claimed.id], &self.owner, until, now)
                    .await
            }
            Err(error) => {
                let reason = error.to_string();
                let chain = self.chain.id();
                error!(%chain, contract = %claimed.effect.switch.contract, reason, "cannot pause");
                metrics::counter!("causeway_monitor_pause_failures_total", "chain" => chain.to_string())
                    .increment(1);
                noted(Some(format!("{chain} cannot be paused: {reason}")));
                self.engine
                    .retry(&[claimed.id], &self.owner, &reason, now)
                    .await
            }
        };
        match kept {
            Err(error) if !error.is_transient() => Err(error),
            _ => Ok(()),
        }
    }

    /// Sees to it that a block shows the contract paused.
    async fn pause(&self, claimed: &Claimed<PauseOrder>) -> Result<(), PauseError> {
        let contract = claimed.effect.switch.contract;
        if self.is_paused(contract).await? {
            return Ok(());
        }
        let lane = self.lane.as_ref().ok_or(PauseError::NoKey)?;
        // Each attempt is a transaction of its own: one that is done and was undone says nothing.
        let key = format!("{}/{}", claimed.key, claimed.attempts);
        let call = TxCall::new(contract, ICS20Transfer::pauseCall {}.abi_encode().into());
        let sent = lane.submit(&key, call).await;
        let sent = sent.ok_or(PauseError::Elsewhere)?;
        let sent = sent.map_err(|error| match error {
            LaneError::Reverted { data, .. } => PauseError::Refused(explain_revert(&data)),
            error => PauseError::Lane(error),
        })?;
        info!(chain = %self.chain.id(), %contract, tx = %sent.hash, height = sent.block.height, "paused");
        if self.is_paused(contract).await? {
            Ok(())
        } else {
            Err(PauseError::StillRunning)
        }
    }

    /// One endpoint's word is enough here: it decides only whether to try again.
    async fn is_paused(&self, contract: Address) -> Result<bool, PauseError> {
        let call = ICS20Transfer::pausedCall {}.abi_encode();
        let answer = self.chain.call(contract, call.into()).await;
        Ok(ICS20Transfer::pausedCall::abi_decode_returns(&answer?)?)
    }
}
