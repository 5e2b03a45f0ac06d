//! The life of a packet as a process on the engine.

use alloy_primitives::B256;
use causeway_engine::{Machine, NewEffect, Step, Tag};
use causeway_ibc::{
    Action, Contradiction, Event, IllegalTransition, Input, Packet, PacketLife, Sequence,
    Transition,
};
use causeway_types::{BlockRef, ChainId, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{host::Message, route::ClientEnd};

pub mod tags;

/// The engine's name for one packet: the source end and the sequence, unique across all chains.
pub fn process_key(source: &ClientEnd, sequence: Sequence) -> String {
    format!("{source}/{sequence}")
}

/// The engine's name for the messages that go to one light client.
pub(crate) fn lane(end: &ClientEnd) -> String {
    format!("relay/{end}")
}

/// The engine's clock that shows a chain's final time.
pub(crate) fn clock(chain: &ChainId) -> String {
    format!("final/{chain}")
}

/// What the relayer keeps of a packet: its life, and where each fact was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketRecord {
    /// The chain that the packet leaves.
    pub src: ChainId,
    /// The chain that the packet is for.
    pub dst: ChainId,
    /// Its life so far.
    pub life: PacketLife,
    /// The transactions that showed the facts, oldest first.
    pub facts: Vec<FactTx>,
    /// Another packet that was seen being sent under the same name, and is to be withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub displaced: Option<Displaced>,
}

/// A send that is not final, while the destination has received another packet of the same name.
///
/// The destination received what is final on the source, so the source has reorganised, and whoever
/// follows it has not said so yet. If instead this send becomes final, the receipt is a forgery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Displaced {
    /// The packet.
    pub packet: Packet,
    /// The block of its send.
    pub block: BlockRef,
}

/// Where a fact about a packet was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactTx {
    /// Which fact.
    pub fact: Event,
    /// The transaction.
    pub tx: B256,
    /// The height of its block.
    pub height: u64,
    /// The time of its block.
    pub time: Timestamp,
}

/// An input to a packet's process.
#[derive(Clone, Debug)]
pub struct PacketInput {
    /// The chain that the packet leaves.
    pub src: ChainId,
    /// The chain that the packet is for.
    pub dst: ChainId,
    /// What happened.
    pub input: Input,
    /// Where it was seen, if an event showed it.
    pub seen: Option<FactTx>,
}

impl PacketInput {
    /// An input that no event showed, such as time passing.
    pub fn bare(record: &PacketRecord, input: Input) -> Self {
        Self {
            src: record.src.clone(),
            dst: record.dst.clone(),
            input,
            seen: None,
        }
    }
}

/// A message to be carried to a light client until the chain shows that it arrived.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RelayEffect {
    /// The lowest counterparty height that can prove it.
    pub provable_from: u64,
    /// The message.
    pub message: Message,
}

/// Runs [`PacketLife`] on the engine.
pub struct PacketMachine;

/// An input that a packet's process refused.
#[derive(Clone, Debug, Error)]
pub enum PacketError {
    /// The chains contradict each other, or themselves.
    #[error(transparent)]
    Illegal(#[from] IllegalTransition),
}

impl Machine for PacketMachine {
    const KIND: &'static str = "packet";
    const TAGS: u32 = 1;
    type State = PacketRecord;
    type Input = PacketInput;
    type Effect = RelayEffect;
    type Error = PacketError;

    fn handle(
        state: Option<PacketRecord>,
        input: PacketInput,
    ) -> Result<Step<PacketRecord, RelayEffect>, PacketError> {
        let PacketInput {
            src,
            dst,
            input,
            seen,
        } = input;
        let (facts, displaced, transition) = match state {
            None => (Vec::new(), None, PacketLife::begin(input)?),
            Some(record) => record.take(input)?,
        };
        let Some(life) = transition.next else {
            return Ok(Step::vanish());
        };
        let mut record = PacketRecord {
            src,
            dst,
            life,
            facts,
            displaced,
        };
        record.note(seen);
        let mut step = Step::to(record.clone(), record.life.phase().name());
        if record.life.is_terminal() {
            step = step.done();
        }
        let wanted = record.life.wanted();
        for action in &wanted {
            if let Action::WakeOnDst { at } = action {
                step = step.wake(clock(&record.dst), at.as_secs());
            }
        }
        for unwanted in [Action::Deliver, Action::Acknowledge, Action::Timeout] {
            if !wanted.contains(&unwanted) {
                step = step.cancel(effect_key(unwanted));
            }
        }
        for action in transition.actions {
            if let Some(effect) = record.effect(action) {
                step = step.effect(effect.reopen());
            }
        }
        Ok(step)
    }

    fn tags(record: &PacketRecord) -> Vec<Tag> {
        record.tags()
    }
}

type Taken = (Vec<FactTx>, Option<Displaced>, Transition);

/// The send that gives way to this input, if it does: nothing else is known of its packet, it is not
/// final, and the input is the receipt of another packet of the same name.
fn displaced_by(life: &PacketLife, input: &Input) -> Option<Displaced> {
    let Input::Received { packet, .. } = input else {
        return None;
    };
    let sent = life.sent().filter(|sent| !sent.is_final)?;
    let alone =
        life.received().is_none() && life.acknowledged().is_none() && life.timed_out().is_none();
    (alone && packet != life.packet()).then(|| Displaced {
        packet: life.packet().clone(),
        block: sent.block,
    })
}

fn effect_key(action: Action) -> &'static str {
    match action {
        Action::Deliver => "deliver",
        Action::Acknowledge => "acknowledge",
        Action::Timeout => "timeout",
        Action::WakeOnDst { .. } => "wake",
    }
}

impl PacketRecord {
    /// The end that the packet leaves from.
    pub fn source(&self) -> ClientEnd {
        ClientEnd {
            chain: self.src.clone(),
            client: self.life.packet().source_client.clone(),
        }
    }

    /// The end that the packet is for.
    pub fn destination(&self) -> ClientEnd {
        ClientEnd {
            chain: self.dst.clone(),
            client: self.life.packet().dest_client.clone(),
        }
    }

    /// Takes in one input: what is kept beside the life, and what the life becomes.
    fn take(self, input: Input) -> Result<Taken, IllegalTransition> {
        let Self {
            life,
            facts,
            displaced,
            ..
        } = self;
        if let Some(displaced) = displaced_by(&life, &input) {
            return Ok((Vec::new(), Some(displaced), PacketLife::begin(input)?));
        }
        let displaced = match (displaced, &input) {
            (Some(gone), Input::SendWithdrawn { block_hash }) if gone.block.hash == *block_hash => {
                None
            }
            (Some(stays), Input::SendFinal { block_hash }) if stays.block.hash == *block_hash => {
                let packet = life.packet();
                return Err(IllegalTransition {
                    source_client: packet.source_client.clone(),
                    sequence: packet.sequence,
                    phase: life.phase(),
                    contradiction: Box::new(Contradiction::DifferentPacket {
                        known: packet.clone(),
                        came: stays.packet,
                    }),
                });
            }
            (displaced, _) => displaced,
        };
        let transition = life.handle(input)?;
        Ok(match (transition.next.is_some(), displaced) {
            // The receipt is gone again: what it displaced is all that is known.
            (false, Some(Displaced { packet, block })) => {
                let sent = PacketLife::begin(Input::Sent { packet, block })?;
                (Vec::new(), None, sent)
            }
            (_, displaced) => (facts, displaced, transition),
        })
    }

    /// Keeps where a fact was seen, and forgets what a reorganisation took back.
    fn note(&mut self, seen: Option<FactTx>) {
        if let Some(seen) = seen {
            self.facts.retain(|known| known.fact != seen.fact);
            self.facts.push(seen);
        }
        let life = &self.life;
        self.facts.retain(|known| match known.fact {
            Event::Sent => life.sent().is_some(),
            Event::Received => life.received().is_some(),
            Event::Acknowledged => life.acknowledged().is_some(),
            Event::TimedOut => life.timed_out().is_some(),
        });
    }

    /// The message that brings an action about, and from where it can be proven.
    fn effect(&self, action: Action) -> Option<NewEffect<RelayEffect>> {
        let packet = self.life.packet().clone();
        let (to, provable_from, message) = match action {
            Action::Deliver => (
                self.destination(),
                self.life.sent()?.block.height,
                Message::Receive { packet },
            ),
            Action::Acknowledge => {
                let received = self.life.received()?;
                let acks = received.content.clone();
                (
                    self.source(),
                    received.block.height,
                    Message::Acknowledge { packet, acks },
                )
            }
            Action::Timeout => (
                self.source(),
                self.life.expired_on_dst()?.height,
                Message::Timeout { packet },
            ),
            Action::WakeOnDst { .. } => return None,
        };
        let effect = RelayEffect {
            provable_from,
            message,
        };
        Some(NewEffect::new(effect_key(action), lane(&to), effect))
    }
}

#[cfg(test)]
mod tests;
