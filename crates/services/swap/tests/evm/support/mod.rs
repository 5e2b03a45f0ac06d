//! A chain with the contract on it, and two parties who make swaps there.

pub(crate) mod party;
mod watcher;
pub(crate) mod world;

pub(crate) use party::{Options, Party};
pub(crate) use watcher::Watcher;
pub(crate) use world::{World, connect};

use std::time::Duration;

/// Waits until something is so.
pub(crate) async fn eventually<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), looking)
        .await
        .expect("it never was so")
}
