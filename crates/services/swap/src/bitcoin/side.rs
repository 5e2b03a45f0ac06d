use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use bitcoin::{FeeRate, secp256k1::SecretKey};
use causeway_bitcoin::{
    AgreedHead, AgreedRates, BitcoinChain, Broadcast, BroadcastError, CoinPath, Cursor, KeyChain,
    KeyError, LockForm as DriverForm, Refusal,
};
use causeway_engine::{Engine, UnixMillis};
use causeway_swap::{Amount, Expiry, Head, LegTerms, LockForm, Secret};
use causeway_types::{AccountId, AssetId, ChainId, Timestamp};
use tracing::error;

use super::{
    follow::Following, kept::Funding, pay_out::most_to_pay, purse::Purse, registry::Registry,
    settings::BitcoinSettings, spend::Purpose, store::Store, terms,
};
use crate::{ChainError, Follow, Lock, Locked, Session, Spending, SwapChain, Together};

/// Swaps on one chain of the Bitcoin family, with keys and coins below one seed. Clones share them.
///
/// One store serves one seed. A second process with the same seed and another store would spend the same
/// coins.
#[derive(Clone, Debug)]
pub struct BitcoinSide(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    chain: BitcoinChain,
    keys: KeyChain,
    settings: BitcoinSettings,
    store: Store,
    purse: Purse,
    registry: Registry,
    /// Whether nothing of ours was pending in this run that the store does not know of.
    knows_what_is_pending: AtomicBool,
}

impl BitcoinSide {
    /// Swaps on this chain. Takes up what the store holds of earlier runs; asks no node yet.
    ///
    /// # Errors
    /// When the settings do not fit the chain, the seed has another length than 16 to 64 bytes, or the
    /// store cannot be read.
    pub async fn open(
        chain: BitcoinChain,
        seed: &[u8],
        engine: Engine,
        settings: BitcoinSettings,
    ) -> Result<Self, ChainError> {
        settings.check(&chain)?;
        let of_key = |error: KeyError| ChainError::lasting(chain.id(), error);
        let keys = KeyChain::from_seed(seed, chain.network()).map_err(of_key)?;
        let store = Store::new(engine, chain.id().clone());
        let registry = Registry::default();
        let mut fundings: Vec<Funding> = Vec::new();
        for kept in store.open().await? {
            registry.watch_fundings(&kept);
            fundings.extend(kept.funding().cloned());
        }
        fundings.sort_by_key(|funding| funding.made_at);
        let payments = fundings.iter().flat_map(Funding::package).collect();
        let purse = Purse::new(keys.clone(), settings.addresses, payments).map_err(of_key)?;
        Ok(Self(Arc::new(Inner {
            chain,
            keys,
            settings,
            store,
            purse,
            registry,
            knows_what_is_pending: AtomicBool::new(false),
        })))
    }

    /// Where the wallet takes money, as an address. Others of its addresses do as well.
    ///
    /// # Errors
    /// When the number is beyond what keys are numbered by.
    pub fn receiving_address(&self, number: u32) -> Result<String, ChainError> {
        let path = self.payee(number);
        let script = self.keys().coin_script(path);
        let script = script.map_err(|error| ChainError::lasting(self.id(), error))?;
        Ok(self.chain().network().address(&script).unwrap_or_default())
    }

    pub(super) fn chain(&self) -> &BitcoinChain {
        &self.0.chain
    }

    pub(super) fn keys(&self) -> &KeyChain {
        &self.0.keys
    }

    pub(super) fn settings(&self) -> &BitcoinSettings {
        &self.0.settings
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(super) fn purse(&self) -> &Purse {
        &self.0.purse
    }

    pub(super) fn registry(&self) -> &Registry {
        &self.0.registry
    }

    pub(super) fn knows_what_is_pending(&self) -> bool {
        self.0.knows_what_is_pending.load(Ordering::Acquire)
    }

    pub(super) fn learn_what_is_pending(&self) {
        self.0.knows_what_is_pending.store(true, Ordering::Release);
    }

    /// Where what a swap brings is paid to.
    pub(super) fn payee(&self, number: u32) -> CoinPath {
        CoinPath {
            change: false,
            index: number % self.settings().addresses,
        }
    }

    /// Our key in the locks of a swap.
    pub(super) fn key(&self, number: u32) -> Result<SecretKey, ChainError> {
        let key = self.keys().lock_key(number);
        key.map_err(|error| ChainError::lasting(self.chain().id(), error))
    }

    pub(super) fn check_terms(&self, terms: &LegTerms) -> Result<(), ChainError> {
        terms::check(self.chain(), self.settings(), terms)
    }

    /// Refuses to act for a party that we are not.
    pub(super) fn expect_party(&self, lock: &Lock, party: &AccountId) -> Result<(), ChainError> {
        let ours = self.account(lock.number)?;
        if ours == *party {
            return Ok(());
        }
        let message = format!("this is for {party} to do, and we are {ours} in this swap");
        Err(ChainError::lasting(self.chain().id(), message))
    }

    pub(super) async fn agreed_head(&self) -> Result<AgreedHead, ChainError> {
        let head = self.chain().agreed_head().await;
        head.map_err(|error| ChainError::passing(self.chain().id(), error))
    }

    pub(super) async fn agreed_rates(&self, blocks: u16) -> Result<AgreedRates, ChainError> {
        let rates = self.chain().agreed_rates(blocks).await;
        rates.map_err(|error| ChainError::passing(self.chain().id(), error))
    }

    /// What became of a broadcast. Nothing that a node says lasts: what one refuses another may take, and
    /// to give up would cost more than to try again.
    pub(super) fn outcome(
        &self,
        sent: Result<Broadcast, BroadcastError>,
        what: &str,
    ) -> Result<(), ChainError> {
        match sent {
            Ok(_) => Ok(()),
            Err(error) => {
                let remedy = match &error {
                    BroadcastError::Refused { refusal, .. } => remedy(*refusal),
                    BroadcastError::Rpc(_) => "look after the endpoints",
                };
                let message = format!("{what}: {error} ({remedy})");
                Err(ChainError::passing(self.chain().id(), message))
            }
        }
    }
}

const fn remedy(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::TooEarly => "its time comes with later blocks",
        Refusal::FeeTooLow => "fees have risen; it is sent again with every block",
        Refusal::Conflict => "the chain will show which one is mined",
        Refusal::InputsMissing => "it may be spent, which the chain will show",
        Refusal::Invalid => "look at the node's words",
    }
}

#[async_trait]
impl SwapChain for BitcoinSide {
    fn id(&self) -> &ChainId {
        self.chain().id()
    }

    fn form(&self) -> LockForm {
        match self.settings().form {
            DriverForm::Taproot => LockForm::Taproot,
            DriverForm::WitnessScript => LockForm::WitnessScript,
        }
    }

    fn account(&self, number: u32) -> Result<AccountId, ChainError> {
        let key = self.keys().lock_public_key(number);
        let key = key.map_err(|error| ChainError::lasting(self.id(), error))?;
        let account = AccountId::new(self.id().clone(), key.to_string());
        account.map_err(|error| ChainError::lasting(self.id(), error))
    }

    fn address(&self) -> Result<String, ChainError> {
        self.receiving_address(0)
    }

    fn check(&self, terms: &LegTerms) -> Result<(), ChainError> {
        self.check_terms(terms)
    }

    async fn head(&self) -> Result<Head, ChainError> {
        let head = self.agreed_head().await?;
        let read_at = UnixMillis::now().as_millis() / 1_000;
        let hash = head.hash;
        let block = self
            .chain()
            .any(|node| async move { node.block_ref(hash).await })
            .await
            .map_err(|error| ChainError::passing(self.id(), error))?;
        let block = block.ok_or_else(|| {
            let message = format!("no endpoint knows the newest block {hash}: ask again");
            ChainError::passing(self.id(), message)
        })?;
        Ok(Head {
            height: head.highest_told,
            time: block.timestamp,
            read_at: Timestamp::from_secs(u64::try_from(read_at).unwrap_or(0)),
        })
    }

    async fn balance(&self, asset: &AssetId) -> Result<Amount, ChainError> {
        let expected = terms::coin(self.chain());
        if *asset != expected {
            let message = format!("the asset is {asset} (expected {expected})");
            return Err(ChainError::lasting(self.id(), message));
        }
        let rate: FeeRate = self.funding_rate().await?;
        let left = most_to_pay(&*self.purse().open(self.chain()).await?, rate);
        Ok(Amount::new(left.to_sat().into()))
    }

    async fn pay_out(&self, to: &str, amount: Option<Amount>) -> Result<String, ChainError> {
        self.pay_to(to, amount).await
    }

    fn watch(&self, lock: &Lock, at: Option<&str>) {
        let watched = terms::of(self.chain(), lock).and_then(|terms| {
            let at = at.map(|at| terms::outpoint(self.chain(), at)).transpose()?;
            let value = terms::value(self.chain(), &lock.terms)?;
            self.registry().watch(lock, terms, value, at);
            Ok(())
        });
        // Terms were checked before they were signed, and places come from ourselves.
        if let Err(error) = watched {
            error!(chain = %self.id(), swap = %lock.swap, %error, "a lock cannot be watched");
        }
    }

    fn forget(&self, lock: &Lock) {
        if let Ok(terms) = terms::of(self.chain(), lock) {
            self.registry().forget(&terms.script_pubkey());
        }
    }

    async fn follow(&self, cursor: Option<&str>) -> Result<Box<dyn Follow>, ChainError> {
        let cursor = match cursor {
            Some(text) => serde_json::from_str(text).map_err(|error| {
                let message = format!("the stored cursor cannot be read: {error}");
                ChainError::lasting(self.id(), message)
            })?,
            None => Cursor::at(self.agreed_head().await?.height),
        };
        Ok(Box::new(Following::new(self.clone(), cursor)))
    }

    async fn follow_anew(&self, height: u64) -> Result<Box<dyn Follow>, ChainError> {
        let following = Following::new(self.clone(), Cursor::at(height));
        following.forget_told().await?;
        Ok(Box::new(following))
    }

    async fn lock(&self, lock: &Lock) -> Result<(), ChainError> {
        self.make(lock).await
    }

    async fn claim(
        &self,
        locked: Locked<'_>,
        secret: &Secret,
        before: Expiry,
    ) -> Result<(), ChainError> {
        self.expect_party(locked.lock, &locked.lock.terms.claimer)?;
        let before = terms::height(self.chain(), before)?;
        let purpose = Purpose::Claim { secret, before };
        self.spend(locked, &purpose).await
    }

    async fn refund(&self, locked: Locked<'_>) -> Result<(), ChainError> {
        self.expect_party(locked.lock, &locked.lock.terms.refunder)?;
        self.spend(locked, &Purpose::Refund).await
    }

    async fn rebroadcast(&self, lock: &Lock) -> Result<(), ChainError> {
        self.send_again(lock).await
    }

    async fn ask(
        &self,
        locked: Locked<'_>,
        what: Together,
    ) -> Result<Option<Box<dyn Session>>, ChainError> {
        let session = self.begin(locked, what).await?;
        Ok(Some(Box::new(session)))
    }

    async fn answer(
        &self,
        locked: Locked<'_>,
        what: Together,
        request: &str,
    ) -> Result<String, ChainError> {
        self.cosign(locked, what, request).await
    }

    async fn check_answer(
        &self,
        _: Locked<'_>,
        _: Together,
        _: &str,
    ) -> Result<String, ChainError> {
        let message = "nobody signs alone here: begin with a request, and finish its session";
        Err(ChainError::lasting(self.id(), message))
    }

    async fn delegate(&self, locked: Locked<'_>, what: Spending) -> Result<String, ChainError> {
        self.sign_for_others(locked, what)
    }

    async fn act_for(
        &self,
        locked: Locked<'_>,
        what: Spending,
        delegated: &str,
        secret: Option<&Secret>,
    ) -> Result<(), ChainError> {
        self.send_for_others(locked, what, delegated, secret).await
    }

    async fn spend_together(
        &self,
        locked: Locked<'_>,
        what: Together,
        signed: &str,
    ) -> Result<(), ChainError> {
        self.use_signed(locked, what, signed).await
    }
}
