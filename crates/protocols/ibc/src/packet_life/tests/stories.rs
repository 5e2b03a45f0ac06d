//! Packets whose lives are told input by input.

use super::*;

/// Feeds inputs one by one, and checks after each the phase and what is newly asked for.
#[track_caller]
fn check(steps: impl IntoIterator<Item = (Input, Phase, &'static [Action])>) -> Store {
    let mut store = Store::default();
    for (input, phase, actions) in steps {
        let asked = store.take(&input).unwrap();
        assert_eq!(store.phase(), Some(phase), "after {input:?}");
        assert_eq!(asked, actions, "after {input:?}");
    }
    store
}

const DELIVER: &[Action] = &[
    Action::Deliver,
    Action::WakeOnDst {
        at: Timestamp::from_secs(TIMEOUT),
    },
];
const ACKNOWLEDGE: &[Action] = &[Action::Acknowledge];
const TIMEOUT_NOW: &[Action] = &[Action::Timeout];
const NOTHING: &[Action] = &[];

fn sent() -> Input {
    seen(Event::Sent, on_src(1), vec![])
}

fn send_final() -> Input {
    finalized(Event::Sent, on_src(1).hash)
}

fn received() -> Input {
    seen(Event::Received, on_dst(5), acks("ok"))
}

fn receive_final() -> Input {
    finalized(Event::Received, on_dst(5).hash)
}

fn acknowledged() -> Input {
    seen(Event::Acknowledged, on_src(9), acks("ok"))
}

fn timed_out() -> Input {
    seen(Event::TimedOut, on_src(9), vec![])
}

#[test]
fn a_packet_is_delivered_and_acknowledged() {
    let proven = |claim, height| Input::Proven { claim, height };
    let store = check([
        (sent(), Phase::Observed, NOTHING),
        (send_final(), Phase::Final, DELIVER),
        (proven(Claim::Deliver, 3), Phase::Proven, NOTHING),
        (received(), Phase::Delivered, NOTHING),
        (receive_final(), Phase::Delivered, ACKNOWLEDGE),
        (proven(Claim::Acknowledge, 6), Phase::Delivered, NOTHING),
        (acknowledged(), Phase::Acknowledged, NOTHING),
    ]);
    let mut life = store.life.unwrap();
    assert!(!life.is_terminal());
    assert_eq!(life.proof(), None);
    life = life
        .handle(finalized(Event::Acknowledged, on_src(9).hash))
        .unwrap()
        .next
        .unwrap();
    assert!(life.is_terminal());
    assert_eq!(life.sent().map(|seen| seen.block), Some(on_src(1)));
    assert_eq!(life.received().map(|seen| &seen.content), Some(&acks("ok")));
    assert_eq!(life.acknowledged().map(|seen| seen.block), Some(on_src(9)));
    assert_eq!(life.timed_out(), None);
}

#[test]
fn a_packet_that_nobody_delivers_is_refunded() {
    let store = check([
        (sent(), Phase::Observed, NOTHING),
        (send_final(), Phase::Final, DELIVER),
        (clock(TIMEOUT - 1), Phase::Final, NOTHING),
        (clock(TIMEOUT), Phase::TimingOut, TIMEOUT_NOW),
        (clock(TIMEOUT + 1), Phase::TimingOut, NOTHING),
        (
            Input::Proven {
                claim: Claim::Timeout,
                height: TIMEOUT + 1,
            },
            Phase::TimingOut,
            NOTHING,
        ),
        (timed_out(), Phase::TimedOut, NOTHING),
        (
            finalized(Event::TimedOut, on_src(9).hash),
            Phase::TimedOut,
            NOTHING,
        ),
    ]);
    let life = store.life.unwrap();
    assert!(life.is_terminal());
    assert_eq!(
        life.expired_on_dst().map(|clock| clock.height),
        Some(TIMEOUT)
    );
}

#[test]
fn a_receipt_ends_timing_out() {
    check([
        (sent(), Phase::Observed, NOTHING),
        (send_final(), Phase::Final, DELIVER),
        (clock(TIMEOUT), Phase::TimingOut, TIMEOUT_NOW),
        (received(), Phase::Delivered, NOTHING),
        (receive_final(), Phase::Delivered, ACKNOWLEDGE),
    ]);
}

#[test]
fn a_send_that_goes_takes_everything_with_it() {
    let mut store = check([(sent(), Phase::Observed, NOTHING)]);
    assert_eq!(
        store.take(&withdrawn(Event::Sent, on_src(1).hash)),
        Ok(vec![])
    );
    assert_eq!(store.life, None);
}

#[test]
fn a_send_that_moves_to_another_block_is_delivered_once_that_is_final() {
    let again = block("src", 2, 1);
    check([
        (sent(), Phase::Observed, NOTHING),
        (seen(Event::Sent, again, vec![]), Phase::Observed, NOTHING),
        (send_final(), Phase::Observed, NOTHING),
        (
            withdrawn(Event::Sent, on_src(1).hash),
            Phase::Observed,
            NOTHING,
        ),
        (finalized(Event::Sent, again.hash), Phase::Final, DELIVER),
    ]);
}

#[test]
fn a_receipt_that_goes_has_the_packet_delivered_again() {
    let mut store = check([
        (sent(), Phase::Observed, NOTHING),
        (send_final(), Phase::Final, DELIVER),
        (
            Input::Proven {
                claim: Claim::Deliver,
                height: 3,
            },
            Phase::Proven,
            NOTHING,
        ),
        (received(), Phase::Delivered, NOTHING),
        (
            withdrawn(Event::Received, on_dst(5).hash),
            Phase::Final,
            DELIVER,
        ),
    ]);
    store.take(&received()).unwrap();
    store.take(&clock(TIMEOUT)).unwrap();
    assert_eq!(
        store.take(&withdrawn(Event::Received, on_dst(5).hash)),
        Ok(TIMEOUT_NOW.to_vec()),
        "its time was over meanwhile"
    );
}

#[test]
fn an_acknowledgement_or_refund_that_goes_is_asked_for_again() {
    let delivered = [
        (sent(), Phase::Observed, NOTHING),
        (send_final(), Phase::Final, DELIVER),
        (received(), Phase::Delivered, NOTHING),
        (receive_final(), Phase::Delivered, ACKNOWLEDGE),
        (acknowledged(), Phase::Acknowledged, NOTHING),
        (
            withdrawn(Event::Acknowledged, on_src(9).hash),
            Phase::Delivered,
            ACKNOWLEDGE,
        ),
    ];
    check(delivered);
    let refunded = [
        (sent(), Phase::Observed, NOTHING),
        (send_final(), Phase::Final, DELIVER),
        (clock(TIMEOUT), Phase::TimingOut, TIMEOUT_NOW),
        (timed_out(), Phase::TimedOut, NOTHING),
        (
            withdrawn(Event::TimedOut, on_src(9).hash),
            Phase::TimingOut,
            TIMEOUT_NOW,
        ),
    ];
    check(refunded);
}

#[test]
fn an_acknowledgement_on_a_send_that_moved_is_asked_for_again() {
    let again = block("src", 2, 1);
    check([
        (sent(), Phase::Observed, NOTHING),
        (received(), Phase::Delivered, NOTHING),
        (receive_final(), Phase::Delivered, ACKNOWLEDGE),
        (
            withdrawn(Event::Sent, on_src(1).hash),
            Phase::Delivered,
            ACKNOWLEDGE,
        ),
        (
            seen(Event::Sent, again, vec![]),
            Phase::Delivered,
            ACKNOWLEDGE,
        ),
    ]);
}

#[test]
fn a_life_begins_with_whichever_event_is_seen_first() {
    check([
        (received(), Phase::Delivered, NOTHING),
        (receive_final(), Phase::Delivered, ACKNOWLEDGE),
    ]);
    check([
        (acknowledged(), Phase::Acknowledged, NOTHING),
        (received(), Phase::Acknowledged, NOTHING),
        (receive_final(), Phase::Acknowledged, NOTHING),
    ]);
    check([(timed_out(), Phase::TimedOut, NOTHING)]);
}

#[test]
fn inputs_without_a_packet_begin_nothing() {
    let hash = on_src(1).hash;
    for event in [
        Event::Sent,
        Event::Received,
        Event::Acknowledged,
        Event::TimedOut,
    ] {
        for input in [finalized(event, hash), withdrawn(event, hash)] {
            assert_eq!(PacketLife::begin(input), Ok(Transition::default()));
        }
    }
    assert_eq!(PacketLife::begin(clock(TIMEOUT)), Ok(Transition::default()));
}

#[test]
fn a_refund_may_be_seen_before_the_receipt_it_disproves_is_taken_back() {
    let mut store = check([
        (sent(), Phase::Observed, NOTHING),
        (send_final(), Phase::Final, DELIVER),
        (received(), Phase::Delivered, NOTHING),
        (timed_out(), Phase::TimedOut, NOTHING),
        (
            finalized(Event::TimedOut, on_src(9).hash),
            Phase::TimedOut,
            NOTHING,
        ),
    ]);
    let contested = store.life.clone().unwrap();
    assert!(contested.is_contested() && !contested.is_terminal());

    store
        .take(&withdrawn(Event::Received, on_dst(5).hash))
        .unwrap();
    let settled = store.life.unwrap();
    assert!(!settled.is_contested() && settled.is_terminal());
}

/// Hands over inputs of which only the last is refused, and returns why.
#[track_caller]
fn refusal(inputs: impl IntoIterator<Item = Input>) -> Contradiction {
    let mut store = Store::default();
    let mut inputs = inputs.into_iter().peekable();
    while let Some(input) = inputs.next() {
        let before = store.life.clone();
        match store.take(&input) {
            Ok(_) => assert!(inputs.peek().is_some(), "nothing was refused"),
            Err(contradiction) => {
                assert!(
                    inputs.peek().is_none(),
                    "{input:?} was refused: {contradiction}"
                );
                assert_eq!(store.life, before);
                return *contradiction;
            }
        }
    }
    panic!("there were no inputs");
}

#[test]
fn a_final_receipt_and_a_refund_raise_an_alarm_in_either_order() {
    let expected = Contradiction::ReceivedAndTimedOut {
        received: on_dst(5),
        timed_out: on_src(9),
    };
    assert_eq!(
        refusal([sent(), received(), receive_final(), timed_out()]),
        expected
    );
    assert_eq!(
        refusal([sent(), timed_out(), received(), receive_final()]),
        expected
    );
}

#[test]
fn a_packet_closed_in_both_ways_raises_an_alarm() {
    let other = seen(Event::TimedOut, on_src(8), vec![]);
    let expected = Contradiction::AcknowledgedAndTimedOut {
        acknowledged: on_src(9),
        timed_out: on_src(8),
    };
    assert_eq!(refusal([acknowledged(), other.clone()]), expected);
    assert_eq!(refusal([other, acknowledged()]), expected);
}

#[test]
fn an_acknowledgement_that_was_never_written_raises_an_alarm() {
    let forged = seen(Event::Acknowledged, on_src(9), acks("forged"));
    let expected = Contradiction::OtherAcknowledgement {
        written_on_dst: acks("ok"),
        acknowledged_on_src: acks("forged"),
    };
    assert_eq!(
        refusal([received(), receive_final(), forged.clone()]),
        expected
    );
    assert_eq!(refusal([forged, received(), receive_final()]), expected);
}

#[test]
fn two_acknowledgements_in_one_block_raise_an_alarm() {
    let other = seen(Event::Received, on_dst(5), acks("other"));
    let expected = Contradiction::TwoContents {
        event: Event::Received,
        block: on_dst(5),
    };
    assert_eq!(refusal([received(), other]), expected);
}

#[test]
fn another_packet_under_the_same_name_raises_an_alarm() {
    let mut came = packet();
    came.payloads[0].value = Bytes::from_static(b"more");
    let other = Input::Received {
        packet: came.clone(),
        block: on_dst(5),
        acks: acks("ok"),
    };
    let expected = Contradiction::DifferentPacket {
        known: packet(),
        came,
    };
    assert_eq!(refusal([sent(), other]), expected);
}

#[test]
fn a_receipt_after_the_timeout_raises_an_alarm() {
    let late = seen(Event::Received, on_dst(TIMEOUT), acks("ok"));
    let expected = Contradiction::ReceivedTooLate {
        timeout: Timestamp::from_secs(TIMEOUT),
        received: on_dst(TIMEOUT),
    };
    assert_eq!(refusal([sent(), late.clone()]), expected);
    assert_eq!(refusal([late]), expected);
    let in_time = seen(Event::Received, on_dst(TIMEOUT - 1), acks("ok"));
    check([(in_time, Phase::Delivered, NOTHING)]);
}

#[test]
fn a_final_block_that_goes_or_gets_a_double_raises_an_alarm() {
    let events = [
        Event::Sent,
        Event::Received,
        Event::Acknowledged,
        Event::TimedOut,
    ];
    for (event, block, second) in events.map(|event| (event, on_src(9), on_src(10))) {
        let first = [seen(event, block, acks("ok")), finalized(event, block.hash)];
        let [gone, again] = [
            withdrawn(event, block.hash),
            seen(event, second, acks("ok")),
        ];
        assert_eq!(
            refusal(first.clone().into_iter().chain([gone])),
            Contradiction::FinalBlockWithdrawn { event, block }
        );
        assert_eq!(
            refusal(first.into_iter().chain([again])),
            Contradiction::HappenedTwice {
                event,
                first: block,
                second
            }
        );
    }
}

#[test]
fn an_alarm_says_which_packet_and_what_was_expected_and_came() {
    let Transition { next, .. } = PacketLife::begin(received()).unwrap();
    let other = seen(Event::Received, on_dst(5), acks("other"));
    let alarm = next.unwrap().handle(other).unwrap_err().to_string();
    let expected = "packet 7 of client-0, delivered: block 5 (";
    assert!(alarm.starts_with(expected), "{alarm}");
}

#[test]
fn only_a_proof_of_what_is_wanted_is_kept_and_the_higher_one() {
    let proven = |claim, height| Input::Proven { claim, height };
    let proof = |height| {
        Some(Proof {
            claim: Claim::Deliver,
            height,
        })
    };
    let mut store = check([(sent(), Phase::Observed, NOTHING)]);
    let mut height_kept = |input| {
        store.take(&input).unwrap();
        store.life.as_ref().and_then(PacketLife::proof)
    };
    assert_eq!(
        height_kept(proven(Claim::Deliver, 3)),
        None,
        "the send is not final"
    );
    assert_eq!(height_kept(send_final()), None);
    assert_eq!(height_kept(proven(Claim::Acknowledge, 9)), None);
    assert_eq!(height_kept(proven(Claim::Timeout, 9)), None);
    assert_eq!(height_kept(proven(Claim::Deliver, 3)), proof(3));
    assert_eq!(height_kept(proven(Claim::Deliver, 4)), proof(4));
    assert_eq!(height_kept(proven(Claim::Deliver, 3)), proof(4));
    assert_eq!(
        height_kept(clock(TIMEOUT)),
        None,
        "what is wanted now is a refund"
    );
}

#[test]
fn a_life_is_read_from_the_json_that_it_writes() {
    let store = check([
        (sent(), Phase::Observed, NOTHING),
        (send_final(), Phase::Final, DELIVER),
        (received(), Phase::Delivered, NOTHING),
        (receive_final(), Phase::Delivered, ACKNOWLEDGE),
    ]);
    let life = store.life.unwrap();
    let json = serde_json::to_string(&life).unwrap();
    assert_eq!(serde_json::from_str::<PacketLife>(&json).unwrap(), life);
    for phase in [Phase::Observed, Phase::TimingOut, Phase::TimedOut] {
        assert_eq!(serde_json::to_value(phase).unwrap(), phase.name());
    }
}
