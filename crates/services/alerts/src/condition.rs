//! What can be wrong.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who must wake up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody should look today.
    Warning,
    /// Somebody must look now, at night too.
    Critical,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        })
    }
}

macro_rules! alerts {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $severity:ident;)+) => {
        /// Everything that is alerted of. The names are stable: people filter by them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum AlertName {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl AlertName {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name as it stands in metrics and messages.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// How urgent it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),+ }
            }

            /// What it means.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc),+)),+ }
            }
        }
    };
}

alerts! {
    /// More is minted or in flight than locked, or packets contradict each other: the monitor has ordered the route to pause.
    RouteBroken = "route-broken", Critical;
    /// The monitor ordered a pause that could not be carried out.
    PauseFailed = "pause-failed", Critical;
    /// The monitor cannot compare the ends of a route.
    MonitorBlind = "monitor-blind", Critical;
    /// A light client is frozen: its attestors contradicted themselves.
    ClientFrozen = "client-frozen", Critical;
    /// Chains contradict each other about a packet.
    Contradiction = "contradiction", Critical;
    /// Something about a swap needs a person before a time lock ends.
    SwapAttention = "swap-attention", Critical;
    /// Fewer endpoints of a chain answer than must agree: nothing can be signed or checked.
    QuorumLost = "quorum-lost", Critical;
    /// Fewer attestors answer than must sign: nothing moves.
    AttestorsMissing = "attestors-missing", Critical;
    /// A chain makes no blocks, or swaps are told of none.
    ChainStalled = "chain-stalled", Critical;
    /// A contract of a route is paused.
    RoutePaused = "route-paused", Warning;
    /// Much of a token has left within a short time.
    UnusualOutflow = "unusual-outflow", Warning;
    /// The escrow holds less of a token than it should, and the token is not one of those that pause a route.
    TokenShort = "token-short", Warning;
    /// Code, roles or light clients of a route were changed.
    GovernanceChanged = "governance-changed", Warning;
    /// An endpoint does not answer, or answers wrongly.
    EndpointDown = "endpoint-down", Warning;
    /// A signer can soon not pay any more.
    LowBalance = "low-balance", Warning;
    /// Messages wait for delivery for too long.
    PacketsStuck = "packets-stuck", Warning;
    /// Messages toward a light client do not move.
    LaneStalled = "lane-stalled", Warning;
}

impl fmt::Display for AlertName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that is wrong now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// What.
    pub name: AlertName,
    /// With what: a chain, a client, an endpoint. Stays the same for as long as it is wrong.
    pub subject: String,
    /// In words; may change from one moment to the next.
    pub summary: String,
}

impl Condition {
    /// Something that is wrong now.
    pub fn new(name: AlertName, subject: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            name,
            subject: subject.into(),
            summary: summary.into(),
        }
    }

    /// The engine's name for the alert; `#` divides keys there.
    pub fn key(&self) -> String {
        format!("{}/{}", self.name, self.subject).replace('#', "%23")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_each_says_what_it_means() {
        for (index, name) in AlertName::ALL.iter().enumerate() {
            let others = &AlertName::ALL[..index];
            assert!(others.iter().all(|other| other.as_str() != name.as_str()));
            assert!(name.meaning().trim().ends_with('.'), "{name}");
            let json = serde_json::to_value(name).unwrap();
            assert_eq!(json, name.as_str());
        }
    }
}
