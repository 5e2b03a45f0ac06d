use std::path::PathBuf;

use thiserror::Error;

/// Why a key could not be read or kept. No message holds any part of a secret.
#[derive(Debug, Error)]
pub(crate) enum KeyError {
    #[error("the environment variable {variable} is not set")]
    NoVariable { field: String, variable: String },
    #[error("{} cannot be read: {reason}", path.display())]
    Unreadable {
        field: String,
        path: PathBuf,
        reason: String,
    },
    #[error("{} can be read by others (mode {mode:03o})", path.display())]
    TooOpen {
        field: String,
        path: PathBuf,
        mode: u32,
    },
    #[error("{place} holds no private key (expected 64 hexadecimal digits)")]
    NoKey { field: String, place: String },
    #[error("{} is no keystore: {reason}", path.display())]
    NoKeystore {
        field: String,
        path: PathBuf,
        reason: String,
    },
    #[error("the password does not open {}", .path.display())]
    WrongPassword { field: String, path: PathBuf },
    #[cfg_attr(not(feature = "kms-aws"), expect(dead_code, reason = "there is none"))]
    #[error("the key {key} of the key management service cannot be used: {reason}")]
    Kms {
        field: String,
        key: String,
        reason: String,
    },
    #[cfg_attr(
        feature = "kms-aws",
        expect(dead_code, reason = "it was built with them")
    )]
    #[error("this program was built without key management services")]
    WithoutKms { field: String },
    #[error("a key in a key management service cannot be read out")]
    Elsewhere { field: String },
    #[error("a password is needed and there is no terminal to ask for it")]
    NoPassword,
    #[error("the password is empty")]
    EmptyPassword,
    #[error("the two passwords differ")]
    PasswordsDiffer,
    #[error("a private key was given where its name or its place belongs")]
    SecretOnCommandLine,
    #[error("no key was named")]
    NoSource,
    #[error("{0:?} is no name for a key")]
    BadName(String),
    #[error("there is no key {name:?} in {}", directory.display())]
    UnknownKey {
        name: String,
        directory: PathBuf,
        known: Vec<String>,
    },
    #[error("there is a key {name:?} already")]
    Exists { name: String },
    #[error("{} cannot be written: {reason}", path.display())]
    Unwritable { path: PathBuf, reason: String },
    #[error("there is no home directory to keep keys in")]
    NoHome,
}

impl KeyError {
    /// The argument or the configuration's key that is at fault.
    pub(crate) fn field(&self) -> &str {
        match self {
            Self::NoVariable { field, .. }
            | Self::Unreadable { field, .. }
            | Self::TooOpen { field, .. }
            | Self::NoKey { field, .. }
            | Self::NoKeystore { field, .. }
            | Self::WrongPassword { field, .. }
            | Self::Kms { field, .. }
            | Self::WithoutKms { field }
            | Self::Elsewhere { field } => field,
            Self::SecretOnCommandLine | Self::NoSource | Self::UnknownKey { .. } => "--key",
            Self::BadName(_) | Self::Exists { .. } => "NAME",
            Self::NoPassword | Self::EmptyPassword | Self::PasswordsDiffer => "--password-file",
            Self::Unwritable { .. } | Self::NoHome => "--keys-dir",
        }
    }

    /// What the reader can do about it.
    pub(crate) fn remedy(&self) -> String {
        match self {
            Self::NoVariable { variable, .. } => {
                format!("set {variable} to the key, or name another place for it")
            }
            Self::Unreadable { .. } => "check the path and its permissions".to_owned(),
            Self::TooOpen { path, .. } => format!("chmod 600 {}", path.display()),
            Self::NoKey { .. } => {
                "put the key there as 64 hexadecimal digits, with or without 0x".to_owned()
            }
            Self::NoKeystore { .. } => {
                "name a keystore file of version 3, such as `causeway keys new` writes".to_owned()
            }
            Self::WrongPassword { .. } => "give the password that the keystore was made with".to_owned(),
            Self::Kms { .. } => {
                "check the key's id, its region and this machine's AWS credentials; the key must be of \
                 the kind ECC_SECG_P256K1, for signing"
                    .to_owned()
            }
            Self::WithoutKms { .. } => {
                "build causeway with `--features kms-aws`, or use an encrypted keystore".to_owned()
            }
            Self::Elsewhere { .. } => "use a key that this command can read".to_owned(),
            Self::NoPassword => {
                "use --password-file, --password-env, or set CAUSEWAY_PASSWORD".to_owned()
            }
            Self::EmptyPassword => "choose a password; an empty one protects nothing".to_owned(),
            Self::PasswordsDiffer => "type the same password twice".to_owned(),
            Self::SecretOnCommandLine => {
                "command lines end up in histories and process lists: use env:NAME or file:PATH, and \
                 count this key as seen"
                    .to_owned()
            }
            Self::NoSource => {
                "use --key env:NAME, --key file:PATH, --key keystore:PATH or the name of a key in \
                 `causeway keys list`, or set CAUSEWAY_KEY to the private key"
                    .to_owned()
            }
            Self::BadName(_) => {
                "use 1 to 64 letters, digits and . _ -, not beginning with a dot".to_owned()
            }
            Self::UnknownKey { known, .. } if known.is_empty() => {
                "make one with `causeway keys new NAME`; a file is named file:PATH, a variable env:NAME"
                    .to_owned()
            }
            Self::UnknownKey { known, .. } => format!(
                "known keys: {}; a file is named file:PATH, a variable env:NAME",
                known.join(", ")
            ),
            Self::Exists { .. } => "choose another name; a key is never overwritten".to_owned(),
            Self::Unwritable { .. } => {
                "check that the directory may be written to, or name another with --keys-dir".to_owned()
            }
            Self::NoHome => "name a directory with --keys-dir or CAUSEWAY_KEYS_DIR".to_owned(),
        }
    }
}
