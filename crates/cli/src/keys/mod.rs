//! Private keys: where they are read from and how they are kept.
//!
//! A key comes from an environment variable, a file or an encrypted keystore, never from a command
//! line or a configuration, and is never printed unless `keys show --reveal` asks for it. A node may
//! also sign with a key that stays in a key management service.

mod args;
mod error;
mod keystore;
mod kms;
mod secret_file;
mod signer;
mod source;

pub(crate) use args::{KeyArgs, KeysDirectory};
pub(crate) use error::KeyError;
pub(crate) use keystore::{Keystore, StoredKey};
pub(crate) use signer::{NodeSigner, open_signer};
pub(crate) use source::{NewPassword, open_key, open_stored, parse_key, read_password};
