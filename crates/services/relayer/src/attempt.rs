//! What can come of a batch's messages, and how an attempt at them is named.

use alloy_primitives::{B256, Keccak256};
use causeway_engine::Claimed;

use crate::{host::Message, packet::RelayEffect};

/// What came of one message.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// It is in a block, or was needed no more: wait for the chain to show the fact.
    Arrived,
    /// The message itself is refused: try again ever more rarely.
    Refused(String),
    /// The chain could not be used: try again soon.
    Stalled(String),
}

/// The messages that nothing is known to have come of yet.
pub(crate) fn open(outcomes: &[Option<Outcome>]) -> Vec<usize> {
    (0..outcomes.len())
        .filter(|i| outcomes[*i].is_none())
        .collect()
}

/// Sets aside a message that only a later height can prove.
pub(crate) fn not_final_yet(effect: &RelayEffect, have: u64) -> Option<Outcome> {
    let need = effect.provable_from;
    (have < need).then(|| {
        let reason = format!("the counterparty's final height is {have}, this needs {need}");
        Outcome::Stalled(reason)
    })
}

/// Sets aside a message whose fact the counterparty does not show at the proven height: the proof
/// would fail and take the whole batch with it.
pub(crate) fn unproven(message: &Message, shown: B256, height: u64) -> Option<Outcome> {
    let expected = message.proven_commitment();
    (shown != expected).then(|| {
        Outcome::Refused(format!(
            "the counterparty shows {shown} at height {height}, the message needs {expected}"
        ))
    })
}

/// Names an attempt by the very messages that it holds, so that after a crash the same attempt is
/// not made twice, and that no other passes for it.
pub(crate) fn attempt_key<'a>(
    cargo: impl Iterator<Item = &'a Claimed<RelayEffect>>,
    height: u64,
) -> String {
    let mut hasher = Keccak256::new();
    hasher.update(height.to_be_bytes());
    for claimed in cargo {
        hasher.update(format!("{}#{};", claimed.key, claimed.attempts));
    }
    format!("{:x}", hasher.finalize())
}
