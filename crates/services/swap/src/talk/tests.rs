use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

use super::*;
use crate::{Seed, call};

/// Keeps what it hears.
struct Listener(mpsc::UnboundedSender<(SwapId, Talk)>);

#[async_trait]
impl Hear for Listener {
    async fn hear(&self, _: PeerId, words: Vec<(SwapId, Talk)>) -> Vec<Result<(), Arc<SwapError>>> {
        let words = words.into_iter().map(|word| {
            let sent = self.0.send(word);
            sent.map_err(|error| Arc::new(SwapError::Gone(error.to_string())))
        });
        words.collect()
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

/// Two who have nothing to say stay connected, however long.
#[test]
fn patience_ends_only_with_those_who_have_something_to_answer() {
    let mut saying = Saying::default();
    assert_eq!(saying.patience(), None);
    let word = |heard| Word {
        swap: SwapId(B256::ZERO),
        body: String::new(),
        heard,
    };
    let binding = Binding {
        called: key(1).id(),
        calls: key(2).id(),
        their_nonces: [B256::ZERO; 2],
    };
    let (first, _) = oneshot::channel();
    let before = Instant::now();
    saying.say(word(first), &key(2), &binding);
    let ends = saying.patience().unwrap();
    assert!(ends >= before + PATIENCE);
    let (second, _) = oneshot::channel();
    saying.say(word(second), &key(2), &binding);
    assert_eq!(saying.patience(), Some(ends));
    saying.was_heard(0, Ok(())).unwrap();
    assert!(saying.patience().unwrap() >= ends);
    saying.was_heard(1, Ok(())).unwrap();
    assert_eq!(saying.patience(), None);
}

/// Takes a moment to take in what it hears, as whoever writes it down does.
struct SlowListener;

#[async_trait]
impl Hear for SlowListener {
    async fn hear(&self, _: PeerId, words: Vec<(SwapId, Talk)>) -> Vec<Result<(), Arc<SwapError>>> {
        tokio::time::sleep(Duration::from_millis(5)).await;
        words.iter().map(|_| Ok(())).collect()
    }
}

/// Two ends of a connection that holds little.
async fn sockets() -> (Wire, Wire) {
    let (left, right) = tokio::io::duplex(4_096);
    let wire = async |end, role| {
        let socket = WebSocketStream::from_raw_socket(end, role, None).await;
        Wire::over(socket, Message::text, call::ping, call::read)
    };
    (
        wire(left, Role::Server).await,
        wire(right, Role::Client).await,
    )
}

#[tokio::test]
async fn two_who_have_much_to_say_at_once_hear_each_other() {
    const MANY: u8 = 200;
    let (left, right) = sockets().await;
    let (maker, taker) = (key(1), key(2));
    let (answered, called) = tokio::join!(
        Line::answered(left, &maker),
        Line::called(right, &taker, maker.id())
    );
    let (of_maker, words_of_maker) = Mouth::new();
    let (of_taker, words_of_taker) = Mouth::new();
    let talk = Talk::AsksForRefund {
        request: "0".repeat(500),
    };
    let all = (0..MANY).flat_map(|number| {
        let swap = SwapId(B256::repeat_byte(number));
        [of_maker.say(swap, &talk), of_taker.say(swap, &talk)]
    });
    let said = futures::future::join_all(all);
    let talking = answered
        .unwrap()
        .talk(&maker, words_of_maker, &SlowListener);
    let answering = called.unwrap().talk(&taker, words_of_taker, &SlowListener);
    tokio::select! {
        error = talking => panic!("{error}"),
        error = answering => panic!("{error}"),
        outcomes = said => {
            let failed: Vec<_> = outcomes.iter().filter(|outcome| outcome.is_err()).collect();
            assert!(failed.is_empty(), "{} were not heard: {:?}", failed.len(), failed[0]);
        }
    }
}
