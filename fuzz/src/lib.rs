//! One function for every decoder of what comes from outside. Each takes arbitrary bytes, must not
//! panic, and says whether they were accepted; what is accepted must have one form only, so it is
//! encoded again and compared.
//!
//! `cargo fuzz` searches for bytes that break this (`targets`); the test `corpus` replays those that
//! it has found interesting.

mod decoders;

pub use decoders::{
    TARGETS, Target, attestor_messages, bitcoin_answers, bitcoin_spends, calls, chain_answers,
    names, packet_events, proofs, reverts, swap_messages, swap_talk, tokens,
};
