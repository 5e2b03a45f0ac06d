use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use causeway_ibc::{ClientId, Packet, Payload, ics20};
use causeway_types::Timestamp;

use super::*;
use crate::host::{ClientView, EventKind, Follow, Message, Proof, SubmitError, Submitted};

/// A chain with any number of blocks, each full of packets.
struct Endless {
    chain: ChainId,
    per_block: usize,
    /// Events handed out so far.
    told: Arc<AtomicUsize>,
}

struct Telling {
    per_block: usize,
    told: Arc<AtomicUsize>,
    height: u64,
}

fn event(sequence: u64) -> PacketEvent {
    PacketEvent {
        id: sequence.to_string(),
        tx: B256::ZERO,
        kind: EventKind::Sent,
        packet: Packet {
            sequence: sequence.try_into().unwrap(),
            source_client: "client-0".parse().unwrap(),
            dest_client: "client-7".parse().unwrap(),
            timeout: Timestamp::from_secs(100),
            payloads: vec![Payload {
                source_port: ics20::PORT.to_owned(),
                dest_port: ics20::PORT.to_owned(),
                version: ics20::VERSION.to_owned(),
                encoding: ics20::ENCODING.to_owned(),
                value: alloy_primitives::Bytes::from_static(b"value"),
            }],
        },
    }
}

#[async_trait]
impl Follow for Telling {
    async fn next(&mut self) -> Result<HostUpdate, HostError> {
        self.height += 1;
        let before = self.told.fetch_add(self.per_block, Ordering::Relaxed);
        let block = BlockRef {
            height: self.height,
            hash: B256::left_padding_from(&self.height.to_be_bytes()),
            parent: B256::ZERO,
            timestamp: Timestamp::from_secs(self.height),
        };
        let events = (before..before + self.per_block).map(|number| event(number as u64 + 1));
        Ok(HostUpdate::Block {
            block,
            events: events.collect(),
        })
    }

    fn cursor(&self) -> String {
        self.height.to_string()
    }
}

#[async_trait]
impl Host for Endless {
    fn chain(&self) -> &ChainId {
        &self.chain
    }

    async fn follow(&self, _: Option<&str>) -> Result<Box<dyn Follow>, HostError> {
        Ok(Box::new(Telling {
            per_block: self.per_block,
            told: self.told.clone(),
            height: 0,
        }))
    }

    async fn client(&self, _: &ClientId) -> Result<ClientView, HostError> {
        unreachable!("nothing is carried")
    }

    async fn moot(&self, _: &[&Message]) -> Result<Vec<bool>, HostError> {
        unreachable!("nothing is carried")
    }

    async fn submit(
        &self,
        _: &str,
        _: &ClientView,
        _: &Proof,
        _: &[Message],
    ) -> Vec<Result<Submitted, SubmitError>> {
        unreachable!("nothing is carried")
    }
}

/// How many events a chain has told of when nobody writes any of them down.
async fn told_in_vain(per_block: usize) -> usize {
    let told = Arc::new(AtomicUsize::new(0));
    let host = Endless {
        chain: ChainId::eip155(1),
        per_block,
        told: told.clone(),
    };
    let (sender, _unread) = mpsc::channel(BACKLOG);
    let stop = CancellationToken::new();
    let following = tokio::spawn(follow(Arc::new(host), None, sender, stop.clone()));
    let mut before = usize::MAX;
    while before != told.load(Ordering::Relaxed) {
        before = told.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop.cancel();
    following.await.unwrap().unwrap();
    before
}

#[tokio::test]
async fn a_backlog_is_read_no_faster_than_it_is_written_down() {
    for per_block in [1, 100, 700] {
        let told = told_in_vain(per_block).await;
        let most = (ROOM + per_block).min((BACKLOG + 2) * per_block);
        assert!(told <= most, "{told} events of {per_block} per block");
    }
    // A block that is larger than that is read all the same, but only one.
    assert!(told_in_vain(3 * ROOM).await <= 2 * 3 * ROOM);
}
