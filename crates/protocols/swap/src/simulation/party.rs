//! An honest party: one swap, what is stored of it, what it sees of the chains, and what it does. It dies
//! at any step and knows nothing afterwards but what was stored.

use std::collections::{BTreeMap, VecDeque};

use causeway_types::Timestamp;
use rand::{Rng as _, rngs::StdRng};

use super::{
    chain::{Act, Shown},
    world::{Letter, World},
};
use crate::{
    Effect, Expiry, Input, Leg, Message, PerLeg, Role, Seen, SpentBy, Swap, Transition, test_values,
};

pub(super) struct Party {
    pub(super) swap: Swap,
    open: BTreeMap<String, Effect>,
    pub(super) wake: Option<u64>,
    /// Our clock, less the true time.
    offset: i64,
    pub(super) down_until: u64,
    pub(super) blind_until: PerLeg<u64>,
    /// For how many seconds more it may be down or blind.
    trouble_left: u64,
    troubles: f64,
    watches_pools: bool,
    pub(super) letters: VecDeque<Letter>,
    pub(super) advised: Vec<String>,
}

/// The party is down from here on.
struct Crash;

impl Party {
    pub(super) fn new(begin: Transition, offset: i64, trouble: u64, rng: &mut StdRng) -> Self {
        let mut party = Self {
            swap: begin.next.clone(),
            open: BTreeMap::new(),
            wake: None,
            offset,
            down_until: 0,
            blind_until: PerLeg::default(),
            trouble_left: trouble,
            troubles: [0.0, 0.005, 0.05][rng.random_range(0..3)],
            watches_pools: rng.random_bool(0.5),
            letters: VecDeque::new(),
            advised: Vec::new(),
        };
        party.commit(begin);
        party
    }

    /// What the database does: state and effects at once.
    fn commit(&mut self, transition: Transition) {
        for key in transition.cancel {
            self.open.remove(&key);
        }
        for effect in transition.effects {
            self.open.insert(effect.key(), effect);
        }
        self.wake = transition.wake.map(|at| self.true_time(at));
        self.swap = transition.next;
    }

    fn clock(&self, now: u64) -> u64 {
        now.saturating_add_signed(self.offset)
    }

    fn true_time(&self, at: Timestamp) -> u64 {
        at.as_secs().saturating_add_signed(-self.offset)
    }

    fn trouble(&mut self, rng: &mut StdRng) -> Option<u64> {
        if self.trouble_left == 0 || !rng.random_bool(self.troubles) {
            return None;
        }
        let secs = rng.random_range(1..=self.trouble_left);
        self.trouble_left -= secs;
        Some(secs)
    }

    fn may_crash(&mut self, world: &mut World) -> Result<(), Crash> {
        let Some(secs) = self.trouble(&mut world.rng) else {
            return Ok(());
        };
        world.count("a crash");
        self.crash(secs, world)
    }

    fn crash(&mut self, secs: u64, world: &World) -> Result<(), Crash> {
        self.down_until = world.now + secs;
        // What is in memory is gone; what the store has of it is all that is left.
        let stored = serde_json::to_string(&self.swap).unwrap();
        self.swap = serde_json::from_str(&stored).unwrap();
        Err(Crash)
    }

    /// The worst moment to fall is between deciding to show the secret and doing it, and the worst to be
    /// up again is shortly before the lock can be taken back.
    fn may_crash_before_claiming(&mut self, world: &mut World) -> Result<(), Crash> {
        if self.trouble_left == 0 || self.troubles == 0.0 || world.rng.random_bool(0.5) {
            return Ok(());
        }
        world.count("a crash before the first claim");
        let chain = world.chains.of(self.swap.role().claims());
        let expiry = match chain.expiry {
            Expiry::Time(time) => time.as_secs().saturating_sub(world.now),
            Expiry::Height(_) => self.trouble_left,
        };
        let before = world.rng.random_range(0..chain.timing.inclusion());
        let secs = expiry.saturating_sub(before).clamp(1, self.trouble_left);
        self.trouble_left -= secs;
        self.crash(secs, world)
    }

    fn feed(&mut self, input: Input, world: &mut World) -> Result<(), Crash> {
        self.may_crash(world)?;
        let claimed = self.swap.intents().claim;
        let now = Timestamp::from_secs(self.clock(world.now));
        let transition = self.swap.clone().handle(now, input);
        self.commit(transition);
        if claimed != self.swap.intents().claim {
            self.may_crash_before_claiming(world)?;
        }
        self.may_crash(world)
    }

    /// Looks, decides and acts, as far as it is up.
    pub(super) fn act(&mut self, world: &mut World) {
        if world.now < self.down_until {
            return;
        }
        for leg in Leg::BOTH {
            if let Some(secs) = self.trouble(&mut world.rng) {
                world.count("a silent endpoint");
                *self.blind_until.of_mut(leg) = world.now + secs;
            }
        }
        // A crash ends the round; what was stored is taken up when it is over.
        let _: Result<(), Crash> = self.round(world);
    }

    fn round(&mut self, world: &mut World) -> Result<(), Crash> {
        for leg in Leg::BOTH {
            if self.sees(leg, world) {
                self.follow(leg, world)?;
            }
        }
        while let Some(letter) = self.letters.pop_front() {
            self.read(letter, world)?;
        }
        if self.wake.is_some_and(|at| at <= world.now) {
            self.read_heads(world)?;
        }
        for effect in self.open.values().cloned().collect::<Vec<_>>() {
            self.may_crash(world)?;
            self.execute(&effect, world);
        }
        Ok(())
    }

    fn read_heads(&mut self, world: &mut World) -> Result<(), Crash> {
        let read_at = self.clock(world.now);
        let head = |leg| {
            self.sees(leg, world)
                .then(|| world.chains.of(leg).head(read_at))
        };
        let heads = PerLeg {
            first: head(Leg::First),
            second: head(Leg::Second),
        };
        self.feed(Input::Clock { heads }, world)
    }

    fn sees(&self, leg: Leg, world: &World) -> bool {
        world.now >= *self.blind_until.of(leg)
    }

    /// Tells the swap what a chain shows and it does not know, as a driver's follower does.
    fn follow(&mut self, leg: Leg, world: &mut World) -> Result<(), Crash> {
        let chain = world.chains.of(leg);
        let (lock, spend) = (chain.lock(), chain.spend());
        let facts = self.swap.facts().legs.of(leg);
        let mut news = Vec::new();
        let known = [
            facts.lock.as_ref().map(|seen| seen.block),
            facts.spend.as_ref().map(|seen| seen.block),
        ];
        for block in known.into_iter().flatten() {
            if !chain.holds(&block) {
                let block_hash = block.hash;
                news.push(Input::Withdrawn { leg, block_hash });
            }
        }
        if let Some((block, act, _)) = lock
            && !is_known(facts.lock.as_ref(), &lock)
            && (act == Act::Lock || facts.wrong.is_none())
        {
            let (lock, amount) = world.lock_of(leg, act);
            news.push(Input::Locked {
                leg,
                lock,
                amount,
                block,
            });
        }
        if let Some((block, act, _)) = spend
            && !is_known(facts.spend.as_ref(), &spend)
        {
            let by = match act {
                Act::Claim => SpentBy::Claim {
                    secret: Some(test_values::secret()),
                },
                Act::ClaimTogether => SpentBy::Claim { secret: None },
                _ => SpentBy::Refund,
            };
            news.push(Input::Spent { leg, by, block });
        }
        for shown in [lock, spend].into_iter().flatten() {
            let (block, _, confirmations) = shown;
            let is_final = confirmations >= chain.timing.confirmations();
            let is_wrong = facts.lock.is_none() && facts.wrong.is_some();
            let known = [
                is_known_final(facts.lock.as_ref(), &block.hash),
                is_known_final(facts.spend.as_ref(), &block.hash),
            ];
            if is_final && !is_wrong && !known.contains(&true) {
                let block_hash = block.hash;
                news.push(Input::Final { leg, block_hash });
            }
        }
        let shows_secret =
            self.watches_pools && chain.is_waiting(Act::Claim) && !self.swap.facts().secret_is_out;
        if shows_secret && self.swap.role() == Role::Responder {
            let secret = test_values::secret();
            news.push(Input::Secret { secret });
        }
        if !news.is_empty() {
            self.read_heads(world)?;
        }
        news.into_iter()
            .try_for_each(|input| self.feed(input, world))
    }

    fn read(&mut self, letter: Letter, world: &mut World) -> Result<(), Crash> {
        match letter {
            Letter::Says(message) => self.feed(Input::Message { message }, world),
            Letter::Whispers(secret) => self.feed(Input::Secret { secret }, world),
            // The driver has the other signature and sends the claim.
            Letter::Cosigned => {
                let leg = self.swap.role().claims();
                let now = world.now;
                let chain = world.chains.of_mut(leg);
                chain.submit(Act::ClaimTogether, now, false);
                Ok(())
            }
        }
    }

    fn execute(&mut self, effect: &Effect, world: &mut World) {
        let to = self.swap.role().other();
        match effect {
            Effect::PublishLock { leg } | Effect::Rebroadcast { leg } => {
                world.submit(*leg, Act::Lock);
            }
            Effect::Claim { leg, .. } => world.submit(*leg, Act::Claim),
            Effect::Refund { leg } => world.submit(*leg, Act::Refund),
            Effect::RefundTogether { leg } => world.submit(*leg, Act::RefundTogether),
            Effect::AskToClaim { secret, .. } => {
                let secret = Some(secret.clone());
                world.send(to, Letter::Says(Message::AsksToClaim { secret }));
            }
            Effect::CosignClaim { .. } => world.send(to, Letter::Cosigned),
            Effect::AskForRefund { .. } => world.send(to, Letter::Says(Message::AsksForRefund)),
            Effect::ConsentToRefund { .. } => {
                world.send(to, Letter::Says(Message::ConsentsToRefund));
            }
            Effect::Advise { .. } => {
                let key = effect.key();
                if !self.advised.contains(&key) {
                    self.advised.push(key);
                }
            }
        }
    }
}

fn is_known<T>(seen: Option<&Seen<T>>, shown: &Shown) -> bool {
    match (seen, shown) {
        (Some(seen), Some((block, _, _))) => seen.block.hash == block.hash,
        _ => false,
    }
}

fn is_known_final<T>(seen: Option<&Seen<T>>, hash: &alloy_primitives::B256) -> bool {
    seen.is_some_and(|seen| seen.is_final && seen.block.hash == *hash)
}
