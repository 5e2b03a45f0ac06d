//! A chain whose blocks come when the story wants them.

use std::time::Duration;

use alloy::{
    primitives::{B256, Bytes},
    providers::Provider as _,
};
use causeway_localnet::Side;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Asks a chain for what only anvil does.
async fn ask(side: &Side, method: &'static str, params: Value) -> Value {
    let provider = side.chain.provider();
    provider.raw_request(method.into(), params).await.unwrap()
}

/// Stops the chain's clockwork: blocks come only when they are asked for.
pub async fn stand_still(side: &Side) {
    ask(side, "evm_setIntervalMining", json!([0])).await;
}

/// Lets the chain make a block every second by its own clockwork.
pub async fn every_second(side: &Side) {
    ask(side, "evm_setIntervalMining", json!([1])).await;
}

/// Lets the chain make blocks by itself again, until the answer is dropped. (Anvil cannot be told
/// to go back to blocks of less than a second.)
#[must_use]
pub fn go_on(side: &Side) -> Beat {
    let provider = side.chain.provider();
    Beat(tokio::spawn(async move {
        loop {
            let mined: Result<Value, _> = provider.raw_request("evm_mine".into(), ()).await;
            if mined.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }))
}

/// A chain that makes blocks while this lives.
pub struct Beat(JoinHandle<()>);

impl Drop for Beat {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Makes blocks at once, in portions that even a busy machine makes within the time of one request.
pub async fn mine(side: &Side, blocks: u64) {
    const PORTION: u64 = 100;
    let portions = std::iter::repeat_n(PORTION, usize::try_from(blocks / PORTION).unwrap());
    for portion in portions.chain([blocks % PORTION]) {
        if portion > 0 {
            ask(side, "anvil_mine", json!([format!("{portion:#x}")])).await;
        }
    }
}

/// Replaces the last blocks. Their transactions are gone, except those named, which stand in the
/// first of the new blocks or, counted from it, a later one.
pub async fn reorg(side: &Side, blocks: u64, kept: &[(Bytes, u64)]) {
    ask(side, "anvil_reorg", json!([blocks, kept])).await;
}

/// A transaction as it was broadcast.
pub async fn raw_transaction(side: &Side, tx: B256) -> Bytes {
    let raw = ask(side, "eth_getRawTransactionByHash", json!([tx])).await;
    serde_json::from_value(raw).unwrap()
}

/// How many transactions wait for a block.
pub async fn waiting(side: &Side) -> usize {
    let pool = ask(side, "txpool_content", json!([])).await;
    let senders = pool["pending"].as_object().unwrap().values();
    senders
        .map(|sender| sender.as_object().unwrap().len())
        .sum()
}

/// The chain's height.
pub async fn height(side: &Side) -> u64 {
    side.chain.head().await.unwrap().height
}
