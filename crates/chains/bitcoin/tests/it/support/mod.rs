//! A node with money for us, and what tests do with it.

mod liar;

use std::time::Duration;

use bitcoin::{
    Amount, EcdsaSighashType, FeeRate, OutPoint, ScriptBuf, TapSighashType, TxOut, Txid,
    hashes::Hash as _,
    key::Keypair,
    secp256k1::{Message, Secp256k1, SecretKey},
    sighash::{Prevouts, SighashCache},
    taproot::{LeafVersion, TapLeafHash},
};
use causeway_bitcoin::{
    BitcoinChain, BitcoinConfig, HashTimeLock, KeyChain, LockForm, LockTerms, LockedCoin, Network,
    RpcAuth, RpcClient, RpcEndpoint, RpcLimits, Secret, SignedTx, Wallet,
};
use causeway_local_bitcoin::{NodeKind, RegtestNode};
use serde_json::{Value, json};

pub(crate) use liar::Liar;

/// A fresh chain: we have some matured rewards, and lock times are enforced.
pub(crate) struct Fixture {
    pub(crate) node: RegtestNode,
    pub(crate) network: &'static Network,
    pub(crate) rpc: RpcClient,
    pub(crate) chain: BitcoinChain,
    pub(crate) wallet: Wallet,
}

pub(crate) const fn network_of(kind: NodeKind) -> &'static Network {
    match kind {
        NodeKind::Bitcoin => Network::BITCOIN_REGTEST,
        NodeKind::Litecoin => Network::LITECOIN_REGTEST,
    }
}

/// One satoshi per virtual byte.
pub(crate) const ONE: FeeRate = FeeRate::from_sat_per_kwu(250);

pub(crate) fn secret() -> Secret {
    Secret::from_bytes([0x5e; 32])
}

pub(crate) fn keys(network: &'static Network) -> KeyChain {
    KeyChain::from_seed(&[0x11; 32], network).unwrap()
}

/// The other party.
pub(crate) fn stranger() -> SecretKey {
    SecretKey::from_slice(&[0x77; 32]).unwrap()
}

/// Where blocks go that nobody wants: a witness program of zeros.
fn nobody() -> ScriptBuf {
    ScriptBuf::from_hex("00140000000000000000000000000000000000000000").unwrap()
}

/// A node; without one, the test says what to do about it.
pub(crate) fn start(kind: NodeKind) -> RegtestNode {
    RegtestNode::start(kind).unwrap_or_else(|error| panic!("{error}"))
}

/// A signature for a script of a P2WSH output, for what the driver itself refuses to sign.
pub(crate) fn sign_script(
    spend: &SignedTx,
    coin: LockedCoin,
    script: &ScriptBuf,
    key: &SecretKey,
) -> Vec<u8> {
    let kind = EcdsaSighashType::All;
    let mut cache = SighashCache::new(&spend.tx);
    let sighash = cache
        .p2wsh_signature_hash(0, script, coin.value, kind)
        .unwrap();
    let message = Message::from_digest(sighash.to_byte_array());
    let signature = Secp256k1::new().sign_ecdsa_low_r(&message, key);
    let signature = bitcoin::ecdsa::Signature {
        signature,
        sighash_type: kind,
    };
    signature.to_vec()
}

/// The same for a leaf of a taproot output.
pub(crate) fn sign_leaf(
    spend: &SignedTx,
    coin: LockedCoin,
    output: &ScriptBuf,
    leaf: &ScriptBuf,
    key: &SecretKey,
) -> Vec<u8> {
    let spent = [TxOut {
        value: coin.value,
        script_pubkey: output.clone(),
    }];
    let hash = TapLeafHash::from_script(leaf, LeafVersion::TapScript);
    let mut cache = SighashCache::new(&spend.tx);
    let sighash = cache
        .taproot_script_spend_signature_hash(
            0,
            &Prevouts::All(&spent),
            hash,
            TapSighashType::Default,
        )
        .unwrap();
    let message = Message::from_digest(sighash.to_byte_array());
    let curve = Secp256k1::new();
    let pair = Keypair::from_secret_key(&curve, key);
    curve
        .sign_schnorr_no_aux_rand(&message, &pair)
        .as_ref()
        .to_vec()
}

pub(crate) fn endpoint(node: &RegtestNode) -> RpcEndpoint {
    RpcEndpoint {
        url: format!("http://{}", node.rpc_address()).parse().unwrap(),
        auth: RpcAuth::Cookie(node.cookie_file()),
    }
}

pub(crate) fn config(network: &'static Network, endpoints: Vec<RpcEndpoint>) -> BitcoinConfig {
    BitcoinConfig {
        network,
        agreement: endpoints.len() / 2 + 1,
        endpoints,
        confirmations: 3,
        poll_interval: Duration::from_millis(20),
        limits: RpcLimits::default(),
    }
}

impl Fixture {
    /// A chain that is ready for use.
    pub(crate) async fn new(kind: NodeKind) -> Self {
        let mut fixture = Self::bare(kind).await;
        // Rewards halve every 150 blocks, so ours come first; they have to mature.
        let enforced = u64::from(fixture.network.lock_times_from);
        let rest = enforced.saturating_sub(10).max(100) + 1;
        fixture.mine(rest).await;
        fixture.wallet.scan(&fixture.chain).await.unwrap();
        assert_eq!(fixture.wallet.coins().count(), 10);
        fixture
    }

    /// A chain of ten blocks, whose rewards are ours once they have matured.
    pub(crate) async fn bare(kind: NodeKind) -> Self {
        let node = start(kind);
        let network = network_of(kind);
        let rpc = RpcClient::new(endpoint(&node), network, RpcLimits::default()).unwrap();
        let chain = BitcoinChain::new(config(network, vec![endpoint(&node)])).unwrap();
        let wallet = Wallet::new(keys(network), 3).unwrap();
        let fixture = Self {
            node,
            network,
            rpc,
            chain,
            wallet,
        };
        fixture.mine_to(10, &fixture.own_script()).await;
        fixture
    }

    /// Our first receiving address.
    pub(crate) fn own_script(&self) -> ScriptBuf {
        let keys = self.wallet.keys();
        let path = causeway_bitcoin::CoinPath {
            change: false,
            index: 0,
        };
        keys.coin_script(path).unwrap()
    }

    pub(crate) async fn mine(&self, blocks: u64) {
        self.mine_to(blocks, &nobody()).await;
    }

    pub(crate) async fn mine_to(&self, blocks: u64, script: &ScriptBuf) {
        let address = self.network.address(script).unwrap();
        let params = json!([blocks, address]);
        let _: Vec<String> = self.rpc.call("generatetoaddress", params).await.unwrap();
    }

    pub(crate) async fn height(&self) -> u32 {
        u32::try_from(self.rpc.head().await.unwrap().0).unwrap()
    }

    /// A lock in which we are both the claimer (number 0) and, with the stranger's key, the refunder.
    pub(crate) fn lock(&self, form: LockForm, refund_height: u32) -> HashTimeLock {
        let curve = Secp256k1::new();
        HashTimeLock::new(LockTerms {
            network: self.network,
            form,
            hash: secret().hash(),
            claim_key: self.claim_key().public_key(&curve),
            refund_key: stranger().public_key(&curve),
            refund_height,
        })
        .unwrap()
    }

    pub(crate) fn claim_key(&self) -> SecretKey {
        self.wallet.keys().lock_key(0).unwrap()
    }

    /// Pays into a script from the wallet, without mining it.
    pub(crate) async fn pay(&mut self, to: &ScriptBuf, value: u64) -> (SignedTx, LockedCoin) {
        let value = Amount::from_sat(value);
        let paid = self.wallet.pay(to, value, ONE, 0).unwrap();
        self.chain.broadcast(&paid.bytes()).await.unwrap();
        self.wallet.record(&paid);
        let outpoint = OutPoint::new(paid.txid(), 0);
        (paid, LockedCoin { outpoint, value })
    }

    /// Broadcasts, mines one block, and answers the size as the node reckons it in that block.
    pub(crate) async fn mined_size(&self, tx: &SignedTx) -> u64 {
        self.chain.broadcast(&tx.bytes()).await.unwrap();
        self.mine(1).await;
        self.size_in_newest_block(tx.txid()).await
    }

    pub(crate) async fn size_in_newest_block(&self, txid: Txid) -> u64 {
        let (_, hash) = self.rpc.head().await.unwrap();
        let hash = hash.to_string();
        let params = json!([txid, true, hash.trim_start_matches("0x")]);
        let tx: Value = self.rpc.call("getrawtransaction", params).await.unwrap();
        tx["vsize"].as_u64().unwrap()
    }

    /// Takes back the newest block.
    pub(crate) async fn take_back_newest_block(&self) {
        let (_, hash) = self.rpc.head().await.unwrap();
        let hash = hash.to_string();
        let params = json!([hash.trim_start_matches("0x")]);
        let _: Value = self.rpc.call("invalidateblock", params).await.unwrap();
    }

    /// Gives another node the blocks of this one that it lacks, as a peer would.
    pub(crate) async fn give_blocks_to(&self, other: &RpcClient) {
        let (known, _) = other.head().await.unwrap();
        for height in known + 1..=u64::from(self.height().await) {
            let hash = self
                .rpc
                .block_hash_at(height)
                .await
                .unwrap()
                .unwrap()
                .to_string();
            let params = json!([hash.trim_start_matches("0x"), 0]);
            let block: String = self.rpc.call("getblock", params).await.unwrap();
            let refused: Value = other.call("submitblock", json!([block])).await.unwrap();
            assert_eq!(refused, Value::Null);
        }
    }
}
