//! Makes and takes atomic swaps.
//!
//! A maker offers, quotes and agrees; a taker looks, chooses and proposes. From then on both do the same:
//! an *observer* for each chain turns what the chain shows into inputs of the swaps' state machines, and
//! *executors* carry out what comes of it, on the chains and by talking to the other party. Both meet only
//! in the engine's database. An effect on a chain is over when the chain shows what it was to bring about,
//! never because a transaction seemed to succeed.
//!
//! The other party is trusted with nothing. What it says can make a swap cheaper or end it earlier; what
//! it does not say costs time.

mod act;
mod api;
pub mod bitcoin;
mod call;
mod chain;
mod clock;
mod conversation;
mod desk;
mod error;
pub mod evm;
mod forget;
mod heads;
mod identity;
mod ledger;
mod maker;
mod negotiation;
mod observe;
mod prices;
mod record;
mod seed;
mod service;
mod status;
mod taker;
mod talk;
mod tower;
mod wire;

pub use chain::{
    ChainError, ChainUpdate, Follow, Lock, Locked, Session, Sight, Sighting, Spending, SwapChain,
    Together,
};
pub use clock::Clock;
pub use desk::{Spans, Stake};
pub use error::SwapError;
pub use identity::{ParsePeerError, PeerId, PeerKey, PeerSignature, Statement, WrongSignature};
pub use ledger::{Attention, Ledger, Trouble};
pub use maker::{MakerConfig, Pair};
pub use negotiation::{Acceptance, Offers, Proposal, QuoteRequest, SignedOffer, SignedQuote};
pub use prices::{FixedPrice, PriceServer, PriceSource};
pub use record::{Asked, Moment, Peer, Record};
pub use seed::{Seed, SeedError};
pub use service::{ChainPart, SwapConfig, SwapService};
pub use status::{Alike, NextExpiry, SwapChainStatus, SwapLane, SwapsStatus};
pub use taker::{MakerClient, Taking};
pub use talk::TalkError;
pub use tower::{Delegated, Ward, Watch};
pub use wire::reads_frame;
