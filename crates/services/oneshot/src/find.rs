//! From a transaction's hash to its packet events.

use alloy::{
    primitives::{B256, U256, keccak256},
    providers::Provider,
    rpc::types::{Filter, TransactionReceipt},
    sol_types::SolEvent,
};
use causeway_contracts::ics26_router::ICS26Router::WriteAcknowledgement;
use causeway_ibc::Packet;
use causeway_ibc_evm::{decode_event, event_topics};
use causeway_relayer::{ClientEnd, PacketEvent};
use causeway_types::ChainId;
use futures::future::join_all;

use crate::{OneShot, OneShotError, Place};

/// How many blocks are looked through at a time for an event that is long past.
const BLOCKS: u64 = 1_000;

/// A transaction that is in a block, with what it says of packets.
#[derive(Clone, Debug)]
pub struct FoundTx {
    /// The transaction.
    pub tx: B256,
    /// Its chain.
    pub chain: ChainId,
    /// The height of its block.
    pub height: u64,
    /// The hash of its block.
    pub block: B256,
    /// The packet events of the router, in order.
    pub events: Vec<RouterEvent>,
}

/// A packet event of the router.
#[derive(Clone, Debug)]
pub struct RouterEvent {
    /// The event.
    pub event: PacketEvent,
    /// The ends (source, destination) of the route that the packet travels; none if it travels on a
    /// route that is not served.
    pub ends: Option<(ClientEnd, ClientEnd)>,
}

impl OneShot {
    /// Finds a transaction that is in a block, on this chain or on any.
    ///
    /// # Errors
    /// If there is none, or if it is not about packets of the router.
    pub async fn find(&self, tx: B256, on: Option<&ChainId>) -> Result<FoundTx, OneShotError> {
        let asked: Vec<&Place> = match on {
            Some(chain) => vec![self.place(chain)?],
            None => self.places().collect(),
        };
        let answers = join_all(asked.iter().map(|place| receipt(place, tx))).await;
        let (mut found, mut silent) = (Vec::new(), Vec::new());
        for (place, answer) in asked.iter().zip(answers) {
            match answer {
                Ok(Some(receipt)) => found.push((*place, receipt)),
                Ok(None) => silent.push(place.chain.id().to_string()),
                Err(error) => silent.push(error.to_string()),
            }
        }
        let Some((place, receipt)) = found.pop() else {
            return Err(OneShotError::UnknownTx { tx, asked: silent });
        };
        if !found.is_empty() {
            let chains = found.iter().map(|(place, _)| place.chain.id().clone());
            let chains = chains.chain([place.chain.id().clone()]).collect();
            return Err(OneShotError::Ambiguous { tx, chains });
        }
        self.read(place, &receipt)
    }

    /// The packet events of a receipt. Anybody can emit their topics: only the router's count.
    fn read(&self, place: &Place, receipt: &TransactionReceipt) -> Result<FoundTx, OneShotError> {
        let (tx, chain) = (receipt.transaction_hash, place.chain.id().clone());
        if !receipt.status() {
            return Err(OneShotError::Reverted { tx, chain });
        }
        let mut events = Vec::new();
        let mut stranger = None;
        for log in receipt.logs() {
            if log.address() != place.router {
                let alike = log
                    .topic0()
                    .is_some_and(|topic| event_topics().contains(topic));
                stranger = stranger.or(alike.then(|| log.address()));
                continue;
            }
            let index = log.log_index.unwrap_or_default();
            let event = decode_event(&log.inner, tx, index).map_err(|error| {
                let (chain, reason) = (chain.clone(), error.to_string());
                OneShotError::Unreadable { tx, chain, reason }
            })?;
            events.extend(event.map(|event| {
                let ends = self.routes.ends_of(&chain, &event.kind, &event.packet);
                let ends = ends.map(|(src, dst)| (src.clone(), dst.clone()));
                RouterEvent { event, ends }
            }));
        }
        let router = place.router;
        match (events.is_empty(), stranger) {
            (true, Some(emitter)) => Err(OneShotError::Stranger {
                tx,
                chain,
                router,
                emitter,
            }),
            (true, None) => Err(OneShotError::NoPackets { tx, chain, router }),
            (false, _) => Ok(FoundTx {
                tx,
                chain,
                height: receipt.block_number.unwrap_or_default(),
                block: receipt.block_hash.unwrap_or_default(),
                events,
            }),
        }
    }

    /// The transaction that received a packet on its destination, looked for from the newest block
    /// back to the router's first; `None` if there is none.
    pub async fn find_receipt(
        &self,
        destination: &ClientEnd,
        packet: &Packet,
    ) -> Result<Option<B256>, OneShotError> {
        let place = self.place(&destination.chain)?;
        let filter = Filter::new()
            .address(place.router)
            .event_signature(WriteAcknowledgement::SIGNATURE_HASH)
            .topic1(keccak256(packet.dest_client.as_str()))
            .topic2(U256::from(packet.sequence.get()));
        let provider = place.chain.provider();
        let mut last = place.chain.head().await?.height;
        loop {
            let first = last.saturating_sub(BLOCKS - 1).max(place.start);
            let range = filter.clone().from_block(first).to_block(last);
            let logs = provider
                .get_logs(&range)
                .await
                .map_err(|source| transport(place, source))?;
            if let Some(tx) = logs.iter().find_map(|log| log.transaction_hash) {
                return Ok(Some(tx));
            }
            if first <= place.start {
                return Ok(None);
            }
            last = first - 1;
        }
    }
}

async fn receipt(place: &Place, tx: B256) -> Result<Option<TransactionReceipt>, OneShotError> {
    let receipt = place.chain.provider().get_transaction_receipt(tx).await;
    let receipt = receipt.map_err(|source| transport(place, source))?;
    // Some nodes answer with a receipt of a transaction that still waits for its block.
    Ok(receipt.filter(|receipt| receipt.block_hash.is_some()))
}

pub(crate) fn transport(place: &Place, source: alloy::transports::TransportError) -> OneShotError {
    OneShotError::Transport {
        chain: place.chain.id().clone(),
        source,
    }
}
