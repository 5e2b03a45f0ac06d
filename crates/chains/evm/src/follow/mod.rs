//! Following a chain: every block once, in order, and its withdrawal if the chain takes it back.

mod back_fill;
mod branch;
mod correction;
mod cursor;
mod fetch;
mod filter;
mod follower;
mod range;

pub(crate) use cursor::digest;
pub use cursor::{Cursor, Update};
pub(crate) use fetch::logs_of_range;
pub use filter::LogFilter;
pub use follower::Follower;
