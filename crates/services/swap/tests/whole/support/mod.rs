//! A maker and a taker with stores, keys and connections of their own, on chains whose blocks a test
//! makes.

mod claims;
mod coins;
mod ether;
pub(crate) mod forger;
mod line;
mod party;
mod purse;
pub(crate) mod stranger;
mod world;

pub(crate) use self::{
    coins::{CoinChain, rpc_endpoint},
    ether::EtherChain,
    line::LineBetween,
    party::{Ground, Party},
    purse::{Moved, Moves, Purse},
    world::{AMOUNT, AMOUNT_OF_COINS, FINAL_AFTER, MAKER_SEED, Place, Setup, Who, World},
};
