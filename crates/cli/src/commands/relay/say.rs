//! What `causeway relay` tells as it goes.

use std::fmt;

use alloy::primitives::{Address, B256, Bytes, U64};
use causeway_oneshot::{FoundTx, UnsignedTx};
use causeway_relayer::{ClientEnd, Message, process_key};
use causeway_types::ChainId;
use serde::Serialize;

/// Something that happened, or is the case.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Said {
    /// The transaction is in a block.
    Found {
        chain: ChainId,
        tx: B256,
        height: u64,
        packets: usize,
    },
    /// Nothing is left to do for a packet of it.
    Already { packet: String, state: &'static str },
    /// A packet of it travels elsewhere.
    Foreign { packet: String },
    /// A message is in a block.
    Delivered(Delivered),
    /// An acknowledgement is in a block.
    Acknowledged(Delivered),
    /// A timeout is in a block.
    Refunded(Delivered),
    /// This would be sent.
    WouldSend(Prepared),
    /// This is to be sent.
    Unsigned(Unsigned),
    /// A message cannot be delivered.
    NotDelivered {
        packet: String,
        message: &'static str,
        reason: String,
    },
}

#[derive(Serialize)]
pub(super) struct Delivered {
    pub(super) packet: String,
    pub(super) chain: ChainId,
    pub(super) tx: B256,
    pub(super) height: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gas: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Prepared {
    chain: ChainId,
    to: Address,
    gas: u64,
    delivers: Vec<Delivers>,
}

/// A transaction as wallets take it.
#[derive(Serialize)]
pub(super) struct Unsigned {
    chain: ChainId,
    #[serde(rename = "chainId")]
    chain_id: U64,
    to: Address,
    data: Bytes,
    value: U64,
    gas: U64,
    delivers: Vec<Delivers>,
}

#[derive(Serialize)]
struct Delivers {
    message: &'static str,
    packet: String,
}

/// The packet as `causeway packets` names it.
pub(super) fn packet_name(
    routes: &causeway_relayer::RouteTable,
    to: &ClientEnd,
    message: &Message,
) -> String {
    let source = match message {
        Message::Receive { .. } => routes.other_end(to).unwrap_or(to),
        Message::Acknowledge { .. } | Message::Timeout { .. } => to,
    };
    process_key(source, message.packet().sequence)
}

fn delivers(
    routes: &causeway_relayer::RouteTable,
    to: &ClientEnd,
    tx: &UnsignedTx,
) -> Vec<Delivers> {
    let messages = tx.messages.iter();
    messages
        .map(|message| Delivers {
            message: message.name(),
            packet: packet_name(routes, to, message),
        })
        .collect()
}

impl Said {
    pub(super) fn found(found: &FoundTx) -> Self {
        Self::Found {
            chain: found.chain.clone(),
            tx: found.tx,
            height: found.height,
            packets: found.events.len(),
        }
    }

    pub(super) fn would_send(
        routes: &causeway_relayer::RouteTable,
        to: &ClientEnd,
        tx: &UnsignedTx,
    ) -> Self {
        Self::WouldSend(Prepared {
            chain: tx.chain.clone(),
            to: tx.to.unwrap_or_default(),
            gas: tx.gas_limit,
            delivers: delivers(routes, to, tx),
        })
    }

    pub(super) fn unsigned(
        routes: &causeway_relayer::RouteTable,
        to: &ClientEnd,
        tx: &UnsignedTx,
    ) -> Self {
        Self::Unsigned(Unsigned {
            chain: tx.chain.clone(),
            chain_id: U64::from(tx.chain_number),
            to: tx.to.unwrap_or_default(),
            data: tx.data.clone(),
            value: U64::ZERO,
            gas: U64::from(tx.gas_limit),
            delivers: delivers(routes, to, tx),
        })
    }

    /// What it means that a message is in a block.
    pub(super) fn done(message: &Message, delivered: Delivered) -> Self {
        match message {
            Message::Receive { .. } => Self::Delivered(delivered),
            Message::Acknowledge { .. } => Self::Acknowledged(delivered),
            Message::Timeout { .. } => Self::Refunded(delivered),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found {
                chain,
                height,
                packets,
                ..
            } => write!(
                f,
                "found         on {chain} in block {height}: {packets} packet event{}",
                if *packets == 1 { "" } else { "s" }
            ),
            Self::Already { packet, state } => write!(f, "already       {packet} is {state}"),
            Self::Foreign { packet } => {
                write!(
                    f,
                    "foreign       {packet} travels on no route of the configuration"
                )
            }
            Self::Delivered(done) => write!(f, "delivered     {done}"),
            Self::Acknowledged(done) => write!(f, "acknowledged  {done}"),
            Self::Refunded(done) => write!(f, "refunded      {done}"),
            Self::WouldSend(tx) => {
                write!(
                    f,
                    "would send    to {} on {}, {} gas",
                    tx.to, tx.chain, tx.gas
                )?;
                list(f, &tx.delivers)
            }
            Self::Unsigned(tx) => {
                write!(
                    f,
                    "unsigned      on {}\nto            {}\nvalue         0\ngas           {}\ndata          {}",
                    tx.chain, tx.to, tx.gas, tx.data
                )?;
                list(f, &tx.delivers)
            }
            Self::NotDelivered {
                packet,
                message,
                reason,
            } => write!(f, "not delivered {message} {packet}: {reason}"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, delivers: &[Delivers]) -> fmt::Result {
    delivers
        .iter()
        .try_for_each(|one| write!(f, "\n              {} {}", one.message, one.packet))
}

impl fmt::Display for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} on {} in block {}",
            self.packet, self.chain, self.height
        )?;
        if let Some(gas) = self.gas {
            write!(f, "  {gas} gas")?;
        }
        write!(f, "  {}", self.tx)
    }
}
