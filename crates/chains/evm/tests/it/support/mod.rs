//! What the tests share: anvils, endpoints that misbehave, a contract and a store in memory.

mod anvil;
mod contract;
mod proxy;
mod store;
mod tcp;

use std::{future::Future, time::Duration};

use alloy_primitives::B256;
use causeway_evm::{Cursor, EvmChain, EvmConfig, Finality, Follower, LogFilter, Update};
use causeway_types::{BlockRef, ChainId};
use url::Url;

pub(crate) use anvil::{ACCOUNTS, Anvil, signer};
pub(crate) use contract::{Contract, TOPIC, bad, word};
pub(crate) use proxy::{Proxy, error, result};
pub(crate) use store::MemoryStore;
pub(crate) use tcp::TcpProxy;

/// The chain that every anvil of the tests serves.
pub(crate) const CHAIN: u64 = 31337;

/// A configuration with short times and agreement of one.
pub(crate) fn config(endpoints: &[&Url], finality: Finality) -> EvmConfig {
    let endpoints = endpoints.iter().map(|url| (*url).clone()).collect();
    EvmConfig {
        agreement: 1,
        finality,
        poll_interval: Duration::from_millis(50),
        request_timeout: Duration::from_secs(5),
        ..EvmConfig::new(ChainId::eip155(CHAIN), endpoints)
    }
}

pub(crate) async fn connect(endpoints: &[&Url], finality: Finality) -> EvmChain {
    EvmChain::connect(config(endpoints, finality))
        .await
        .unwrap()
}

/// Waits for something that must happen soon.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what)
        .await
        .expect("it took too long")
}

pub(crate) async fn eventually(what: impl AsyncFn() -> bool) {
    soon(async {
        while !what().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// A follower with what it has told so far, which must make sense as a whole.
pub(crate) struct Reader {
    pub(crate) follower: Follower,
    /// The blocks on the branch as told, with their logs' words.
    pub(crate) branch: Vec<(BlockRef, Vec<B256>)>,
    pub(crate) withdrawn: Vec<BlockRef>,
    pub(crate) final_block: Option<BlockRef>,
}

impl Reader {
    pub(crate) fn new(chain: &EvmChain, contract: &Contract, from: Cursor) -> Self {
        let filter = LogFilter {
            addresses: vec![contract.address],
            topics0: vec![TOPIC],
        };
        let follower = chain.follow(filter, from);
        Self {
            follower,
            branch: Vec::new(),
            withdrawn: Vec::new(),
            final_block: None,
        }
    }

    /// Takes one update and checks that it fits what was told before.
    pub(crate) async fn read(&mut self) -> Update {
        let update = soon(self.follower.next()).await.unwrap();
        self.take(&update);
        update
    }

    pub(crate) fn take(&mut self, update: &Update) {
        match update {
            Update::Block { block, logs } => {
                if let Some((tip, _)) = self.branch.last() {
                    assert!(block.height > tip.height, "{block:?} after {tip:?}");
                    if block.height == tip.height + 1 {
                        assert_eq!(block.parent, tip.hash, "{block:?} does not follow {tip:?}");
                    }
                }
                assert!(logs.iter().all(|log| log.block_hash == block.hash));
                let words = logs
                    .iter()
                    .map(|log| B256::from_slice(log.data()))
                    .collect();
                self.branch.push((*block, words));
            }
            Update::Withdrawn { block } => {
                let (tip, _) = self.branch.pop().expect("nothing is left to withdraw");
                assert_eq!(tip, *block, "the newest block goes first");
                assert!(
                    self.final_block
                        .is_none_or(|last| last.height < block.height)
                );
                self.withdrawn.push(*block);
            }
            Update::Final { block } => {
                let before = self.final_block.replace(*block);
                assert!(before.is_none_or(|before| before.height < block.height));
                let told = self
                    .branch
                    .iter()
                    .find(|(told, _)| told.height == block.height);
                assert!(told.is_none_or(|(told, _)| told == block));
            }
        }
    }

    /// Reads until this many logs are on the branch.
    pub(crate) async fn read_logs(&mut self, count: usize) {
        while self.words().len() < count {
            self.read().await;
        }
    }

    /// Reads until the branch holds this block.
    pub(crate) async fn read_block(&mut self, hash: B256) {
        while !self.branch.iter().any(|(block, _)| block.hash == hash) {
            self.read().await;
        }
    }

    /// Reads until everything up to this height is final.
    pub(crate) async fn read_final(&mut self, height: u64) {
        while self.final_block.is_none_or(|block| block.height < height) {
            self.read().await;
        }
    }

    /// The words of all logs on the branch.
    pub(crate) fn words(&self) -> Vec<B256> {
        self.branch
            .iter()
            .flat_map(|(_, words)| words.clone())
            .collect()
    }
}
