//! Two parties on a chain of their own.

mod eyes;
mod liar;
mod pair;

use std::time::Duration;

use alloy_primitives::B256;
use bitcoin::{FeeRate, ScriptBuf, Txid};
use causeway_bitcoin::{
    BitcoinChain, BitcoinConfig, Network, RpcAuth, RpcClient, RpcEndpoint, RpcLimits,
};
use causeway_engine::Engine;
use causeway_local_bitcoin::{NodeKind, RegtestNode};
use causeway_swap::{
    Amount, Assumed, BlockTimes, ChainTiming, Expiry, HashLock, Leg, LegTerms, LockForm, Secret,
    SwapId,
};
use causeway_swap_service::{
    Lock, Sight, SwapChain as _,
    bitcoin::{BitcoinSettings, BitcoinSide},
};
use causeway_types::{AssetId, BlockRef};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use self::{
    eyes::{Eyes, claimed, locked_at, refunded},
    liar::Liar,
    pair::Pair,
};

/// What most tests lock.
pub(crate) const VALUE: u64 = 1_000_000;
const CONFIRMATIONS: u64 = 3;

/// A chain, and two parties with money on it: Alice locks, Bob claims.
pub(crate) struct World {
    pub(crate) node: RegtestNode,
    pub(crate) network: &'static Network,
    pub(crate) rpc: RpcClient,
    pub(crate) alice: Party,
    pub(crate) bob: Party,
}

/// One party, with a store that outlives it.
pub(crate) struct Party {
    pub(crate) side: BitcoinSide,
    pub(crate) settings: BitcoinSettings,
    chain: BitcoinChain,
    seed: [u8; 32],
    store: TempDir,
    number: u32,
}

pub(crate) fn secret() -> Secret {
    Secret::from_bytes([0x5e; 32])
}

/// Where blocks go that nobody wants: a witness program of zeros.
pub(crate) fn nobody() -> ScriptBuf {
    ScriptBuf::from_hex("00140000000000000000000000000000000000000000").unwrap()
}

pub(crate) fn endpoint(node: &RegtestNode) -> RpcEndpoint {
    RpcEndpoint {
        url: format!("http://{}", node.rpc_address()).parse().unwrap(),
        auth: RpcAuth::Cookie(node.cookie_file()),
    }
}

pub(crate) fn chain(network: &'static Network, endpoints: Vec<RpcEndpoint>) -> BitcoinChain {
    let agreement = endpoints.len() / 2 + 1;
    chain_with(network, endpoints, agreement)
}

pub(crate) fn chain_with(
    network: &'static Network,
    endpoints: Vec<RpcEndpoint>,
    agreement: usize,
) -> BitcoinChain {
    BitcoinChain::new(BitcoinConfig {
        network,
        agreement,
        endpoints,
        confirmations: CONFIRMATIONS,
        poll_interval: Duration::from_millis(20),
        limits: RpcLimits::default(),
    })
    .unwrap()
}

pub(crate) fn settings() -> BitcoinSettings {
    let timing = ChainTiming::new(Assumed {
        blocks: BlockTimes::Poisson {
            mean_secs: 600,
            drift_percent: 0,
        },
        confirmations: CONFIRMATIONS,
        inclusion_secs: 4_500,
        skew_secs: 60,
    });
    BitcoinSettings {
        addresses: 3,
        ..BitcoinSettings::new(timing.unwrap())
    }
}

impl Party {
    async fn new(chain: BitcoinChain, seed: u8, number: u32) -> Self {
        let (seed, settings) = ([seed; 32], settings());
        let store = TempDir::new().unwrap();
        let side = open(&chain, &seed, &store, settings).await;
        Self {
            side,
            settings,
            chain,
            seed,
            store,
            number,
        }
    }

    /// As after a crash: nothing is left but the store.
    pub(crate) async fn reopen(&mut self) {
        self.side = open(&self.chain, &self.seed, &self.store, self.settings).await;
    }

    /// The same party once more, beside itself.
    pub(crate) async fn another(&self) -> BitcoinSide {
        open(&self.chain, &self.seed, &self.store, self.settings).await
    }

    /// Its store.
    pub(crate) async fn engine(&self) -> Engine {
        engine(&self.store).await
    }

    /// The same party with other settings.
    pub(crate) async fn reopen_with(&mut self, settings: BitcoinSettings) {
        self.settings = settings;
        self.reopen().await;
    }

    /// The same party with other endpoints.
    pub(crate) async fn reopen_through(&mut self, endpoints: Vec<RpcEndpoint>) {
        self.chain = chain(self.chain.network(), endpoints);
        self.reopen().await;
    }
}

async fn open(
    chain: &BitcoinChain,
    seed: &[u8],
    store: &TempDir,
    settings: BitcoinSettings,
) -> BitcoinSide {
    BitcoinSide::open(chain.clone(), seed, engine(store).await, settings)
        .await
        .unwrap()
}

async fn engine(store: &TempDir) -> Engine {
    let url = format!("sqlite://{}", store.path().join("store.db").display());
    Engine::open(&url).await.unwrap()
}

impl World {
    /// A chain that enforces lock times. Each party has ten coins.
    pub(crate) async fn new(kind: NodeKind) -> Self {
        let node = RegtestNode::start(kind).unwrap_or_else(|error| panic!("{error}"));
        let network = match kind {
            NodeKind::Bitcoin => Network::BITCOIN_REGTEST,
            NodeKind::Litecoin => Network::LITECOIN_REGTEST,
        };
        let rpc = RpcClient::new(endpoint(&node), network, RpcLimits::default()).unwrap();
        let chain = chain(network, vec![endpoint(&node)]);
        let world = Self {
            alice: Party::new(chain.clone(), 0xa1, 7).await,
            bob: Party::new(chain, 0xb0, 11).await,
            node,
            network,
            rpc,
        };
        for party in [&world.alice, &world.bob] {
            let address = party.side.receiving_address(0).unwrap();
            world.mine_to(10, &address).await;
        }
        // Heights of two bytes, as on chains that are older; they make a refund larger by one.
        let enforced = u64::from(network.lock_times_from);
        world.mine(enforced.saturating_sub(20).max(200) + 1).await;
        world
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        let address = self.network.address(&nobody()).unwrap();
        self.mine_to(blocks, &address).await;
    }

    async fn mine_to(&self, blocks: u64, address: &str) {
        let params = json!([blocks, address]);
        let _: Vec<String> = self.rpc.call("generatetoaddress", params).await.unwrap();
    }

    pub(crate) async fn height(&self) -> u64 {
        self.rpc.head().await.unwrap().0
    }

    /// The block of this height, as something that was told of and held nothing.
    pub(crate) async fn block_ref(&self, height: u64) -> (BlockRef, Vec<Sight>) {
        let hash = self.rpc.block_hash_at(height).await.unwrap().unwrap();
        (self.rpc.block_ref(hash).await.unwrap().unwrap(), Vec::new())
    }

    /// Mines a block whose reward goes to a script.
    pub(crate) async fn reward(&self, script: &ScriptBuf) {
        let address = self.network.address(script).unwrap();
        self.mine_to(1, &address).await;
    }

    /// Mines until the chain has this height.
    pub(crate) async fn mine_up_to(&self, height: u64) {
        self.mine(height - self.height().await).await;
    }

    /// Takes back the newest block.
    pub(crate) async fn take_back_newest_block(&self) {
        let (_, hash) = self.rpc.head().await.unwrap();
        let params = json!([hash.to_string().trim_start_matches("0x")]);
        let _: Value = self.rpc.call("invalidateblock", params).await.unwrap();
    }

    /// Has the node forget all pending transactions: it crashes, which saves none of them.
    pub(crate) async fn forget_pending(&self) {
        // What this reads is saved first.
        let _: Value = self.rpc.call("gettxoutsetinfo", json!([])).await.unwrap();
        self.node.kill().unwrap();
        self.node.start_again().unwrap();
        let _: Value = self.rpc.call("getmempoolinfo", json!([])).await.unwrap();
    }

    /// Mines a block that holds nothing, whatever is pending.
    pub(crate) async fn mine_empty(&self) {
        let address = self.network.address(&nobody()).unwrap();
        let params = json!([address, []]);
        let _: Value = self.rpc.call("generateblock", params).await.unwrap();
    }

    /// The ids of all pending transactions.
    pub(crate) async fn pending(&self) -> Vec<Txid> {
        self.rpc.call("getrawmempool", json!([])).await.unwrap()
    }

    /// The id of the only pending transaction.
    pub(crate) async fn only_pending(&self) -> Txid {
        let pending = self.pending().await;
        assert_eq!(pending.len(), 1, "{pending:?}");
        pending[0]
    }

    /// What a pending transaction pays, in whole satoshis per virtual byte.
    pub(crate) async fn pending_rate(&self, txid: Txid) -> u64 {
        let fee = self.rpc.pending_fee(txid).await.unwrap().unwrap();
        let bytes = self.rpc.raw_transaction(txid, None).await.unwrap().unwrap();
        let tx: bitcoin::Transaction = bitcoin::consensus::deserialize(&bytes).unwrap();
        fee.to_sat() / tx.weight().to_vbytes_ceil()
    }

    /// The size of a transaction in the newest block, as the node reckons it.
    pub(crate) async fn size_in_newest_block(&self, txid: Txid) -> u64 {
        let (_, hash) = self.rpc.head().await.unwrap();
        let hash = hash.to_string();
        let params = json!([txid, true, hash.trim_start_matches("0x")]);
        let tx: Value = self.rpc.call("getrawtransaction", params).await.unwrap();
        tx["vsize"].as_u64().unwrap()
    }

    /// The same lock as both see it, to be taken back from so many blocks on.
    pub(crate) async fn lock(&self, form: LockForm, blocks: u64) -> Pair {
        self.lock_numbered(form, blocks, 0).await
    }

    /// The lock of another swap.
    pub(crate) async fn lock_numbered(&self, form: LockForm, blocks: u64, number: u32) -> Pair {
        let (alice, bob) = (self.alice.number + number, self.bob.number + number);
        let chain = self.alice.side.id().clone();
        let terms = LegTerms {
            asset: AssetId::coin(chain, self.network.coin_type),
            amount: Amount::new(VALUE.into()),
            bond: Amount::ZERO,
            claimer: self.bob.side.account(bob).unwrap(),
            refunder: self.alice.side.account(alice).unwrap(),
            form,
            expiry: Expiry::Height(self.height().await + blocks),
        };
        self.alice.side.check(&terms).unwrap();
        let lock = |number| Lock {
            swap: SwapId(B256::repeat_byte(u8::try_from(number).unwrap())),
            leg: Leg::First,
            number,
            hash_lock: HashLock::new(secret().hash_lock().hash()),
            terms: terms.clone(),
        };
        let (mut alice, bob) = (lock(alice), lock(bob));
        alice.swap = bob.swap;
        Pair { alice, bob }
    }

    /// Pays from Alice's wallet to a script, without mining it, as a stranger would.
    pub(crate) async fn pay(&self, script: &ScriptBuf, value: u64) -> Txid {
        use causeway_bitcoin::{KeyChain, Wallet};

        let keys = KeyChain::from_seed(&[0xa1; 32], self.network).unwrap();
        let mut wallet = Wallet::new(keys, 3).unwrap();
        let chain = chain(self.network, vec![endpoint(&self.node)]);
        wallet.scan(&chain).await.unwrap();
        let rate = FeeRate::from_sat_per_kwu(250);
        let paid = wallet.pay(script, bitcoin::Amount::from_sat(value), rate, 0);
        let paid = paid.unwrap();
        chain.broadcast(&paid.bytes()).await.unwrap();
        paid.txid()
    }

    /// Alice becomes somebody else, who has a single coin.
    pub(crate) async fn impoverish(&mut self, value: u64) {
        let keys = causeway_bitcoin::KeyChain::from_seed(&[0xa2; 32], self.network).unwrap();
        let path = causeway_bitcoin::CoinPath {
            change: false,
            index: 0,
        };
        self.pay(&keys.coin_script(path).unwrap(), value).await;
        self.mine(1).await;
        self.alice = Party::new(self.alice.chain.clone(), 0xa2, 7).await;
    }

    /// Locks, mines it, and answers where the lock is.
    pub(crate) async fn locked(&self, pair: &Pair) -> String {
        self.alice.side.lock(&pair.alice).await.unwrap();
        let txid = self.only_pending().await;
        self.mine(1).await;
        format!("{txid}:0")
    }
}
