use std::{
    env,
    io::IsTerminal,
    path::{Path, PathBuf},
};

use alloy::{primitives::B256, signers::local::PrivateKeySigner};

use super::{KeyError, StoredKey, keystore, secret_file};
use crate::config::{KeySource, PasswordSource};

/// Reads a private key from its place. `field` is what an error is about; `resolve` makes a path
/// of the configuration absolute.
pub(crate) fn open_key(
    source: &KeySource,
    field: &str,
    resolve: impl Fn(&Path) -> PathBuf,
) -> Result<PrivateKeySigner, KeyError> {
    match source {
        KeySource::Env(variable) => {
            let text = variable_value(field, variable)?;
            parse_key(&text, field, &source.to_string())
        }
        KeySource::File(path) => {
            let path = resolve(path);
            let text = secret_file::read(field, &path)?;
            parse_key(&text, field, &path.display().to_string())
        }
        KeySource::Keystore { path, password } => {
            let path = resolve(path);
            // Before the question: a password must not be typed for a file that is not there.
            secret_file::read(field, &path)?;
            let password = match password {
                PasswordSource::File(file) => PasswordSource::File(resolve(file)),
                other => other.clone(),
            };
            let password = read_password(&password, NewPassword::No)?;
            keystore::decrypt(field, &path, &password)
        }
        KeySource::AwsKms(_) => Err(KeyError::Elsewhere {
            field: field.to_owned(),
        }),
    }
}

/// Decrypts a key of the keystore.
pub(crate) fn open_stored(
    key: &StoredKey,
    password: PasswordSource,
) -> Result<PrivateKeySigner, KeyError> {
    let source = KeySource::Keystore {
        path: key.path.clone(),
        password,
    };
    open_key(&source, "NAME", Path::to_owned)
}

fn variable_value(field: &str, variable: &str) -> Result<String, KeyError> {
    env::var(variable)
        .ok()
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| KeyError::NoVariable {
            field: field.to_owned(),
            variable: variable.to_owned(),
        })
}

/// Reads a private key from a text; the text is never repeated.
pub(crate) fn parse_key(
    text: &str,
    field: &str,
    place: &str,
) -> Result<PrivateKeySigner, KeyError> {
    let no_key = || KeyError::NoKey {
        field: field.to_owned(),
        place: place.to_owned(),
    };
    let text = text.trim();
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let secret: B256 = digits.parse().map_err(|_| no_key())?;
    PrivateKeySigner::from_bytes(&secret).map_err(|_| no_key())
}

/// Whether a password is being chosen: then it is asked for twice and may not be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewPassword {
    /// It is being chosen.
    Yes,
    /// It exists.
    No,
}

/// Reads a password from its place.
pub(crate) fn read_password(source: &PasswordSource, new: NewPassword) -> Result<String, KeyError> {
    let password = match source {
        PasswordSource::File(path) => secret_file::read("--password-file", path)?,
        PasswordSource::Env(variable) => variable_value("--password-env", variable)?,
        PasswordSource::Prompt => {
            let password = ask("Password: ")?;
            if new == NewPassword::Yes && ask("The same again: ")? != password {
                return Err(KeyError::PasswordsDiffer);
            }
            password
        }
    };
    if new == NewPassword::Yes && password.is_empty() {
        return Err(KeyError::EmptyPassword);
    }
    Ok(password)
}

/// Asks on stderr, so that stdout stays clean for the result.
fn ask(question: &str) -> Result<String, KeyError> {
    let terminal = console::Term::stderr();
    if !terminal.is_term() || !std::io::stdin().is_terminal() {
        return Err(KeyError::NoPassword);
    }
    let answer = terminal
        .write_str(question)
        .and_then(|()| terminal.read_secure_line());
    answer.map_err(|_| KeyError::NoPassword)
}
