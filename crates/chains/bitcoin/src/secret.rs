use std::fmt;

use bitcoin::hashes::{Hash as _, sha256};

/// The 32 bytes that open a hash-time-lock to whoever shows them.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// These bytes as a secret; they must come from a source that nobody can predict.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be handed to whoever may learn them.
    pub const fn to_bytes(&self) -> [u8; 32] {
        self.0
    }

    /// The SHA-256 that a lock names.
    pub fn hash(&self) -> sha256::Hash {
        sha256::Hash::hash(&self.0)
    }
}

/// Says nothing of the secret: it must not get into a log.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret(of hash {})", self.hash())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::from_bytes([0x5a; 32]);
        let shown = format!("{secret:?}");
        assert!(
            !shown.contains("5a5a") && !shown.contains("90, 90"),
            "{shown}"
        );
        assert!(shown.contains(&secret.hash().to_string()), "{shown}");
    }
}
