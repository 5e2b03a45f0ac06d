//! Swaps on chains of the Bitcoin family.
//!
//! Three invariants hold: nothing is broadcast or signed for the other party before it is stored; no coin
//! of ours is spent twice, and no lock funded twice, while the first may still be mined; and the nonce of
//! a signature that is made together is never stored.

mod delegate;
mod fees;
mod follow;
mod fund;
mod kept;
mod pay_out;
mod purse;
mod registry;
mod settings;
mod side;
mod spend;
mod store;
mod terms;
mod together;

pub use settings::BitcoinSettings;
pub use side::BitcoinSide;
