//! Whatever honest chains do, and however their stories are interleaved, the outcome is the same.

use proptest::{collection::vec, prelude::*};

use super::*;

/// What two honest chains tell about one packet, each in its own order.
#[derive(Clone, Debug)]
struct History {
    src: Vec<Input>,
    dst: Vec<Input>,
    phase: Phase,
    is_terminal: bool,
    wanted: Vec<Action>,
}

/// How the story ends on the destination and, with it, on the source.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    Pending,
    Expired,
    Refunded,
    Received,
    ReceivedForGood,
    Acknowledged,
}

/// An event that happens in vain some times before it stays, or in vain only.
fn attempts(event: Event, chain: &str, in_vain: u8, stays: bool, is_final: bool) -> Vec<Input> {
    let height = if event == Event::Sent { 3 } else { 20 };
    let mut inputs = Vec::new();
    for fork in 0..in_vain {
        let block = block(chain, height, fork);
        let text = if event == Event::Received && fork % 2 == 0 {
            "other"
        } else {
            "ok"
        };
        inputs.extend([seen(event, block, acks(text)), withdrawn(event, block.hash)]);
    }
    if stays {
        let block = block(chain, height + 1, in_vain);
        inputs.push(seen(event, block, acks("ok")));
        if is_final {
            inputs.push(finalized(event, block.hash));
        }
    }
    inputs
}

fn endings() -> impl Strategy<Value = Ending> {
    prop_oneof![
        Just(Ending::Pending),
        Just(Ending::Expired),
        Just(Ending::Refunded),
        Just(Ending::Received),
        Just(Ending::ReceivedForGood),
        Just(Ending::Acknowledged),
    ]
}

prop_compose! {
    fn histories()(
        ending in endings(),
        [sends_in_vain, receipts_in_vain, closings_in_vain] in [0_u8..3, 0..3, 0..3],
        (send_final, closing_final, clock_runs) in any::<(bool, bool, bool)>(),
    ) -> History {
        let send_is_final = send_final || matches!(ending, Ending::Expired | Ending::Refunded);
        let mut src = attempts(Event::Sent, "src", sends_in_vain, true, send_is_final);
        let received = matches!(
            ending, Ending::Received | Ending::ReceivedForGood | Ending::Acknowledged
        );
        let receipt_is_final = received && ending != Ending::Received;
        let mut dst =
            attempts(Event::Received, "dst", receipts_in_vain, received, receipt_is_final);
        dst.push(clock(TIMEOUT - 1));
        if matches!(ending, Ending::Expired | Ending::Refunded) || (received && clock_runs) {
            dst.extend([clock(TIMEOUT), clock(TIMEOUT + 1)]);
        }
        match ending {
            Ending::Refunded => {
                src.extend(attempts(Event::TimedOut, "src", closings_in_vain, true, closing_final));
            }
            Ending::Acknowledged => {
                let inputs =
                    attempts(Event::Acknowledged, "src", closings_in_vain, true, closing_final);
                src.extend(inputs);
            }
            _ => {}
        }
        let (phase, wanted) = match ending {
            Ending::Refunded => (Phase::TimedOut, vec![]),
            Ending::Acknowledged => (Phase::Acknowledged, vec![]),
            Ending::ReceivedForGood => (Phase::Delivered, vec![Action::Acknowledge]),
            Ending::Received => (Phase::Delivered, vec![]),
            Ending::Expired => (Phase::TimingOut, vec![Action::Timeout]),
            Ending::Pending if send_is_final => (Phase::Final, vec![Action::Deliver, wake()]),
            Ending::Pending => (Phase::Observed, vec![]),
        };
        let closed = matches!(ending, Ending::Refunded | Ending::Acknowledged);
        History { src, dst, phase, is_terminal: closed && closing_final, wanted }
    }
}

/// Tells both stories, taking the source's next input where `src_next` says so, and the last input
/// of either chain again now and then.
fn tell(history: &History, src_next: impl IntoIterator<Item = (bool, bool)>) -> Store {
    let mut store = Store::default();
    let (mut src, mut dst) = (history.src.as_slice(), history.dst.as_slice());
    let mut last = [None, None];
    let mut choices = src_next.into_iter();
    while !(src.is_empty() && dst.is_empty()) {
        let (from_src, again) = choices.next().unwrap_or((true, false));
        let from_src = dst.is_empty() || (from_src && !src.is_empty());
        let (chain, last_of_chain) = if from_src {
            (&mut src, &mut last[0])
        } else {
            (&mut dst, &mut last[1])
        };
        let Some((input, rest)) = chain.split_first() else {
            break;
        };
        store.take(input).unwrap();
        *chain = rest;
        *last_of_chain = Some(input);
        for repeated in last.into_iter().flatten().filter(|_| again) {
            let before = store.life.clone();
            store.take(repeated).unwrap();
            // A life that was taken back and began anew has not seen the time yet.
            let is_clock = matches!(repeated, Input::ClockOnDst { .. });
            assert!(
                is_clock || store.life == before,
                "{repeated:?} changed something"
            );
        }
    }
    // Whoever asks to be woken is told the final time once more.
    let final_time = history
        .dst
        .iter()
        .rfind(|input| matches!(input, Input::ClockOnDst { .. }));
    if store.wanted().contains(&wake()) {
        store.take(final_time.unwrap()).unwrap();
    }
    store
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_interleaving_of_two_honest_chains_comes_to_the_same_end(
        history in histories(),
        choices in vec(any::<(bool, bool)>(), 24),
    ) {
        let life = tell(&history, choices).life.unwrap();
        prop_assert_eq!(life.phase(), history.phase);
        prop_assert_eq!(life.is_terminal(), history.is_terminal);
        prop_assert!(!life.is_contested());
        prop_assert_eq!(life.wanted(), history.wanted.clone());

        let in_turn = tell(&history, []).life.unwrap();
        prop_assert_eq!(life.sent(), in_turn.sent());
        prop_assert_eq!(life.received(), in_turn.received());
        prop_assert_eq!(life.acknowledged(), in_turn.acknowledged());
        prop_assert_eq!(life.timed_out(), in_turn.timed_out());
    }
}
