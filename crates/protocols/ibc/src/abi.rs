use alloy_sol_types::SolValue;
use thiserror::Error;

/// The encoding named in payloads whose value is ABI-encoded.
pub const ABI_ENCODING: &str = "application/x-solidity-abi";

/// Why bytes are not the encoding of what they should be. Trying again does not help.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum DecodeError {
    /// The bytes do not follow the Solidity ABI.
    #[error("{what} does not decode: {source}")]
    Abi {
        /// What was expected.
        what: &'static str,
        /// What is wrong with the bytes.
        source: alloy_sol_types::Error,
    },
    /// The bytes decode, but there is another, canonical encoding of the same value. Accepting both
    /// would give one value two hashes.
    #[error(
        "{what} is not canonical: {came} bytes came, its encoding has {expected}, or they differ"
    )]
    NotCanonical {
        /// What was expected.
        what: &'static str,
        /// Length of the canonical encoding, in bytes.
        expected: usize,
        /// Length of what came, in bytes.
        came: usize,
    },
    /// A field has a value that it must not have.
    #[error("{what}: the field {field} is wrong: {reason}")]
    Field {
        /// What was expected.
        what: &'static str,
        /// The field, in the words of the standard.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl DecodeError {
    pub(crate) fn field(
        what: &'static str,
        field: &'static str,
        reason: impl std::fmt::Display,
    ) -> Self {
        Self::Field {
            what,
            field,
            reason: reason.to_string(),
        }
    }
}

/// Decodes what `abi.encode(value)` wrote, and nothing else.
pub(crate) fn decode_strictly<T>(what: &'static str, data: &[u8]) -> Result<T, DecodeError>
where
    T: SolValue + From<<T::SolType as alloy_sol_types::SolType>::RustType>,
{
    let value = T::abi_decode_validate(data).map_err(|source| DecodeError::Abi { what, source })?;
    let canonical = value.abi_encode();
    if canonical != data {
        return Err(DecodeError::NotCanonical {
            what,
            expected: canonical.len(),
            came: data.len(),
        });
    }
    Ok(value)
}
