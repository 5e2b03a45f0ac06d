//! The life of a packet, from the source's send to the source's last word about it.
//!
//! Two chains tell what happened, each in its own order, neither in step with the other: the
//! acknowledgement may be seen on the source before the receipt is seen on the destination, and the
//! receipt before the send. A life therefore keeps what each chain said, fact by fact, and derives
//! everything else: the phase, and what must be made to happen. Whatever the interleaving, the same
//! facts make the same life.

mod action;
mod contradiction;
mod facts;
mod input;
mod phase;

#[cfg(test)]
mod tests;

use alloy_primitives::Bytes;
use causeway_types::Timestamp;
use serde::{Deserialize, Serialize};

use self::action::Need;
pub use self::{
    action::{Action, Claim, Transition},
    contradiction::{Contradiction, IllegalTransition},
    facts::Seen,
    input::{Event, Input},
    phase::Phase,
};
use crate::Packet;

/// All that is known about one packet, as a value to be stored.
///
/// Begin it with the first input that shows the packet, and hand it every later one. Inputs from one
/// chain must come in the chain's order; the two chains' inputs may be interleaved in any way, and
/// any input may be repeated while it still holds. Keep a life that [is terminal](Self::is_terminal)
/// for as long as the other chain's inputs may still come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketLife {
    packet: Packet,
    sent: Option<Seen>,
    received: Option<Seen<Vec<Bytes>>>,
    acknowledged: Option<Seen<Vec<Bytes>>>,
    timed_out: Option<Seen>,
    expired_on_dst: Option<DstClock>,
    proof: Option<Proof>,
}

/// The time of a final block of the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DstClock {
    /// The block's height.
    pub height: u64,
    /// The block's own time.
    pub time: Timestamp,
}

/// A proof that is in hand for the action wanted now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// What it proves.
    pub claim: Claim,
    /// The height it speaks of, on the chain where the claim holds: the source for
    /// [`Claim::Deliver`], the destination for the others.
    pub height: u64,
}

impl PacketLife {
    /// A life that begins with the first input that shows the packet: usually [`Input::Sent`], but
    /// any other event will do where one chain is followed faster than the other, or from later on.
    ///
    /// Inputs that carry no packet say nothing about one that was never seen: nothing begins.
    pub fn begin(first: Input) -> Result<Transition, IllegalTransition> {
        let Some(packet) = first.packet() else {
            return Ok(Transition::default());
        };
        let unseen = Self {
            packet: packet.clone(),
            sent: None,
            received: None,
            acknowledged: None,
            timed_out: None,
            expired_on_dst: None,
            proof: None,
        };
        unseen.handle(first)
    }

    /// Takes in one input, and says what is to be done because of it.
    ///
    /// Repeats change nothing. An input that contradicts what is known is an error: one of the
    /// chains, or whoever follows it, broke a rule that the packet's safety rests on. The stored
    /// life stays as it was.
    pub fn handle(mut self, input: Input) -> Result<Transition, IllegalTransition> {
        let phase = self.phase();
        let needs_before = self.needs();
        if let Err(contradiction) = self.learn(input).and_then(|()| self.check()) {
            return Err(IllegalTransition {
                source_client: self.packet.source_client,
                sequence: self.packet.sequence,
                phase,
                contradiction,
            });
        }
        let needs = self.needs();
        if needs.iter().find(|need| need.claim().is_some())
            != needs_before.iter().find(|need| need.claim().is_some())
        {
            self.proof = None;
        }
        let news = needs
            .into_iter()
            .filter(|need| !needs_before.contains(need));
        let actions = news.map(|need| need.action).collect();
        Ok(Transition {
            next: self.is_about_something().then_some(self),
            actions,
        })
    }

    fn learn(&mut self, input: Input) -> Result<(), Box<Contradiction>> {
        if let Some(came) = input.packet().filter(|came| **came != self.packet) {
            return Err(Contradiction::DifferentPacket {
                known: self.packet.clone(),
                came: came.clone(),
            }
            .into());
        }
        match input {
            Input::Sent { block, .. } => facts::see(Event::Sent, &mut self.sent, block, ()),
            Input::SendFinal { block_hash } => {
                facts::finalize(&mut self.sent, block_hash);
                Ok(())
            }
            Input::SendWithdrawn { block_hash } => {
                facts::withdraw(Event::Sent, &mut self.sent, block_hash)
            }
            Input::Received { block, acks, .. } => {
                if block.timestamp >= self.packet.timeout {
                    let timeout = self.packet.timeout;
                    return Err(Contradiction::ReceivedTooLate {
                        timeout,
                        received: block,
                    }
                    .into());
                }
                facts::see(Event::Received, &mut self.received, block, acks)
            }
            Input::ReceiveFinal { block_hash } => {
                facts::finalize(&mut self.received, block_hash);
                Ok(())
            }
            Input::ReceiveWithdrawn { block_hash } => {
                facts::withdraw(Event::Received, &mut self.received, block_hash)
            }
            Input::Acknowledged { block, acks, .. } => {
                facts::see(Event::Acknowledged, &mut self.acknowledged, block, acks)
            }
            Input::AcknowledgeFinal { block_hash } => {
                facts::finalize(&mut self.acknowledged, block_hash);
                Ok(())
            }
            Input::AcknowledgeWithdrawn { block_hash } => {
                facts::withdraw(Event::Acknowledged, &mut self.acknowledged, block_hash)
            }
            Input::TimedOut { block, .. } => {
                facts::see(Event::TimedOut, &mut self.timed_out, block, ())
            }
            Input::TimeoutFinal { block_hash } => {
                facts::finalize(&mut self.timed_out, block_hash);
                Ok(())
            }
            Input::TimeoutWithdrawn { block_hash } => {
                facts::withdraw(Event::TimedOut, &mut self.timed_out, block_hash)
            }
            Input::Proven { claim, height } => {
                self.note_proof(Proof { claim, height });
                Ok(())
            }
            Input::ClockOnDst { height, time } => {
                self.note_time(DstClock { height, time });
                Ok(())
            }
        }
    }

    /// A proof of something that is not wanted, or not any more, is of no use.
    fn note_proof(&mut self, proof: Proof) {
        let wanted = self
            .needs()
            .iter()
            .any(|need| need.claim() == Some(proof.claim));
        let better = self.proof.is_none_or(|held| proof.height > held.height);
        if wanted && better {
            self.proof = Some(proof);
        }
    }

    /// Only the first final block that is late enough matters: what it does not hold, no later
    /// block will.
    fn note_time(&mut self, clock: DstClock) {
        let late = clock.time >= self.packet.timeout;
        let earlier = self
            .expired_on_dst
            .is_none_or(|held| clock.height < held.height);
        if late && earlier {
            self.expired_on_dst = Some(clock);
        }
    }

    /// Finds what cannot be true at once. A receipt contradicts the source only when it is final:
    /// before that, the destination may be about to take it back, and the source's light client may
    /// know already.
    fn check(&self) -> Result<(), Box<Contradiction>> {
        if let (Some(acknowledged), Some(timed_out)) = (&self.acknowledged, &self.timed_out) {
            return Err(Contradiction::AcknowledgedAndTimedOut {
                acknowledged: acknowledged.block,
                timed_out: timed_out.block,
            }
            .into());
        }
        let Some(received) = self.received.as_ref().filter(|received| received.is_final) else {
            return Ok(());
        };
        if let Some(timed_out) = &self.timed_out {
            return Err(Contradiction::ReceivedAndTimedOut {
                received: received.block,
                timed_out: timed_out.block,
            }
            .into());
        }
        match &self.acknowledged {
            Some(acknowledged) if acknowledged.content != received.content => {
                Err(Contradiction::OtherAcknowledgement {
                    written_on_dst: received.content.clone(),
                    acknowledged_on_src: acknowledged.content.clone(),
                }
                .into())
            }
            _ => Ok(()),
        }
    }

    fn needs(&self) -> Vec<Need> {
        let sent = self.sent.as_ref().map(|seen| seen.block.hash);
        let received = self.received.as_ref().map(|seen| seen.block.hash);
        let need = |action| Need {
            action,
            sent,
            received,
        };
        if self.acknowledged.is_some() || self.timed_out.is_some() {
            return Vec::new();
        }
        match &self.received {
            Some(received) if received.is_final => vec![need(Action::Acknowledge)],
            // A receipt may exist: neither deliver a second time nor refund.
            Some(_) => Vec::new(),
            None if !self.sent.as_ref().is_some_and(|sent| sent.is_final) => Vec::new(),
            None if self.expired_on_dst.is_some() => vec![need(Action::Timeout)],
            None => {
                let wake = Action::WakeOnDst {
                    at: self.packet.timeout,
                };
                vec![need(Action::Deliver), need(wake)]
            }
        }
    }

    fn is_about_something(&self) -> bool {
        self.sent.is_some()
            || self.received.is_some()
            || self.acknowledged.is_some()
            || self.timed_out.is_some()
    }

    /// Where the packet stands, by the strongest fact known.
    pub fn phase(&self) -> Phase {
        let send_is_final = self.sent.as_ref().is_some_and(|sent| sent.is_final);
        if self.acknowledged.is_some() {
            Phase::Acknowledged
        } else if self.timed_out.is_some() {
            Phase::TimedOut
        } else if self.received.is_some() {
            Phase::Delivered
        } else if !send_is_final {
            Phase::Observed
        } else if self.expired_on_dst.is_some() {
            Phase::TimingOut
        } else if self.proof.is_some() {
            Phase::Proven
        } else {
            Phase::Final
        }
    }

    /// Everything that must be made to happen now; [`Transition::actions`] holds what is new in it.
    ///
    /// An action stays wanted until a chain shows that it happened, so whoever resumes after a crash
    /// or sweeps for what got stuck starts here.
    pub fn wanted(&self) -> Vec<Action> {
        self.needs().into_iter().map(|need| need.action).collect()
    }

    /// Whether the source's last word, acknowledged or timed out, is final and unopposed. Nothing
    /// can change the outcome any more; inputs that still come only complete the picture.
    pub fn is_terminal(&self) -> bool {
        let acknowledged = self.acknowledged.as_ref().is_some_and(|seen| seen.is_final);
        let timed_out = self.timed_out.as_ref().is_some_and(|seen| seen.is_final);
        (acknowledged || timed_out) && !self.is_contested()
    }

    /// Whether the chains seem to disagree: the source says it timed out, or acknowledged something
    /// else, while a receipt is on the destination that is not final yet. Either the destination
    /// takes the receipt back, or it becomes final and [`PacketLife::handle`] refuses it.
    pub fn is_contested(&self) -> bool {
        self.received.as_ref().is_some_and(|received| {
            let other = |seen: &Seen<Vec<Bytes>>| seen.content != received.content;
            self.timed_out.is_some() || self.acknowledged.as_ref().is_some_and(other)
        })
    }

    /// The packet.
    pub fn packet(&self) -> &Packet {
        &self.packet
    }

    /// Its send, as seen on the source.
    pub fn sent(&self) -> Option<&Seen> {
        self.sent.as_ref()
    }

    /// Its receipt and the acknowledgements written with it, as seen on the destination.
    pub fn received(&self) -> Option<&Seen<Vec<Bytes>>> {
        self.received.as_ref()
    }

    /// The return of its acknowledgements, as seen on the source.
    pub fn acknowledged(&self) -> Option<&Seen<Vec<Bytes>>> {
        self.acknowledged.as_ref()
    }

    /// Its refund, as seen on the source.
    pub fn timed_out(&self) -> Option<&Seen> {
        self.timed_out.as_ref()
    }

    /// The first final block of the destination known to be too late for the packet. That no
    /// receipt exists is proven at this height or above.
    pub fn expired_on_dst(&self) -> Option<DstClock> {
        self.expired_on_dst
    }

    /// The proof in hand for the action wanted now.
    pub fn proof(&self) -> Option<Proof> {
        self.proof
    }
}
