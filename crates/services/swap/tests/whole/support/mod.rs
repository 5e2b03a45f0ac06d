//! A maker and a taker with stores, keys and connections of their own, on chains whose blocks a test
//! makes.

mod claims;
mod coins;
mod ether;
pub(crate) mod forger;
#[path = "../../bitcoin/support/liar.rs"]
#[allow(
    dead_code,
    reason = "what else it can do, the tests of its own chain need"
)]
mod liar;
mod line;
mod party;
mod purse;
pub(crate) mod stranger;
mod world;

pub(crate) use self::{
    coins::{CoinChain, rpc_endpoint},
    ether::EtherChain,
    liar::Liar,
    line::LineBetween,
    party::{Ground, Party},
    purse::{Moved, Moves, Purse},
    world::{AMOUNT, AMOUNT_OF_COINS, FINAL_AFTER, MAKER_SEED, Place, Setup, Who, World},
};
