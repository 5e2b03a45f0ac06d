use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use alloy::primitives::Address;
use bitcoin::ScriptBuf;
use causeway_bitcoin::LockForm;
use causeway_local_bitcoin::NodeKind;
use causeway_swap::{Advice, Amount, Expiry, Leg, Phase, Price, Role, SwapId};
use causeway_swap_service::{MakerClient, SwapError, Taking};
use causeway_types::AssetId;
use url::Url;

use super::{
    CoinChain, EtherChain, Ground, LineBetween, Party,
    coins::{BLOCK_SECS, rpc_endpoint},
    party::Exchange,
};

/// How much of a chain's own coin is swapped, in wei.
pub(crate) const AMOUNT: u128 = 1_000_000_000_000_000_000;
/// How many coins are swapped, in satoshis.
pub(crate) const AMOUNT_OF_COINS: u128 = 100_000_000;
/// How many units of a token are swapped.
const AMOUNT_OF_TOKENS: u128 = 250_000;
/// With so many blocks, its own included, what a block holds is final on either chain.
pub(crate) const FINAL_AFTER: u64 = 3;
/// Longer than anything takes on a machine that is busy with something else.
const PATIENCE: Duration = Duration::from_secs(45);
const LOOK: Duration = Duration::from_millis(60);

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    Maker,
    Taker,
}

impl Who {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Maker => Self::Taker,
            Self::Taker => Self::Maker,
        }
    }
}

/// Where a leg is, and what is locked there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Coins,
    /// The coin of one of the EVM chains.
    Ether(usize),
    /// A token on one of the EVM chains.
    Token(usize),
}

impl Place {
    pub(crate) const fn amount(self) -> u128 {
        match self {
            Self::Coins => AMOUNT_OF_COINS,
            Self::Ether(_) => AMOUNT,
            Self::Token(_) => AMOUNT_OF_TOKENS,
        }
    }

    const fn chain(self) -> Option<usize> {
        match self {
            Self::Coins => None,
            Self::Ether(index) | Self::Token(index) => Some(index),
        }
    }
}

/// What is swapped, and by whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) kind: NodeKind,
    pub(crate) first: Place,
    pub(crate) second: Place,
    pub(crate) initiator: Who,
    pub(crate) form: LockForm,
}

impl Setup {
    /// Litecoin first; the taker makes the secret.
    pub(crate) const COINS_FIRST: Self = Self {
        kind: NodeKind::Litecoin,
        first: Place::Coins,
        second: Place::Ether(0),
        initiator: Who::Taker,
        form: LockForm::Taproot,
    };

    /// Ether first; the taker makes the secret.
    pub(crate) const ETHER_FIRST: Self = Self {
        first: Place::Ether(0),
        second: Place::Coins,
        ..Self::COINS_FIRST
    };

    /// How much the taker pays.
    pub(crate) const fn pays(self) -> u128 {
        match self.initiator {
            Who::Taker => self.first.amount(),
            Who::Maker => self.second.amount(),
        }
    }

    pub(crate) const BOTH_WAYS: [Self; 2] = [Self::COINS_FIRST, Self::ETHER_FIRST];
}

/// A maker and a taker on two chains.
pub(crate) struct World {
    pub(crate) setup: Setup,
    pub(crate) ethers: Vec<EtherChain>,
    pub(crate) tokens: Vec<Address>,
    pub(crate) maker: Party,
    pub(crate) taker: Party,
    pub(crate) line: LineBetween,
    coins: Option<CoinChain>,
    /// How far the time of this world is ahead, in milliseconds.
    pub(crate) clock: Arc<AtomicI64>,
}

pub(crate) const MAKER_SEED: [u8; 32] = [0x4d; 32];
pub(crate) const TAKER_SEED: [u8; 32] = [0x54; 32];
const MAKER_ACCOUNT: usize = 1;
const TAKER_ACCOUNT: usize = 2;

impl World {
    /// Chains as the setup needs them, and both services running.
    pub(crate) async fn new(setup: Setup) -> Self {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_thread_names(true)
            .with_test_writer()
            .try_init();
        let places = [setup.first, setup.second];
        let coins = if places.contains(&Place::Coins) {
            Some(CoinChain::start(setup.kind, &[MAKER_SEED, TAKER_SEED]).await)
        } else {
            None
        };
        let mut ethers = Vec::new();
        for index in 0..places
            .iter()
            .filter_map(|place| place.chain())
            .max()
            .map_or(0, |most| most + 1)
        {
            ethers.push(EtherChain::start(31_337 + index as u64).await);
        }
        let mut tokens = vec![Address::ZERO; ethers.len()];
        for (place, role) in [
            (setup.first, Role::Initiator),
            (setup.second, Role::Responder),
        ] {
            if let Place::Token(index) = place {
                let locks = (role == Role::Initiator) == (setup.initiator == Who::Maker);
                let account = if locks { MAKER_ACCOUNT } else { TAKER_ACCOUNT };
                tokens[index] = ethers[index].token(account, 4 * AMOUNT_OF_TOKENS).await;
            }
        }
        let ground = Ground {
            coins: coins
                .as_ref()
                .map(|coins| (coins.network(), vec![rpc_endpoint(coins.node())])),
            ethers: ethers
                .iter()
                .enumerate()
                .map(|(index, ether)| {
                    (
                        31_337 + index as u64,
                        vec![ether.anvil.http_url()],
                        ether.contract,
                    )
                })
                .collect(),
            form: setup.form,
        };
        let clock = Arc::new(AtomicI64::new(0));
        let party =
            |name, seed, account| Party::new(name, seed, account, ground.clone(), clock.clone());
        let mut maker = party("maker", MAKER_SEED, MAKER_ACCOUNT);
        let taker = party("taker", TAKER_SEED, TAKER_ACCOUNT);
        let asset = |place: Place| match place {
            Place::Coins => coins.as_ref().unwrap().asset(),
            Place::Ether(index) => ethers[index].asset(),
            Place::Token(index) => AssetId::erc20(ethers[index].id(), tokens[index]),
        };
        let (gives, wants, role) = match setup.initiator {
            Who::Maker => (setup.first, setup.second, Role::Initiator),
            Who::Taker => (setup.second, setup.first, Role::Responder),
        };
        maker.makes = Some(Exchange {
            gives: asset(gives),
            wants: asset(wants),
            maker: role,
            price: Price::new(wants.amount(), gives.amount()).unwrap(),
            least: Amount::new(gives.amount() / 1_000),
            most: Amount::new(gives.amount() * 10),
            inventory: None,
        });
        maker.start().await;
        let mut world = Self {
            setup,
            line: LineBetween::to(maker.address.unwrap()).await,
            ethers,
            tokens,
            maker,
            taker,
            coins,
            clock,
        };
        world.taker.start().await;
        world
    }

    pub(crate) fn coins(&self) -> &CoinChain {
        self.coins.as_ref().unwrap()
    }

    pub(crate) fn coins_mut(&mut self) -> &mut CoinChain {
        self.coins.as_mut().unwrap()
    }

    /// Somebody else in this world, who does not run yet.
    pub(crate) fn another(&self, name: &'static str, seed: [u8; 32], account: usize) -> Party {
        Party::new(
            name,
            seed,
            account,
            self.maker.ground.clone(),
            self.clock.clone(),
        )
    }

    /// What a party must keep to itself, in hexadecimal.
    pub(crate) fn private_keys(&self, who: Who, number: u32) -> Vec<String> {
        let party = self.party(who);
        let lock_key = self.coins().lock_key(&party.seed, number);
        let account = causeway_localnet::dev_key_hex(party.account);
        vec![
            alloy_primitives::hex::encode(party.seed),
            lock_key,
            account.trim_start_matches("0x").to_owned(),
        ]
    }

    /// Fails unless these transactions pay to the wallet of a party and nobody else.
    pub(crate) fn pays_only(&self, who: Who, data: &str) {
        self.coins().pays_only(&self.party(who).seed, data);
    }

    pub(crate) const fn place(&self, leg: Leg) -> Place {
        match leg {
            Leg::First => self.setup.first,
            Leg::Second => self.setup.second,
        }
    }

    pub(crate) const fn initiator(&self) -> Who {
        self.setup.initiator
    }

    pub(crate) const fn responder(&self) -> Who {
        self.setup.initiator.other()
    }

    pub(crate) const fn of(&self, role: Role) -> Who {
        match role {
            Role::Initiator => self.initiator(),
            Role::Responder => self.responder(),
        }
    }

    pub(crate) const fn party(&self, who: Who) -> &Party {
        match who {
            Who::Maker => &self.maker,
            Who::Taker => &self.taker,
        }
    }

    pub(crate) const fn party_mut(&mut self, who: Who) -> &mut Party {
        match who {
            Who::Maker => &mut self.maker,
            Who::Taker => &mut self.taker,
        }
    }

    /// Where the taker finds the maker.
    pub(crate) fn maker_url(&self) -> Url {
        format!("http://{}", self.line.address()).parse().unwrap()
    }

    pub(crate) fn client(&self) -> MakerClient {
        MakerClient::new(self.maker_url()).unwrap()
    }

    /// What the taker takes.
    pub(crate) async fn taking(&self) -> Taking {
        let offers = self.client().offers().await.unwrap();
        let gives = match self.setup.initiator {
            Who::Maker => self.setup.first,
            Who::Taker => self.setup.second,
        };
        Taking {
            maker: offers.maker,
            offer: offers.offers[0].id,
            gets: Amount::new(gives.amount()),
            pays_at_most: None,
        }
    }

    pub(crate) async fn try_to_agree(&self) -> Result<SwapId, SwapError> {
        let (client, taking) = (self.client(), self.taking().await);
        self.taker
            .ask(|service| async move { service.take(&client, &taking).await })
            .await
    }

    /// The taker takes the maker's offer.
    pub(crate) async fn agree(&self) -> SwapId {
        self.try_to_agree().await.unwrap()
    }

    /// No blocks come any more on the chain of a leg, whatever waits.
    pub(crate) fn hold(&mut self, leg: Leg) {
        self.let_flow(leg, false);
    }

    /// Blocks come again on the chain of a leg.
    pub(crate) fn flow(&mut self, leg: Leg) {
        self.let_flow(leg, true);
    }

    fn let_flow(&mut self, leg: Leg, flows: bool) {
        match self.place(leg).chain() {
            None => self.coins_mut().flows = flows,
            Some(index) => self.ethers[index].flows = flows,
        }
    }

    /// Whether a transaction waits for a block on the chain of a leg.
    pub(crate) async fn waits(&self, leg: Leg) -> bool {
        match self.place(leg).chain() {
            None => !self.coins().pending().await.is_empty(),
            Some(index) => self.ethers[index].pending().await > 0,
        }
    }

    /// The chain of a leg takes back so many of its newest blocks; what they held waits again.
    pub(crate) async fn take_back(&mut self, leg: Leg, blocks: u64) {
        match self.place(leg).chain() {
            None => self.coins_mut().take_back(blocks).await,
            Some(index) => self.ethers[index].take_back(blocks, false).await,
        }
    }

    /// A block comes on the chain of a leg that holds nothing of what waits, where that can be had.
    pub(crate) async fn mine_empty(&self, leg: Leg) {
        if self.place(leg) == Place::Coins {
            self.coins().mine_empty().await;
        }
    }

    /// How many blocks there are from that of a lock on.
    pub(crate) async fn depth(&self, swap: SwapId, leg: Leg) -> u64 {
        let record = self.party(self.initiator()).record(swap).await;
        let lock = record.swap.facts().legs.of(leg).lock.clone();
        let height = match self.place(leg).chain() {
            None => self.coins().height().await,
            Some(index) => self.ethers[index].height().await,
        };
        height + 1 - lock.unwrap().block.height
    }

    /// What a person on somebody's side is to look at.
    pub(crate) async fn advice(&self, who: Who) -> Vec<(Leg, Advice)> {
        let attention = self.party(who).ledger().attention().await.unwrap();
        attention
            .into_iter()
            .map(|found| (found.leg, found.advice))
            .collect()
    }

    /// Goes on until a transaction waits for a block on the chain of a leg, which is held from now on.
    pub(crate) async fn hold_what_waits(&mut self, leg: Leg) {
        self.hold(leg);
        self.until(&format!("sent on the {leg}"), async |world| {
            world.waits(leg).await
        })
        .await;
    }

    /// Makes a block wherever something waits for one.
    pub(crate) async fn nudge(&mut self) {
        if let Some(coins) = &mut self.coins {
            coins.nudge().await;
        }
        for ether in &mut self.ethers {
            ether.nudge().await;
        }
    }

    /// The script that the lock of coins of a swap has to be paid to.
    pub(crate) async fn script_of_first_lock(&self, swap: SwapId) -> ScriptBuf {
        let record = self.any_record(swap).await;
        self.coins().script_of(record.terms())
    }

    /// A third party pays so many satoshis to a script, in a transaction that waits for its block.
    pub(crate) async fn pay(&self, script: &ScriptBuf, value: u128) -> String {
        let value = u64::try_from(value).unwrap();
        self.coins().pay(&TAKER_SEED, script, value).await
    }

    /// Makes blocks for whatever waits for one, until something is so.
    pub(crate) async fn until(&mut self, what: &str, mut is_so: impl AsyncFnMut(&Self) -> bool) {
        let since = Instant::now();
        loop {
            if is_so(self).await {
                return;
            }
            let is_early = since.elapsed() <= PATIENCE;
            assert!(is_early, "never {what}: {}", self.story().await);
            self.nudge().await;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Makes blocks for whatever waits for one, for as long as it takes to do nothing.
    pub(crate) async fn a_while(&mut self) {
        let since = Instant::now();
        while since.elapsed() < Duration::from_millis(2_500) {
            self.nudge().await;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Goes on until somebody's swap has been in this phase.
    pub(crate) async fn reach(&mut self, who: Who, swap: SwapId, phase: Phase) {
        self.until(&format!("{who:?} in {phase}"), async |world| {
            let record = world.party(who).ledger().record(swap).await;
            record.is_ok_and(|record| record.story.iter().any(|moment| moment.phase == phase))
        })
        .await;
    }

    /// Goes on until somebody's swap is in this phase.
    pub(crate) async fn be(&mut self, who: Who, swap: SwapId, phase: Phase) {
        self.until(&format!("{who:?} is in {phase}"), async |world| {
            let record = world.party(who).ledger().record(swap).await;
            record.is_ok_and(|record| record.swap.phase() == phase)
        })
        .await;
    }

    /// Goes on until both have what they swapped for.
    pub(crate) async fn complete(&mut self, swap: SwapId) {
        self.be(self.responder(), swap, Phase::Done).await;
        self.be(self.initiator(), swap, Phase::Done).await;
    }

    /// Time passes, for both parties and on all chains.
    pub(crate) async fn later(&mut self, secs: u64) {
        if let Some(coins) = &self.coins {
            coins.mine(secs / BLOCK_SECS).await;
        }
        for ether in &self.ethers {
            ether.pass(secs).await;
            ether.mine(1).await;
        }
        self.pass(secs);
    }

    /// Time passes, and no block comes.
    pub(crate) fn pass(&self, secs: u64) {
        let millis = i64::try_from(secs * 1_000).unwrap();
        self.clock.fetch_add(millis, Ordering::SeqCst);
    }

    /// So many blocks come on the chain of a leg.
    pub(crate) async fn mine(&self, leg: Leg, blocks: u64) {
        match self.place(leg).chain() {
            None => self.coins().mine(blocks).await,
            Some(index) => self.ethers[index].mine(blocks).await,
        }
    }

    /// Time passes until a lock can be taken back.
    pub(crate) async fn expire(&mut self, swap: SwapId, leg: Leg) {
        let record = self.any_record(swap).await;
        match record.terms().legs.of(leg).expiry {
            Expiry::Height(height) => {
                let left = height.saturating_sub(self.coins().height().await);
                self.later(left * BLOCK_SECS).await;
            }
            Expiry::Time(time) => {
                let Some(index) = self.place(leg).chain() else {
                    panic!("coins expire by height")
                };
                let now = self.ethers[index].time().await;
                self.later(time.as_secs().saturating_sub(now) + 1).await;
            }
        }
    }

    /// The swap as either knows it.
    pub(crate) async fn any_record(&self, swap: SwapId) -> causeway_swap_service::Record {
        for party in [&self.maker, &self.taker] {
            if let Ok(record) = party.ledger().record(swap).await {
                return record;
            }
        }
        panic!("nobody knows {swap}");
    }

    /// What both know, for whoever wonders why a test does not get on.
    async fn story(&self) -> String {
        let mut story = String::new();
        for party in [&self.maker, &self.taker] {
            write!(story, "\n{} (running: {}):", party.name, party.is_running()).unwrap();
            for record in party.ledger().records(false).await.unwrap() {
                let phases: Vec<_> = record
                    .story
                    .iter()
                    .map(|moment| moment.phase.name())
                    .collect();
                let troubles = party.ledger().troubles(record.id()).await.unwrap();
                write!(
                    story,
                    "\n  {phases:?}\n  wants {:?}\n  troubles {troubles:?}\n  facts {:?}",
                    record.swap.wanted(),
                    record.swap.facts()
                )
                .unwrap();
            }
        }
        story
    }

    /// How many transactions both have brought into blocks on the EVM chains.
    pub(crate) async fn ether_transactions(&self) -> u64 {
        let mut sum = 0;
        for ether in &self.ethers {
            sum += ether.nonce(MAKER_ACCOUNT).await + ether.nonce(TAKER_ACCOUNT).await;
        }
        sum
    }
}
