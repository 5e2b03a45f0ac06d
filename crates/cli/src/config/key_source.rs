use std::{borrow::Cow, fmt, path::PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use url::Url;

/// Where a private key is read from. The key itself is never part of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeySource {
    /// An environment variable that holds the key in hexadecimal.
    Env(String),
    /// A file that holds the key in hexadecimal, readable by its owner alone.
    File(PathBuf),
    /// An encrypted keystore (Web3 Secret Storage, version 3).
    Keystore {
        /// The keystore's file.
        path: PathBuf,
        /// What opens it.
        password: PasswordSource,
    },
    /// A key that AWS's key management service signs with and never gives away.
    AwsKms(AwsKmsKey),
}

/// A key in AWS's key management service. Credentials come from the environment, as AWS's own tools
/// find them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwsKmsKey {
    /// The key's id, ARN or alias.
    pub(crate) key_id: String,
    /// The region, if not the environment's.
    pub(crate) region: Option<String>,
    /// Another endpoint than the region's own.
    pub(crate) endpoint: Option<Url>,
}

/// Where a keystore's password is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PasswordSource {
    /// A file that holds the password, readable by its owner alone.
    File(PathBuf),
    /// An environment variable that holds the password.
    Env(String),
    /// The terminal: asked of the person who runs the command.
    Prompt,
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Keystore { path, .. } => write!(f, "keystore {}", path.display()),
            Self::AwsKms(key) => write!(f, "AWS KMS key {}", key.key_id),
        }
    }
}

const EXPECTED: &str = "{ env = \"NAME\" }, { file = \"path\" }, \
    { keystore = \"path\", password_file = \"path\" } or { aws_kms = \"alias/NAME\" }";

/// A text with 64 hexadecimal digits in a row is taken for a key that was pasted where a name or a
/// path belongs; such a text is refused, and never repeated.
pub(crate) fn looks_like_a_key(text: &str) -> bool {
    let mut run = 0;
    text.bytes().any(|byte| {
        run = if byte.is_ascii_hexdigit() { run + 1 } else { 0 };
        run >= 64
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyTable {
    env: Option<String>,
    file: Option<String>,
    keystore: Option<String>,
    password_file: Option<String>,
    password_env: Option<String>,
    aws_kms: Option<String>,
    region: Option<String>,
    endpoint: Option<Url>,
}

impl KeyTable {
    fn into_source<E: de::Error>(mut self) -> Result<KeySource, E> {
        let texts = [
            &self.env,
            &self.file,
            &self.keystore,
            &self.password_file,
            &self.password_env,
            &self.aws_kms,
            &self.region,
        ];
        if texts
            .into_iter()
            .flatten()
            .any(|text| looks_like_a_key(text))
        {
            return Err(E::custom(
                "this holds a private key, not the place to read it from",
            ));
        }
        if [&self.env, &self.password_env]
            .into_iter()
            .flatten()
            .any(|name| !is_variable(name))
        {
            return Err(E::custom("this is no name of an environment variable"));
        }
        let kms = self.aws_kms.take().map(|key_id| AwsKmsKey {
            key_id,
            region: self.region.take(),
            endpoint: self.endpoint.take(),
        });
        if self.region.is_some() || self.endpoint.is_some() {
            return Err(E::custom("region and endpoint belong to an aws_kms key"));
        }
        match (
            kms,
            self.env,
            self.file,
            self.keystore,
            self.password_file,
            self.password_env,
        ) {
            (None, Some(name), None, None, None, None) => Ok(KeySource::Env(name)),
            (None, None, Some(path), None, None, None) => Ok(KeySource::File(path.into())),
            (None, None, None, Some(path), Some(file), None) => Ok(KeySource::Keystore {
                path: path.into(),
                password: PasswordSource::File(file.into()),
            }),
            (None, None, None, Some(path), None, Some(name)) => Ok(KeySource::Keystore {
                path: path.into(),
                password: PasswordSource::Env(name),
            }),
            (Some(key), None, None, None, None, None) => Ok(KeySource::AwsKms(key)),
            (None, None, None, Some(_), None, None) => Err(E::custom(
                "the keystore has no password_file and no password_env",
            )),
            _ => Err(E::custom(
                "this names no place, or more than one, to read the key from",
            )),
        }
    }
}

/// Whether a shell would take this as the name of a variable.
pub(crate) fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

impl<'de> Deserialize<'de> for KeySource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = KeySource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            // The text may be the secret itself, so it is not repeated.
            fn visit_str<E: de::Error>(self, _: &str) -> Result<KeySource, E> {
                Err(E::custom("a key is never written in the configuration"))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<KeySource, A::Error> {
                KeyTable::deserialize(de::value::MapAccessDeserializer::new(map))?.into_source()
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for KeySource {
    fn schema_name() -> Cow<'static, str> {
        "Key".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let table = |required: &[&str]| {
            let properties: serde_json::Map<_, _> = required
                .iter()
                .map(|key| ((*key).to_owned(), serde_json::json!({ "type": "string" })))
                .collect();
            json_schema!({
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false
            })
        };
        json_schema!({
            "description": "Where a private key is read from; never the key itself.",
            "oneOf": [
                table(&["env"]),
                table(&["file"]),
                table(&["keystore", "password_file"]),
                table(&["keystore", "password_env"]),
                {
                    "type": "object",
                    "properties": {
                        "aws_kms": { "type": "string" },
                        "region": { "type": "string" },
                        "endpoint": { "type": "string" }
                    },
                    "required": ["aws_kms"],
                    "additionalProperties": false
                },
            ]
        })
    }
}
