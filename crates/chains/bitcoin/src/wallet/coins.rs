use std::collections::BTreeMap;

use bitcoin::{Amount, OutPoint, ScriptBuf, Witness, secp256k1::PublicKey};
use serde::{Deserialize, Serialize};

use crate::{
    BitcoinChain, BitcoinError, BlockEvent, CoinPath, KeyChain, KeyError, SignedTx, Update,
    keys::p2wpkh,
};

/// How many confirmations a miner's reward needs before it can be spent.
const MATURITY: u64 = 100;

/// An output that one of our own keys spends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coin {
    /// Where it is.
    pub outpoint: OutPoint,
    /// What it holds.
    pub value: Amount,
    /// Whose key spends it.
    pub path: CoinPath,
    /// The height of its block; `None` for the change of a payment of our own that is still pending.
    pub height: Option<u64>,
}

/// Our own coins on one chain.
///
/// They are found by a search ([`Wallet::scan`]) and kept up to date by what a follower tells of the
/// scripts ([`Wallet::apply`]) and by what we pay ([`Wallet::record`]). Pending coins of strangers are
/// never counted: they may never come.
#[derive(Debug)]
pub struct Wallet {
    pub(super) keys: KeyChain,
    scripts: BTreeMap<ScriptBuf, CoinPath>,
    coins: BTreeMap<OutPoint, Coin>,
    stale: bool,
}

impl Wallet {
    /// A wallet that knows its first so many addresses of both kinds, and no coins yet.
    ///
    /// # Errors
    /// When a number is beyond what keys are numbered by.
    pub fn new(keys: KeyChain, addresses: u32) -> Result<Self, KeyError> {
        let mut scripts = BTreeMap::new();
        for change in [false, true] {
            for index in 0..addresses {
                let path = CoinPath { change, index };
                scripts.insert(keys.coin_script(path)?, path);
            }
        }
        Ok(Self {
            keys,
            scripts,
            coins: BTreeMap::new(),
            stale: true,
        })
    }

    /// The scripts of its addresses: what to have a follower watch.
    pub fn scripts(&self) -> impl Iterator<Item = &ScriptBuf> {
        self.scripts.keys()
    }

    /// Its keys.
    pub const fn keys(&self) -> &KeyChain {
        &self.keys
    }

    /// Searches the chain for its coins and forgets all others; answers the height up to which it has
    /// looked, so that a follower can go on from there. What a pending transaction spends is left out, and
    /// so is what the endpoints do not agree on. Payments of our own that no node may have kept have to
    /// be recorded again afterwards.
    ///
    /// # Errors
    /// When no endpoint answers, or too few agree. Then nothing has changed.
    pub async fn scan(&mut self, chain: &BitcoinChain) -> Result<u64, BitcoinError> {
        let scripts: Vec<_> = self.scripts.keys().map(ScriptBuf::as_script).collect();
        let wanted = scripts.as_slice();
        let (height, found) = chain
            .any(|node| async move { node.scan(wanted).await })
            .await?;
        let mut found_ours = Vec::new();
        for coin in found {
            let at = coin.outpoint;
            let Some(unspent) = chain
                .any(|node| async move { node.unspent(at, true).await })
                .await?
            else {
                continue;
            };
            let ripe = !unspent.coinbase || unspent.confirmations > MATURITY;
            let agreed = chain.agreed_coin(at).await?.map(|coin| coin.value);
            if let (true, Some(&path)) = (
                ripe && agreed == Some(coin.value),
                self.scripts.get(&coin.script),
            ) {
                found_ours.push((at, coin.value, path, coin.height));
            }
        }
        self.coins.clear();
        for (at, value, path, height) in found_ours {
            self.insert(at, value, path, Some(height));
        }
        self.stale = false;
        Ok(height)
    }

    /// Takes in what a follower tells. After a block was withdrawn the coins have to be searched anew.
    pub fn apply(&mut self, update: &Update) {
        let (block, events) = match update {
            Update::Block { block, events } => (block, events),
            Update::Withdrawn { .. } => {
                self.stale = true;
                return;
            }
            Update::Final { .. } => return,
        };
        for event in events {
            match event {
                BlockEvent::Paid {
                    coin,
                    script,
                    coinbase,
                    ..
                } => {
                    // Rewards are found by the next search, once they are ripe.
                    if let (Some(&path), false) = (self.scripts.get(script), *coinbase) {
                        self.insert(coin.outpoint, coin.value, path, Some(block.height));
                    }
                }
                BlockEvent::Spent { outpoint, .. } => {
                    self.coins.remove(outpoint);
                }
            }
        }
    }

    /// Takes in a payment of our own: what it spends is spent, and its change can be spent at once. The
    /// change of a transaction that also spends what is not ours, such as a lock, waits for its block:
    /// another may come before it.
    pub fn record(&mut self, paid: &SignedTx) {
        let mut ours = true;
        for input in &paid.tx.input {
            ours &= self.is_ours(&input.witness);
            self.coins.remove(&input.previous_output);
        }
        let txid = paid.txid();
        for (vout, output) in (0..).zip(&paid.tx.output) {
            let outpoint = OutPoint::new(txid, vout);
            if let (true, Some(&path)) = (ours, self.scripts.get(&output.script_pubkey)) {
                self.insert(outpoint, output.value, path, None);
            }
        }
    }

    /// Leaves out a coin that something else is known to spend. The next search may find it again.
    pub fn leave_out(&mut self, at: &OutPoint) {
        self.coins.remove(at);
    }

    /// Whether one of our addresses was spent by this witness.
    fn is_ours(&self, witness: &Witness) -> bool {
        let key = match witness.to_vec().as_slice() {
            [_, key] => PublicKey::from_slice(key),
            _ => return false,
        };
        key.is_ok_and(|key| self.scripts.contains_key(&p2wpkh(&key)))
    }

    fn insert(&mut self, outpoint: OutPoint, value: Amount, path: CoinPath, height: Option<u64>) {
        let coin = Coin {
            outpoint,
            value,
            path,
            height,
        };
        self.coins.insert(outpoint, coin);
    }

    /// All coins that can be spent, in the order of their places.
    pub fn coins(&self) -> impl Iterator<Item = &Coin> {
        self.coins.values()
    }

    /// What all coins together hold.
    pub fn balance(&self) -> Amount {
        sum(self.coins().map(|coin| coin.value))
    }

    /// Whether the coins have to be searched before anything can be paid.
    pub const fn is_stale(&self) -> bool {
        self.stale
    }

    /// Says for tests that these are the coins.
    #[cfg(test)]
    pub(super) fn endow(&mut self, coins: impl IntoIterator<Item = Coin>) {
        self.coins = coins
            .into_iter()
            .map(|coin| (coin.outpoint, coin))
            .collect();
        self.stale = false;
    }
}

/// All of it together. Endpoints may tell of any values; what exceeds all money is not more than that.
pub(super) fn sum(values: impl IntoIterator<Item = Amount>) -> Amount {
    let add = |sum: Amount, value| sum.checked_add(value).unwrap_or(Amount::MAX);
    values.into_iter().fold(Amount::ZERO, add)
}
