//! Makes and takes atomic swaps.

pub mod bitcoin;
mod chain;
pub mod evm;

pub use chain::{
    ChainError, ChainUpdate, Follow, Lock, Locked, Session, Sight, Sighting, SwapChain, Together,
};
