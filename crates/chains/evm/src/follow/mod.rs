//! Following a chain: every block once, in order, and its withdrawal if the chain takes it back.

mod back_fill;
mod branch;
mod cursor;
mod fetch;
mod filter;
mod follower;
mod range;

pub use cursor::{Cursor, Update};
pub use filter::LogFilter;
pub use follower::Follower;
