//! An endpoint that stands between us and a chain, and fails and lies as it is told to.
//!
//! It speaks JSON-RPC over HTTP and over a WebSocket, and is honest until [`FaultProxy::set`] says
//! otherwise. What it does is a value, [`Faults`]; there is no chance in it.

mod lies;
mod line;
mod proxy;

use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};

pub use proxy::FaultProxy;

/// Everything that is wrong with an endpoint at one moment; nothing by default.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// How long each answer takes.
    pub delay: Duration,
    /// Every so many requests, the connection breaks in the middle of the answer; 1 breaks all.
    pub breaks_every: Option<u64>,
    /// What it says instead of answering.
    pub refusal: Option<Refusal>,
    /// What its answers look like.
    pub garble: Option<Garble>,
    /// What it says that is not so.
    pub lies: Vec<Lie>,
}

impl Faults {
    /// An endpoint that tells these lies and is well otherwise.
    pub fn lies(lies: impl IntoIterator<Item = Lie>) -> Self {
        Self {
            lies: lies.into_iter().collect(),
            ..Self::default()
        }
    }

    /// An endpoint that refuses everything.
    pub fn refuses(refusal: Refusal) -> Self {
        Self {
            refusal: Some(refusal),
            ..Self::default()
        }
    }

    /// An endpoint whose answers are unusable.
    pub fn garbles(garble: Garble) -> Self {
        Self {
            garble: Some(garble),
            ..Self::default()
        }
    }
}

/// How an endpoint refuses.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// With an HTTP status. Over a WebSocket, which has none, it closes the connection.
    Status {
        /// The status, such as 429 or 503.
        code: u16,
        /// The seconds that a `Retry-After` header asks for.
        retry_after: Option<u64>,
    },
    /// With a JSON-RPC error for every question.
    Error {
        /// The JSON-RPC error code.
        code: i64,
        /// Its words.
        message: &'static str,
    },
}

/// How an answer is spoilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Garble {
    /// It never comes.
    Silence,
    /// It ends in the middle.
    Truncated,
    /// It is no JSON.
    NotJson,
    /// It answers other questions than those that were asked.
    WrongId,
    /// It is so many bytes longer than it need be.
    Huge(usize),
    /// Its results are lists in lists, so many deep.
    Deep(usize),
    /// It is `null`, whatever was asked.
    Null,
}

/// Something that is not so.
#[derive(Clone, Debug)]
pub enum Lie {
    /// It is so many blocks behind.
    Lag(u64),
    /// It knows no block above this height.
    Frozen(u64),
    /// Its head, also its final one, is so many blocks further than there are blocks.
    Ahead(u64),
    /// Every block is so many seconds younger than it is.
    Clock(u64),
    /// Every block has another hash.
    Hashes,
    /// This word stands in storage under this key, of any contract.
    Storage {
        /// The key.
        key: B256,
        /// The word.
        word: B256,
    },
    /// There is this much of a token.
    TotalSupply {
        /// The ERC-20 contract.
        token: Address,
        /// What `totalSupply()` answers.
        supply: U256,
    },
    /// Events with this signature never happened.
    HiddenLogs(B256),
    /// No block's bloom filter has anything in it.
    EmptyBlooms,
    /// The data of events is another: these bytes are replaced by as many others.
    AlteredLogs {
        /// What is replaced.
        find: Bytes,
        /// What stands there instead.
        replace: Bytes,
    },
    /// Every event of this signature happened once more, with other data.
    ExtraLogs {
        /// The signature of the events that are copied.
        topic: B256,
        /// Other topics for the copy; the same where empty.
        topics: Vec<B256>,
        /// The data of the copy.
        data: Bytes,
    },
    /// The events of this contract are another's.
    LogsOf {
        /// The contract that emitted them.
        contract: Address,
        /// The contract that is said to have emitted them.
        instead: Address,
    },
    /// No transaction has a receipt.
    NoReceipts,
    /// Every transaction reverted.
    FailedReceipts,
    /// Whatever this contract is called with, it reverts without a reason.
    Reverts(Address),
    /// Everything that is sent is taken, and goes nowhere.
    SwallowedTransactions,
}
