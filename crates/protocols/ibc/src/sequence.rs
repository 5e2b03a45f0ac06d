use std::{fmt, num::NonZeroU64};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The number of a packet among those sent through one client; the first is 1 (ICS-4 v2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sequence(NonZeroU64);

/// A sequence of zero was given; no packet has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a packet's sequence is 0 (expected 1 or more)")]
pub struct ZeroSequence;

impl Sequence {
    /// The sequence of the first packet through a client.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The number itself.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl TryFrom<u64> for Sequence {
    type Error = ZeroSequence;

    fn try_from(number: u64) -> Result<Self, Self::Error> {
        NonZeroU64::new(number).map(Self).ok_or(ZeroSequence)
    }
}

impl From<Sequence> for u64 {
    fn from(sequence: Sequence) -> Self {
        sequence.get()
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_is_a_plain_number_in_json() {
        let sequence = Sequence::try_from(7).unwrap();
        assert_eq!(serde_json::to_string(&sequence).unwrap(), "7");
        assert_eq!(serde_json::from_str::<Sequence>("7").unwrap(), sequence);
    }

    #[test]
    fn zero_is_no_sequence() {
        assert_eq!(Sequence::try_from(0), Err(ZeroSequence));
        assert!(serde_json::from_str::<Sequence>("0").is_err());
    }
}
