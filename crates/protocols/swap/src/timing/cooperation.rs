use serde::{Deserialize, Serialize};

/// How long a claim that both parties sign is waited for, before the secret is shown to the chain.
///
/// A claim that is signed together is a third smaller and looks like any payment; nothing else speaks
/// for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cooperation {
    /// The longest wait for the other party, in seconds.
    pub wait_secs: u64,
    /// So many seconds before the expiry, waiting ends in any case.
    pub script_path_secs: u64,
}

impl Cooperation {
    /// A quarter of an hour, and never into the last two hours.
    pub const DEFAULT: Self = Self {
        wait_secs: 900,
        script_path_secs: 7_200,
    };
}
