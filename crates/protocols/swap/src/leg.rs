use std::fmt;

use serde::{Deserialize, Serialize};

/// Who somebody is in a swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Has made the secret, locks first and claims first, which shows the secret.
    Initiator,
    /// Locks second, and claims with the secret that the initiator's claim shows.
    Responder,
}

/// One of the two locks of a swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leg {
    /// Locked by the initiator, claimed by the responder; expires last.
    First,
    /// Locked by the responder, claimed by the initiator; expires first.
    Second,
}

/// One thing for each leg.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerLeg<T> {
    /// That of the first leg.
    pub first: T,
    /// That of the second leg.
    pub second: T,
}

impl Role {
    /// The leg that this party locks, and takes back when the swap fails.
    pub const fn locks(self) -> Leg {
        match self {
            Self::Initiator => Leg::First,
            Self::Responder => Leg::Second,
        }
    }

    /// The leg that this party claims.
    pub const fn claims(self) -> Leg {
        self.locks().other()
    }

    /// The other party.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Initiator => Self::Responder,
            Self::Responder => Self::Initiator,
        }
    }
}

impl Leg {
    /// Both, the first first.
    pub const BOTH: [Self; 2] = [Self::First, Self::Second];

    /// The other leg.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    /// The leg as keys and metrics name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }
}

impl<T> PerLeg<T> {
    /// That of the leg.
    pub const fn of(&self, leg: Leg) -> &T {
        match leg {
            Leg::First => &self.first,
            Leg::Second => &self.second,
        }
    }

    /// That of the leg, to be changed.
    pub const fn of_mut(&mut self, leg: Leg) -> &mut T {
        match leg {
            Leg::First => &mut self.first,
            Leg::Second => &mut self.second,
        }
    }
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} leg", self.name())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initiator => "initiator",
            Self::Responder => "responder",
        })
    }
}
