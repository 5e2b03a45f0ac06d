//! A chain of the Bitcoin family beside the two others: a real node, and somebody who mines.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use bitcoin::ScriptBuf;
use causeway_bitcoin::{Network, RpcAuth, RpcClient, RpcEndpoint, RpcLimits};
use causeway_local_bitcoin::{NodeKind, RegtestNode};
use serde_json::{Value, json};
use tokio::{sync::Mutex, task::AbortHandle};

/// So many blocks are mined in one request, which must not take too long.
const AT_ONCE: u64 = 200;
/// Rewards can be spent when so many blocks have followed.
const MATURITY: u64 = 100;
/// A witness program of zeros: rewards that go there are nobody's.
const NOBODY: &str = "00140000000000000000000000000000000000000000";

/// A chain of one's own that somebody mines.
pub struct Coins {
    node: RegtestNode,
    network: &'static Network,
    rpc: RpcClient,
    nobody: String,
    miner: Option<AbortHandle>,
    /// Whoever mines holds it: of two who build on the same block, the node refuses one.
    mining: Arc<Mutex<()>>,
}

impl Coins {
    /// Starts a node whose chain has its first block only.
    pub fn start(kind: NodeKind) -> Result<Self> {
        let network = match kind {
            NodeKind::Bitcoin => Network::BITCOIN_REGTEST,
            NodeKind::Litecoin => Network::LITECOIN_REGTEST,
        };
        let node = RegtestNode::start(kind)?;
        let endpoint = RpcEndpoint {
            url: format!("http://{}", node.rpc_address()).parse()?,
            auth: RpcAuth::Cookie(node.cookie_file()),
        };
        let rpc = RpcClient::new(endpoint, network, RpcLimits::default())?;
        let nobody = network.address(&ScriptBuf::from_hex(NOBODY)?);
        Ok(Self {
            node,
            network,
            rpc,
            nobody: nobody.context("a witness program has an address")?,
            miner: None,
            mining: Arc::default(),
        })
    }

    /// The node.
    pub const fn node(&self) -> &RegtestNode {
        &self.node
    }

    /// Which chain it is.
    pub const fn network(&self) -> &'static Network {
        self.network
    }

    /// What its coins are called where a chain is named for people.
    pub fn name(&self) -> &'static str {
        if self.network.has_extension_blocks {
            "litecoin"
        } else {
            "bitcoin"
        }
    }

    /// Where the node answers.
    pub fn url(&self) -> String {
        format!("http://{}", self.node.rpc_address())
    }

    /// Mines blocks whose rewards go to this address. Rewards halve every 150 blocks, so that whoever is
    /// to be rich comes first.
    pub async fn mine_to(&self, address: &str, blocks: u64) -> Result<()> {
        let mut left = blocks;
        while left > 0 {
            let now = left.min(AT_ONCE);
            let _turn = self.mining.lock().await;
            let _: Value = self
                .rpc
                .call("generatetoaddress", json!([now, address]))
                .await?;
            left -= now;
        }
        Ok(())
    }

    /// Mines blocks whose rewards are nobody's.
    pub async fn mine(&self, blocks: u64) -> Result<()> {
        self.mine_to(&self.nobody, blocks).await
    }

    /// Mines until all rewards so far can be spent and time locks hold.
    pub async fn ripen(&self) -> Result<()> {
        let height = self.height().await?;
        let enforced = u64::from(self.network.lock_times_from) + 1;
        let needed = enforced.saturating_sub(height).max(MATURITY + 1);
        self.mine(needed).await
    }

    /// The height of the newest block.
    pub async fn height(&self) -> Result<u64> {
        Ok(self.rpc.head().await?.0)
    }

    /// Asks the node anything.
    pub async fn ask(&self, method: &'static str, params: Value) -> Result<Value> {
        Ok(self.rpc.call(method, params).await?)
    }

    /// Mines a block again and again from now on.
    pub fn keep_mining(&mut self, every: Duration) {
        self.stop_mining();
        let (rpc, nobody) = (self.rpc.clone(), self.nobody.clone());
        let mining = self.mining.clone();
        let miner = tokio::spawn(async move {
            loop {
                tokio::time::sleep(every).await;
                let _turn = mining.lock().await;
                // A node that does not answer is seen by whoever needs it.
                let _: Result<Value, _> = rpc.call("generatetoaddress", json!([1, nobody])).await;
            }
        });
        self.miner = Some(miner.abort_handle());
    }

    /// Mines no more by itself.
    pub fn stop_mining(&mut self) {
        if let Some(miner) = self.miner.take() {
            miner.abort();
        }
    }
}

impl Drop for Coins {
    fn drop(&mut self) {
        self.stop_mining();
    }
}
