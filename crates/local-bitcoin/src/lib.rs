//! Real Bitcoin and Litecoin nodes of one's own, for tests and local networks: each with a chain that
//! begins empty, reachable from this machine only, and gone when its owner is.

mod error;
mod node;
mod program;

pub use error::NodeError;
pub use node::RegtestNode;
pub use program::NodeKind;
