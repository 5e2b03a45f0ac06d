use std::{path::Path, sync::Arc, time::Duration};

use alloy::signers::local::PrivateKeySigner;
use causeway_engine::Engine;
use causeway_ibc_evm::SharedLane;
use causeway_localnet::dev_key;
use causeway_swap_service::{
    ChainError, Lock, Locked, SwapChain as _,
    evm::{EvmSettings, EvmSide},
};
use url::Url;

use super::{Watcher, World, connect};

/// What may be other than usual with a party.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Through which endpoints it sees the chain; by default one of its own.
    pub(crate) endpoints: Vec<Url>,
    /// Where it keeps its lane; by default in a file of its own.
    pub(crate) store: Option<String>,
    /// Where it follows from.
    pub(crate) cursor: Option<String>,
    /// Its key, in place of an account's.
    pub(crate) key: Option<PrivateKeySigner>,
}

/// Somebody who makes swaps.
pub(crate) struct Party {
    pub(crate) side: Arc<EvmSide>,
    pub(crate) watcher: Watcher,
}

pub(crate) fn store(dir: &Path, name: &str) -> String {
    format!("sqlite://{}", dir.join(name).display())
}

impl Party {
    /// The party of an account, which follows the chain from here on.
    pub(crate) async fn new(world: &World, index: usize) -> Self {
        Self::with(world, index, Options::default()).await
    }

    pub(crate) async fn with(world: &World, index: usize, options: Options) -> Self {
        Self::at(
            world.anvil.http_url(),
            world.contract,
            world.dir.path(),
            index,
            options,
        )
        .await
    }

    /// The same for whoever does not have the world at hand.
    pub(crate) async fn at(
        url: Url,
        contract: alloy::primitives::Address,
        dir: &Path,
        index: usize,
        options: Options,
    ) -> Self {
        let endpoints = match options.endpoints {
            none if none.is_empty() => vec![url],
            given => given,
        };
        let chain = connect(endpoints).await;
        let key = options.key.unwrap_or_else(|| dev_key(index));
        let url = options
            .store
            .unwrap_or_else(|| store(dir, &format!("{index}.db")));
        let engine = Engine::open(&url).await.unwrap();
        let lane = SharedLane::open(
            chain.clone(),
            key.clone(),
            engine,
            "test".to_owned(),
            EvmSettings::lane(),
        );
        let lane = Arc::new(lane.await.unwrap());
        let settings = EvmSettings {
            patience: Duration::from_secs(3),
            ..EvmSettings::default()
        };
        let side = EvmSide::open(chain, contract, lane, Arc::new(key), settings);
        let side = Arc::new(side.await.unwrap());
        let watcher = Watcher::start(&side, options.cursor.as_deref()).await;
        Self { side, watcher }
    }

    /// Looks out for the lock, makes it, and waits until it is seen. Gives where it is.
    pub(crate) async fn make(&self, lock: &Lock) -> String {
        self.side.watch(lock, None);
        self.side.lock(lock).await.unwrap();
        self.watcher.locked(lock).await
    }

    pub(crate) async fn refund(&self, lock: &Lock, at: &str) -> Result<(), ChainError> {
        self.side.refund(Locked { lock, at }).await
    }
}
