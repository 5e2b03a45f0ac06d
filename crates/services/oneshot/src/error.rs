use alloy::{
    primitives::{Address, B256},
    transports::TransportError,
};
use causeway_evm::EvmError;
use causeway_ibc_evm::ContractsError;
use causeway_relayer::{ClientEnd, GatherError};
use causeway_types::ChainId;
use thiserror::Error;

/// Why the packets of a transaction cannot be delivered.
#[derive(Debug, Error)]
pub enum OneShotError {
    /// The chain is not among those that are served.
    #[error("{0} is no chain of the configuration")]
    UnknownChain(ChainId),
    /// The client is part of no route.
    #[error("no route ends at {0}")]
    NoRoute(ClientEnd),
    /// No chain has the transaction in a block.
    #[error("no chain has the transaction {tx} in a block (asked: {})", asked.join("; "))]
    UnknownTx {
        /// The transaction.
        tx: B256,
        /// The chains that were asked, and what kept each from answering, if anything did.
        asked: Vec<String>,
    },
    /// More than one chain has a transaction of this hash.
    #[error("{} have a transaction {tx}", list(chains))]
    Ambiguous {
        /// The transaction.
        tx: B256,
        /// The chains.
        chains: Vec<ChainId>,
    },
    /// The transaction did nothing.
    #[error("the transaction {tx} on {chain} reverted, so it sent nothing")]
    Reverted {
        /// The transaction.
        tx: B256,
        /// Its chain.
        chain: ChainId,
    },
    /// The transaction has no packet event.
    #[error("the transaction {tx} on {chain} has no packet event of the router {router}")]
    NoPackets {
        /// The transaction.
        tx: B256,
        /// Its chain.
        chain: ChainId,
        /// The router.
        router: Address,
    },
    /// What looks like packet events was emitted by a contract that is not the router.
    #[error(
        "the packet events of {tx} on {chain} come from {emitter}, not from the router {router}; they are not believed"
    )]
    Stranger {
        /// The transaction.
        tx: B256,
        /// Its chain.
        chain: ChainId,
        /// The router.
        router: Address,
        /// Who emitted the events.
        emitter: Address,
    },
    /// A packet event of the router breaks the protocol's rules.
    #[error("a packet event of {tx} on {chain} cannot be read: {reason}")]
    Unreadable {
        /// The transaction.
        tx: B256,
        /// Its chain.
        chain: ChainId,
        /// What is wrong with it.
        reason: String,
    },
    /// A chain could not be asked.
    #[error(transparent)]
    Chain(#[from] EvmError),
    /// A chain could not be asked.
    #[error("{chain} cannot be asked: {source}")]
    Transport {
        /// The chain.
        chain: ChainId,
        /// What went wrong.
        source: TransportError,
    },
    /// A light client could not be read.
    #[error("{client}: {source}")]
    Client {
        /// The light client.
        client: ClientEnd,
        /// What went wrong.
        source: Box<ContractsError>,
    },
    /// The router refuses the update of a light client.
    #[error("the router refuses to update {client}: {reason}")]
    Refused {
        /// The light client.
        client: ClientEnd,
        /// The router's own words.
        reason: String,
    },
    /// Too few attestors signed.
    #[error(transparent)]
    Gather(#[from] GatherError),
}

impl OneShotError {
    /// Whether the same question may be answered later.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::UnknownTx { .. }
                | Self::Chain(_)
                | Self::Transport { .. }
                | Self::Client { .. }
                | Self::Gather(_)
        )
    }
}

fn list(chains: &[ChainId]) -> String {
    let names: Vec<&str> = chains.iter().map(ChainId::as_str).collect();
    names.join(" and ")
}
