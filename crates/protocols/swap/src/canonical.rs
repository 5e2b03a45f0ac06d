use alloy_primitives::B256;
use sha2::{Digest, Sha256};

/// The one sequence of bytes that stands for a value where it is signed or named by its hash: the
/// value's kind, then every field in its order, each behind its length as eight bytes, so that no two
/// values share their bytes.
pub(crate) struct Canonical(Vec<u8>);

impl Canonical {
    /// Begins with the kind of the value, which sets it apart from values of any other kind.
    pub(crate) fn of(kind: &str) -> Self {
        Self(Vec::new()).field(kind.as_bytes())
    }

    pub(crate) fn field(mut self, bytes: &[u8]) -> Self {
        self.0
            .extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn text(self, value: &impl ToString) -> Self {
        self.field(value.to_string().as_bytes())
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0
    }
}

/// The SHA-256 of canonical bytes.
pub(crate) fn digest(canonical: &[u8]) -> B256 {
    B256::from_slice(&Sha256::digest(canonical))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_a_letter_between_fields_changes_the_bytes() {
        let bytes = |a: &str, b: &str| Canonical::of("kind").text(&a).text(&b).bytes();
        assert_ne!(bytes("ab", "c"), bytes("a", "bc"));
        assert_ne!(Canonical::of("a").bytes(), Canonical::of("b").bytes());
    }
}
