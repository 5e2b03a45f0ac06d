use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use alloy::{
    primitives::Address,
    signers::{
        k256::elliptic_curve::rand_core::OsRng,
        local::{LocalSigner, PrivateKeySigner},
    },
};
use serde_json::Value;

use super::{KeyError, secret_file};
use crate::address::parse_address;

/// A directory of encrypted keys, one Web3 Secret Storage file (version 3) each.
#[derive(Clone, Debug)]
pub(crate) struct Keystore {
    directory: PathBuf,
}

/// A key in the directory, as far as it is known without its password.
#[derive(Clone, Debug)]
pub(crate) struct StoredKey {
    /// Its name.
    pub(crate) name: String,
    /// Its address; some programs write keystores that do not tell it.
    pub(crate) address: Option<Address>,
    /// Its file.
    pub(crate) path: PathBuf,
}

impl Keystore {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Refuses a name that could not be kept, before anything is asked or made.
    pub(crate) fn check_new(&self, name: &str) -> Result<(), KeyError> {
        if self.path(name)?.exists() {
            return Err(KeyError::Exists {
                name: name.to_owned(),
            });
        }
        Ok(())
    }

    /// Encrypts a key under a new name.
    pub(crate) fn add(
        &self,
        name: &str,
        key: &PrivateKeySigner,
        password: &str,
    ) -> Result<StoredKey, KeyError> {
        let path = self.path(name)?;
        let write = || -> io::Result<()> {
            secret_file::make_directory(&self.directory)?;
            // The library writes files with the default mode, so it writes where nobody else looks.
            let private = tempfile::tempdir_in(&self.directory)?;
            let secret = key.to_bytes();
            LocalSigner::encrypt_keystore(
                private.path(),
                &mut OsRng,
                secret,
                password,
                Some("key"),
            )
            .map_err(io::Error::other)?;
            let mut json: Value = serde_json::from_slice(&fs::read(private.path().join("key"))?)?;
            // As geth does, so that a list needs no passwords.
            json["address"] = Value::String(hex_address(key.address()));
            let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
            file.write_all(json.to_string().as_bytes())?;
            file.as_file().sync_all()?;
            file.persist_noclobber(&path).map_err(|error| error.error)?;
            Ok(())
        };
        write().map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => KeyError::Exists {
                name: name.to_owned(),
            },
            _ => KeyError::Unwritable {
                path: path.clone(),
                reason: error.to_string(),
            },
        })?;
        Ok(StoredKey {
            name: name.to_owned(),
            address: Some(key.address()),
            path,
        })
    }

    /// All keys, by name. A directory that does not exist yet holds none.
    pub(crate) fn list(&self) -> Result<Vec<StoredKey>, KeyError> {
        let unreadable = |error: io::Error| KeyError::Unreadable {
            field: "--keys-dir".to_owned(),
            path: self.directory.clone(),
            reason: error.to_string(),
        };
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        let mut keys = Vec::new();
        for entry in entries {
            let path = entry.map_err(unreadable)?.path();
            let is_key = path
                .extension()
                .is_some_and(|extension| extension == "json");
            if let (true, Some(name)) = (is_key, path.file_stem().and_then(|stem| stem.to_str())) {
                let name = name.to_owned();
                keys.push(StoredKey {
                    address: address_of(&path),
                    name,
                    path,
                });
            }
        }
        keys.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(keys)
    }

    /// The key of this name.
    pub(crate) fn find(&self, name: &str) -> Result<StoredKey, KeyError> {
        let path = self.path(name)?;
        if !path.exists() {
            return Err(KeyError::UnknownKey {
                name: name.to_owned(),
                directory: self.directory.clone(),
                known: self.list()?.into_iter().map(|key| key.name).collect(),
            });
        }
        Ok(StoredKey {
            name: name.to_owned(),
            address: address_of(&path),
            path,
        })
    }

    fn path(&self, name: &str) -> Result<PathBuf, KeyError> {
        // People name the file, too.
        let name = name.strip_suffix(".json").unwrap_or(name);
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let plain = (1..=64).contains(&name.len()) && name.bytes().all(allowed);
        // A key pasted in place of a name must not be repeated in the error.
        if crate::config::looks_like_a_key(name) {
            return Err(KeyError::SecretOnCommandLine);
        }
        if !plain || name.starts_with(['.', '-']) {
            return Err(KeyError::BadName(name.to_owned()));
        }
        Ok(self.directory.join(format!("{name}.json")))
    }
}

/// Decrypts a keystore's file.
pub(super) fn decrypt(
    field: &str,
    path: &Path,
    password: &str,
) -> Result<PrivateKeySigner, KeyError> {
    let text = secret_file::read(field, path)?;
    check_shape(&text).map_err(|reason| KeyError::NoKeystore {
        field: field.to_owned(),
        path: path.to_owned(),
        reason: reason.to_owned(),
    })?;
    LocalSigner::decrypt_keystore(path, password).map_err(|_| KeyError::WrongPassword {
        field: field.to_owned(),
        path: path.to_owned(),
    })
}

/// Refuses what the library would trip over: it slices the salt's and the cipher's values without
/// looking at their length.
fn check_shape(text: &str) -> Result<(), &'static str> {
    let json: Value = serde_json::from_str(text).map_err(|_| "it is no JSON")?;
    let crypto = json.get("crypto").ok_or("it has no \"crypto\" part")?;
    let number = |pointer: &str| crypto.pointer(pointer).and_then(Value::as_u64);
    let digits = |pointer: &str| {
        crypto
            .pointer(pointer)
            .and_then(Value::as_str)
            .map(str::len)
    };
    if json.get("version").and_then(Value::as_u64) != Some(3) {
        return Err("its version is not 3");
    }
    if crypto.get("cipher").and_then(Value::as_str) != Some("aes-128-ctr") {
        return Err("its cipher is not aes-128-ctr");
    }
    if number("/kdfparams/dklen").is_none_or(|length| length < 32) {
        return Err("its derived key is shorter than 32 bytes");
    }
    if digits("/cipherparams/iv").is_none_or(|length| length != 32) {
        return Err("its iv is not 16 bytes");
    }
    if digits("/ciphertext").is_none_or(|length| length != 64) {
        return Err("it does not hold a 32-byte key");
    }
    Ok(())
}

fn address_of(path: &Path) -> Option<Address> {
    let json: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    let digits = json.get("address")?.as_str()?;
    parse_address(&format!(
        "0x{}",
        digits.trim_start_matches("0x").to_lowercase()
    ))
    .ok()
}

fn hex_address(address: Address) -> String {
    format!("{address:x}").trim_start_matches("0x").to_owned()
}
