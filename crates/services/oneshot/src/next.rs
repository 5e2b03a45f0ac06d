//! What has to happen next to a packet, by what both chains say now.

use causeway_ibc_evm::moot;
use causeway_relayer::{ClientEnd, EventKind, Message, PacketEvent};
use causeway_types::{ChainId, Timestamp};
use serde::Serialize;

use crate::{FoundTx, OneShot, OneShotError};

/// What has to happen next to a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A message is to be brought to a chain.
    Bring(Box<Step>),
    /// Nothing is left to do for this event.
    Over(Over),
    /// The packet travels on a route that is not served.
    Foreign,
}

/// Why nothing is left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// The destination has received the packet already.
    Delivered,
    /// The source knows the outcome: it has acted on the acknowledgement or on the timeout.
    Concluded,
}

/// A message, where it goes, and from when it can be proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The light client that the message is proven to.
    pub to: ClientEnd,
    /// The chain whose state proves it.
    pub proven_by: ChainId,
    /// The message.
    pub message: Message,
    /// When the other chain can prove it.
    pub from: Readiness,
}

/// What must be final on the chain that proves a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The block at this height.
    Height(u64),
    /// A block at this time or later.
    Time(Timestamp),
}

impl OneShot {
    /// What has to happen next to each packet of a transaction, in the order of its events.
    ///
    /// # Errors
    /// If a chain cannot be asked.
    pub async fn next(&self, found: &FoundTx) -> Result<Vec<Next>, OneShotError> {
        let all = found.events.iter().map(|router_event| async {
            let Some((source, destination)) = &router_event.ends else {
                return Ok(Next::Foreign);
            };
            self.next_of(found.height, &router_event.event, source, destination)
                .await
        });
        futures::future::try_join_all(all).await
    }

    async fn next_of(
        &self,
        height: u64,
        event: &PacketEvent,
        source: &ClientEnd,
        destination: &ClientEnd,
    ) -> Result<Next, OneShotError> {
        let packet = event.packet.clone();
        let (src, dst) = (self.place(&source.chain)?, self.place(&destination.chain)?);
        let timeout = Message::Timeout {
            packet: packet.clone(),
        };
        let concluded = async {
            let gone = moot(&src.chain, src.router, &[&timeout]).await?;
            Ok::<_, OneShotError>(gone.into_iter().all(|gone| gone))
        };
        let step = |to: &ClientEnd, proven_by: &ClientEnd, message, from| {
            Next::Bring(Box::new(Step {
                to: to.clone(),
                proven_by: proven_by.chain.clone(),
                message,
                from,
            }))
        };
        match &event.kind {
            EventKind::Sent => {
                let receive = Message::Receive { packet };
                let received = async {
                    let known = moot(&dst.chain, dst.router, &[&receive]).await?;
                    Ok(known.into_iter().all(|known| known))
                };
                let head = async { Ok(dst.chain.head().await?) };
                let (concluded, received, head) = tokio::try_join!(concluded, received, head)?;
                let over = receive.packet().timeout;
                Ok(if concluded {
                    Next::Over(Over::Concluded)
                } else if received {
                    Next::Over(Over::Delivered)
                } else if head.timestamp >= over {
                    step(source, destination, timeout.clone(), Readiness::Time(over))
                } else {
                    let from = Readiness::Height(height);
                    step(destination, source, receive, from)
                })
            }
            EventKind::Received { acks } => {
                let acks = acks.clone();
                let acknowledge = Message::Acknowledge { packet, acks };
                Ok(if concluded.await? {
                    Next::Over(Over::Concluded)
                } else {
                    let from = Readiness::Height(height);
                    step(source, destination, acknowledge, from)
                })
            }
            EventKind::Acknowledged { .. } | EventKind::TimedOut => Ok(Next::Over(Over::Concluded)),
        }
    }

    /// The height at which a message can be proven now: the newest final block's. `None` if that
    /// block does not show yet what the message needs.
    ///
    /// # Errors
    /// If the chain cannot be asked.
    pub async fn provable_at(&self, step: &Step) -> Result<Option<u64>, OneShotError> {
        let place = self.place(&step.proven_by)?;
        let block = place.chain.final_block().await?;
        let ready = match step.from {
            Readiness::Height(height) => block.height >= height,
            Readiness::Time(time) => block.timestamp >= time,
        };
        Ok(ready.then_some(block.height))
    }
}
