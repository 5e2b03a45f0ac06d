//! Our own coins, shared by all swaps.

use std::sync::{Mutex as StdMutex, PoisonError};

use bitcoin::{Amount, FeeRate, OutPoint, Script, ScriptBuf, Txid};
use causeway_bitcoin::{BitcoinChain, KeyChain, KeyError, SignedTx, Update, Wallet, WalletError};
use tokio::sync::{Mutex, MutexGuard};
use tracing::debug;

use crate::ChainError;

/// The wallet, opened by one task at a time: whoever pays keeps it open until the payment is stored.
#[derive(Debug)]
pub(super) struct Purse {
    open: Mutex<Open>,
    /// What a follower has told and the wallet has not taken in yet. A search takes minutes on large
    /// chains, and following must not wait for it.
    told: StdMutex<Vec<News>>,
    scripts: Vec<ScriptBuf>,
}

#[derive(Debug)]
enum News {
    Chain(Update),
    /// A payment is mined for good, or never will be.
    Settled {
        payment: Txid,
        search: bool,
    },
}

/// The wallet, and our payments that may be pending.
#[derive(Debug)]
pub(super) struct Open {
    wallet: Wallet,
    /// In the order in which they were made. They stay until the lock is spent for good: that a coin is
    /// spent remains true.
    payments: Vec<SignedTx>,
    must_scan: bool,
}

impl Purse {
    pub(super) fn new(
        keys: KeyChain,
        addresses: u32,
        payments: Vec<SignedTx>,
    ) -> Result<Self, KeyError> {
        let wallet = Wallet::new(keys, addresses)?;
        let scripts = wallet.scripts().cloned().collect();
        let open = Open {
            wallet,
            payments,
            must_scan: true,
        };
        Ok(Self {
            open: Mutex::new(open),
            told: StdMutex::default(),
            scripts,
        })
    }

    /// The scripts of its addresses.
    pub(super) fn scripts(&self) -> &[ScriptBuf] {
        &self.scripts
    }

    /// Takes note of what a follower tells.
    pub(super) fn tell(&self, update: &Update) {
        let matters = match update {
            Update::Block { events, .. } => !events.is_empty(),
            Update::Withdrawn { .. } => true,
            Update::Final { .. } => false,
        };
        if matters {
            self.note(News::Chain(update.clone()));
        }
    }

    /// Takes note that a payment is mined for good, or never will be, and whether its coins have to be
    /// searched.
    pub(super) fn settle(&self, payment: Txid, search: bool) {
        self.note(News::Settled { payment, search });
    }

    fn note(&self, news: News) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.push(news);
    }

    /// Opens it with all that is known about its coins, after a search if need be.
    pub(super) async fn open(
        &self,
        chain: &BitcoinChain,
    ) -> Result<MutexGuard<'_, Open>, ChainError> {
        let mut open = self.open.lock().await;
        self.catch_up(&mut open);
        if open.must_scan || open.wallet.is_stale() {
            let scanned = open.scan(chain).await;
            scanned.map_err(|error| ChainError::passing(chain.id(), error))?;
            open.must_scan = false;
            self.catch_up(&mut open);
        }
        Ok(open)
    }

    /// Opens it as it is, for what has nothing to do with coins.
    pub(super) async fn peek(&self) -> MutexGuard<'_, Open> {
        self.open.lock().await
    }

    fn catch_up(&self, open: &mut Open) {
        let told = {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *told)
        };
        for news in told {
            match news {
                News::Chain(update) => open.wallet.apply(&update),
                News::Settled { payment, search } => {
                    open.payments.retain(|other| other.txid() != payment);
                    open.must_scan |= search;
                }
            }
        }
        // A block from before the search may have brought back what we have spent since.
        open.leave_out_spent();
    }
}

impl Open {
    /// Searches the coins, and takes our payments into account that are not in the chain.
    async fn scan(&mut self, chain: &BitcoinChain) -> Result<(), causeway_bitcoin::BitcoinError> {
        self.wallet.scan(chain).await?;
        for payment in &self.payments {
            if is_pending(chain, &self.wallet, payment).await? {
                self.wallet.record(payment);
            }
        }
        Ok(())
    }

    fn leave_out_spent(&mut self) {
        for payment in &self.payments {
            for input in &payment.tx.input {
                self.wallet.leave_out(&input.previous_output);
            }
        }
    }

    /// A payment from coins that no pending transaction of anybody spends. It is to be stored and then
    /// given to [`Open::record`], before the purse is closed.
    pub(super) async fn pay(
        &mut self,
        chain: &BitcoinChain,
        to: &Script,
        value: Amount,
        rate: FeeRate,
        change: u32,
    ) -> Result<SignedTx, ChainError> {
        let mut left_out = false;
        loop {
            let payment = match self.wallet.pay(to, value, rate, change) {
                Ok(payment) => payment,
                Err(error) => {
                    // What was left out may be free again by the next time.
                    self.must_scan |= left_out;
                    return Err(cannot_pay(chain, &error));
                }
            };
            let Some(taken) = self.taken(chain, &payment).await? else {
                return Ok(payment);
            };
            debug!(chain = %chain.id(), coin = %taken, "something else spends a coin of ours");
            self.wallet.leave_out(&taken);
            left_out = true;
        }
    }

    /// The first coin of a payment that something else spends.
    async fn taken(
        &self,
        chain: &BitcoinChain,
        payment: &SignedTx,
    ) -> Result<Option<OutPoint>, ChainError> {
        for input in &payment.tx.input {
            let at = input.previous_output;
            let own = self.payments.iter().any(|other| other.txid() == at.txid);
            // Our own change may not have been sent yet, and nobody else can spend it.
            if own {
                continue;
            }
            let found = chain
                .any(|node| async move { node.unspent(at, true).await })
                .await
                .map_err(|error| ChainError::passing(chain.id(), error))?;
            if found.is_none() {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Takes in a payment that is stored.
    pub(super) fn record(&mut self, payment: &SignedTx) {
        self.wallet.record(payment);
        self.payments.push(payment.clone());
    }

    /// Whether a payment of ours spends this.
    pub(super) fn spends(&self, at: OutPoint) -> bool {
        let mut spent = self.payments.iter().flat_map(inputs);
        spent.any(|input| input == at)
    }

    /// What all coins together hold, and how many there are.
    pub(super) fn balance(&self) -> (Amount, usize) {
        (self.wallet.balance(), self.wallet.coins().count())
    }

    /// Our payments that this one spends change of, directly or not, in the order in which they were
    /// made.
    pub(super) fn ancestors(&self, payment: &SignedTx) -> Vec<SignedTx> {
        let mut wanted: Vec<OutPoint> = inputs(payment).collect();
        let mut found = Vec::new();
        for other in self.payments.iter().rev() {
            let txid = other.txid();
            if wanted.iter().any(|at| at.txid == txid) {
                wanted.extend(inputs(other));
                found.push(other.clone());
            }
        }
        found.reverse();
        found
    }
}

fn inputs(payment: &SignedTx) -> impl Iterator<Item = OutPoint> + '_ {
    payment.tx.input.iter().map(|input| input.previous_output)
}

/// Whether a payment may be mined and is not: all that it spends is there but for pending transactions,
/// of which it is one itself.
async fn is_pending(
    chain: &BitcoinChain,
    wallet: &Wallet,
    payment: &SignedTx,
) -> Result<bool, causeway_bitcoin::RpcError> {
    for at in inputs(payment) {
        let known = wallet.coins().any(|coin| coin.outpoint == at);
        let there = known
            || chain
                .any(|node| async move { node.unspent(at, false).await })
                .await?
                .is_some();
        if !there {
            return Ok(false);
        }
    }
    Ok(true)
}

fn cannot_pay(chain: &BitcoinChain, error: &WalletError) -> ChainError {
    match error {
        WalletError::TooLittle { need, have } => {
            let message = format!(
                "{need} are needed, the fee included, and the wallet's coins hold {have}: \
                 pay some to the wallet, or wait for what is pending"
            );
            ChainError::passing(chain.id(), message)
        }
        WalletError::Stale => ChainError::passing(chain.id(), error),
        _ => ChainError::lasting(chain.id(), error),
    }
}
