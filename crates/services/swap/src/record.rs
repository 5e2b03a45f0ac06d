//! One swap as it is stored, and how the engine runs it.

use std::convert::Infallible;

use causeway_engine::{Machine, NewEffect, Step};
use causeway_swap::{
    Effect, Input, Leg, Message, Offer, Phase, Quote, Swap, SwapId, Terms, Transition,
};
use causeway_types::{ChainId, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;

use crate::{
    chain::{Lock, Spending, Together},
    identity::{PeerId, PeerSignature},
};

/// The clock that swaps wake by: Unix seconds.
pub(crate) const CLOCK: &str = "swap";

/// The lane of what is said to other parties.
pub(crate) const TALK: &str = "swap/talk";

/// The lane of what is done on a chain.
pub(crate) fn lane(chain: &ChainId) -> String {
    format!("swap/{chain}")
}

/// All that is stored of one swap of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Numbers our keys, and our secret if we have made it.
    pub number: u32,
    /// The swap itself.
    pub swap: Swap,
    /// The other party.
    pub peer: Peer,
    /// The offer that it follows from.
    pub offer: Offer,
    /// The quote that it follows from.
    pub quote: Quote,
    /// The other party's signature under the terms; missing while we wait for it.
    pub signed: Option<PeerSignature>,
    /// What the other party has asked us to sign, the newest.
    pub asked: Option<Asked>,
    /// What both have signed for our claim: checked, ready to be sent.
    pub claim: Option<String>,
    /// The same for our refund.
    pub refund: Option<String>,
    /// When it came to be where it is, and where it was before.
    pub story: Vec<Moment>,
}

/// The other party of a swap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Who signs for it.
    pub id: PeerId,
    /// Where it is found, if it is the one that is called.
    pub url: Option<Url>,
    /// Whether it would sign claims with us.
    pub cosigns: bool,
}

/// A request to sign something together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What.
    pub what: Together,
    /// What the other party's chain driver has sent along.
    pub request: String,
}

/// When a swap entered a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When, by our clock.
    pub at: Timestamp,
    /// Which phase.
    pub phase: Phase,
}

/// Something that happened to a swap, and when.
#[derive(Clone, Debug)]
pub(crate) struct SwapInput {
    pub(crate) now: Timestamp,
    pub(crate) what: Happened,
}

/// What happened.
#[derive(Clone, Debug)]
pub(crate) enum Happened {
    /// It begins.
    Begins(Box<Beginning>),
    /// Both have signed after all.
    Signed(PeerSignature),
    /// The other party refused before anything was locked.
    Refused,
    /// Something that the state machine knows of.
    Input(Input),
    /// The other party asks us to sign something together.
    Asked(Asked),
    /// Something was signed together and checked.
    SignedTogether(Together, String),
}

/// A swap that begins.
#[derive(Clone, Debug)]
pub(crate) struct Beginning {
    pub(crate) transition: Transition,
    pub(crate) number: u32,
    pub(crate) peer: Peer,
    pub(crate) offer: Offer,
    pub(crate) quote: Quote,
    pub(crate) signed: Option<PeerSignature>,
}

/// Something to be done for a swap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Task {
    /// What the state machine asks for.
    Do(Effect),
    /// Send what both have signed for our claim.
    ClaimTogether {
        /// The leg.
        leg: Leg,
    },
    /// Sign what the other party has asked for, and give it to it.
    Answer(Asked),
    /// Spend a lock for a party that we watch over.
    ActFor(Spending),
}

impl Record {
    /// The name of the swap.
    pub fn id(&self) -> SwapId {
        self.swap.terms().id()
    }

    /// What was agreed on.
    pub const fn terms(&self) -> &Terms {
        self.swap.terms()
    }

    /// One of its locks.
    pub fn lock(&self, leg: Leg) -> Lock {
        let terms = self.terms();
        Lock {
            swap: self.id(),
            leg,
            number: self.number,
            hash_lock: terms.hash_lock,
            terms: terms.legs.of(leg).clone(),
        }
    }

    /// Where the lock of a leg is, while it is on its chain.
    pub fn locked_at(&self, leg: Leg) -> Option<&str> {
        let lock = self.swap.facts().legs.of(leg).lock.as_ref();
        lock.map(|seen| seen.what.as_str())
    }

    /// Whether a task is still to be done: it may have waited, and the world has gone on.
    pub(crate) fn wants(&self, task: &Task) -> bool {
        match task {
            Task::Do(effect) => self.swap.wanted().contains(effect),
            Task::ClaimTogether { .. } => self.claim_together().is_some(),
            Task::ActFor(_) => false,
            Task::Answer(_) => self.answer().is_some_and(|wanted| wanted.effect == *task),
        }
    }

    /// The chain of a leg.
    pub const fn chain(&self, leg: Leg) -> &ChainId {
        self.terms().legs.of(leg).asset.chain()
    }

    fn begin(beginning: Beginning, now: Timestamp) -> (Self, Transition) {
        let Beginning {
            mut transition,
            number,
            peer,
            offer,
            quote,
            signed,
        } = beginning;
        if peer.cosigns {
            let ready = Input::Message {
                message: Message::ReadyToCosign,
            };
            let more = transition.next.handle(now, ready);
            transition.effects.extend(more.effects);
            transition.cancel.extend(more.cancel);
            transition.next = more.next;
            transition.wake = more.wake;
        }
        let record = Self {
            number,
            swap: transition.next.clone(),
            peer,
            offer,
            quote,
            signed,
            asked: None,
            claim: None,
            refund: None,
            story: Vec::new(),
        };
        (record, transition)
    }

    /// Turns what a transition asks for into what the engine keeps.
    fn finish(
        mut self,
        now: Timestamp,
        Transition {
            effects,
            cancel,
            wake,
            ..
        }: Transition,
        answer_before: Option<NewEffect<Task>>,
    ) -> Step<Self, Task> {
        let phase = self.swap.phase();
        if self.story.last().is_none_or(|last| last.phase != phase) {
            self.story.push(Moment { at: now, phase });
        }
        let mut added: Vec<_> = effects
            .into_iter()
            .filter_map(|effect| self.task(effect))
            .collect();
        let mut cancelled = cancel;
        let answer = self.answer();
        if let Some(before) = answer_before
            && answer.as_ref().is_none_or(|new| new.key != before.key)
        {
            cancelled.push(before.key);
        }
        added.extend(answer);
        match self.claim_together() {
            Some(effect) => added.push(effect),
            None => cancelled.push(CLAIM_TOGETHER.to_owned()),
        }
        let step = Step::to(self, phase.name());
        let step = if phase.is_settled() {
            step.done()
        } else {
            step
        };
        let step = match wake {
            Some(at) => step.wake(CLOCK, at.as_secs()),
            None => step,
        };
        let step = cancelled.into_iter().fold(step, Step::cancel);
        added.into_iter().fold(step, Step::effect)
    }

    /// Where an effect is carried out. Advice is read from the swap itself, and consents are given when
    /// they are asked for.
    fn task(&self, effect: Effect) -> Option<NewEffect<Task>> {
        let lane = match &effect {
            Effect::PublishLock { leg }
            | Effect::Claim { leg, .. }
            | Effect::Refund { leg }
            | Effect::RefundTogether { leg }
            | Effect::Rebroadcast { leg } => lane(self.chain(*leg)),
            Effect::AskToClaim { .. } | Effect::AskForRefund { .. } => TALK.to_owned(),
            Effect::CosignClaim { .. } | Effect::ConsentToRefund { .. } | Effect::Advise { .. } => {
                return None;
            }
        };
        Some(NewEffect::new(effect.key(), lane, Task::Do(effect)))
    }

    /// Our signature under what was asked for, as long as the swap agrees to it. Every new request is a
    /// new effect, for whoever asks again has lost the nonce that the old one was made with.
    fn answer(&self) -> Option<NewEffect<Task>> {
        let asked = self.asked.clone()?;
        let wanted = self.swap.wanted().iter().any(|effect| {
            matches!(
                (asked.what, effect),
                (Together::Claim, Effect::CosignClaim { .. })
                    | (Together::Refund, Effect::ConsentToRefund { .. })
            )
        });
        let digest = Sha256::digest(asked.request.as_bytes());
        let digest = alloy_primitives::hex::encode(&digest[..8]);
        let key = format!("answer-{}-{digest}", asked.what.name());
        wanted.then(|| NewEffect::new(key, TALK, Task::Answer(asked)))
    }

    fn claim_together(&self) -> Option<NewEffect<Task>> {
        self.claim.as_ref()?;
        let asked = self.swap.wanted().iter().find_map(|effect| match effect {
            Effect::AskToClaim { leg, .. } => Some(*leg),
            _ => None,
        })?;
        let lane = lane(self.chain(asked));
        Some(NewEffect::new(
            CLAIM_TOGETHER,
            lane,
            Task::ClaimTogether { leg: asked },
        ))
    }
}

const CLAIM_TOGETHER: &str = "claim-together";

/// The machine of swaps, as the engine runs it.
#[derive(Debug)]
pub(crate) struct SwapMachine;

impl Machine for SwapMachine {
    const KIND: &'static str = "swap";
    type State = Record;
    type Input = SwapInput;
    type Effect = Task;
    type Error = Infallible;

    fn handle(
        state: Option<Record>,
        SwapInput { now, what }: SwapInput,
    ) -> Result<Step<Record, Task>, Infallible> {
        let Some(mut record) = state else {
            return Ok(match what {
                Happened::Begins(beginning) => {
                    let (record, transition) = Record::begin(*beginning, now);
                    record.finish(now, transition, None)
                }
                // Something of a swap that is not there, as after its other party refused it.
                _ => Step::vanish(),
            });
        };
        let answer_before = record.answer();
        let input = match what {
            // It has begun already.
            Happened::Begins(_) => None,
            Happened::Refused => return Ok(Step::vanish()),
            Happened::Signed(signature) => {
                record.signed = Some(signature);
                None
            }
            Happened::Input(input) => Some(input),
            Happened::Asked(asked) => {
                let message = match asked.what {
                    Together::Claim => Message::AsksToClaim { secret: None },
                    Together::Refund => Message::AsksForRefund,
                };
                record.asked = Some(asked);
                Some(Input::Message { message })
            }
            Happened::SignedTogether(Together::Claim, signed) => {
                record.claim = Some(signed);
                None
            }
            Happened::SignedTogether(Together::Refund, signed) => {
                record.refund = Some(signed);
                Some(Input::Message {
                    message: Message::ConsentsToRefund,
                })
            }
        };
        // The clock with no heads asks again for what follows from what is known.
        let input = input.unwrap_or(Input::Clock {
            heads: causeway_swap::PerLeg::default(),
        });
        let transition = record.swap.clone().handle(now, input);
        record.swap = transition.next.clone();
        Ok(record.finish(now, transition, answer_before))
    }
}
