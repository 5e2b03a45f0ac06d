//! What a chain must offer so that packets can be carried from it and to it.

use std::{error::Error as StdError, fmt};

use alloy_primitives::{Address, B256, Bytes};
use async_trait::async_trait;
use causeway_ibc::{
    ClientId, Committee, Domain, Event, HostPath, Misbehaviour, Packet, SignedAttestation,
};
use causeway_types::{BlockRef, ChainId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A chain that keeps IBC v2 state: the relayer's port, implemented once per kind of chain.
#[async_trait]
pub trait Host: Send + Sync + 'static {
    /// Which chain this is.
    fn chain(&self) -> &ChainId;

    /// Starts following the chain's packet events from a cursor saved earlier, or, without one, from
    /// where the chain's IBC contracts began.
    async fn follow(&self, cursor: Option<&str>) -> Result<Box<dyn Follow>, HostError>;

    /// Whether messages can be submitted from here now: where several replicas share a signer, one
    /// of them at a time sends with it.
    fn submits(&self) -> bool {
        true
    }

    /// Lets another replica submit in place of this one, once nothing is in flight any more.
    async fn stand_down(&self) {}

    /// The light client of this name on this chain, as it stands now.
    async fn client(&self, client: &ClientId) -> Result<ClientView, HostError>;

    /// How many messages to a light client one transaction had best hold, by what such messages cost
    /// lately and what a block has room for; nothing if that is not known.
    fn batch(&self, client: &ClientId) -> Option<usize> {
        let _ = client;
        None
    }

    /// Which of these messages have nothing left to do, by the chain's newest state: the packet was
    /// received already, or its commitment is gone.
    async fn moot(&self, messages: &[&Message]) -> Result<Vec<bool>, HostError>;

    /// Delivers messages that one proof covers, in as few transactions as possible, and waits until
    /// they are in a block. A message that reverts does not keep its neighbours from being delivered.
    ///
    /// `key` names the attempt: the same key again returns the outcome of the earlier one instead of
    /// sending twice. The answers stand in the order of `messages`.
    async fn submit(
        &self,
        key: &str,
        client: &ClientView,
        proof: &Proof,
        messages: &[Message],
    ) -> Vec<Result<Submitted, SubmitError>>;

    /// Shows a light client that its attestors contradicted themselves, which freezes it for good.
    ///
    /// `key` names the attempt as in [`Host::submit`]. Not every kind of chain has light clients that
    /// take such evidence; the others refuse it.
    async fn freeze(
        &self,
        _key: &str,
        client: &ClientId,
        _evidence: &Misbehaviour,
    ) -> Result<Submitted, SubmitError> {
        Err(SubmitError::Refused {
            reason: format!("{client} takes no evidence of misbehaviour"),
        })
    }
}

/// A chain being followed.
#[async_trait]
pub trait Follow: Send {
    /// The next thing that happened, waiting for it if need be.
    async fn next(&mut self) -> Result<HostUpdate, HostError>;

    /// Where following stands after the update returned last, to be saved with what came of it.
    fn cursor(&self) -> String;
}

/// What following a chain brings.
#[derive(Clone, Debug)]
pub enum HostUpdate {
    /// A block, with its packet events in order; it may yet be withdrawn unless it is final.
    Block {
        /// The block.
        block: BlockRef,
        /// Its packet events.
        events: Vec<PacketEvent>,
    },
    /// A block announced earlier is no longer part of the chain.
    Withdrawn {
        /// The block that is gone.
        block: BlockRef,
    },
    /// This block and everything before it will stay.
    Final {
        /// The newest final block.
        block: BlockRef,
    },
}

impl HostUpdate {
    /// How many packet events it brings.
    pub(crate) fn events(&self) -> usize {
        match self {
            Self::Block { events, .. } => events.len(),
            Self::Withdrawn { .. } | Self::Final { .. } => 0,
        }
    }
}

/// One packet event of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketEvent {
    /// Names the event within its block: transaction hash and position.
    pub id: String,
    /// The transaction that emitted it.
    pub tx: B256,
    /// What happened.
    pub kind: EventKind,
    /// The packet that it happened to.
    pub packet: Packet,
}

/// What can happen to a packet on a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Sent: the host is its source.
    Sent,
    /// Received, and acknowledged with these bytes: the host is its destination.
    Received {
        /// One acknowledgement per payload.
        acks: Vec<Bytes>,
    },
    /// Its acknowledgement came back to the source.
    Acknowledged {
        /// The acknowledgements that came back.
        acks: Vec<Bytes>,
    },
    /// The source gave it up and refunded the sender.
    TimedOut,
}

impl EventKind {
    /// The event in the words of the packet's life.
    pub fn event(&self) -> Event {
        match self {
            Self::Sent => Event::Sent,
            Self::Received { .. } => Event::Received,
            Self::Acknowledged { .. } => Event::Acknowledged,
            Self::TimedOut => Event::TimedOut,
        }
    }
}

/// A light client that messages are proven to.
#[derive(Clone, Debug)]
pub struct ClientView {
    /// The client's name on its chain.
    pub id: ClientId,
    /// The contract (or module) that verifies.
    pub address: Address,
    /// Whose signatures it takes, and how many.
    pub committee: Committee,
    /// Which set of attestors that is: the first is 1; 0 if the client cannot be given another.
    pub set_number: u64,
    /// What the digests are bound to.
    pub domain: Domain,
    /// Whether misbehaviour was proven to it: then it believes nothing any more.
    pub frozen: bool,
    /// Whether a proof verified once holds for the rest of the transaction, so that the other
    /// messages may refer to it by an empty proof.
    pub proof_once: bool,
}

/// Evidence for a batch of messages: the counterparty's state at one height.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The counterparty height that everything here speaks of.
    pub height: u64,
    /// That the counterparty had this height at this time.
    pub state: SignedAttestation,
    /// What stood under the messages' paths at this height.
    pub packets: SignedAttestation,
}

/// What is delivered to a host, always against a proof of the counterparty's state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "message", rename_all = "snake_case")]
pub enum Message {
    /// To the destination: the source committed to this packet.
    Receive {
        /// The packet.
        packet: Packet,
    },
    /// To the source: the destination wrote this acknowledgement.
    Acknowledge {
        /// The packet.
        packet: Packet,
        /// Its acknowledgements, one per payload.
        acks: Vec<Bytes>,
    },
    /// To the source: the destination had not received the packet when its time was over.
    Timeout {
        /// The packet.
        packet: Packet,
    },
}

impl Message {
    /// The packet that the message is about.
    pub fn packet(&self) -> &Packet {
        match self {
            Self::Receive { packet }
            | Self::Acknowledge { packet, .. }
            | Self::Timeout { packet } => packet,
        }
    }

    /// The path in the counterparty's state that proves the message.
    pub fn proven_path(&self) -> HostPath {
        match self {
            Self::Receive { packet } => packet.commitment_path(),
            Self::Acknowledge { packet, .. } => packet.ack_path(),
            Self::Timeout { packet } => packet.receipt_path(),
        }
    }

    /// What must stand under [`Message::proven_path`]; zero means nothing.
    pub fn proven_commitment(&self) -> B256 {
        match self {
            Self::Receive { packet } => packet.commitment(),
            Self::Acknowledge { acks, .. } => causeway_ibc::ack_commitment(acks),
            Self::Timeout { .. } => B256::ZERO,
        }
    }

    /// The message's kind in one word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Receive { .. } => "receive",
            Self::Acknowledge { .. } => "acknowledge",
            Self::Timeout { .. } => "timeout",
        }
    }
}

/// A message that is in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The transaction.
    pub tx: B256,
    /// The block's height.
    pub height: u64,
}

/// Why a message was not delivered.
#[derive(Clone, Debug, Error)]
pub enum SubmitError {
    /// The chain refuses this message; its neighbours are unharmed.
    #[error("the chain refuses the message: {reason}")]
    Refused {
        /// The chain's own words.
        reason: String,
    },
    /// Nothing is known to be wrong with the message: the chain could not be used.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// A chain that cannot be used as it should.
#[derive(Clone, Debug)]
pub struct HostError {
    /// The chain.
    pub chain: ChainId,
    /// Whether trying again can help; if not, an operator must act.
    pub retry: bool,
    source: std::sync::Arc<dyn StdError + Send + Sync>,
}

impl HostError {
    /// An error that passes by itself, such as an endpoint that does not answer.
    pub fn passing(chain: &ChainId, source: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            chain: chain.clone(),
            retry: true,
            source: std::sync::Arc::new(source),
        }
    }

    /// An error that stays until somebody acts, such as a reorg below finality.
    pub fn lasting(chain: &ChainId, source: impl StdError + Send + Sync + 'static) -> Self {
        Self {
            chain: chain.clone(),
            retry: false,
            source: std::sync::Arc::new(source),
        }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.chain, self.source)?;
        let mut inner = self.source.source();
        while let Some(error) = inner {
            write!(f, ": {error}")?;
            inner = error.source();
        }
        Ok(())
    }
}

impl StdError for HostError {}
