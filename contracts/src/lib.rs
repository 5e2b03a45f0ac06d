//! Compiled Causeway contracts and their Rust bindings.
