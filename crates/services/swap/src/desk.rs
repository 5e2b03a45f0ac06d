//! What making and taking swaps have in common: chains, policy, numbers, and how a swap begins.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex as StdMutex, MutexGuard as StdMutexGuard, PoisonError},
};

use causeway_engine::Verdict;
use causeway_swap::{
    Amount, HashLock, Head, Leg, Offer, PerLeg, Policy, Proposal, Quote, Role, Span, Swap, SwapId,
    SwapTiming, Terms, Transition,
};
use causeway_types::{AssetId, ChainId, Timestamp};
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    Seed, SwapError,
    chain::{Lock, SwapChain},
    conversation::Chains,
    identity::{PeerKey, PeerSignature},
    ledger::Ledger,
    record::{Beginning, Happened, Peer, Record, SwapInput, SwapMachine},
};

/// Where in the store the last number of a swap stands.
const NUMBERS: &str = "swap/number";
/// Which swap each hash lock belongs to, for ever.
const HASH_LOCKS: &str = "swap/hash-lock";
/// Numbers count from the first second of 2026, so that they grow by themselves: after an old copy of
/// the store was put back, no number that was given out after the copy is given out again.
const FIRST_SECOND: u64 = 1_767_225_600;

/// How long locks last on a chain by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spans {
    /// As the first leg.
    pub long: Span,
    /// As the second leg.
    pub short: Span,
}

/// The desk at which swaps are agreed on. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) ledger: Ledger,
    pub(crate) chains: Chains,
    pub(crate) seed: Seed,
    pub(crate) key: Arc<PeerKey>,
    pub(crate) policy: Policy,
    pub(crate) spans: BTreeMap<ChainId, Spans>,
    /// Held while something is promised, so that the same coins are not promised twice.
    promising: Mutex<()>,
    /// The locks that are looked out for, of swaps that are not over for good.
    watched: StdMutex<BTreeMap<SwapId, [Lock; 2]>>,
}

/// Terms that are to be agreed on.
pub(crate) struct Deal<'a> {
    pub(crate) role: Role,
    pub(crate) number: u32,
    pub(crate) offer: &'a Offer,
    pub(crate) quote: &'a Quote,
    pub(crate) terms: Terms,
    pub(crate) peer: Peer,
    pub(crate) signed: Option<PeerSignature>,
    /// The most of what we give that may be at stake at once, this swap included.
    pub(crate) inventory: Option<Amount>,
}

impl std::ops::Deref for Desk {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Desk {
    pub(crate) fn new(
        ledger: Ledger,
        chains: Chains,
        seed: Seed,
        key: Arc<PeerKey>,
        policy: Policy,
        spans: BTreeMap<ChainId, Spans>,
    ) -> Self {
        Self(Arc::new(Inner {
            ledger,
            chains,
            seed,
            key,
            policy,
            spans,
            promising: Mutex::default(),
            watched: StdMutex::default(),
        }))
    }

    pub(crate) fn chain(&self, id: &ChainId) -> Result<&Arc<dyn SwapChain>, SwapError> {
        let chain = self.chains.get(id);
        chain.ok_or_else(|| SwapError::UnknownChain(id.clone()))
    }

    /// The chains of the legs of a swap in which the initiator gives the one and gets the other.
    pub(crate) fn chains_of(
        &self,
        initiator_gives: &AssetId,
        initiator_gets: &AssetId,
    ) -> Result<PerLeg<&Arc<dyn SwapChain>>, SwapError> {
        Ok(PerLeg {
            first: self.chain(initiator_gives.chain())?,
            second: self.chain(initiator_gets.chain())?,
        })
    }

    /// The heads of both chains, read now.
    pub(crate) async fn heads(
        &self,
        chains: &PerLeg<&Arc<dyn SwapChain>>,
    ) -> Result<PerLeg<Head>, SwapError> {
        let heads = &self.ledger.heads;
        Ok(PerLeg {
            first: heads.refresh(chains.first.as_ref()).await?,
            second: heads.refresh(chains.second.as_ref()).await?,
        })
    }

    /// How long the locks of a swap between these chains last by default.
    pub(crate) fn spans_of(
        &self,
        chains: &PerLeg<&Arc<dyn SwapChain>>,
    ) -> Result<PerLeg<Span>, SwapError> {
        let of = |id: &ChainId| {
            let spans = self.spans.get(id).copied();
            spans.ok_or_else(|| SwapError::UnknownChain(id.clone()))
        };
        Ok(PerLeg {
            first: of(chains.first.id())?.long,
            second: of(chains.second.id())?.short,
        })
    }

    /// A number for a new swap, which will never be given out again.
    pub(crate) async fn next_number(&self) -> Result<u32, SwapError> {
        let mut unit = self.ledger.begin().await?;
        let last = unit.cursor(NUMBERS).await?;
        let last: u64 = last.and_then(|last| last.parse().ok()).unwrap_or_default();
        let by_the_clock = self
            .ledger
            .clock
            .now()
            .as_secs()
            .saturating_sub(FIRST_SECOND);
        let next = by_the_clock.max(last.saturating_add(1));
        // Keys are numbered below 2^31, which is enough for 68 years and a swap in every second.
        let number = u32::try_from(next).ok().filter(|number| *number < 1 << 31);
        let number =
            number.ok_or_else(|| SwapError::Gone("there are no numbers left".to_owned()))?;
        unit.set_cursor(NUMBERS, &next.to_string()).await?;
        unit.commit().await?;
        Ok(number)
    }

    /// The hash lock of the swap of this number, if we are to make its secret.
    pub(crate) fn hash_lock(&self, number: u32) -> Result<HashLock, SwapError> {
        let secret = self.seed.secret(number);
        let secret = secret.map_err(|error| SwapError::Malformed(error.to_string()))?;
        Ok(secret.hash_lock())
    }

    /// Judges a deal without agreeing to it.
    pub(crate) async fn judge(
        &self,
        deal: &Deal<'_>,
    ) -> Result<(SwapTiming, PerLeg<Head>), SwapError> {
        let legs = &deal.terms.legs;
        let chains = self.chains_of(&legs.first.asset, &legs.second.asset)?;
        chains.first.check(&legs.first)?;
        chains.second.check(&legs.second)?;
        let heads = self.heads(&chains).await?;
        let hash = deal.terms.hash_lock.to_string();
        let owner = self.ledger.engine.guard().get(HASH_LOCKS, &hash).await?;
        let hash_lock_is_new = owner.is_none_or(|owner| owner == deal.terms.id().to_string());
        let proposal = Proposal {
            offer: deal.offer,
            quote: deal.quote,
            terms: &deal.terms,
            hash_lock_is_new,
        };
        let timing = self
            .policy
            .accept(proposal, &heads, self.ledger.clock.now())?;
        Ok((timing, heads))
    }

    /// Agrees to a deal: from here on the swap exists, and goes its way.
    pub(crate) async fn begin(&self, deal: Deal<'_>) -> Result<SwapId, SwapError> {
        let _promising = self.beginning().await;
        let (timing, heads) = self.judge(&deal).await?;
        self.check_inventory(&deal).await?;
        let swap = deal.terms.id();
        let transition = self.first_step(&deal, timing, heads)?;
        // Looked out for before anybody can lock.
        self.watch(deal.number, &deal.terms, [None, None])?;
        let beginning = Beginning {
            transition,
            number: deal.number,
            peer: deal.peer,
            offer: deal.offer.clone(),
            quote: deal.quote.clone(),
            signed: deal.signed,
        };
        let hash = deal.terms.hash_lock.to_string();
        let mut unit = self.ledger.begin().await?;
        let owner = (hash.as_str(), swap.to_string());
        let verdict = unit
            .guard(HASH_LOCKS, &[(owner.0, owner.1.as_str())])
            .await?;
        if verdict != Verdict::Accepted {
            return Err(causeway_swap::Refusal::HashLockUsed(deal.terms.hash_lock).into());
        }
        let input = SwapInput {
            now: self.ledger.clock.now(),
            what: Happened::Begins(Box::new(beginning)),
        };
        unit.handle::<SwapMachine>(&swap.to_string(), input).await?;
        unit.commit().await?;
        Ok(swap)
    }

    fn first_step(
        &self,
        deal: &Deal<'_>,
        timing: SwapTiming,
        heads: PerLeg<Head>,
    ) -> Result<Transition, SwapError> {
        let (terms, now) = (deal.terms.clone(), self.ledger.clock.now());
        Ok(match deal.role {
            Role::Initiator => {
                let secret = self.seed.secret(deal.number);
                let secret = secret.map_err(|error| SwapError::Malformed(error.to_string()))?;
                Swap::initiate(terms, secret, timing, heads, now)?
            }
            Role::Responder => Swap::respond(terms, timing, heads, now)?,
        })
    }

    /// Whether what we are to give is there, beside what was promised in other swaps and not locked yet.
    async fn check_inventory(&self, deal: &Deal<'_>) -> Result<(), SwapError> {
        let ours = deal.terms.legs.of(deal.role.locks());
        let mut others = self.ledger.records(true).await?;
        others.retain(|record| record.id() != deal.terms.id());
        let others = stake(&others, &ours.asset, self.ledger.clock.now());
        let with_ours = |units: Amount| units.units().saturating_add(ours.amount.units());
        let (promised, at_stake) = (with_ours(others.promised), with_ours(others.at_stake));
        if let Some(most) = deal.inventory
            && at_stake > most.units()
        {
            return Err(SwapError::AtStake {
                asset: Box::new(ours.asset.clone()),
                at_stake: Amount::new(at_stake),
                most,
            });
        }
        let chain = self.chain(ours.asset.chain())?;
        let balance = chain.balance(&ours.asset).await?;
        if promised > balance.units() {
            return Err(SwapError::TooLittle {
                asset: Box::new(ours.asset.clone()),
                promised: Amount::new(promised),
                available: balance,
            });
        }
        Ok(())
    }

    /// Held while something begins that is looked out for before the store knows of it.
    pub(crate) async fn beginning(&self) -> MutexGuard<'_, ()> {
        self.promising.lock().await
    }

    /// Looks out for both locks of a swap.
    pub(crate) fn watch(
        &self,
        number: u32,
        terms: &Terms,
        at: [Option<&str>; 2],
    ) -> Result<(), SwapError> {
        let swap = terms.id();
        let locks = Leg::BOTH.map(|leg| Lock {
            swap,
            leg,
            number,
            hash_lock: terms.hash_lock,
            terms: terms.legs.of(leg).clone(),
        });
        for (lock, at) in locks.iter().zip(at) {
            self.chain(lock.terms.asset.chain())?.watch(lock, at);
        }
        self.looked_out_for().insert(swap, locks);
        Ok(())
    }

    /// Looks out for both locks of a swap no more.
    pub(crate) fn forget(&self, swap: SwapId) {
        let locks = self.looked_out_for().remove(&swap);
        for lock in locks.iter().flatten() {
            if let Some(chain) = self.chains.get(lock.terms.asset.chain()) {
                chain.forget(lock);
            }
        }
    }

    /// The swaps whose locks are looked out for.
    pub(crate) fn watched(&self) -> Vec<SwapId> {
        self.looked_out_for().keys().copied().collect()
    }

    fn looked_out_for(&self) -> StdMutexGuard<'_, BTreeMap<SwapId, [Lock; 2]>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What of an asset of ours swaps have a hold on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stake {
    /// Agreed on, and not locked yet.
    pub promised: Amount,
    /// Agreed on or locked, and not spent: neither claimed nor taken back.
    pub at_stake: Amount,
}

/// What these swaps have a hold on.
pub(crate) fn stake(swaps: &[Record], asset: &AssetId, now: Timestamp) -> Stake {
    let (mut promised, mut at_stake) = (0_u128, 0_u128);
    for record in swaps {
        let leg = record.swap.role().locks();
        let terms = record.terms().legs.of(leg);
        let facts = record.swap.facts().legs.of(leg);
        let never = !facts.was_locked && !may_yet_lock(&record.swap, now);
        if terms.asset != *asset || never {
            continue;
        }
        if facts.lock.is_none() && facts.spend.is_none() {
            promised = promised.saturating_add(terms.amount.units());
        }
        if facts.spend.is_none() {
            at_stake = at_stake.saturating_add(terms.amount.units());
        }
    }
    Stake {
        promised: Amount::new(promised),
        at_stake: Amount::new(at_stake),
    }
}

/// Whether a swap that has not locked anything of ours may still do so, as far as its time goes. Who
/// proposes and then does nothing ties up what it was promised until then, and no longer.
fn may_yet_lock(swap: &Swap, now: Timestamp) -> bool {
    let legs = &swap.facts().legs;
    let heads = PerLeg {
        first: legs.first.head,
        second: legs.second.head,
    };
    let expiries = swap.terms().expiries();
    let timing = swap.timing();
    swap.intents().lock || timing.check_before_lock(&expiries, &heads, now).is_ok()
}
