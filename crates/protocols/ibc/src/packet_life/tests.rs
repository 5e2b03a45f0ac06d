mod interleavings;
mod safety;
mod stories;

use alloy_primitives::{B256, Bytes, keccak256};
use causeway_types::{BlockRef, Timestamp};

use super::*;
use crate::test_values::packet_seven;

/// The timeout of [`packet`]; blocks of the tests have the time that is their height.
const TIMEOUT: u64 = 100;

fn packet() -> Packet {
    let packet = packet_seven().0;
    assert_eq!(packet.timeout, Timestamp::from_secs(TIMEOUT));
    packet
}

fn block(chain: &str, height: u64, fork: u8) -> BlockRef {
    let hash = |height: u64| keccak256(format!("{chain} {height} {fork}"));
    BlockRef {
        height,
        hash: hash(height),
        parent: hash(height - 1),
        timestamp: Timestamp::from_secs(height),
    }
}

fn on_src(height: u64) -> BlockRef {
    block("src", height, 0)
}

fn on_dst(height: u64) -> BlockRef {
    block("dst", height, 0)
}

fn acks(text: &'static str) -> Vec<Bytes> {
    vec![Bytes::from_static(text.as_bytes())]
}

fn seen(event: Event, block: BlockRef, acks: Vec<Bytes>) -> Input {
    let packet = packet();
    match event {
        Event::Sent => Input::Sent { packet, block },
        Event::Received => Input::Received {
            packet,
            block,
            acks,
        },
        Event::Acknowledged => Input::Acknowledged {
            packet,
            block,
            acks,
        },
        Event::TimedOut => Input::TimedOut { packet, block },
    }
}

fn finalized(event: Event, block_hash: B256) -> Input {
    match event {
        Event::Sent => Input::SendFinal { block_hash },
        Event::Received => Input::ReceiveFinal { block_hash },
        Event::Acknowledged => Input::AcknowledgeFinal { block_hash },
        Event::TimedOut => Input::TimeoutFinal { block_hash },
    }
}

fn withdrawn(event: Event, block_hash: B256) -> Input {
    match event {
        Event::Sent => Input::SendWithdrawn { block_hash },
        Event::Received => Input::ReceiveWithdrawn { block_hash },
        Event::Acknowledged => Input::AcknowledgeWithdrawn { block_hash },
        Event::TimedOut => Input::TimeoutWithdrawn { block_hash },
    }
}

fn clock(seconds: u64) -> Input {
    Input::ClockOnDst {
        height: seconds,
        time: Timestamp::from_secs(seconds),
    }
}

fn wake() -> Action {
    Action::WakeOnDst {
        at: Timestamp::from_secs(TIMEOUT),
    }
}

/// What stores a life, as the engine does.
#[derive(Clone, Default)]
struct Store {
    life: Option<PacketLife>,
}

impl Store {
    /// Hands an input to the stored life, and once more, because inputs may be repeated.
    fn take(&mut self, input: &Input) -> Result<Vec<Action>, Box<Contradiction>> {
        let step = |life: Option<PacketLife>| match life {
            Some(life) => life.handle(input.clone()),
            None => PacketLife::begin(input.clone()),
        };
        let Transition { next, actions } =
            step(self.life.clone()).map_err(|illegal| illegal.contradiction)?;
        let repeat = step(next.clone()).unwrap();
        assert_eq!(repeat.next, next, "a repeat changed the life: {input:?}");
        assert_eq!(repeat.actions, [], "a repeat asked again: {input:?}");
        self.life = next;
        Ok(actions)
    }

    fn phase(&self) -> Option<Phase> {
        self.life.as_ref().map(PacketLife::phase)
    }

    fn wanted(&self) -> Vec<Action> {
        self.life
            .as_ref()
            .map(PacketLife::wanted)
            .unwrap_or_default()
    }
}
