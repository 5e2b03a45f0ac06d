//! The transaction lane of a signer that several replicas share: one of them at a time has it open.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use alloy::{
    network::TxSigner,
    primitives::{Address, Signature},
};
use causeway_engine::{Engine, Term};
use causeway_evm::{
    EvmChain, LaneConfig, LaneError, StoreError, TxCall, TxLane, TxOutcome, TxRecord,
};
use causeway_relayer::Leadership;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::warn;

use crate::lanes::EngineLanes;

/// How long to wait before the lane is opened anew after it could not be.
const OPEN_AGAIN: Duration = Duration::from_secs(1);

/// A signer's lane on one chain, open for as long as this replica leads it.
///
/// Whoever takes the lane over begins with what the database holds: what was reserved, signed and
/// sent by the one before is gone on with, under the same nonces.
#[derive(Debug)]
pub struct SharedLane {
    account: Address,
    open: watch::Receiver<Option<OpenLane>>,
    keeper: Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
    /// Lets the lane go with its last owner.
    _guard: DropGuard,
}

/// The lane while it is open.
#[derive(Clone, Debug)]
pub(crate) struct OpenLane {
    pub(crate) lane: TxLane<EngineLanes>,
    /// Cancelled when another replica may have the lane.
    pub(crate) over: CancellationToken,
}

/// What is needed to open the lane.
struct Opener {
    chain: EvmChain,
    key: Arc<dyn TxSigner<Signature> + Send + Sync>,
    engine: Engine,
    config: LaneConfig,
    leadership: Leadership,
}

impl SharedLane {
    /// Opens the lane of this key, or waits for it if another replica has it. `replica` names this
    /// process among those that share the engine's database.
    ///
    /// # Errors
    /// When the lane is free and cannot be opened. Later it is tried again and again.
    pub async fn open(
        chain: EvmChain,
        key: impl TxSigner<Signature> + Send + Sync + 'static,
        engine: Engine,
        replica: String,
        config: LaneConfig,
    ) -> Result<Self, LaneError> {
        let name = format!("lane/{}:{}", chain.id(), key.address());
        let leadership = Leadership::new(engine.clone(), name, replica);
        let account = key.address();
        let opener = Opener {
            chain,
            key: Arc::new(key),
            engine,
            config,
            leadership,
        };
        let first = match opener.leadership.begin().await.map_err(StoreError::new)? {
            Some(term) => Box::pin(opener.open(&term)).await?.map(|open| (term, open)),
            None => None,
        };
        let stop = CancellationToken::new();
        // Whoever has opened a lane that is free may submit to it at once.
        let (sender, open) = watch::channel(first.as_ref().map(|(_, open)| open.clone()));
        let keeper = tokio::spawn(opener.keep(first, sender, stop.clone()));
        Ok(Self {
            account,
            open,
            keeper: Mutex::new(Some(keeper)),
            _guard: stop.clone().drop_guard(),
            stop,
        })
    }

    /// Sends a transaction and waits until it is in a block, as [`TxLane::submit`] does; `None` when
    /// another replica has the lane, or takes it over meanwhile.
    pub async fn submit(
        &self,
        key: &str,
        call: TxCall,
    ) -> Option<Result<Arc<TxOutcome>, LaneError>> {
        let open = self.current()?;
        let submitting = open.lane.submit(key, call);
        open.over.run_until_cancelled(submitting).await
    }

    /// The account that signs.
    pub fn account(&self) -> Address {
        self.account
    }

    /// What is kept of the transaction with this key, as [`TxLane::record`] tells; `None` when another
    /// replica has the lane.
    pub async fn record(&self, key: &str) -> Option<Result<Option<TxRecord>, LaneError>> {
        let open = self.current()?;
        Some(open.lane.record(key).await)
    }

    /// The lane, if it is this replica's now.
    pub(crate) fn current(&self) -> Option<OpenLane> {
        self.open.borrow().clone()
    }

    /// Lets the lane go, so that another replica may have it at once.
    pub async fn close(&self) {
        self.stop.cancel();
        let keeper = {
            let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
            keeper.take()
        };
        if let Some(keeper) = keeper {
            // A keeper that crashed lets its term run out.
            let _ = keeper.await;
        }
    }
}

impl Opener {
    /// `None` when another replica took over meanwhile.
    async fn open(&self, term: &Term) -> Result<Option<OpenLane>, LaneError> {
        let store = EngineLanes::new(self.engine.clone(), term.clone());
        let opening = TxLane::open(
            self.chain.clone(),
            self.key.clone(),
            store,
            self.config.clone(),
        );
        let opened = Box::pin(self.leadership.during(term, opening))
            .await
            .transpose();
        if opened.is_err() {
            self.leadership.resign().await;
        }
        Ok(opened?.map(|lane| OpenLane {
            lane,
            over: CancellationToken::new(),
        }))
    }

    async fn keep(
        self,
        mut first: Option<(Term, OpenLane)>,
        current: watch::Sender<Option<OpenLane>>,
        stop: CancellationToken,
    ) {
        while !stop.is_cancelled() {
            let opened = match first.take() {
                Some(first) => Some(first),
                None => Box::pin(self.take_over(&stop)).await,
            };
            let Some((term, open)) = opened else { continue };
            let _guard = open.over.clone().drop_guard();
            current.send_replace(Some(open));
            self.leadership.during(&term, stop.cancelled()).await;
            current.send_replace(None);
            self.leadership.resign().await;
        }
    }

    async fn take_over(&self, stop: &CancellationToken) -> Option<(Term, OpenLane)> {
        let term = self.leadership.turn(stop).await?;
        match Box::pin(self.open(&term)).await {
            Ok(open) => open.map(|open| (term, open)),
            Err(error) => {
                warn!(chain = %self.chain.id(), %error, "the lane cannot be opened");
                let _ = tokio::time::timeout(OPEN_AGAIN, stop.cancelled()).await;
                None
            }
        }
    }
}
