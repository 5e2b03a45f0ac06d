//! Whatever is said about a packet, true or not: nothing is delivered that was refunded, nothing is
//! refunded that was delivered, and every lie is found out. A model that remembers all that was said
//! and looks it through each time is the judge.

use proptest::{collection::vec, prelude::*};

use super::*;

const EVENTS: [Event; 4] = [
    Event::Sent,
    Event::Received,
    Event::Acknowledged,
    Event::TimedOut,
];

/// One thing said, as the model understands it.
#[derive(Clone, Debug)]
enum Said {
    Seen {
        event: Event,
        block: BlockRef,
        acks: Vec<Bytes>,
        of_other_packet: bool,
    },
    Final {
        event: Event,
        block: BlockRef,
    },
    Withdrawn {
        event: Event,
        block: BlockRef,
    },
    Proven {
        claim: Claim,
        height: u64,
    },
    Clock(u64),
}

impl Said {
    fn input(&self) -> Input {
        match self.clone() {
            Self::Seen {
                event,
                block,
                acks,
                of_other_packet,
            } => {
                let mut input = seen(event, block, acks);
                if of_other_packet
                    && let Input::Sent { packet, .. }
                    | Input::Received { packet, .. }
                    | Input::Acknowledged { packet, .. }
                    | Input::TimedOut { packet, .. } = &mut input
                {
                    packet.payloads[0].version.push('x');
                }
                input
            }
            Self::Final { event, block } => finalized(event, block.hash),
            Self::Withdrawn { event, block } => withdrawn(event, block.hash),
            Self::Proven { claim, height } => Input::Proven { claim, height },
            Self::Clock(seconds) => clock(seconds),
        }
    }
}

/// All that was said and believed since the packet was last unknown.
#[derive(Clone, Default)]
struct Model {
    said: Vec<Said>,
}

/// Where an event stands by all that was said: its block, its acknowledgements, and whether final.
type Standing = Option<(BlockRef, Vec<Bytes>, bool)>;

impl Model {
    fn standing(&self, event: Event) -> Standing {
        let mut standing: Standing = None;
        for said in &self.said {
            match said {
                Said::Seen {
                    event: e,
                    block,
                    acks,
                    ..
                } if *e == event && standing.as_ref().is_none_or(|(held, ..)| held != block) => {
                    let speaks_of_acks = matches!(e, Event::Received | Event::Acknowledged);
                    let acks = if speaks_of_acks { acks.clone() } else { vec![] };
                    standing = Some((*block, acks, false));
                }
                Said::Final { event: e, block } if *e == event => {
                    if let Some((held, _, is_final)) = &mut standing {
                        *is_final |= held == block;
                    }
                }
                Said::Withdrawn { event: e, block } if *e == event => {
                    standing = standing.filter(|(held, ..)| held != block);
                }
                _ => {}
            }
        }
        standing
    }

    fn late(&self) -> bool {
        self.said
            .iter()
            .any(|said| matches!(said, Said::Clock(seconds) if *seconds >= TIMEOUT))
    }

    fn with(&self, said: &Said) -> Self {
        let mut model = self.clone();
        model.said.push(said.clone());
        if EVENTS.iter().all(|&event| model.standing(event).is_none()) {
            model.said.clear();
        }
        model
    }

    fn believes(&self, said: &Said) -> bool {
        let known_is_other = self.said.iter().find_map(|said| match said {
            Said::Seen {
                of_other_packet, ..
            } => Some(*of_other_packet),
            _ => None,
        });
        let alone = match said {
            Said::Seen {
                event,
                block,
                acks,
                of_other_packet,
            } => {
                let in_time = *event != Event::Received || block.timestamp.as_secs() < TIMEOUT;
                let fits = self
                    .standing(*event)
                    .is_none_or(|(held, held_acks, is_final)| {
                        if held == *block {
                            held_acks.is_empty() || held_acks == *acks
                        } else {
                            !is_final
                        }
                    });
                known_is_other.is_none_or(|known| known == *of_other_packet) && in_time && fits
            }
            Said::Withdrawn { event, block } => {
                !matches!(self.standing(*event), Some((held, _, true)) if held == *block)
            }
            _ => true,
        };
        let after = self.with(said);
        let received = after.standing(Event::Received);
        let acknowledged = after.standing(Event::Acknowledged);
        let timed_out = after.standing(Event::TimedOut);
        let together = match (&received, &acknowledged, &timed_out) {
            (_, Some(_), Some(_)) | (Some((_, _, true)), _, Some(_)) => false,
            (Some((_, written, true)), Some((_, returned, _)), _) => written == returned,
            _ => true,
        };
        alone && together
    }

    fn wants(&self) -> Vec<Action> {
        let is_final = |standing: &Standing| matches!(standing, Some((_, _, true)));
        let received = self.standing(Event::Received);
        let closed = self.standing(Event::Acknowledged).is_some()
            || self.standing(Event::TimedOut).is_some();
        let sent = is_final(&self.standing(Event::Sent));
        let mut wants = Vec::new();
        if !closed && sent && received.is_none() && !self.late() {
            wants.extend([Action::Deliver, wake()]);
        }
        if !closed && is_final(&received) {
            wants.push(Action::Acknowledge);
        }
        if !closed && sent && received.is_none() && self.late() {
            wants.push(Action::Timeout);
        }
        wants
    }
}

fn blocks() -> impl Strategy<Value = (Event, BlockRef)> {
    (
        prop::sample::select(&EVENTS),
        prop_oneof![8 => 20..22_u64, 1 => Just(TIMEOUT)],
    )
        .prop_map(|(event, height)| (event, block("any", height, 0)))
}

fn said() -> impl Strategy<Value = Said> {
    let acks = prop_oneof![6 => Just(acks("ok")), 1 => Just(acks("other"))];
    let claims = prop::sample::select(&[Claim::Deliver, Claim::Acknowledge, Claim::Timeout]);
    prop_oneof![
        8 => (blocks(), acks, prop::bool::weighted(0.05)).prop_map(
            |((event, block), acks, of_other_packet)| {
                Said::Seen { event, block, acks, of_other_packet }
            }
        ),
        6 => blocks().prop_map(|(event, block)| Said::Final { event, block }),
        5 => blocks().prop_map(|(event, block)| Said::Withdrawn { event, block }),
        1 => (claims, 0..9_u64).prop_map(|(claim, height)| Said::Proven { claim, height }),
        1 => (TIMEOUT - 1..TIMEOUT + 2).prop_map(Said::Clock),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn no_inputs_whatever_deliver_after_a_refund_or_refund_after_a_delivery(
        sayings in vec(said(), 1..40),
    ) {
        let mut store = Store::default();
        let mut model = Model::default();
        for said in &sayings {
            let before = store.wanted();
            match store.take(&said.input()) {
                Err(contradiction) => {
                    prop_assert!(!model.believes(said), "refused {said:?}: {contradiction}");
                    continue;
                }
                Ok(asked) => {
                    prop_assert!(model.believes(said), "believed {said:?}");
                    model = model.with(said);
                    prop_assert_eq!(store.life.is_some(), !model.said.is_empty());
                    prop_assert_eq!(store.wanted(), model.wants());
                    for action in &asked {
                        prop_assert!(model.wants().contains(action), "{action:?} after {said:?}");
                    }
                    for action in model.wants() {
                        prop_assert!(before.contains(&action) || asked.contains(&action));
                    }
                }
            }
            let Some(life) = &store.life else { continue };
            let refunded = model.standing(Event::TimedOut);
            let delivered = model.standing(Event::Received);
            let acknowledged = model.standing(Event::Acknowledged);
            prop_assert!(refunded.is_none() || !store.wanted().contains(&Action::Deliver));
            prop_assert!(delivered.is_none() || !store.wanted().contains(&Action::Timeout));
            let closed_for_good = [&refunded, &acknowledged]
                .iter()
                .any(|standing| matches!(standing, Some((_, _, true))));
            let opposed = match (&delivered, &acknowledged) {
                (None, _) => false,
                (Some((_, written, _)), Some((_, returned, _))) => written != returned,
                (Some(_), None) => refunded.is_some(),
            };
            prop_assert_eq!(life.is_terminal(), closed_for_good && !opposed);
        }
    }
}
