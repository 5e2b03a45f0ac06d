//! Following a chain: every block in order, with what it holds for us, and what the chain takes back.

mod cursor;
mod events;
mod follower;

pub use cursor::{Cursor, Update};
pub use events::{BlockEvent, Watch};
pub use follower::Follower;
