//! Two parties and two chains in a simulated world: blocks that come as early or as late as the bounds
//! allow and are replaced, transactions that wait, letters that are lost, clocks that differ, parties
//! that die at any step and know nothing afterwards but what they stored, endpoints that fall silent, and
//! strangers who keep to nothing. One seed decides everything.
//!
//! `CAUSEWAY_SIM_SEEDS` sets how many seeds are tried altogether, `CAUSEWAY_SIM_SEED` tries one.

mod chain;
mod party;
mod sim;
mod stranger;
mod tests;
mod world;
