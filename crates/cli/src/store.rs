//! Opening the node's store.

use causeway_engine::Engine;

use crate::{
    config::{LoadedConfig, Store},
    failure::{Failure, chain_of},
};

/// Opens a store, and makes it if there is none.
pub(crate) async fn open_store(store: &Store) -> Result<Engine, Failure> {
    Engine::open(&store.url()).await.map_err(|error| {
        let message = format!("{} cannot be opened: {}", store.shown(), chain_of(&error));
        Failure::failed("store", message)
            .at("store")
            .remedy(store.remedy())
    })
}

/// Opens a store that exists: asking must not make one.
pub(crate) async fn open_existing(loaded: &LoadedConfig) -> Result<Engine, Failure> {
    let store = loaded.store();
    if let Store::File(path) = &store
        && !path.exists()
    {
        let message = format!("there is no store at {}", path.display());
        return Err(Failure::usage("store", message, "`causeway run` makes it"));
    }
    open_store(&store).await
}
