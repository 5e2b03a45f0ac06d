//! The page that shows people what crosses, as it was built when the node was.
//!
//! Its sources are beside this file, in Svelte; `cargo xtask web` builds them into `dist`, and this crate
//! holds what is there. Where nothing is, it says how to build it, so that a node needs no Node.js.

mod page;

pub use page::{is_built, routes};
