//! The transaction lane of a signer that several replicas share: one of them at a time has it open.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use alloy::signers::local::PrivateKeySigner;
use causeway_engine::{Engine, Term};
use causeway_evm::{EvmChain, LaneConfig, LaneError, StoreError, TxLane};
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
    key: PrivateKeySigner,
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
        key: PrivateKeySigner,
        engine: Engine,
        replica: String,
        config: LaneConfig,
    ) -> Result<Self, LaneError> {
        let name = format!("lane/{}:{}", chain.id(), key.address());
        let leadership = Leadership::new(engine.clone(), name, replica);
        let opener = Opener {
            chain,
            key,
            engine,
            config,
            leadership,
        };
        let first = match opener.leadership.begin().await.map_err(StoreError::new)? {
            Some(term) => opener.open(&term).await?.map(|lane| (term, lane)),
            None => None,
        };
        let stop = CancellationToken::new();
        let (sender, open) = watch::channel(None);
        let keeper = tokio::spawn(opener.keep(first, sender, stop.clone()));
        Ok(Self {
            open,
            keeper: Mutex::new(Some(keeper)),
            _guard: stop.clone().drop_guard(),
            stop,
        })
    }

    /// The lane, if it is this replica's now.
    pub(crate) fn current(&self) -> Option<OpenLane> {
        self.open.borrow().clone()
    }

    /// Lets the lane go, so that another replica may have it at once.
    pub(crate) async fn close(&self) {
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
    async fn open(&self, term: &Term) -> Result<Option<TxLane<EngineLanes>>, LaneError> {
        let store = EngineLanes::new(self.engine.clone(), term.clone());
        let opening = TxLane::open(
            self.chain.clone(),
            self.key.clone(),
            store,
            self.config.clone(),
        );
        let opened = self.leadership.during(term, opening).await.transpose();
        if opened.is_err() {
            self.leadership.resign().await;
        }
        opened
    }

    async fn keep(
        self,
        mut first: Option<(Term, TxLane<EngineLanes>)>,
        current: watch::Sender<Option<OpenLane>>,
        stop: CancellationToken,
    ) {
        while !stop.is_cancelled() {
            let opened = match first.take() {
                Some(first) => Some(first),
                None => self.take_over(&stop).await,
            };
            let Some((term, lane)) = opened else { continue };
            let over = CancellationToken::new();
            let _guard = over.clone().drop_guard();
            current.send_replace(Some(OpenLane { lane, over }));
            self.leadership.during(&term, stop.cancelled()).await;
            current.send_replace(None);
            self.leadership.resign().await;
        }
    }

    async fn take_over(&self, stop: &CancellationToken) -> Option<(Term, TxLane<EngineLanes>)> {
        let term = self.leadership.turn(stop).await?;
        match self.open(&term).await {
            Ok(lane) => lane.map(|lane| (term, lane)),
            Err(error) => {
                warn!(chain = %self.chain.id(), %error, "the lane cannot be opened");
                let _ = tokio::time::timeout(OPEN_AGAIN, stop.cancelled()).await;
                None
            }
        }
    }
}
