use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use alloy::{
    primitives::{Address, U256},
    providers::Provider as _,
};
use causeway_contracts::test_erc20::TestERC20;
use causeway_evm::{EvmChain, EvmConfig, Finality};
use causeway_ibc_evm::{Account, IbcContracts};
use causeway_localnet::{Anvil, AnvilBinary, AnvilOptions, dev_key};
use causeway_swap::{Assumed, BlockTimes, ChainTiming, Span};
use causeway_swap_service::{Spans, evm::deploy_hash_time_lock};
use causeway_types::{AssetId, ChainId};
use serde_json::{Value, json};
use url::Url;

/// A block is final when so many follow it.
pub(crate) const DEPTH: u64 = 2;
/// Who deploys what tests need.
const DEPLOYER: usize = 0;

/// An EVM chain on which blocks come when a test wants them, with the contract on it.
pub(crate) struct EtherChain {
    pub(crate) anvil: Anvil,
    pub(crate) contract: Address,
    chain: EvmChain,
    deployer: Account,
    /// So many blocks came since the last that a test made, or that held something.
    quiet: AtomicU64,
    /// Whether blocks come for what waits.
    pub(crate) flows: bool,
}

pub(crate) fn timing() -> ChainTiming {
    ChainTiming::new(Assumed {
        blocks: BlockTimes::Slots {
            slot_secs: 1,
            missed: 5,
        },
        confirmations: DEPTH + 1,
        inclusion_secs: 8,
        skew_secs: 5,
    })
    .unwrap()
}

pub(crate) const SPANS: Spans = Spans {
    long: Span::Secs(1_600),
    short: Span::Secs(300),
};

/// Connects to a chain through these endpoints.
pub(crate) async fn connect(id: u64, endpoints: Vec<Url>) -> EvmChain {
    let mut config = EvmConfig::new(ChainId::eip155(id), endpoints);
    config.finality = Finality::Depth(DEPTH);
    config.poll_interval = Duration::from_millis(100);
    EvmChain::connect(config).await.unwrap()
}

impl EtherChain {
    pub(crate) async fn start(id: u64) -> Self {
        let binary = AnvilBinary::locate().unwrap();
        let anvil = Anvil::spawn(&binary, &AnvilOptions::new(id)).await.unwrap();
        let chain = connect(id, vec![anvil.http_url()]).await;
        let nothing = IbcContracts {
            router: Address::ZERO,
            transfer: Address::ZERO,
            gmp: Address::ZERO,
        };
        let deployer = Account::new(&chain, nothing, dev_key(DEPLOYER));
        let contract = deploy_hash_time_lock(&deployer, Address::ZERO).await;
        let started = Self {
            anvil,
            contract: contract.unwrap(),
            chain,
            deployer,
            quiet: AtomicU64::new(DEPTH),
            flows: true,
        };
        started.rpc("evm_setAutomine", json!([false])).await;
        started
    }

    pub(crate) fn id(&self) -> ChainId {
        self.chain.id().clone()
    }

    pub(crate) fn asset(&self) -> AssetId {
        AssetId::coin(self.id(), 60)
    }

    pub(crate) async fn rpc(&self, method: &'static str, params: Value) -> Value {
        let provider = self.chain.provider();
        provider.raw_request(method.into(), params).await.unwrap()
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", json!([format!("{blocks:#x}")]))
            .await;
        self.quiet.store(0, Ordering::SeqCst);
    }

    /// Lets so much time pass, to be seen in the next block.
    pub(crate) async fn pass(&self, secs: u64) {
        self.rpc("evm_increaseTime", json!([secs])).await;
    }

    /// Mines a block if something waits for one: to be in it, or to be final.
    pub(crate) async fn nudge(&mut self) {
        if !self.flows {
            return;
        }
        if self.pending().await > 0 {
            self.mine(1).await;
        } else if self.quiet.load(Ordering::SeqCst) < DEPTH {
            let quiet = self.quiet.load(Ordering::SeqCst);
            self.mine(1).await;
            // What came just before the block is in it, and has to become final, too.
            if self.newest_is_empty().await {
                self.quiet.store(quiet + 1, Ordering::SeqCst);
            }
        }
    }

    async fn newest_is_empty(&self) -> bool {
        let params = json!(["latest", false]);
        let block = self.rpc("eth_getBlockByNumber", params).await;
        block["transactions"].as_array().unwrap().is_empty()
    }

    /// How many transactions wait for a block.
    pub(crate) async fn pending(&self) -> u64 {
        let pool = self.rpc("txpool_status", json!([])).await;
        let pending: U256 = serde_json::from_value(pool["pending"].clone()).unwrap();
        pending.to()
    }

    /// Puts other, empty blocks in place of so many of the newest. What they held is sent to the chain
    /// again, as nodes do by themselves, unless it is to be forgotten.
    pub(crate) async fn take_back(&mut self, blocks: u64, forgets: bool) {
        let height = self.height().await;
        let mut held = Vec::new();
        for number in height + 1 - blocks..=height {
            let number = format!("{number:#x}");
            let block = self
                .rpc("eth_getBlockByNumber", json!([number, false]))
                .await;
            for hash in block["transactions"].as_array().unwrap() {
                held.push(self.rpc("eth_getRawTransactionByHash", json!([hash])).await);
            }
        }
        self.rpc("anvil_reorg", json!([blocks, []])).await;
        self.quiet.store(0, Ordering::SeqCst);
        if forgets {
            return;
        }
        for raw in held {
            self.rpc("eth_sendRawTransaction", json!([raw])).await;
        }
    }

    /// The time of the newest block.
    pub(crate) async fn time(&self) -> u64 {
        self.chain.head().await.unwrap().timestamp.as_secs()
    }

    pub(crate) async fn height(&self) -> u64 {
        self.chain.provider().get_block_number().await.unwrap()
    }

    /// How many transactions of an account are in blocks.
    pub(crate) async fn nonce(&self, account: usize) -> u64 {
        let account = dev_key(account).address();
        let provider = self.chain.provider();
        provider.get_transaction_count(account).await.unwrap()
    }

    pub(crate) async fn balance(&self, account: usize) -> u128 {
        let account = dev_key(account).address();
        let balance = self.chain.provider().get_balance(account).await.unwrap();
        balance.to()
    }

    pub(crate) async fn tokens(&self, token: Address, account: usize) -> u128 {
        let token = TestERC20::new(token, self.deployer.provider());
        let balance = token.balanceOf(dev_key(account).address()).call().await;
        balance.unwrap().to()
    }

    /// A token of which this account has so many units.
    pub(crate) async fn token(&self, account: usize, units: u128) -> Address {
        use alloy::sol_types::{SolCall as _, SolConstructor as _};
        let arguments = TestERC20::constructorCall {
            name_: "Harbour".into(),
            symbol_: "HBR".into(),
            decimals_: 6,
        };
        self.rpc("evm_setAutomine", json!([true])).await;
        let encoded = arguments.abi_encode();
        let deployed = self
            .deployer
            .deploy("a test's token", &TestERC20::BYTECODE, &encoded);
        let (token, _) = deployed.await.unwrap();
        let mint = TestERC20::mintCall {
            to: dev_key(account).address(),
            amount: U256::from(units),
        };
        self.execute(token, mint.abi_encode().into(), 0).await;
        self.rpc("evm_setAutomine", json!([false])).await;
        token
    }

    /// Sends a transaction of the deployer and waits until it is in a block, which somebody has to make.
    pub(crate) async fn execute(&self, to: Address, data: alloy::primitives::Bytes, value: u128) {
        let sent = self
            .deployer
            .execute("a test's transaction", to, data, U256::from(value));
        sent.await.unwrap();
    }

    /// Sends from one of anvil's accounts, whose keys it has, past whoever sends for it.
    pub(crate) async fn send_as(
        &self,
        account: usize,
        to: Address,
        data: alloy::primitives::Bytes,
        value: u128,
    ) {
        let request = json!({
            "from": dev_key(account).address(),
            "to": to,
            "data": data,
            "value": U256::from(value),
            // More than others pay, so that it comes before them.
            "gasPrice": U256::from(500_000_000_000_u64),
        });
        self.rpc("eth_sendTransaction", json!([request])).await;
    }
}
