//! What two parties of a swap say to each other once they have agreed, and how it goes over a wire.
//!
//! Either knows who the other is before anything is said, and every word is signed under what only this
//! one connection knows: what somebody has recorded cannot be said again, neither here nor elsewhere.

use std::{collections::HashMap, time::Duration};

use alloy_primitives::B256;
use async_trait::async_trait;
use causeway_swap::{Secret, SwapId};
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

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
    pub(crate) async fn talk(
        mut self,
        ours: &PeerKey,
        mut to_say: mpsc::Receiver<Word>,
        hear: &impl Hear,
    ) -> TalkError {
        let (mut said, mut heard) = (0_u64, 0_u64);
        let mut waiting: HashMap<u64, oneshot::Sender<Result<(), TalkError>>> = HashMap::new();
        loop {
            tokio::select! {
                word = to_say.recv() => {
                    let Some(word) = word else {
                        return TalkError::Closed("another connection took over".to_owned());
                    };
                    let (swap, body) = (word.swap, word.body);
                    let signature = ours.sign(&self.binding.word(ours.id(), said, swap, &body));
                    let frame = Frame::Say { number: said, swap, body, signature };
                    if let Err(error) = self.wire.send(&frame).await {
                        return error;
                    }
                    waiting.insert(said, word.heard);
                    said += 1;
                }
                frame = self.wire.receive() => {
                    let outcome = match frame {
                        Ok(Frame::Say { number, swap, body, signature }) => {
                            let word = self.binding.word(self.peer, number, swap, &body);
                            if number != heard || self.peer.check(&word, &signature).is_err() {
                                Err(TalkError::Protocol("a word out of order, or not signed".to_owned()))
                            } else {
                                heard += 1;
                                let outcome = match serde_json::from_str(&body) {
                                    Ok(talk) => {
                                        let heard = hear.hear(self.peer, swap, talk).await;
                                        heard.map_err(|error| error.to_string())
                                    }
                                    Err(error) => Err(error.to_string()),
                                };
                                let answer = match outcome {
                                    Ok(()) => Frame::Heard { number },
                                    Err(reason) => Frame::Refused { number, reason },
                                };
                                self.wire.send(&answer).await
                            }
                        }
                        Ok(Frame::Heard { number }) => tell(&mut waiting, number, Ok(())),
                        Ok(Frame::Refused { number, reason }) => {
                            let reason = reason.chars().take(300).collect();
                            tell(&mut waiting, number, Err(TalkError::Refused(reason)))
                        }
                        Ok(_) => Err(TalkError::Protocol("an introduction after the beginning".to_owned())),
                        Err(error) => Err(error),
                    };
                    if let Err(error) = outcome {
                        return error;
                    }
                }
            }
        }
    }
}

/// Whoever waits for this number hears what became of it; nobody may wait any more.
fn tell(
    waiting: &mut HashMap<u64, oneshot::Sender<Result<(), TalkError>>>,
    number: u64,
    outcome: Result<(), TalkError>,
) -> Result<(), TalkError> {
    let unknown = || TalkError::Protocol(format!("an answer to word {number}, which was not said"));
    let sender = waiting.remove(&number).ok_or_else(unknown)?;
    drop(sender.send(outcome));
    Ok(())
}

/// Whoever takes in what another party says.
#[async_trait]
pub(crate) trait Hear: Send + Sync {
    /// Takes it in, for good, or says why not.
    async fn hear(&self, by: PeerId, swap: SwapId, talk: Talk) -> Result<(), SwapError>;
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
        self.0.send(word).await.map_err(|_| closed())?;
        match tokio::time::timeout(HEARING, outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(closed()),
            Err(_) => Err(TalkError::Closed("no answer within 20 s".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;

    /// Keeps what it hears.
    struct Listener(mpsc::UnboundedSender<(SwapId, Talk)>);

    #[async_trait]
    impl Hear for Listener {
        async fn hear(&self, _: PeerId, swap: SwapId, talk: Talk) -> Result<(), SwapError> {
            let sent = self.0.send((swap, talk));
            sent.map_err(|error| SwapError::Gone(error.to_string()))
        }
    }

    fn key(byte: u8) -> PeerKey {
        Seed::new(vec![byte; 32]).unwrap().identity().unwrap()
    }

    fn wires() -> (Wire, Wire) {
        let (left_out, right_in) = mpsc::channel(8);
        let (right_out, left_in) = mpsc::channel(8);
        let wire = |incoming, outgoing| Wire { incoming, outgoing };
        (wire(left_in, left_out), wire(right_in, right_out))
    }

    #[tokio::test]
    async fn both_know_each_other_and_what_is_said_is_heard_once() {
        let (left, right) = wires();
        let (maker, taker) = (key(1), key(2));
        let (answered, called) = tokio::join!(
            Line::answered(left, &maker),
            Line::called(right, &taker, maker.id())
        );
        let (answered, called) = (answered.unwrap(), called.unwrap());
        assert_eq!((answered.peer, called.peer), (taker.id(), maker.id()));

        let (mouth, words) = Mouth::new();
        let (_silent, nothing) = Mouth::new();
        let (heard, mut hearing) = mpsc::unbounded_channel();
        let swap = SwapId(B256::repeat_byte(7));
        let talk = Talk::AsksForRefund {
            request: String::new(),
        };
        let listener = Listener(heard);
        let listening = answered.talk(&maker, nothing, &listener);
        let speaking = called.talk(&taker, words, &listener);
        let saying = mouth.say(swap, &talk);
        tokio::select! {
            error = listening => panic!("{error}"),
            error = speaking => panic!("{error}"),
            outcome = saying => outcome.unwrap(),
        }
        assert_eq!(hearing.recv().await, Some((swap, talk)));
        assert!(hearing.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_stranger_is_not_talked_to() {
        let (left, right) = wires();
        let (maker, taker) = (key(1), key(2));
        let (_, called) = tokio::join!(
            Line::answered(left, &maker),
            Line::called(right, &taker, key(3).id())
        );
        assert!(matches!(called.err(), Some(TalkError::Stranger { .. })));
    }

    /// A party that records and plays back what it has seen.
    #[tokio::test]
    async fn what_was_recorded_cannot_be_said_again() {
        let maker = key(1);
        let taker = key(2);
        // What the taker has said on one connection…
        let (left, mut right) = wires();
        let hello = async {
            let Frame::Challenge { nonce: theirs, .. } = right.receive().await.unwrap() else {
                panic!("no challenge")
            };
            let binding = Binding {
                called: maker.id(),
                calls: taker.id(),
                their_nonces: [theirs, B256::ZERO],
            };
            let signature = taker.sign(&binding.statement(HELLO, &[]));
            let hello = Frame::Hello {
                by: taker.id(),
                nonce: B256::ZERO,
                signature,
            };
            right.send(&hello).await.unwrap();
            serde_json::to_string(&hello).unwrap()
        };
        let (answered, recorded) = tokio::join!(Line::answered(left, &maker), hello);
        answered.unwrap();
        // …does not open another.
        let (left, right) = wires();
        right.outgoing.send(recorded).await.unwrap();
        let refused = Line::answered(left, &maker).await;
        assert!(matches!(refused.err(), Some(TalkError::Protocol(_))));
    }

    #[tokio::test]
    async fn words_out_of_order_or_of_another_end_the_connection() {
        for (number, by) in [(1, key(2)), (0, key(3))] {
            let (left, right) = wires();
            let (maker, taker) = (key(1), key(2));
            let (answered, called) = tokio::join!(
                Line::answered(left, &maker),
                Line::called(right, &taker, maker.id())
            );
            let called = called.unwrap();
            let swap = SwapId(B256::ZERO);
            let word = called.binding.word(taker.id(), number, swap, "{}");
            let signature = by.sign(&word);
            let frame = Frame::Say {
                number,
                swap,
                body: "{}".to_owned(),
                signature,
            };
            called.wire.send(&frame).await.unwrap();
            let (_mouth, words) = Mouth::new();
            let listener = Listener(mpsc::unbounded_channel().0);
            let ended = answered.unwrap().talk(&maker, words, &listener);
            assert!(matches!(ended.await, TalkError::Protocol(_)));
        }
    }
}
