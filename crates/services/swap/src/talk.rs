//! What two parties of a swap say to each other once they have agreed, and how it goes over a wire.
//!
//! Either knows who the other is before anything is said, and every word is signed under what only this
//! one connection knows: what somebody has recorded cannot be said again, neither here nor elsewhere.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use alloy_primitives::B256;
use async_trait::async_trait;
use causeway_swap::{Secret, SwapId};
use futures::{StreamExt as _, stream::FuturesUnordered};
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use crate::{
    SwapError,
    chain::Together,
    identity::{PeerId, PeerKey, Statement},
    wire::{Frame, Wire},
};

/// How long the other party may take to take something in.
pub(crate) const HEARING: Duration = Duration::from_secs(20);
/// So many words may wait to be said.
const WAITING: usize = 256;
/// So many may have been said and not yet been answered.
const UNHEARD: usize = 64;
/// Where nothing is answered for so long, nobody listens any more: another connection may do better.
const PATIENCE: Duration = Duration::from_secs(60);

/// Something that one party of a swap says to the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "talk", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Talk {
    /// "Sign a claim of what you locked with me; this is the secret."
    AsksToClaim {
        /// The secret.
        secret: Secret,
        /// What the chain's driver needs for it.
        request: String,
    },
    /// "Agree that I take back what I locked at once."
    AsksForRefund {
        /// What the chain's driver needs for it.
        request: String,
    },
    /// "This is my part of what you asked me to sign."
    Answers {
        /// What was asked for.
        what: Together,
        /// What the chain's driver has made.
        answer: String,
    },
}

/// Why something was not said, or not heard.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TalkError {
    /// The other party is not there.
    #[error("the other party, {0}, is not connected")]
    NotConnected(PeerId),
    /// The maker at an address does not answer as a maker does.
    #[error("{0} gives no answer: {1}")]
    Away(String, String),
    /// The other party is somebody else.
    #[error("{found} answers (expected {expected}): it is not the party that has signed")]
    Stranger {
        /// Who should be there.
        expected: PeerId,
        /// Who is.
        found: PeerId,
    },
    /// The other party broke the rules of talking.
    #[error("the other party does not keep to the protocol: {0}")]
    Protocol(String),
    /// The connection ended.
    #[error("the connection to the other party ended: {0}")]
    Closed(String),
    /// The other party did not take it in.
    #[error("the other party did not take it in: {0}")]
    Refused(String),
}

/// A connection between two parties who know each other.
pub(crate) struct Line {
    wire: Wire,
    pub(crate) peer: PeerId,
    binding: Binding,
}

/// What ties signatures to one connection.
#[derive(Clone, Copy)]
struct Binding {
    called: PeerId,
    calls: PeerId,
    their_nonces: [B256; 2],
}

impl Binding {
    fn statement(&self, kind: &str, parts: &[&[u8]]) -> Statement {
        let (called, calls) = (self.called.to_string(), self.calls.to_string());
        let mut all: Vec<&[u8]> = vec![called.as_bytes(), calls.as_bytes()];
        all.extend(self.their_nonces.iter().map(B256::as_slice));
        all.extend(parts);
        Statement::new(kind, &all)
    }

    fn word(&self, by: PeerId, number: u64, swap: SwapId, body: &str) -> Statement {
        self.statement(
            "causeway/swap/say/1",
            &[
                by.to_string().as_bytes(),
                &number.to_be_bytes(),
                swap.0.as_slice(),
                body.as_bytes(),
            ],
        )
    }
}

const HELLO: &str = "causeway/swap/hello/1";
const WELCOME: &str = "causeway/swap/welcome/1";

fn nonce() -> B256 {
    B256::new(rand::rng().random())
}

impl Line {
    /// As the one who was called: learns who calls.
    pub(crate) async fn answered(mut wire: Wire, ours: &PeerKey) -> Result<Self, TalkError> {
        let (by, our_nonce) = (ours.id(), nonce());
        let challenge = Frame::Challenge {
            by,
            nonce: our_nonce,
        };
        wire.send(&challenge).await?;
        let Frame::Hello {
            by: peer,
            nonce,
            signature,
        } = wire.introduction().await?
        else {
            return Err(TalkError::Protocol("expected a hello".to_owned()));
        };
        let binding = Binding {
            called: by,
            calls: peer,
            their_nonces: [our_nonce, nonce],
        };
        peer.check(&binding.statement(HELLO, &[]), &signature)
            .map_err(|error| TalkError::Protocol(error.to_string()))?;
        let signature = ours.sign(&binding.statement(WELCOME, &[]));
        wire.send(&Frame::Welcome { signature }).await?;
        Ok(Self {
            wire,
            peer,
            binding,
        })
    }

    /// As the one who calls: makes sure of whom it has reached.
    pub(crate) async fn called(
        mut wire: Wire,
        ours: &PeerKey,
        expected: PeerId,
    ) -> Result<Self, TalkError> {
        let Frame::Challenge { by, nonce: theirs } = wire.introduction().await? else {
            return Err(TalkError::Protocol("expected a challenge".to_owned()));
        };
        if by != expected {
            return Err(TalkError::Stranger {
                expected,
                found: by,
            });
        }
        let our_nonce = nonce();
        let binding = Binding {
            called: by,
            calls: ours.id(),
            their_nonces: [theirs, our_nonce],
        };
        let signature = ours.sign(&binding.statement(HELLO, &[]));
        let hello = Frame::Hello {
            by: ours.id(),
            nonce: our_nonce,
            signature,
        };
        wire.send(&hello).await?;
        let Frame::Welcome { signature } = wire.introduction().await? else {
            return Err(TalkError::Protocol("expected a welcome".to_owned()));
        };
        by.check(&binding.statement(WELCOME, &[]), &signature)
            .map_err(|error| TalkError::Protocol(error.to_string()))?;
        Ok(Self {
            wire,
            peer: by,
            binding,
        })
    }

    /// Says what is to be said and hears what the other party says, until the connection ends or the
    /// other party breaks the rules.
    ///
    /// Nothing here waits for anything else. What has been heard while earlier words were being taken in is
    /// taken in together. Neither side says more than [`UNHEARD`] words before it is answered, so that what
    /// has to be kept stays little, and nobody who keeps to that is ever not listened to.
    pub(crate) async fn talk(
        self,
        ours: &PeerKey,
        mut to_say: mpsc::Receiver<Word>,
        hear: &impl Hear,
    ) -> TalkError {
        let Self {
            wire: Wire {
                mut incoming,
                outgoing,
            },
            peer,
            binding,
        } = self;
        let mut saying = Saying::default();
        let mut hearing = Hearing::default();
        let mut to_send: VecDeque<Frame> = VecDeque::new();
        let mut taking_in = FuturesUnordered::new();
        loop {
            if taking_in.is_empty() && !hearing.words.is_empty() {
                taking_in.push(take_in(hear, peer, std::mem::take(&mut hearing.words)));
            }
            let may_say = to_send.is_empty() && saying.unheard.len() < UNHEARD;
            let may_hear = hearing.words.len() + to_send.len() < 2 * UNHEARD;
            let outcome = tokio::select! {
                permit = outgoing.reserve(), if !to_send.is_empty() => permit
                    .map_err(|_| TalkError::Closed("nothing can be sent".to_owned()))
                    .and_then(|permit| match to_send.pop_front() {
                        Some(frame) => frame.text().map(|text| permit.send(text)),
                        None => Ok(()),
                    }),
                word = to_say.recv(), if may_say => match word {
                    Some(word) => {
                        to_send.push_back(saying.say(word, ours, &binding));
                        Ok(())
                    }
                    None => Err(TalkError::Closed("another connection took over".to_owned())),
                },
                text = incoming.recv(), if may_hear => match Frame::of(text) {
                    Ok(frame @ Frame::Say { .. }) => hearing.hear(frame, peer, &binding),
                    Ok(Frame::Heard { number }) => saying.was_heard(number, Ok(())),
                    Ok(Frame::Refused { number, reason }) => {
                        let reason = reason.chars().take(300).collect();
                        saying.was_heard(number, Err(TalkError::Refused(reason)))
                    }
                    Ok(_) => Err(TalkError::Protocol("an introduction after the beginning".to_owned())),
                    Err(error) => Err(error),
                },
                Some(answers) = taking_in.next(), if !taking_in.is_empty() => {
                    to_send.extend(answers);
                    Ok(())
                }
                () = come(saying.patience()) => {
                    Err(TalkError::Closed("what was said is not taken in".to_owned()))
                }
            };
            if let Err(error) = outcome {
                return error;
            }
        }
    }
}

/// What we say on a connection.
#[derive(Default)]
struct Saying {
    said: u64,
    /// What was said and has not been answered, by its number.
    unheard: BTreeMap<u64, (Instant, oneshot::Sender<Result<(), TalkError>>)>,
}

impl Saying {
    fn say(&mut self, word: Word, ours: &PeerKey, binding: &Binding) -> Frame {
        let Word { swap, body, heard } = word;
        let number = self.said;
        let signature = ours.sign(&binding.word(ours.id(), number, swap, &body));
        self.unheard.insert(number, (Instant::now(), heard));
        self.said += 1;
        Frame::Say {
            number,
            swap,
            body,
            signature,
        }
    }

    /// Whoever waits for this number hears what became of it; nobody may wait any more.
    fn was_heard(&mut self, number: u64, outcome: Result<(), TalkError>) -> Result<(), TalkError> {
        let unknown =
            || TalkError::Protocol(format!("an answer to word {number}, which was not said"));
        let (_, sender) = self.unheard.remove(&number).ok_or_else(unknown)?;
        drop(sender.send(outcome));
        Ok(())
    }

    /// Until when the oldest of what was said has to be answered, if anything has to be.
    fn patience(&self) -> Option<Instant> {
        let oldest = self.unheard.first_key_value();
        oldest.map(|(_, (said, _))| *said + PATIENCE)
    }
}

/// Waits for a time; for ever, if there is none.
async fn come(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// What we hear on a connection.
#[derive(Default)]
struct Hearing {
    heard: u64,
    /// What is not being taken in yet.
    words: Vec<Heard>,
}

/// A word that was heard.
struct Heard {
    number: u64,
    swap: SwapId,
    body: String,
}

impl Hearing {
    fn hear(&mut self, frame: Frame, peer: PeerId, binding: &Binding) -> Result<(), TalkError> {
        let Frame::Say {
            number,
            swap,
            body,
            signature,
        } = frame
        else {
            return Ok(());
        };
        let word = binding.word(peer, number, swap, &body);
        if number != self.heard || peer.check(&word, &signature).is_err() {
            return Err(TalkError::Protocol(
                "a word out of order, or not signed".to_owned(),
            ));
        }
        self.heard += 1;
        self.words.push(Heard { number, swap, body });
        Ok(())
    }
}

/// Takes in words, and says what is to be answered.
async fn take_in(hear: &impl Hear, peer: PeerId, words: Vec<Heard>) -> Vec<Frame> {
    let refused = |number, reason: &dyn std::fmt::Display| Frame::Refused {
        number,
        reason: reason.to_string(),
    };
    let mut answers = Vec::with_capacity(words.len());
    let (mut numbers, mut talks) = (Vec::new(), Vec::new());
    for Heard { number, swap, body } in words {
        match serde_json::from_str(&body) {
            Ok(talk) => {
                numbers.push(number);
                talks.push((swap, talk));
            }
            Err(error) => answers.push(refused(number, &error)),
        }
    }
    let outcomes = hear.hear(peer, talks).await;
    for (number, outcome) in numbers.into_iter().zip(outcomes) {
        answers.push(match outcome {
            Ok(()) => Frame::Heard { number },
            Err(error) => refused(number, &error),
        });
    }
    answers
}

/// Whoever takes in what another party says.
#[async_trait]
pub(crate) trait Hear: Send + Sync {
    /// Takes them in, for good, or says of each why not.
    async fn hear(&self, by: PeerId, words: Vec<(SwapId, Talk)>)
    -> Vec<Result<(), Arc<SwapError>>>;
}

/// Something to be said, and whoever waits for it to be heard.
pub(crate) struct Word {
    swap: SwapId,
    body: String,
    heard: oneshot::Sender<Result<(), TalkError>>,
}

/// Where words to one party go.
#[derive(Clone)]
pub(crate) struct Mouth(mpsc::Sender<Word>);

impl Mouth {
    /// A mouth, and what it will say.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Word>) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(sender), receiver)
    }

    /// Whether both are the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
    }

    /// Says something, and waits until it was taken in for good.
    pub(crate) async fn say(&self, swap: SwapId, talk: &Talk) -> Result<(), TalkError> {
        let body =
            serde_json::to_string(talk).map_err(|error| TalkError::Protocol(error.to_string()))?;
        let (heard, outcome) = oneshot::channel();
        let word = Word { swap, body, heard };
        let closed = || TalkError::Closed("it ended before this was heard".to_owned());
        let said = async {
            self.0.send(word).await.map_err(|_| closed())?;
            outcome.await.map_err(|_| closed())?
        };
        let late = |_| TalkError::Closed(format!("no answer within {} s", HEARING.as_secs()));
        tokio::time::timeout(HEARING, said).await.map_err(late)?
    }
}

#[cfg(test)]
mod tests;
