use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use alloy::{primitives::Address, signers::Signer};
use async_trait::async_trait;
use causeway_evm::{Cursor, EvmChain, NewestHead};
use causeway_ibc_evm::SharedLane;
use causeway_swap::{Amount, Expiry, Head, LegTerms, LockForm, Secret};
use causeway_types::{AccountId, AssetId, ChainId, Timestamp};

use super::{
    EvmSettings, act::Spending, consent, error, follow::EvmFollow, lock::Served, read::Reader,
    registry::Registry, send::Sender,
};
use crate::{
    ChainError, Follow, Lock, Locked, Session, Spending as Delegable, SwapChain, Together,
};

/// An EVM chain that swaps are made on, through one contract and with one account.
///
/// - **Locks are found by following the contract.** So [`SwapChain::follow`] has to be under way for
///   [`SwapChain::lock`] to do anything.
/// - **Claiming and refunding are open to everybody**, so that it does not matter whose transaction does it.
/// - **Urgency is the lane's.** A claim waits behind nothing for longer than a block if the lane was opened as
///   [`EvmSettings::lane`] says; how near the expiry is changes nothing beyond that.
pub struct EvmSide {
    pub(super) served: Served,
    pub(super) settings: EvmSettings,
    pub(super) reader: Reader,
    pub(super) sender: Sender,
    pub(super) registry: Arc<Registry>,
    /// Held while an allowance is looked at and changed.
    pub(super) allowing: tokio::sync::Mutex<()>,
    form: LockForm,
    account: AccountId,
    signer: Arc<dyn Signer + Send + Sync>,
}

impl fmt::Debug for EvmSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvmSide")
            .field("served", &self.served)
            .finish_non_exhaustive()
    }
}

impl EvmSide {
    /// Makes swaps through this contract, with the account that the lane sends for. `signer` is the same account's: it
    /// signs what is no transaction.
    ///
    /// # Errors
    /// When what stands at the address is not the contract, by the word of as many endpoints as have to agree, or when
    /// lane and signer are of two accounts.
    pub async fn open(
        chain: EvmChain,
        contract: Address,
        lane: Arc<SharedLane>,
        signer: Arc<dyn Signer + Send + Sync>,
        settings: EvmSettings,
    ) -> Result<Self, ChainError> {
        let id = chain.id().clone();
        let account = signer.address();
        if lane.account() != account {
            let words = format!(
                "transactions are sent for {}, expected {account}",
                lane.account()
            );
            return Err(ChainError::lasting(&id, words));
        }
        let served = Served {
            chain: id.clone(),
            contract,
            account,
            coin: settings.coin,
        };
        let reader = Reader { chain, contract };
        reader.verify().await?;
        Ok(Self {
            form: served.form()?,
            account: served.account_id(account)?,
            served,
            reader,
            sender: Sender {
                chain: id,
                lane,
                patience: settings.patience,
            },
            settings,
            registry: Arc::new(Registry::new()),
            allowing: tokio::sync::Mutex::default(),
            signer,
        })
    }

    pub(super) async fn newest(&self) -> Result<NewestHead, ChainError> {
        let newest = self.reader.chain.newest_head().await;
        newest.map_err(|error| error::of_agreement(&self.served.chain, &error))
    }

    fn only_refunds(&self, what: Together) -> Result<(), ChainError> {
        match what {
            Together::Refund => Ok(()),
            Together::Claim => Err(self.lasting(
                "a claim is not signed together here: the secret alone does it".to_owned(),
            )),
        }
    }
}

/// Now, by our clock.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::from_secs(since.map_or(0, |since| since.as_secs()))
}

#[async_trait]
impl SwapChain for EvmSide {
    fn id(&self) -> &ChainId {
        &self.served.chain
    }

    fn form(&self) -> LockForm {
        self.form.clone()
    }

    /// One account serves all swaps: it is the hash lock that tells them apart.
    fn account(&self, _: u32) -> Result<AccountId, ChainError> {
        Ok(self.account.clone())
    }

    fn address(&self) -> Result<String, ChainError> {
        Ok(self.account.address().to_owned())
    }

    async fn pay_out(&self, _: &str, _: Option<Amount>) -> Result<String, ChainError> {
        let account = self.account.address();
        let words =
            format!("{account} is an account like others: pay from it with any wallet of its key");
        Err(self.lasting(words))
    }

    fn check(&self, terms: &LegTerms) -> Result<(), ChainError> {
        self.served.check(terms, now().as_secs())
    }

    async fn head(&self) -> Result<Head, ChainError> {
        // Before the question, since it is of then that the answer is known to hold.
        let read_at = now();
        let newest = self.newest().await?;
        Ok(Head {
            height: newest.height,
            time: newest.time,
            read_at,
        })
    }

    async fn balance(&self, asset: &AssetId) -> Result<Amount, ChainError> {
        let token = self.served.token(asset)?;
        let account = self.served.account;
        let balance = if token.is_zero() {
            let reserve = alloy::primitives::U256::from(self.settings.fee_reserve);
            self.reader.coin(account).await?.saturating_sub(reserve)
        } else {
            self.reader.tokens(token, account).await?
        };
        // No terms name more than this.
        Ok(Amount::new(u128::try_from(balance).unwrap_or(u128::MAX)))
    }

    fn watch(&self, lock: &Lock, at: Option<&str>) {
        // Terms that cannot be locked here were refused before, by `check`.
        match self.served.read(lock.hash_lock, &lock.terms) {
            Ok(ours) => {
                if at.is_some_and(|at| at != ours.id().to_string()) {
                    tracing::error!(swap = %lock.swap, at, expected = %ours.id(), "a lock is said to be elsewhere");
                }
                self.registry.add((lock.swap, lock.leg), ours);
            }
            Err(error) => {
                tracing::error!(swap = %lock.swap, %error, "a lock cannot be looked out for");
            }
        }
    }

    fn forget(&self, lock: &Lock) {
        self.registry.remove((lock.swap, lock.leg));
    }

    async fn follow(&self, cursor: Option<&str>) -> Result<Box<dyn Follow>, ChainError> {
        let (chain, contract) = (&self.reader.chain, self.served.contract);
        let follow = EvmFollow::from(chain, contract, &self.registry, cursor).await?;
        Ok(Box::new(follow))
    }

    async fn follow_anew(&self, height: u64) -> Result<Box<dyn Follow>, ChainError> {
        let (chain, contract) = (&self.reader.chain, self.served.contract);
        self.registry.forget_told();
        let follow = EvmFollow::at(chain, contract, &self.registry, Cursor::at(height));
        Ok(Box::new(follow))
    }

    async fn lock(&self, lock: &Lock) -> Result<(), ChainError> {
        self.make(lock).await
    }

    async fn claim(
        &self,
        locked: Locked<'_>,
        secret: &Secret,
        _: Expiry,
    ) -> Result<(), ChainError> {
        self.spend(locked, Spending::Claim(secret)).await
    }

    async fn refund(&self, locked: Locked<'_>) -> Result<(), ChainError> {
        self.spend(locked, Spending::Refund).await
    }

    /// The lane does that by itself for what is ours, and what is the other party's is theirs to send.
    async fn rebroadcast(&self, _: &Lock) -> Result<(), ChainError> {
        Ok(())
    }

    async fn ask(
        &self,
        _: Locked<'_>,
        what: Together,
    ) -> Result<Option<Box<dyn Session>>, ChainError> {
        self.only_refunds(what)?;
        Ok(None)
    }

    async fn answer(
        &self,
        locked: Locked<'_>,
        what: Together,
        _: &str,
    ) -> Result<String, ChainError> {
        self.only_refunds(what)?;
        let ours = self.agreed_lock(locked)?;
        if ours.claimer != self.served.account {
            let words = format!("the consent is {}'s to give, not ours", ours.claimer);
            return Err(self.lasting(words));
        }
        consent::sign(
            &ours,
            self.served.contract,
            &self.served.chain,
            &*self.signer,
        )
        .await
    }

    async fn check_answer(
        &self,
        locked: Locked<'_>,
        what: Together,
        answer: &str,
    ) -> Result<String, ChainError> {
        self.only_refunds(what)?;
        let ours = self.agreed_lock(locked)?;
        consent::check(&ours, &self.reader, answer).await
    }

    /// Anybody may claim and take back here, to those whom the terms name.
    async fn delegate(&self, _: Locked<'_>, _: Delegable) -> Result<String, ChainError> {
        Ok(String::new())
    }

    async fn act_for(
        &self,
        locked: Locked<'_>,
        what: Delegable,
        _: &str,
        secret: Option<&Secret>,
    ) -> Result<(), ChainError> {
        match (what, secret) {
            (Delegable::Refund, _) => self.spend(locked, Spending::Refund).await,
            (Delegable::Claim, Some(secret)) => self.spend(locked, Spending::Claim(secret)).await,
            (Delegable::Claim, None) => {
                Err(self.lasting("nobody claims without the secret".to_owned()))
            }
        }
    }

    async fn spend_together(
        &self,
        locked: Locked<'_>,
        what: Together,
        signed: &str,
    ) -> Result<(), ChainError> {
        self.only_refunds(what)?;
        self.spend(locked, Spending::RefundTogether(signed)).await
    }
}
