use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The name that a chain gives to a light client of another chain, for example `client-0`.
///
/// Between 4 and 128 characters of the identifier set of ICS-24 (`a-z A-Z 0-9 . _ + - # [ ] < >`),
/// as the public EVM contracts allow it. There is no slash among them, so that a denomination's
/// trace can be cut at slashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

/// Why a text is no client id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseClientIdError {
    /// Too short or too long.
    #[error("{text:?} is no client id: it has {length} bytes (expected 4 to 128)")]
    Length {
        /// The text that was given.
        text: String,
        /// Its length in bytes.
        length: usize,
    },
    /// A character that ICS-24 does not allow.
    #[error("{text:?} is no client id: {character:?} is not one of a-z A-Z 0-9 . _ + - # [ ] < >")]
    Character {
        /// The text that was given.
        text: String,
        /// The first character that is not allowed.
        character: char,
    },
}

impl ClientId {
    /// The whole id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ClientId {
    type Error = ParseClientIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let length = text.len();
        if !(4..=128).contains(&length) {
            return Err(ParseClientIdError::Length { text, length });
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._+-#[]<>".contains(c);
        if let Some(character) = text.chars().find(|&c| !allowed(c)) {
            return Err(ParseClientIdError::Character { text, character });
        }
        Ok(Self(text))
    }
}

impl FromStr for ClientId {
    type Err = ParseClientIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.to_owned().try_into()
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0
    }
}

impl AsRef<str> for ClientId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_read_and_written_the_same() {
        for text in [
            "client-0",
            "07-tendermint-0",
            "a.b_c+d-e#f[g]<h>",
            "abcd",
            &"x".repeat(128),
        ] {
            let id: ClientId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
            let json = serde_json::to_string(&id).unwrap();
            assert_eq!(json, format!("{text:?}"));
            assert_eq!(serde_json::from_str::<ClientId>(&json).unwrap(), id);
        }
    }

    #[test]
    fn texts_that_break_ics_24_are_refused() {
        for text in [
            "",
            "abc",
            &"x".repeat(129),
            "client/0",
            "client 0",
            "clïent",
            "a\0bc",
        ] {
            assert!(text.parse::<ClientId>().is_err(), "{text}");
            assert!(
                serde_json::from_value::<ClientId>(text.into()).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn the_error_names_the_character() {
        let error = "client/0".parse::<ClientId>().unwrap_err();
        assert_eq!(
            error,
            ParseClientIdError::Character {
                text: "client/0".to_owned(),
                character: '/'
            }
        );
    }
}
