//! Watches one packet arrive, straight from the chains.

use std::time::Duration;

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    providers::{DynProvider, Provider},
    rpc::types::Filter,
    sol_types::SolEvent,
    transports::TransportError,
};
use causeway_contracts::ics26_router::ICS26Router::{
    AckPacket, TimeoutPacket, WriteAcknowledgement,
};
use causeway_evm::EvmChain;
use causeway_ibc::Packet;
use causeway_relayer::EventKind;
use thiserror::Error;

use crate::events::packet_events;

/// A fact about a packet, where and when it was seen.
#[derive(Clone, Debug)]
pub struct SeenOn {
    /// What happened.
    pub kind: EventKind,
    /// The transaction.
    pub tx: B256,
    /// The height of its block.
    pub height: u64,
    /// What the whole transaction cost, shared by all the packets in it.
    pub gas_used: u64,
}

/// Why a packet could not be watched.
#[derive(Debug, Error)]
pub enum TrackError {
    /// Nothing was seen in time.
    #[error("nothing was seen of the packet on {chain} within {waited:?}")]
    Patience {
        /// The chain that was watched.
        chain: String,
        /// For how long.
        waited: Duration,
    },
    /// The chain could not be asked.
    #[error("the chain cannot be asked: {0}")]
    Transport(#[from] TransportError),
}

/// Watches packets on one chain.
#[derive(Clone)]
pub struct Tracker {
    chain: EvmChain,
    provider: DynProvider,
    router: Address,
    since: u64,
}

impl Tracker {
    /// Watches the router on this chain, from its newest block on.
    pub async fn begin(chain: &EvmChain, router: Address) -> Result<Self, TrackError> {
        let provider = chain.provider();
        let since = provider.get_block_number().await?;
        Ok(Self {
            chain: chain.clone(),
            provider,
            router,
            since,
        })
    }

    /// Waits until the destination, which this chain must be, has received the packet.
    pub async fn received(
        &self,
        packet: &Packet,
        patience: Duration,
    ) -> Result<SeenOn, TrackError> {
        let client = packet.dest_client.as_str();
        self.wait(
            &[WriteAcknowledgement::SIGNATURE_HASH],
            client,
            packet,
            patience,
        )
        .await
    }

    /// Waits until the source, which this chain must be, has learnt the outcome: the
    /// acknowledgement, or the timeout and refund.
    pub async fn concluded(
        &self,
        packet: &Packet,
        patience: Duration,
    ) -> Result<SeenOn, TrackError> {
        let topics = [AckPacket::SIGNATURE_HASH, TimeoutPacket::SIGNATURE_HASH];
        self.wait(&topics, packet.source_client.as_str(), packet, patience)
            .await
    }

    async fn wait(
        &self,
        topics: &[B256],
        client: &str,
        packet: &Packet,
        patience: Duration,
    ) -> Result<SeenOn, TrackError> {
        let filter = Filter::new()
            .address(self.router)
            .event_signature(topics.to_vec())
            .topic1(keccak256(client))
            .topic2(U256::from(packet.sequence.get()))
            .from_block(self.since);
        let mut heads = self.chain.watch_head();
        let look = async {
            loop {
                heads.borrow_and_update();
                if let Some(seen) = self.look(&filter, packet).await? {
                    return Ok(seen);
                }
                // A head that never comes must not hang the wait: look again by the clock too.
                let _ = tokio::time::timeout(Duration::from_secs(1), heads.changed()).await;
            }
        };
        tokio::time::timeout(patience, look)
            .await
            .unwrap_or_else(|_| {
                Err(TrackError::Patience {
                    chain: self.chain.id().to_string(),
                    waited: patience,
                })
            })
    }

    async fn look(&self, filter: &Filter, packet: &Packet) -> Result<Option<SeenOn>, TrackError> {
        let logs = self.provider.get_logs(filter).await?;
        let event = packet_events(self.router, &logs).find(|event| &event.packet == packet);
        let Some(event) = event else { return Ok(None) };
        let receipt = self.provider.get_transaction_receipt(event.tx).await?;
        Ok(receipt.map(|receipt| SeenOn {
            kind: event.kind,
            tx: event.tx,
            height: receipt.block_number.unwrap_or_default(),
            gas_used: receipt.gas_used,
        }))
    }
}

impl SeenOn {
    /// The acknowledgements, if the packet was received here.
    pub fn acks(&self) -> Option<&[Bytes]> {
        match &self.kind {
            EventKind::Received { acks } => Some(acks),
            _ => None,
        }
    }
}
