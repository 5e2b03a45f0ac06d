//! Mines at once for a while, whatever a chain's block time.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::http;

/// How often waiting transactions are looked for.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// While this lives, its chain mines as soon as a transaction waits; then the chain goes on by its
/// block time.
///
/// Anvil itself could be told to mine at once, but not to go back to blocks of less than a second.
/// Its clock is the machine's either way: several blocks may bear the same second, none is ahead.
#[derive(Debug)]
#[must_use = "the hurry is over when this is dropped"]
pub struct Hurry(JoinHandle<()>);

impl Hurry {
    /// Begins to hurry the chain at this address.
    pub(crate) fn begin(chain: SocketAddr) -> Self {
        Self(tokio::spawn(async move {
            loop {
                if let Err(error) = mine_what_waits(chain).await {
                    // Whoever waits for a transaction then waits for the next ordinary block.
                    tracing::debug!(%chain, %error, "cannot hurry");
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }))
    }
}

impl Drop for Hurry {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn mine_what_waits(chain: SocketAddr) -> Result<()> {
    let waiting = http::rpc(chain, "txpool_status", &json!([])).await?;
    let pending = waiting["pending"]
        .as_str()
        .and_then(|count| u64::from_str_radix(count.trim_start_matches("0x"), 16).ok())
        .context("a pool that does not count")?;
    if pending > 0 {
        http::rpc(chain, "evm_mine", &json!([])).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use alloy::{
        network::TransactionBuilder as _,
        primitives::U256,
        providers::{Provider as _, ProviderBuilder},
        rpc::types::TransactionRequest,
    };

    use super::*;
    use crate::anvil::{Anvil, AnvilBinary, AnvilOptions, dev_key};

    #[tokio::test]
    async fn transactions_are_mined_at_once_until_the_hurry_is_over() {
        let options = AnvilOptions {
            block_time: Some(Duration::from_mins(10)),
            ..AnvilOptions::new(31337)
        };
        let anvil = Anvil::spawn(&AnvilBinary::locate().unwrap(), &options)
            .await
            .unwrap();
        let provider = ProviderBuilder::new()
            .wallet(dev_key(0))
            .connect_http(anvil.http_url());
        let send = || {
            let to = dev_key(1).address();
            let request = TransactionRequest::default()
                .with_to(to)
                .with_value(U256::from(1));
            provider.send_transaction(request)
        };
        let hurry = Hurry::begin(anvil.address());
        let started = Instant::now();
        for _ in 0..5 {
            send().await.unwrap().get_receipt().await.unwrap();
        }
        assert!(started.elapsed() < Duration::from_mins(1));
        let mined = provider.get_block_number().await.unwrap();
        assert_eq!(mined, 5, "a block for each transaction and no empty ones");
        drop(hurry);
        let _waiting = send().await.unwrap();
        tokio::time::sleep(LOOK_AGAIN * 20).await;
        assert_eq!(provider.get_block_number().await.unwrap(), mined);
    }
}
