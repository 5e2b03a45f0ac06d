//! Opening the node's store.

use std::error::Error;

use causeway_engine::{Engine, EngineError};

use crate::{
    config::{LoadedConfig, Store},
    failure::{Failure, chain_of},
};

/// Opens a store, and makes it if there is none.
pub(crate) async fn open_store(store: &Store) -> Result<Engine, Failure> {
    let opened = Engine::open(&store.url()).await;
    opened.map_err(|error| cannot_open(store, &error))
}

/// Opens a store that exists: asking must not make one.
pub(crate) async fn open_existing(loaded: &LoadedConfig) -> Result<Engine, Failure> {
    let store = loaded.store();
    expect_there(&store)?;
    open_store(&store).await
}

/// Opens a store that exists for a command that only reads. It waits for nobody, whoever writes meanwhile.
pub(crate) async fn open_to_read(loaded: &LoadedConfig) -> Result<Engine, Failure> {
    let store = loaded.store();
    expect_there(&store)?;
    match Engine::open_to_read(&store.url()).await {
        // Only after an upgrade, and only once.
        Err(EngineError::Outdated { .. }) => open_store(&store).await,
        opened => opened.map_err(|error| cannot_open(&store, &error)),
    }
}

/// What to say when the store let nobody write for too long, if that is why something failed.
pub(crate) fn busy(error: &(dyn Error + 'static)) -> Option<Failure> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(busy @ EngineError::Busy) = error.downcast_ref::<EngineError>() {
            return Some(Failure::failed("store", busy).at("store").remedy(
                "try again; if that does not help, see which other process has the store open, and stop it",
            ));
        }
        cause = error.source();
    }
    None
}

fn expect_there(store: &Store) -> Result<(), Failure> {
    if let Store::File(path) = store
        && !path.exists()
    {
        let message = format!("there is no store at {}", path.display());
        return Err(Failure::usage("store", message, "`causeway run` makes it"));
    }
    Ok(())
}

fn cannot_open(store: &Store, error: &EngineError) -> Failure {
    busy(error).unwrap_or_else(|| {
        let message = format!("{} cannot be opened: {}", store.shown(), chain_of(error));
        Failure::failed("store", message)
            .at("store")
            .remedy(store.remedy())
    })
}
