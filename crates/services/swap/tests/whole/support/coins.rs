use std::sync::atomic::{AtomicU64, Ordering};

use bitcoin::{
    FeeRate, ScriptBuf,
    hashes::{Hash as _, sha256},
};
use causeway_bitcoin::{
    BitcoinChain, BitcoinConfig, CoinPath, HashTimeLock, KeyChain, LockTerms, RpcAuth, RpcEndpoint,
    RpcLimits, Wallet,
};
use causeway_local_bitcoin::{NodeKind, RegtestNode};
use causeway_localnet::Coins;
use causeway_swap::{Assumed, BlockTimes, ChainTiming, Expiry, Leg, LockForm, Span, Terms};
use causeway_swap_service::Spans;
use causeway_types::{AssetId, ChainId};
use serde_json::{Value, json};

/// K of the timing, which is also what the drivers count.
pub(crate) const CONFIRMATIONS: u64 = 2;
/// How long a block is taken to need, in seconds.
pub(crate) const BLOCK_SECS: u64 = 10;
/// How many receiving addresses each wallet has, and as many for change.
pub(crate) const ADDRESSES: u32 = 3;
/// So many early rewards go to each party, which makes 250 coins.
const REWARDS: u64 = 5;

/// A chain of the Bitcoin family on which blocks come when a test wants them.
pub(crate) struct CoinChain {
    coins: Coins,
    /// Since when transactions are counted.
    begins: u64,
    /// So many blocks came since the last that a test made, or that held something.
    quiet: AtomicU64,
    /// How many blocks were made that hold nothing.
    made: AtomicU64,
    /// Whether blocks come for what waits.
    pub(crate) flows: bool,
}

pub(crate) fn timing() -> ChainTiming {
    ChainTiming::new(Assumed {
        blocks: BlockTimes::Poisson {
            mean_secs: BLOCK_SECS,
            drift_percent: 0,
        },
        confirmations: CONFIRMATIONS,
        inclusion_secs: 80,
        skew_secs: 10,
    })
    .unwrap()
}

pub(crate) const SPANS: Spans = Spans {
    long: Span::Blocks(100),
    short: Span::Blocks(80),
};

pub(crate) fn rpc_endpoint(node: &RegtestNode) -> RpcEndpoint {
    RpcEndpoint {
        url: format!("http://{}", node.rpc_address()).parse().unwrap(),
        auth: RpcAuth::Cookie(node.cookie_file()),
    }
}

impl CoinChain {
    /// A chain that enforces lock times, on which the wallets of these seeds are rich.
    pub(crate) async fn start(kind: NodeKind, rich: &[[u8; 32]]) -> Self {
        let coins = Coins::start(kind).unwrap();
        let mut chain = Self {
            coins,
            begins: 0,
            quiet: AtomicU64::new(CONFIRMATIONS),
            made: AtomicU64::new(1),
            flows: true,
        };
        for seed in rich {
            let script = &chain.scripts(seed)[0];
            let address = chain.coins.network().address(script).unwrap();
            chain.coins.mine_to(&address, REWARDS).await.unwrap();
        }
        chain.coins.ripen().await.unwrap();
        chain.begins = chain.height().await;
        chain
    }

    pub(crate) const fn node(&self) -> &RegtestNode {
        self.coins.node()
    }

    pub(crate) const fn network(&self) -> &'static causeway_bitcoin::Network {
        self.coins.network()
    }

    pub(crate) fn id(&self) -> ChainId {
        self.coins.network().chain_id()
    }

    pub(crate) fn asset(&self) -> AssetId {
        AssetId::coin(self.id(), self.coins.network().coin_type)
    }

    pub(crate) async fn ask(&self, method: &'static str, params: Value) -> Value {
        self.coins.ask(method, params).await.unwrap()
    }

    pub(crate) async fn height(&self) -> u64 {
        self.coins.height().await.unwrap()
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.coins.mine(blocks).await.unwrap();
        self.quiet.store(0, Ordering::SeqCst);
    }

    /// Mines a block if something waits for one: to be in it, or to be final.
    pub(crate) async fn nudge(&mut self) {
        if !self.flows {
            return;
        }
        if !self.pending().await.is_empty() {
            self.mine(1).await;
        } else if self.quiet.load(Ordering::SeqCst) < CONFIRMATIONS {
            let quiet = self.quiet.load(Ordering::SeqCst);
            self.mine(1).await;
            // What came just before the block is in it, and has to become final, too.
            if self.newest_is_empty().await {
                self.quiet.store(quiet + 1, Ordering::SeqCst);
            }
        }
    }

    async fn newest_is_empty(&self) -> bool {
        let hash = self.ask("getbestblockhash", json!([])).await;
        let block = self.ask("getblock", json!([hash, 1])).await;
        block["tx"].as_array().unwrap().len() == 1
    }

    /// The ids of what waits for a block.
    pub(crate) async fn pending(&self) -> Vec<String> {
        let pending = self.ask("getrawmempool", json!([])).await;
        serde_json::from_value(pending).unwrap()
    }

    /// Mines a block that holds nothing, whatever waits.
    ///
    /// Each pays somebody else: one that is like a block that was taken back is that block, and not taken.
    pub(crate) async fn mine_empty(&self) {
        let count = self.made.fetch_add(1, Ordering::SeqCst);
        let nobody = ScriptBuf::from_hex(&format!("0014{count:040x}")).unwrap();
        let address = self.network().address(&nobody).unwrap();
        self.ask("generateblock", json!([address, []])).await;
    }

    /// Takes back so many of the newest blocks; what they held waits again.
    pub(crate) async fn take_back(&mut self, blocks: u64) {
        let height = self.height().await - (blocks - 1);
        let hash = self.ask("getblockhash", json!([height])).await;
        self.ask("invalidateblock", json!([hash])).await;
        self.quiet.store(0, Ordering::SeqCst);
    }

    /// All ids of transactions in blocks since the beginning, rewards left out.
    pub(crate) async fn transactions(&self) -> Vec<String> {
        let mut found = Vec::new();
        for height in self.begins + 1..=self.height().await {
            let hash = self.ask("getblockhash", json!([height])).await;
            let block = self.ask("getblock", json!([hash, 1])).await;
            let ids = block["tx"].as_array().unwrap().iter().skip(1);
            found.extend(ids.map(|id| id.as_str().unwrap().to_owned()));
        }
        found
    }

    /// A transaction in a block, as the node explains it.
    pub(crate) async fn transaction(&self, txid: &str) -> Value {
        for height in (self.begins + 1..=self.height().await).rev() {
            let hash = self.ask("getblockhash", json!([height])).await;
            let block = self.ask("getblock", json!([hash, 2])).await;
            let found = block["tx"].as_array().unwrap().iter();
            if let Some(found) = found.into_iter().find(|tx| tx["txid"] == txid) {
                return found.clone();
            }
        }
        panic!("{txid} is in no block");
    }

    /// The script of the lock of coins in a swap.
    pub(crate) fn script_of(&self, terms: &Terms) -> ScriptBuf {
        self.lock_of(terms, |_| {}).script_pubkey()
    }

    /// The lock of coins in a swap, with something about it changed.
    pub(crate) fn lock_of(
        &self,
        terms: &Terms,
        change: impl FnOnce(&mut LockTerms),
    ) -> HashTimeLock {
        let is_ours = |leg: &Leg| *terms.legs.of(*leg).asset.chain() == self.id();
        let leg = Leg::BOTH.into_iter().find(is_ours).unwrap();
        let leg = terms.legs.of(leg);
        let Expiry::Height(height) = leg.expiry else {
            panic!("coins expire by height")
        };
        let mut lock = LockTerms {
            network: self.network(),
            form: match leg.form {
                LockForm::Taproot => causeway_bitcoin::LockForm::Taproot,
                _ => causeway_bitcoin::LockForm::WitnessScript,
            },
            hash: sha256::Hash::from_byte_array(terms.hash_lock.hash().0),
            claim_key: leg.claimer.address().parse().unwrap(),
            refund_key: leg.refunder.address().parse().unwrap(),
            refund_height: u32::try_from(height).unwrap(),
        };
        change(&mut lock);
        HashTimeLock::new(lock).unwrap()
    }

    /// Where the wallet of this seed takes coins.
    pub(crate) fn script(&self, seed: &[u8; 32]) -> ScriptBuf {
        self.scripts(seed)[0].clone()
    }

    /// Mines a block that holds this transaction alone, whatever else waits.
    pub(crate) async fn mine_this(&self, transaction: &[u8]) {
        let nobody = ScriptBuf::from_hex("00140000000000000000000000000000000000000000").unwrap();
        let address = self.network().address(&nobody).unwrap();
        let transaction = alloy_primitives::hex::encode(transaction);
        self.ask("generateblock", json!([address, [transaction]]))
            .await;
        self.quiet.store(0, Ordering::SeqCst);
    }

    /// The private key of a wallet in the locks of a swap, in hexadecimal.
    pub(crate) fn lock_key(&self, seed: &[u8; 32], number: u32) -> String {
        let keys = KeyChain::from_seed(seed, self.network()).unwrap();
        keys.lock_key(number).unwrap().display_secret().to_string()
    }

    /// Fails unless these signed transactions pay to the wallet of this seed and nobody else.
    pub(crate) fn pays_only(&self, seed: &[u8; 32], data: &str) {
        let spends: Vec<causeway_bitcoin::SignedTx> = serde_json::from_str(data).unwrap();
        assert!(!spends.is_empty());
        let ours = self.scripts(seed);
        for spend in spends {
            assert!(!spend.tx.output.is_empty());
            for output in spend.tx.output {
                assert!(ours.contains(&output.script_pubkey));
            }
        }
    }

    fn chain(&self) -> BitcoinChain {
        BitcoinChain::new(BitcoinConfig {
            network: self.network(),
            agreement: 1,
            endpoints: vec![rpc_endpoint(self.node())],
            confirmations: CONFIRMATIONS,
            poll_interval: std::time::Duration::from_millis(50),
            limits: RpcLimits::default(),
        })
        .unwrap()
    }

    /// Pays from the wallet of this seed, past its service, in a transaction that waits for its block.
    pub(crate) async fn pay(&self, seed: &[u8; 32], script: &ScriptBuf, value: u64) -> String {
        let keys = KeyChain::from_seed(seed, self.network()).unwrap();
        let mut wallet = Wallet::new(keys, ADDRESSES).unwrap();
        let chain = self.chain();
        wallet.scan(&chain).await.unwrap();
        let rate = FeeRate::from_sat_per_kwu(250);
        let paid = wallet.pay(script, bitcoin::Amount::from_sat(value), rate, 0);
        let paid = paid.unwrap();
        chain.broadcast(&paid.bytes()).await.unwrap();
        paid.txid().to_string()
    }

    fn scripts(&self, seed: &[u8; 32]) -> Vec<ScriptBuf> {
        let keys = KeyChain::from_seed(seed, self.network()).unwrap();
        let paths = [false, true].into_iter();
        let paths =
            paths.flat_map(|change| (0..ADDRESSES).map(move |index| CoinPath { change, index }));
        paths.map(|path| keys.coin_script(path).unwrap()).collect()
    }

    /// What the wallet of this seed holds in blocks, in the smallest unit, with rewards that are not ripe.
    pub(crate) async fn balance(&self, seed: &[u8; 32]) -> u64 {
        let scripts = self.scripts(seed);
        let scripts: Vec<_> = scripts.iter().map(ScriptBuf::as_script).collect();
        let wanted = scripts.as_slice();
        let chain = self.chain();
        let found = chain.any(|node| async move { node.scan(wanted).await });
        let (_, coins) = found.await.unwrap();
        coins.iter().map(|coin| coin.value.to_sat()).sum()
    }
}
