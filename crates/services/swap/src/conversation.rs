//! Conversations with the other parties of our swaps.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use causeway_swap::{Input, Leg, Message, Secret, SwapId};
use causeway_types::ChainId;
use futures::future::join_all;
use tokio::time::Instant;
use tracing::debug;

use crate::{
    SwapError,
    chain::{Locked, Session, SwapChain, Together},
    identity::{PeerId, PeerKey},
    ledger::Ledger,
    record::{Asked, Happened, Record},
    talk::{Hear, Line, Mouth, Talk, TalkError},
    wire::Wire,
};

/// The chains that are swapped on.
pub(crate) type Chains = Arc<BTreeMap<ChainId, Arc<dyn SwapChain>>>;

/// Halves of signatures that wait for the other party's, by what they are for, and since when; nothing where
/// the other party signs alone.
type Asking = HashMap<(SwapId, Together), (Instant, Option<Box<dyn Session>>)>;

/// All conversations. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Conversations(Arc<Inner>);

struct Inner {
    key: Arc<PeerKey>,
    ledger: Ledger,
    chains: Chains,
    /// The newest connection to each party.
    mouths: Mutex<HashMap<PeerId, Mouth>>,
    asking: Mutex<Asking>,
}

impl Conversations {
    pub(crate) fn new(key: Arc<PeerKey>, ledger: Ledger, chains: Chains) -> Self {
        Self(Arc::new(Inner {
            key,
            ledger,
            chains,
            mouths: Mutex::default(),
            asking: Mutex::default(),
        }))
    }

    /// Talks to whoever has called, until the connection ends.
    pub(crate) async fn answered(&self, wire: Wire) -> TalkError {
        match Line::answered(wire, &self.0.key).await {
            Ok(line) => self.talk(line).await,
            Err(error) => error,
        }
    }

    /// Talks to a party that we have called, until the connection ends.
    pub(crate) async fn called(&self, wire: Wire, peer: PeerId) -> TalkError {
        match Line::called(wire, &self.0.key, peer).await {
            Ok(line) => self.talk(line).await,
            Err(error) => error,
        }
    }

    /// Whether the party can be talked to now.
    pub(crate) fn is_connected(&self, peer: PeerId) -> bool {
        let mouths = self.0.mouths.lock().unwrap_or_else(PoisonError::into_inner);
        mouths.contains_key(&peer)
    }

    async fn talk(&self, line: Line) -> TalkError {
        let (mouth, words) = Mouth::new();
        let peer = line.peer;
        let mouths = || self.0.mouths.lock().unwrap_or_else(PoisonError::into_inner);
        mouths().insert(peer, mouth.clone());
        let ended = line.talk(&self.0.key, words, self).await;
        let mut mouths = mouths();
        if mouths.get(&peer).is_some_and(|newest| newest.is(&mouth)) {
            mouths.remove(&peer);
        }
        ended
    }

    async fn say(&self, record: &Record, talk: &Talk) -> Result<(), SwapError> {
        let peer = record.peer.id;
        let mouth = {
            let mouths = self.0.mouths.lock().unwrap_or_else(PoisonError::into_inner);
            mouths.get(&peer).cloned()
        };
        let mouth = mouth.ok_or(TalkError::NotConnected(peer))?;
        Ok(mouth.say(record.id(), talk).await?)
    }

    /// Asks for a signature under our claim.
    pub(crate) async fn ask_to_claim(
        &self,
        record: &Record,
        leg: Leg,
        secret: Secret,
    ) -> Result<(), SwapError> {
        let request = self.ask(record, leg, Together::Claim).await?;
        self.say(record, &Talk::AsksToClaim { secret, request })
            .await
    }

    /// Asks for a signature under our refund.
    pub(crate) async fn ask_for_refund(&self, record: &Record, leg: Leg) -> Result<(), SwapError> {
        let request = self.ask(record, leg, Together::Refund).await?;
        self.say(record, &Talk::AsksForRefund { request }).await
    }

    async fn ask(&self, record: &Record, leg: Leg, what: Together) -> Result<String, SwapError> {
        let lock = record.lock(leg);
        let at = on_chain(record, leg)?;
        let chain = self.chain(record, leg)?;
        let session = chain.ask(Locked { lock: &lock, at }, what).await?;
        let request = session.as_ref().map(|session| session.request());
        let mut asking = self.0.asking.lock().unwrap_or_else(PoisonError::into_inner);
        // Asked again, with another nonce, it is still the same that we ask for.
        let begun = (Instant::now(), session);
        if asking.insert((record.id(), what), begun).is_none() {
            note(what, "asked");
        }
        Ok(request.unwrap_or_default())
    }

    /// Gives our signature under what the other party has asked for.
    pub(crate) async fn answer(&self, record: &Record, asked: &Asked) -> Result<(), SwapError> {
        let role = record.swap.role();
        let leg = match asked.what {
            Together::Claim => role.locks(),
            Together::Refund => role.claims(),
        };
        let lock = record.lock(leg);
        let at = on_chain(record, leg)?;
        let chain = self.chain(record, leg)?;
        let locked = Locked { lock: &lock, at };
        let answer = chain.answer(locked, asked.what, &asked.request).await?;
        let what = asked.what;
        self.say(record, &Talk::Answers { what, answer }).await?;
        note(what, "given");
        Ok(())
    }

    /// Takes in what a party says, for good: all of it in one unit, because the store writes one after the
    /// other, and each waits for the disk.
    async fn take_in(
        &self,
        peer: PeerId,
        words: Vec<(SwapId, Talk)>,
    ) -> Vec<Result<(), Arc<SwapError>>> {
        let words = words.into_iter();
        let meanings = words.map(|(swap, talk)| self.meaning(peer, swap, talk));
        let meanings = join_all(meanings).await;
        let kept = self.keep(meanings.iter().flatten()).await.map_err(Arc::new);
        let outcomes = meanings.into_iter();
        let outcomes = outcomes.map(|meaning| meaning.map(drop).map_err(Arc::new));
        outcomes.map(|outcome| outcome.and(kept.clone())).collect()
    }

    /// What a word means for a swap.
    async fn meaning(
        &self,
        peer: PeerId,
        swap: SwapId,
        talk: Talk,
    ) -> Result<(SwapId, Vec<Happened>), SwapError> {
        let record = self.0.ledger.record(swap).await?;
        if record.peer.id != peer {
            // Whose swaps there are is nobody else's business.
            return Err(SwapError::UnknownSwap(swap));
        }
        let asked = |what, request| Happened::Asked(Asked { what, request });
        let meaning = match talk {
            Talk::AsksToClaim { secret, request } => {
                let secret = Some(secret);
                let message = Message::AsksToClaim { secret };
                vec![
                    Happened::Input(Input::Message { message }),
                    asked(Together::Claim, request),
                ]
            }
            Talk::AsksForRefund { request } => vec![asked(Together::Refund, request)],
            Talk::Answers { what, answer } => {
                let signed = self.finish(&record, what, &answer).await?;
                note(what, "got");
                vec![Happened::SignedTogether(what, signed)]
            }
        };
        Ok((swap, meaning))
    }

    async fn keep(
        &self,
        meanings: impl Iterator<Item = &(SwapId, Vec<Happened>)>,
    ) -> Result<(), SwapError> {
        let ledger = &self.0.ledger;
        let mut meanings = meanings.peekable();
        if meanings.peek().is_none() {
            return Ok(());
        }
        let mut unit = ledger.begin().await?;
        for (swap, meaning) in meanings {
            for happened in meaning {
                let now = ledger.clock.now();
                ledger
                    .handle(&mut unit, *swap, now, happened.clone())
                    .await?;
            }
        }
        Ok(unit.commit().await?)
    }

    /// Puts an answer together with our half, and checks it.
    async fn finish(
        &self,
        record: &Record,
        what: Together,
        answer: &str,
    ) -> Result<String, SwapError> {
        let asking = {
            let mut asking = self.0.asking.lock().unwrap_or_else(PoisonError::into_inner);
            asking.remove(&(record.id(), what))
        };
        let not_asked = || SwapError::Malformed(format!("no {} was asked for", what.name()));
        let (since, session) = asking.ok_or_else(not_asked)?;
        let (swap, after) = (record.id(), since.elapsed());
        debug!(%swap, what = what.name(), ?after, "an answer has come");
        if let Some(session) = session {
            return Ok(session.finish(answer).await?);
        }
        let role = record.swap.role();
        let leg = match what {
            Together::Claim => role.claims(),
            Together::Refund => role.locks(),
        };
        let lock = record.lock(leg);
        let at = on_chain(record, leg)?;
        let chain = self.chain(record, leg)?;
        let locked = Locked { lock: &lock, at };
        Ok(chain.check_answer(locked, what, answer).await?)
    }

    fn chain(&self, record: &Record, leg: Leg) -> Result<&Arc<dyn SwapChain>, SwapError> {
        let id = record.chain(leg);
        let chain = self.0.chains.get(id);
        chain.ok_or_else(|| SwapError::UnknownChain(id.clone()))
    }
}

#[async_trait]
impl Hear for Conversations {
    async fn hear(
        &self,
        by: PeerId,
        words: Vec<(SwapId, Talk)>,
    ) -> Vec<Result<(), Arc<SwapError>>> {
        self.take_in(by, words).await
    }
}

/// Counts a signature that was asked for, got or given.
fn note(what: Together, event: &'static str) {
    metrics::counter!("causeway_swap_signatures_total", "what" => what.name(), "event" => event)
        .increment(1);
}

fn on_chain(record: &Record, leg: Leg) -> Result<&str, SwapError> {
    let gone = || SwapError::Gone(format!("the lock of the {leg} is not on its chain now"));
    record.locked_at(leg).ok_or_else(gone)
}
