//! Time: how long blocks take, what is assumed about chains, and which expiries are safe.

mod blocks;
mod chain;
mod cooperation;
mod inequality;
mod schedule;
#[cfg(test)]
mod tests;

pub use blocks::BlockTimes;
pub use chain::{Assumed, ChainTiming, TimingError};
pub use cooperation::Cooperation;
pub use inequality::{Inequality, Shortfall, SwapTiming};
pub use schedule::{Span, schedules};
