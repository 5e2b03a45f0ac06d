use std::fmt;

use alloy::sol_types::{Panic, Revert, SolError};
use alloy_primitives::{Bytes, U256};

/// Why a call reverted, as far as its data says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevertReason {
    /// No data: a bare `revert`, an invalid instruction, or an endpoint that does not tell.
    Silent,
    /// `Error(string)`: the message of `require` or `revert`.
    Message(String),
    /// `Panic(uint256)`: the compiler's own checks, by code.
    Panic(U256),
    /// A contract's own error: its selector and the whole data, to be decoded by whoever knows the
    /// contract.
    Custom {
        /// The first four bytes, or fewer if there are no more.
        selector: Bytes,
        /// The whole data.
        data: Bytes,
    },
}

/// The longest message that is shown; the data itself is kept whole.
const MAX_SHOWN: usize = 300;

impl RevertReason {
    /// Reads revert data.
    pub fn decode(data: &Bytes) -> Self {
        if data.is_empty() {
            return Self::Silent;
        }
        if let Ok(revert) = Revert::abi_decode(data) {
            return Self::Message(revert.reason);
        }
        if let Ok(panic) = Panic::abi_decode(data) {
            return Self::Panic(panic.code);
        }
        Self::Custom {
            selector: data.slice(..data.len().min(4)),
            data: data.clone(),
        }
    }
}

impl fmt::Display for RevertReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent => f.write_str("no reason given"),
            Self::Message(message) => {
                let shown: String = message.chars().take(MAX_SHOWN).collect();
                write!(f, "{shown:?}")
            }
            Self::Panic(code) => write!(f, "panic {code:#04x}"),
            Self::Custom { selector, data } => {
                write!(
                    f,
                    "error {selector} with {} bytes",
                    data.len().saturating_sub(4)
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::bytes;

    use super::*;

    #[test]
    fn revert_data_is_read_as_message_panic_or_custom_error() {
        let message = Bytes::from(Revert::from("too late").abi_encode());
        assert_eq!(
            RevertReason::decode(&message),
            RevertReason::Message("too late".to_owned())
        );
        let panic = Bytes::from(
            Panic {
                code: U256::from(0x11),
            }
            .abi_encode(),
        );
        assert_eq!(
            RevertReason::decode(&panic),
            RevertReason::Panic(U256::from(0x11))
        );
        assert_eq!(RevertReason::decode(&panic).to_string(), "panic 0x11");
        assert_eq!(RevertReason::decode(&Bytes::new()), RevertReason::Silent);
        let custom = RevertReason::decode(&bytes!("deadbeef00"));
        assert_eq!(custom.to_string(), "error 0xdeadbeef with 1 bytes");
        let short = RevertReason::decode(&bytes!("de"));
        assert_eq!(short.to_string(), "error 0xde with 0 bytes");
    }
}
