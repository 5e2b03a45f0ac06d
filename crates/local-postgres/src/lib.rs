//! A real PostgreSQL server of one's own, for tests and local networks: started from the installed
//! binaries, reachable through a socket in its own directory only, without syncing to disk, and gone
//! when its owner is.

mod cluster;
mod error;
mod programs;
mod server;

pub use error::PostgresError;
pub use server::PostgresServer;
