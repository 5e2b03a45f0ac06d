//! How large a swap's transactions are on the chains of the Bitcoin family, as their own nodes reckon
//! when they have mined them.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bitcoin::{
    Amount, FeeRate, OutPoint, ScriptBuf, Txid,
    secp256k1::{Secp256k1, SecretKey},
};
use causeway_bitcoin::{
    BitcoinChain, BitcoinConfig, CoinPath, HashTimeLock, KeyChain, LockForm, LockTerms, LockedCoin,
    Network, NonceRound, RpcAuth, RpcClient, RpcEndpoint, RpcLimits, Secret, SignedTx, Wallet,
};
use causeway_local_bitcoin::{NodeKind, RegtestNode};
use serde::Deserialize;
use serde_json::json;

/// What is locked.
const VALUE: Amount = Amount::from_sat(1_000_000);
/// One satoshi per virtual byte. How much is paid does not change how large a transaction is.
const RATE: FeeRate = FeeRate::from_sat_per_kwu(250);
/// Blocks from a lock to its refund: enough for the payment to be in one of them.
const REFUND_AFTER: u32 = 5;
/// Rewards that pay for everything.
const REWARDS: u32 = 10;
/// Blocks after them, at least: the rewards mature within a hundred, and heights, which are part of what
/// is measured, take two bytes from 128 on. A third, as on the public chains, makes no further virtual byte.
const YOUTH: u32 = 200;
/// A node is asked for a thousand blocks at once, perhaps on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(120);
/// Everybody's first address.
const FIRST: CoinPath = CoinPath {
    change: false,
    index: 0,
};

/// Virtual bytes of each transaction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    pub(super) coop_claim: u64,
    pub(super) coop_refund: u64,
    pub(super) script_claim: u64,
    pub(super) script_refund: u64,
    pub(super) fund: u64,
}

/// Starts a node, and locks and spends on its chain in every way.
pub(super) async fn measure(kind: NodeKind) -> Result<Sizes> {
    let mut room = Room::begin(kind).await?;
    let to_claimer = room.claimer.coin_script(FIRST)?;
    let to_refunder = room.refunder().coin_script(FIRST)?;

    let (lock, coin, fund) = room.fund_lock().await?;
    let spend = room.sign_together(&lock, coin, &to_claimer)?;
    let coop_claim = room.mined_size(&spend).await?;

    let (lock, coin, _) = room.fund_lock().await?;
    let spend = room.sign_together(&lock, coin, &to_refunder)?;
    let coop_refund = room.mined_size(&spend).await?;

    let (lock, coin, _) = room.fund_lock().await?;
    let key = lock_key(&room.claimer)?;
    let spend = lock.claim(coin, &secret(), &key, &to_claimer, RATE)?;
    let script_claim = room.mined_size(&spend).await?;

    let (lock, coin, _) = room.fund_lock().await?;
    let key = lock_key(room.refunder())?;
    let spend = lock.refund(coin, &key, &to_refunder, RATE)?;
    let missing = lock
        .terms()
        .refund_height
        .saturating_sub(room.height().await?);
    room.mine(missing, &nobody()).await?;
    let script_refund = room.mined_size(&spend).await?;

    Ok(Sizes {
        coop_claim,
        coop_refund,
        script_claim,
        script_refund,
        fund,
    })
}

/// Both parties, and a chain of their own on which lock times are enforced.
struct Room {
    rpc: RpcClient,
    chain: BitcoinChain,
    /// The refunder's money.
    wallet: Wallet,
    claimer: KeyChain,
    _node: RegtestNode,
}

impl Room {
    async fn begin(kind: NodeKind) -> Result<Self> {
        let node = tokio::task::spawn_blocking(move || RegtestNode::start(kind)).await??;
        let network = match kind {
            NodeKind::Bitcoin => Network::BITCOIN_REGTEST,
            NodeKind::Litecoin => Network::LITECOIN_REGTEST,
        };
        let limits = RpcLimits {
            timeout: TIMEOUT,
            ..RpcLimits::default()
        };
        let endpoint = RpcEndpoint {
            url: format!("http://{}", node.rpc_address()).parse()?,
            auth: RpcAuth::Cookie(node.cookie_file()),
        };
        // Nobody else ever sees this chain, so that its keys need not be secret.
        let mut room = Self {
            rpc: RpcClient::new(endpoint.clone(), network, limits)?,
            chain: BitcoinChain::new(BitcoinConfig {
                network,
                endpoints: vec![endpoint],
                agreement: 1,
                confirmations: 1,
                poll_interval: Duration::from_millis(20),
                limits,
            })?,
            wallet: Wallet::new(KeyChain::from_seed(&[0x11; 32], network)?, 1)?,
            claimer: KeyChain::from_seed(&[0x22; 32], network)?,
            _node: node,
        };
        // Rewards halve every 150 blocks, so ours come first.
        let own = room.refunder().coin_script(FIRST)?;
        room.mine(REWARDS, &own).await?;
        let rest = network.lock_times_from.saturating_sub(REWARDS);
        room.mine(rest.max(YOUTH) + 1, &nobody()).await?;
        room.wallet.scan(&room.chain).await?;
        Ok(room)
    }

    fn refunder(&self) -> &KeyChain {
        self.wallet.keys()
    }

    async fn mine(&self, blocks: u32, to: &ScriptBuf) -> Result<()> {
        let address = self.rpc.network().address(to);
        let address = address.context("a script that has no address")?;
        let params = json!([blocks, address]);
        let mined: Vec<String> = self.rpc.call("generatetoaddress", params).await?;
        ensure!(
            mined.len() == usize::try_from(blocks)?,
            "{} blocks were mined, expected {blocks}",
            mined.len()
        );
        Ok(())
    }

    async fn height(&self) -> Result<u32> {
        Ok(u32::try_from(self.rpc.head().await?.0)?)
    }

    /// A new lock and the coin that the refunder has paid into it, and the size of that payment.
    async fn fund_lock(&mut self) -> Result<(HashTimeLock, LockedCoin, u64)> {
        let curve = Secp256k1::new();
        let lock = HashTimeLock::new(LockTerms {
            network: self.rpc.network(),
            form: LockForm::Taproot,
            hash: secret().hash(),
            claim_key: lock_key(&self.claimer)?.public_key(&curve),
            refund_key: lock_key(self.refunder())?.public_key(&curve),
            refund_height: self.height().await? + REFUND_AFTER,
        })?;
        let paid = self.wallet.pay(&lock.script_pubkey(), VALUE, RATE, 0)?;
        let size = self.mined_size(&paid).await?;
        self.wallet.record(&paid);
        let coin = LockedCoin {
            outpoint: OutPoint::new(paid.txid(), 0),
            value: VALUE,
        };
        Ok((lock, coin, size))
    }

    /// The spend that both sign, as they would over a connection.
    fn sign_together(
        &self,
        lock: &HashTimeLock,
        coin: LockedCoin,
        to: &ScriptBuf,
    ) -> Result<SignedTx> {
        let spend = lock.cooperative_spend(coin, to, RATE)?;
        let begin = |keys, randomness| -> Result<_> {
            let key = lock_key(keys)?;
            Ok(NonceRound::begin(lock, &spend, &key, randomness)?)
        };
        let (claimer, claimer_nonce) = begin(&self.claimer, [0x33; 32])?;
        let (refunder, refunder_nonce) = begin(self.refunder(), [0x44; 32])?;
        let (_, half) = refunder.sign(&claimer_nonce)?;
        let (claimer, _) = claimer.sign(&refunder_nonce)?;
        let signature = claimer.finish(&half)?;
        Ok(spend.with_signature(lock, &signature)?)
    }

    /// Broadcasts, mines one block, and answers the size that the node gives for the transaction in it.
    async fn mined_size(&self, tx: &SignedTx) -> Result<u64> {
        #[derive(Deserialize)]
        struct Block {
            tx: Vec<Mined>,
        }
        #[derive(Deserialize)]
        struct Mined {
            txid: Txid,
            vsize: u64,
        }
        self.chain.broadcast(&tx.bytes()).await?;
        self.mine(1, &nobody()).await?;
        let hash: String = self.rpc.call("getbestblockhash", json!([])).await?;
        let block: Block = self.rpc.call("getblock", json!([hash, 2])).await?;
        let txid = tx.txid();
        let mined = block.tx.iter().find(|mined| mined.txid == txid);
        let mined = mined.with_context(|| format!("{txid} is not in the newest block"))?;
        Ok(mined.vsize)
    }
}

fn secret() -> Secret {
    Secret::from_bytes([0x5e; 32])
}

fn lock_key(keys: &KeyChain) -> Result<SecretKey> {
    Ok(keys.lock_key(0)?)
}

/// Where blocks' rewards go that nobody wants: a witness program of zeros.
fn nobody() -> ScriptBuf {
    let mut program = vec![0x00, 0x14];
    program.resize(22, 0);
    ScriptBuf::from_bytes(program)
}
